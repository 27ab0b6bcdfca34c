"""A posterior under a condition: every neuron within a fixed angle of the one of the truth that it serves.

The cone of half-angle delta around a neuron w* of the truth, in the space R^(p+1) of (u, a), in coordinates of its own:
with the unit vector e along w* and an orthonormal basis Q of the rest,

    w = exp(s) (e + tan(delta) Q z / sqrt(1 + |z|^2)),    s in R, z in R^p,

so that no draw is ever refused. By d w = r^p dr dt for w = r (e + Q t), the density in (s, z) is that in w times

    exp((p + 1) s) (1 + |z|^2)^(-(p + 2) / 2).

The law of shares that Ruegamer 2026 (arXiv 2605.25234) gives, Dirichlet with (p + 1) / 2, comes from r^p dr with
r = sqrt(c) where the angle is free within bounds that do not know r: that is this condition, for delta far below what
the likelihood can tell apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.errors import InputError


@partial(jax.tree_util.register_dataclass, data_fields=["posterior", "axes", "basis", "slope"], meta_fields=[])
@dataclass(frozen=True, eq=False)
class ConedPosterior:
    """A posterior in the coordinates of cones, for samplers; made by `within_cones`.

    Attributes:
        posterior: with a method `log_density` of neurons (m, p + 1).
        axes: (m, p + 1) unit vectors.
        basis: (m, p + 1, p) orthonormal bases of what is at right angles to these.
        slope: tan of the half-angle.
    """

    posterior: Any
    axes: Any
    basis: Any
    slope: Any

    def neurons(self, z: Any) -> Any:
        """From coordinates (..., m, p + 1), s first, to neurons of the same shape."""
        aside = self.slope * z[..., 1:] / ((1 + (z[..., 1:] ** 2).sum(-1, keepdims=True)) ** 0.5)
        turned = (self.basis @ aside[..., None])[..., 0]
        return np.e ** z[..., :1] * (self.axes + turned)

    def log_density(self, z: Any) -> Any:
        """Of coordinates (..., m, p + 1), up to a constant: (...)."""
        p = z.shape[-1] - 1
        stretch = (p + 1) * z[..., 0].sum(-1)
        stretch = stretch - 0.5 * (p + 2) * jnp.log1p((z[..., 1:] ** 2).sum(-1)).sum(-1)
        return self.posterior.log_density(self.neurons(z)) + stretch


def within_cones(posterior: Any, truth: np.ndarray, groups: Sequence[int], half_angle: float) -> ConedPosterior:
    """A posterior under the condition that neuron m lies within an angle of neuron groups[m] of the truth.

    Args:
        posterior: as `PopulationPosterior`.
        truth: (r, p + 1).
        groups: (m,) indices of rows of `truth`.
        half_angle: of the cones, in radians, between 0 and pi / 2.

    Raises:
        InputError: for an angle out of range, groups that name no neuron, or a neuron of the truth without a direction.

    Example:
        >>> from limes.beyond.posterior import PopulationPosterior
        >>> truth = np.array([[1.0, 0.0, 1.0]])
        >>> coned = within_cones(PopulationPosterior(truth, n=100), truth, (0, 0), 0.1)
        >>> w = coned.neurons(np.random.default_rng(0).standard_normal((2, 3)))
        >>> bool((w @ truth[0] > np.cos(0.1) * np.linalg.norm(w, axis=1) * np.linalg.norm(truth[0])).all())
        True
    """
    if not 0 < half_angle < np.pi / 2:
        raise InputError(f"half_angle is between 0 and pi / 2, not {half_angle}")
    if not len(groups) or not all(0 <= j < len(truth) for j in groups):
        raise InputError(f"groups name the {len(truth)} neurons of the truth from 0 on, not {list(groups)}")
    axes = np.asarray(truth, float)[list(groups)]
    lengths = np.linalg.norm(axes, axis=1, keepdims=True)
    if not ((lengths > 0) & np.isfinite(lengths)).all():
        raise InputError("a neuron of the truth that is 0 or not finite has no direction: leave it out of groups")
    axes = axes / lengths
    # the last p right singular vectors of a row span what is at right angles to it
    basis = np.stack([np.linalg.svd(axis[None])[2][1:].T for axis in axes])
    return ConedPosterior(posterior, axes, basis, float(np.tan(half_angle)))

"""Descent on components that move, in the 2-homogeneous form, with components that are drawn again.

The model is T = sum_i a_i c_i^(l-2) u_i^l with fixed signs a_i and c_i = 1 / |u_i|, so that component i is
a_i |u_i|^2 (u_i / |u_i|)^l: a model of degree 2 in u_i as two-layer ReLU networks are, from a small start. With the
residual R = T - T*, directions e_i = u_i / |u_i| and the loss |R|^2,

    d|R|^2 / du_i = 2 a_i |u_i| (l R(e_i^(l-1), .) - (l - 2) R(e_i^l) e_i).

A component on the wrong side of a residual dies, and when all that live sit on one part of the target, nothing moves
towards the rest. So after every period one component is drawn again, small and with a random sign.

Deviations from Wang et al. 2020 (arXiv 2010.11356), which was known here in outline only: c_i stays tied to |u_i| at
any size (the paper freezes it above a threshold), and the component that is drawn again is the smallest one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from limes.beyond.tensor.components import Components
from limes.core.errors import InputError, NumericalError

_TINY = 1e-150


@dataclass(frozen=True)
class Descent:
    """How components descend.

    Attributes:
        steps: of gradient descent.
        learning_rate: on |T - T*|^2.
        size: length of each component at the start, and when it is drawn again.
        period: steps after which the smallest component is drawn again; None for never. The last period is left alone.
        penalty: lambda of lambda sum |u_i|^2, which is added to the loss.
        signs: "random", or "positive" for a_i = 1.

    Raises:
        InputError: for values out of range.
    """

    steps: int = 3000
    learning_rate: float = 0.02
    size: float = 0.1
    period: int | None = None
    penalty: float = 0.0
    signs: Literal["random", "positive"] = "random"

    def __post_init__(self) -> None:
        if self.steps < 0 or (self.period is not None and self.period < 1):
            raise InputError(f"steps and period are positive numbers of steps, not {self.steps} and {self.period}")
        if not (self.learning_rate > 0 and self.size > 0 and self.penalty >= 0):
            raise InputError(
                "learning_rate and size must be above 0 and penalty at least 0, not "
                f"{self.learning_rate}, {self.size} and {self.penalty}"
            )
        if self.signs not in ("random", "positive"):
            raise InputError(f"signs must be random or positive, not {self.signs!r}")


@dataclass(frozen=True, eq=False)
class Decomposition:
    """What descents leave, for each of s seeds.

    Attributes:
        components: the tensors found, with leading axis s.
        start: the tensors at the start.
        at: (k,) steps at which residuals were taken.
        residuals: (s, k) relative residuals |T - T*| / |T*|.
        redrawn: how often a component was drawn again.
    """

    components: Components
    start: Components
    at: np.ndarray
    residuals: np.ndarray
    redrawn: int

    @property
    def residual(self) -> np.ndarray:
        """(s,) at the end."""
        return self.residuals[:, -1]


def loss_and_gradient(target: Components, signs: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|T - T*|^2 for T = sum_i signs_i |u_i|^2 (u_i / |u_i|)^l, and its gradient in u.

    Args:
        target: T*, a single tensor.
        signs: (..., m).
        u: (..., m, d).

    Returns:
        (...) and (..., m, d).

    Cost: O(m (m + r) d).
    """
    lengths = np.linalg.norm(u, axis=-1)
    residual = _model(signs, u, target.order) - target
    return residual.inner(residual), _gradient(residual, signs, u, lengths)


def _model(signs: np.ndarray, u: np.ndarray, order: int) -> Components:
    lengths = np.maximum(np.linalg.norm(u, axis=-1), _TINY)
    return Components(signs * lengths**2, u / lengths[..., None], order)


def _gradient(residual: Components, signs: np.ndarray, u: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    directions = u / np.maximum(lengths, _TINY)[..., None]
    pulled = residual.contract(directions)
    along = np.einsum("...id,...id->...i", pulled, directions)
    order = residual.order
    scale = (2 * signs * lengths)[..., None]
    return scale * (order * pulled - (order - 2) * along[..., None] * directions)


def decompose(
    target: Components,
    n_components: int,
    descent: Descent | None = None,
    *,
    seeds: Sequence[int] = (0,),
    every: int = 100,
) -> Decomposition:
    """Look for a tensor by descent on components that move.

    Args:
        target: T*, a single tensor.
        n_components: m.
        descent: see `Descent`.
        seeds: one run for each, side by side: of directions, signs and what is drawn again. Same seed, same run.
        every: steps between two residuals on record.

    Raises:
        InputError: for several targets at once, no components or no seeds.
        NumericalError: if a run diverges.

    Cost: O(s m (m + r) d) a step, some 60 microseconds at least.

    Reference: Wang, Wu, Lee, Ma & Ge 2020 (arXiv 2010.11356), with the deviations that the module names.

    Example:
        >>> from limes.beyond.tensor import orthonormal_target
        >>> found = decompose(orthonormal_target(8, 2, 3), 8, seeds=range(3))
        >>> bool((found.residual < 0.01).all())
        True
    """
    descent = descent or Descent()
    if target.coef.ndim != 1 or n_components < 1 or not len(seeds) or every < 1:
        raise InputError(
            f"a single target, at least one component, seed and step are needed, not a target of shape "
            f"{target.coef.shape}, {n_components} components, {len(seeds)} seeds and every {every} steps"
        )
    draws = [np.random.default_rng([seed, n_components]) for seed in seeds]
    fresh = [_draw(rng, n_components, target.dimension, descent) for rng in draws]
    signs, u = np.stack([s for s, _ in fresh]), np.stack([v for _, v in fresh])
    start = _model(signs, u, target.order)
    at, residuals, redrawn = [], [], 0
    for step in range(descent.steps + 1):
        if descent.period and step and step % descent.period == 0 and step + descent.period <= descent.steps:
            weakest = np.linalg.norm(u, axis=-1).argmin(axis=-1)
            for k, rng in enumerate(draws):
                (signs[k, weakest[k]],), (u[k, weakest[k]],) = _draw(rng, 1, target.dimension, descent)
            redrawn += 1
        residual = _model(signs, u, target.order) - target
        if step % every == 0 or step == descent.steps:
            at.append(step)
            residuals.append(residual.norm() / target.norm())
            if not np.isfinite(residuals[-1]).all():
                raise NumericalError(f"descent diverged by step {step}: lower learning_rate or size")
        if step < descent.steps:
            gradient = _gradient(residual, signs, u, np.linalg.norm(u, axis=-1))
            u = u - descent.learning_rate * (gradient + 2 * descent.penalty * u)
    found = _model(signs, u, target.order)
    return Decomposition(found, start, np.array(at), np.stack(residuals, axis=1), redrawn)


def _draw(rng: np.random.Generator, m: int, d: int, descent: Descent) -> tuple[np.ndarray, np.ndarray]:
    """Signs (m,) and vectors (m, d) of new components."""
    directions = rng.standard_normal((m, d))
    signs = rng.choice([-1.0, 1.0], m) if descent.signs == "random" else np.ones(m)
    return signs, descent.size * directions / np.linalg.norm(directions, axis=1, keepdims=True)

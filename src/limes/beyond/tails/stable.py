"""Draws of stable laws: the only possible limits of sums of independent terms, with infinite variance below index 2.

A symmetric stable variable of index alpha in (0, 2] and scale 1 has the characteristic function exp(-|t|^alpha); alpha
= 2 is the normal law of variance 2. With U uniform on (-pi/2, pi/2) and W exponential,

    X = sin(alpha U) / cos(U)^(1/alpha) (cos((1 - alpha) U) / W)^((1 - alpha)/alpha)

(Chambers, Mallows & Stuck 1976). A positive stable variable S of index a < 1, E exp(-s S) = exp(-s^a), has the like
with U on (0, pi) (Kanter 1975),

    S = sin(a U) / sin(U)^(1/a) (sin((1 - a) U) / W)^((1 - a)/a).

A Gaussian vector with a random scale, sqrt(2 S) G with a = alpha/2, is stable of index alpha, E exp(i t.X) =
E exp(-|t|^2 S) = exp(-|t|^alpha): elliptical, with entries that are far from independent.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.core.errors import InputError

Seed = int | Sequence[int] | np.random.Generator
"""What NumPy makes a random generator of."""


def symmetric_stable(alpha: float, shape: int | tuple[int, ...], key: Seed = 0) -> np.ndarray:
    """Independent symmetric stable draws of scale 1.

    Args:
        alpha: index, above 0 and at most 2.
        shape: of the result.
        key: seed, or a NumPy generator, which moves on.

    Raises:
        InputError: for an index out of range.

    Cost: two random numbers and a few elementary functions for each draw.

    Example:
        >>> x = symmetric_stable(1.5, 100_000)
        >>> round(float(np.cos(x).mean()), 2)  # exp(-1)
        0.37
    """
    _require(alpha)
    rng = np.random.default_rng(key)
    u = rng.uniform(-np.pi / 2, np.pi / 2, shape)
    return symmetric_formula(np, u, rng.exponential(size=shape), alpha)


def symmetric_formula(xp: Any, u: Any, w: Any, alpha: float) -> Any:
    """The formula above, of `u` uniform on (-pi/2, pi/2) and `w` exponential; `xp` is numpy or jax.numpy."""
    return xp.sin(alpha * u) / xp.cos(u) ** (1 / alpha) * (xp.cos((1 - alpha) * u) / w) ** ((1 - alpha) / alpha)


def positive_stable(index: float, shape: int | tuple[int, ...], key: Seed = 0) -> np.ndarray:
    """Independent positive stable draws, E exp(-s S) = exp(-s^index); the constant 1 at index 1.

    Args:
        index: above 0 and at most 1.
        shape: of the result.
        key: seed, or a NumPy generator, which moves on.

    Raises:
        InputError: for an index out of range.

    Example:
        >>> s = positive_stable(0.5, 100_000)
        >>> round(float(np.exp(-s).mean()), 2)  # exp(-1)
        0.37
    """
    if not 0 < index <= 1:
        raise InputError(f"the index of a positive stable law lies above 0 and is at most 1, not {index!r}")
    rng = np.random.default_rng(key)
    u, w = rng.uniform(0, np.pi, shape), rng.exponential(size=shape)
    return np.sin(index * u) / np.sin(u) ** (1 / index) * (np.sin((1 - index) * u) / w) ** ((1 - index) / index)


def elliptical_stable(alpha: float, n: int, d: int, key: Seed = 0, *, common: bool = False) -> np.ndarray:
    """Elliptical stable vectors: Gaussian ones, each with a random scale of its own.

    Args:
        alpha: index, above 0 and at most 2; every entry has the law of `symmetric_stable`.
        n: vectors.
        d: entries of each.
        key: seed, or a NumPy generator, which moves on.
        common: one random scale for all vectors. Entries have the same heavy-tailed law then, but the array is a
            Gaussian one up to a factor.

    Returns:
        (n, d).

    Raises:
        InputError: for an index out of range.

    Example:
        >>> elliptical_stable(1.8, 4, 3).shape
        (4, 3)
    """
    _require(alpha)
    rng = np.random.default_rng(key)
    scale = positive_stable(alpha / 2, 1 if common else n, rng)
    return np.sqrt(2 * scale)[:, None] * rng.standard_normal((n, d))


def _require(alpha: float) -> None:
    if not 0 < alpha <= 2:
        raise InputError(f"the index of a stable law lies above 0 and is at most 2, not {alpha!r}")

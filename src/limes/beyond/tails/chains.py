"""Stochastic gradient descent on linear regression, whose tail index is known in theory.

With rows a ~ N(0, I) in R^d, labels of noise only (w* = 0), b rows A a step and learning rate eta,

    w <- (I - (eta/b) A^T A) w + (eta/b) A^T y,

a random recursion with multiplicative noise. Its stationary law has the tail P(|w| > t) ~ t^-alpha with

    E |(I - (eta/b) A^T A) e|^alpha = 1,    |e| = 1

(Gurbuzbalaban, Simsekli & Zhu 2021). By rotation e is the first unit vector. With s = |A e|^2, a chi-square of b
degrees of freedom, and an independent q of d - 1,

    |(I - (eta/b) A^T A) e|^2 = (1 - c s)^2 + c^2 s q,    c = eta/b,

since A^T u for the other columns, u = A e, is normal of variance |u|^2. So the expectation is an integral over two
numbers, which Gauss-Laguerre quadrature gives, exact for even alpha. At alpha = 2 it is 1 - 2 eta +
eta^2 (b + d + 1)/b: the variance is infinite from eta = 2 / (1 + (d + 1)/b) on.
"""

import math
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp, roots_genlaguerre

from limes.beyond.tails.stable import Seed
from limes.core.errors import InputError

_NODES = 120
_HIGHEST = 200.0  # index; quadrature is exact for polynomials of degree 2 _NODES - 1
_LOWEST = 1e-6  # below it the sum differs from 1 by rounding


def theoretical_index(learning_rate: float, batch_size: int, dimension: int) -> float:
    """The tail index alpha of descent on linear regression with Gaussian rows.

    Args:
        learning_rate: eta.
        batch_size: b.
        dimension: d.

    Returns:
        alpha; 0 where there is no stationary law (E log |.| >= 0), infinity where it is above 200.

    Raises:
        InputError: for values out of range.

    Cost: quadrature with 14,400 nodes, a few dozen times.

    Reference: Gurbuzbalaban, Simsekli & Zhu 2021, for the equation; the two integrals are derived above.

    Example:
        >>> round(theoretical_index(0.625, 5, 10), 3)  # the variance is just infinite
        2.0
    """
    _require(learning_rate, batch_size, dimension)
    c = learning_rate / batch_size
    s, weight = _chi_square(batch_size)
    if dimension == 1:
        squared = (1 - c * s) ** 2
    else:
        q, other = _chi_square(dimension - 1)
        squared = (1 - c * s[:, None]) ** 2 + c * c * s[:, None] * q
        weight = weight[:, None] + other
    with np.errstate(divide="ignore"):
        return _root(0.5 * np.log(squared).ravel(), weight.ravel())


def growth_factors(features: np.ndarray, learning_rate: float) -> np.ndarray:
    """|(I - (eta/b) A^T A) e| for batches of rows whose law does not change under rotations; e is the first axis.

    Args:
        features: (n, b, d), n batches A.
        learning_rate: eta.

    Returns:
        (n,).

    Example:
        >>> growth_factors(np.ones((1, 1, 2)), 0.5).round(3).tolist()
        [0.707]
    """
    along = features[:, :, 0]
    moved = -(learning_rate / features.shape[1]) * np.einsum("nbd,nb->nd", features, along)
    moved[:, 0] += 1
    return np.linalg.norm(moved, axis=1)


def growth_index(factors: np.ndarray) -> float:
    """The root alpha > 0 of mean(factors^alpha) = 1: the tail index of a recursion, from draws of its growth.

    Returns:
        alpha; 0 if the mean logarithm is not negative, infinity if the root is above 200 or no factor is above 1.

    Raises:
        InputError: for no draws, or some that are negative or not finite.

    Example:
        >>> round(growth_index(np.array([0.5, 1.25])), 2)
        2.76
    """
    factors = np.asarray(factors, float).ravel()
    if not len(factors) or not (np.isfinite(factors).all() and (factors >= 0).all()):
        raise InputError("growth factors are finite numbers of at least 0")
    with np.errstate(divide="ignore"):
        return _root(np.log(factors), np.full(len(factors), -math.log(len(factors))))


def sgd_chains(
    learning_rate: float, batch_size: int, dimension: int, *, n_chains: int = 4000, steps: int = 250, key: Seed = 0
) -> np.ndarray:
    """Independent runs of descent on linear regression from w = 0: Gaussian rows, labels of unit noise.

    Args:
        learning_rate: eta.
        batch_size: b.
        dimension: d.
        n_chains: runs.
        steps: of each.
        key: seed, or a NumPy generator, which moves on.

    Returns:
        (n_chains, d) last iterates.

    Raises:
        InputError: for values out of range.

    Cost: O(n_chains steps b d), most of it for random numbers.

    Example:
        >>> sgd_chains(0.1, 5, 3, n_chains=4, steps=10).shape
        (4, 3)
    """
    _require(learning_rate, batch_size, dimension)
    if n_chains < 1 or steps < 0:
        raise InputError(f"at least one chain and no fewer than 0 steps are needed, not {n_chains} and {steps}")
    rng, c = np.random.default_rng(key), learning_rate / batch_size
    w = np.zeros((n_chains, dimension))
    for _ in range(steps):
        a = rng.standard_normal((n_chains, batch_size, dimension))
        residual = (a @ w[:, :, None])[:, :, 0] - rng.standard_normal((n_chains, batch_size))
        w = w - c * (residual[:, None, :] @ a)[:, 0]
    return w


def _require(learning_rate: float, batch_size: int, dimension: int) -> None:
    if not (learning_rate > 0 and math.isfinite(learning_rate) and batch_size >= 1 and dimension >= 1):
        raise InputError(
            "a positive learning rate, rows and dimensions are needed, not "
            f"{learning_rate}, {batch_size} and {dimension}"
        )


def _chi_square(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and logarithms of weights for the expectation over a chi-square of k degrees of freedom."""
    nodes, weights = roots_genlaguerre(_NODES, k / 2 - 1)
    with np.errstate(divide="ignore"):
        return 2 * nodes, np.log(weights) - math.lgamma(k / 2)


def _root(logs: np.ndarray, weight: np.ndarray) -> float:
    """alpha > 0 with sum exp(weight + alpha logs) = 1; the sum is convex in alpha, and 1 at alpha = 0."""
    probability = np.exp(weight)
    if (probability * np.where(probability > 0, logs, 0.0)).sum() >= 0:
        return 0.0

    def excess(alpha: float) -> float:
        total: Any = logsumexp(weight + alpha * logs)
        return float(total)

    high = 0.125
    while excess(high) <= 0:
        if high == _HIGHEST:
            return math.inf
        high = min(2 * high, _HIGHEST)
    low = high / 2
    while excess(low) >= 0:
        low /= 2
        if low < _LOWEST:
            return 0.0
    found: Any = brentq(excess, low, high, xtol=1e-12)
    return float(found)

"""Kernel flows in which every training row has a clock of its own: alpha(D) = K^-1 (I - exp(-K D)) Y, D >= 0 diagonal.

With S = D^1/2 K D^1/2, phi1(s) = (1 - e^-s)/s and exp(-s K D) V = V - s K D^1/2 phi1(s S) D^1/2 V,

    alpha = D^1/2 phi1(S) D^1/2 Y,        d<G, alpha>/dD_ii = sum_c int_0^1 [e^{-(1-s) K D} G]_ic [e^{-s K D} Y]_ic ds,

without an inverse of K or of D: rows whose clock stands still (D_ii = 0) are as good as others. One block Krylov space
from D^1/2 Y and one from D^1/2 G give both; in their Ritz bases the integral is a small matrix of numbers.

Reference: the predictor is that of Fu & Wang 2024 (arXiv 2310.06112); the form above and its gradient are derived here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from limes.core.errors import InputError
from limes.linalg.lanczos import BlockLanczos

_MAX_SIZE = 2000


def coefficients(gram: np.ndarray, clocks: np.ndarray, y: np.ndarray) -> np.ndarray:
    """alpha(D), (n, c), from one symmetric eigendecomposition of S.

    Args:
        gram: (n, n) symmetric positive semidefinite.
        clocks: (n,) the diagonal of D, at least 0; large ones give kernel regression.
        y: (n, c).

    Cost: about 9 n^3 multiplications.
    """
    root = _roots(clocks)[:, None]
    values, vectors = eigh(root * gram.astype(np.float64) * root.T, driver="evd", overwrite_a=True)
    return root * (vectors @ (_phi1(np.maximum(values, 0.0))[:, None] * (vectors.T @ (root * y))))


@dataclass(frozen=True, eq=False)
class WeightedFlow:
    """alpha(D) for one D, and what its derivative needs. Made by `weighted_flow`.

    Attributes:
        coef: (n, c), alpha.
        steps: block Krylov steps that it took.
    """

    coef: np.ndarray
    steps: int
    _y: np.ndarray
    _space: "_RitzSpace"
    _open: Callable[[np.ndarray], "_RitzSpace"]

    def gradient(self, g: np.ndarray) -> np.ndarray:
        """Derivative of <g, alpha(D)> in the diagonal of D: (n, c) -> (n,).

        Cost: a Krylov space of its own, as for alpha, and n k^2 multiplications for k dimensions.
        """
        left, right = self._space, self._open(g)
        nodes, weights = _graded_rule(max(left.largest, right.largest))
        at_left, at_right = left.integrated(nodes), right.integrated(1.0 - nodes)
        total = np.sum(self._y * g, axis=1)
        total -= np.sum(g * (left.images @ ((at_left @ weights)[:, None] * left.start)), axis=1)
        total -= np.sum(self._y * (right.images @ ((at_right @ weights)[:, None] * right.start)), axis=1)
        mixed = (at_left * weights) @ at_right.T * (left.start @ right.start.T)
        return total + np.sum((left.images @ mixed) * right.images, axis=1)


def weighted_flow(gram: np.ndarray, y: np.ndarray, clocks: np.ndarray, tol: float = 1e-6) -> WeightedFlow:
    """alpha(D) from a block Krylov space, and with it the derivative in D.

    Args:
        gram: (n, n) symmetric positive semidefinite; products are taken in its precision.
        y: (n, c).
        clocks: (n,) the diagonal of D, at least 0.
        tol: the space grows until one more block moves alpha by less than this, relative, but not less than the
            products' rounding; the error is far smaller, since blocks converge faster than geometrically.

    Raises:
        InputError: for a clock that is negative or not finite.

    Cost: n^2 c multiplications a block; blocks grow with the root of the largest eigenvalue of K D.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a = rng.normal(size=(20, 20))
        >>> flow = weighted_flow(a @ a.T, rng.normal(size=(20, 2)), np.full(20, 0.1))
        >>> flow.coef.shape, flow.gradient(np.ones((20, 2))).shape
        ((20, 2), (20,))
    """
    root = _roots(clocks)[:, None]

    def open_space(start: np.ndarray) -> _RitzSpace:
        return _grow(gram, root, start, tol)

    space = open_space(np.asarray(y, np.float64))
    return WeightedFlow(root * space.phi1(), space.steps, np.asarray(y, np.float64), space, open_space)


@dataclass(frozen=True, eq=False)
class _RitzSpace:
    """A Krylov space of S in its Ritz basis Q.

    Attributes:
        values: (k,) Ritz values.
        basis: (n, k), Q.
        images: (n, k), K D^1/2 Q.
        start: (k, c), Q^T of what the space began with.
        steps: blocks.
    """

    values: np.ndarray
    basis: np.ndarray
    images: np.ndarray
    start: np.ndarray
    steps: int

    @property
    def largest(self) -> float:
        return float(self.values.max(initial=0.0))

    def phi1(self) -> np.ndarray:
        """The start under phi1(S), (n, c)."""
        return self.basis @ (_phi1(self.values)[:, None] * self.start)

    def integrated(self, s: np.ndarray) -> np.ndarray:
        """The factor s phi1(s theta) for each Ritz value theta and time s: (k, len(s))."""
        return s * _phi1(self.values[:, None] * s)


def _grow(gram: np.ndarray, root: np.ndarray, start: np.ndarray, tol: float) -> _RitzSpace:
    images: list[np.ndarray] = []

    def product(block: np.ndarray) -> np.ndarray:
        images.append((gram @ (root * block).astype(gram.dtype)).astype(np.float64, copy=False))
        return root * images[-1]

    tol = max(tol, 100 * float(np.finfo(gram.dtype).eps))  # blocks move by the rounding of the products at least
    space = BlockLanczos(product, root * start, _MAX_SIZE)
    if space.exhausted:
        nothing = np.zeros((len(start), 0))
        return _RitzSpace(np.zeros(0), nothing, nothing, np.zeros((0, start.shape[1])), 0)
    before = np.zeros((0, start.shape[1]))
    while True:
        space.extend()
        values, vectors = eigh(space.projected, driver="evd")
        values = np.maximum(values, 0.0)
        begun = vectors[: len(space.first)].T @ space.first
        small = vectors @ (_phi1(values)[:, None] * begun)
        change = np.linalg.norm(small[len(before) :]) + np.linalg.norm(small[: len(before)] - before)
        if space.full or change <= tol * np.linalg.norm(small):
            return _RitzSpace(values, space.basis @ vectors, np.hstack(images) @ vectors, begun, space.steps)
        before = small


def _phi1(s: np.ndarray) -> np.ndarray:
    """(1 - e^-s)/s for s >= 0, 1 at 0."""
    tiny = s < 1e-300
    return np.where(tiny, 1.0, -np.expm1(-s) / np.where(tiny, 1.0, s))


def _graded_rule(largest: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [0, 1] for products of e^{-s a} and e^{-(1-s) b} with a, b up to `largest`.

    Gauss-Legendre panels of halving width towards both ends: whatever the decay, it is slow on some panel.
    """
    x, w = np.polynomial.legendre.leggauss(10)
    depth = max(2, int(np.ceil(np.log2(max(largest, 1.0)))) + 1)
    half = np.concatenate([[0.0], 0.5 ** np.arange(depth, 0, -1.0)])
    edges = np.concatenate([half, 1.0 - half[-2::-1]])
    width = np.diff(edges)[:, None]
    return (edges[:-1, None] + width * (x + 1) / 2).ravel(), (width * w / 2).ravel()


def _roots(clocks: np.ndarray) -> np.ndarray:
    clocks = np.asarray(clocks, np.float64)
    if not (np.isfinite(clocks).all() and (clocks >= 0).all()):
        raise InputError(
            f"clocks must be finite and at least 0, but {int((~(clocks >= 0) | np.isinf(clocks)).sum())} of "
            f"{len(clocks)} are not: a learning rate that is too large lets them diverge"
        )
    return np.sqrt(clocks)

"""Approximate inverses of K + ridge I of low rank, for conjugate gradients."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import svd

Product = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class LowRank:
    """The inverse of U diag(values) U^T + shift (I - U U^T), up to a factor that conjugate gradients do not notice.

    Attributes:
        vectors: U (n, k), orthonormal; k may be 0.
        values: (k,), eigenvalues of K + ridge I along them, descending.
        shift: what stands for all other eigenvalues.
    """

    vectors: np.ndarray
    values: np.ndarray
    shift: float

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """The inverse times (n, c), scaled by the shift. Cost: 2 n k c multiplications."""
        if not len(self.values):
            return block
        along = self.vectors.T @ block
        return block + self.vectors @ ((self.shift / self.values - 1.0)[:, None] * along)


def nystrom(product: Product, n: int, rank: int, ridge: float, rng: np.random.Generator) -> LowRank:
    """Randomized Nystrom approximation K Omega (Omega^T K Omega)^-1 (K Omega)^T for a Gaussian Omega (n, rank).

    The smallest eigenvalue found stands for those that were not (Frangella, Tropp & Udell 2023, arXiv 2110.02820,
    algorithm 2.1 and section 5.1).

    Args:
        product: K times a block (n, k).
        n: rows of K.
        rank: columns of Omega, at most n.
        ridge: absolute.
        rng: of Omega.

    Cost: one product with `rank` columns and 3 n rank^2 multiplications.
    """
    start, _ = np.linalg.qr(rng.standard_normal((n, min(rank, n))))
    image = product(start)
    shift = np.sqrt(n) * np.finfo(np.float64).eps * np.linalg.norm(image, 2)  # makes the core positive definite
    image = image + shift * start
    core = start.T @ image
    values, rotation = np.linalg.eigh((core + core.T) / 2)
    keep = values > shift
    factor = image @ (rotation[:, keep] / np.sqrt(values[keep]))
    vectors, singular, _ = svd(factor, full_matrices=False)
    return _from_eigenpairs(vectors, np.maximum(singular**2 - shift, 0.0), ridge)


def pivoted_cholesky(column: Callable[[int], np.ndarray], diagonal: np.ndarray, rank: int, ridge: float) -> LowRank:
    """K by its columns at the largest remaining diagonal entries (Harbrecht, Peters & Schneider 2012).

    Needs single columns instead of products, so nothing of K but `rank` columns is ever made.

    Args:
        column: K[:, j].
        diagonal: of K, (n,).
        rank: columns, at most n.
        ridge: absolute.

    Cost: n rank^2 multiplications and `rank` columns of K.
    """
    left = np.array(diagonal, np.float64)
    scale = float(left.max(initial=0.0))
    factor = np.zeros((len(left), min(rank, len(left))))
    for k in range(factor.shape[1]):
        pivot = int(np.argmax(left))
        if left[pivot] <= 1e-14 * scale:  # the rest of K is zero to rounding
            factor = factor[:, :k]
            break
        rest = column(pivot).astype(np.float64) - factor[:, :k] @ factor[pivot, :k]
        factor[:, k] = rest / np.sqrt(left[pivot])
        left -= factor[:, k] ** 2
        left[pivot] = 0.0
    if not factor.shape[1]:
        return LowRank(factor, np.zeros(0), 1.0)
    q, r = np.linalg.qr(factor)
    rotation, singular, _ = svd(r)
    return _from_eigenpairs(q @ rotation, singular**2, ridge)


def _from_eigenpairs(vectors: np.ndarray, values: np.ndarray, ridge: float) -> LowRank:
    """Eigenvalues, descending, of an approximation of K."""
    keep = values > 1e-14 * values.max(initial=0.0)
    vectors, values = vectors[:, keep], values[keep]
    if not len(values):
        return LowRank(vectors, values, 1.0)
    return LowRank(vectors, values + ridge, float(values[-1]) + ridge)

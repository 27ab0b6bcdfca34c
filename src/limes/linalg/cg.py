"""Solving (K + ridge I) A = Y by preconditioned conjugate gradients: products with K, and nothing else of size n^2."""

from typing import Any, Literal

import numpy as np

from limes.core.progress import Progress, Quiet
from limes.core.status import Status
from limes.linalg.preconditioner import LowRank, nystrom, pivoted_cholesky
from limes.linalg.solution import ROWS, Solution, all_finite, finite_rows, multiplies

Preconditioner = Literal["nystrom", "cholesky", "none"]
_LEAST, _MOST = 20, 1000  # rank of a preconditioner


def solve(
    gram: Any,
    y: np.ndarray,
    ridge: float = 0.0,
    *,
    tol: float = 1e-8,
    preconditioner: Preconditioner = "nystrom",
    rank: int | None = None,
    max_steps: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Solution:
    """Coefficients A of (K + ridge I) A = Y.

    Each column has its own step lengths, and stops for itself. At the end the residual is computed anew: it decides the
    status, not the one that the recursion carries along.

    Args:
        gram: (n, n) symmetric positive semidefinite; an array, or anything with `shape` and slices of rows, as a file
            mapped into memory. float32 is widened to float64 a thousand rows at a time, so products are exact. What is
            no array and offers `gram @ block`, as a matrix on disk or on a cluster, is asked for products alone, in
            float64; for the preconditioner "cholesky" also for `gram.diagonal()` and single rows.
        y: (n, c).
        ridge: absolute, at least 0. With none, directions of tiny eigenvalues take many steps.
        tol: of the residual of each column, relative to the column.
        preconditioner: "nystrom" (one more product with K), "cholesky" (pivoted, from single columns) or "none".
        rank: of it; default a twentieth of n, between 20 and 1000.
        max_steps: products with K.
        seed: of the Nystrom preconditioner.
        progress: reports one step for each product.

    Returns:
        A `Solution`, NOT_CONVERGED if a column's residual stays above twice the tolerance.

    Cost: a step is n^2 c multiplications and one pass over K; memory 6 n c + n rank numbers. The number of steps grows
    with the root of the condition number that the preconditioner leaves.

    References:
        Hestenes & Stiefel 1952; Golub & Van Loan, Matrix Computations, section 11.5.
    """
    n = gram.shape[0]
    y = np.asarray(y, np.float64)
    if not (all_finite(y) and finite_rows(gram)):
        return Solution((), Status.NOT_FINITE, "cg")
    progress = progress or Quiet()

    def product(block: np.ndarray) -> np.ndarray:
        if multiplies(gram):
            return np.asarray(gram @ block, np.float64) + ridge * block
        out = np.empty((n, block.shape[1]))
        for start in range(0, n, ROWS):
            rows = slice(start, start + ROWS)
            out[rows] = np.asarray(gram[rows]).astype(np.float64, copy=False) @ block
        return out + ridge * block

    rank = default_rank(n) if rank is None else rank
    inverse = _preconditioner(preconditioner, gram, product, rank, ridge, np.random.default_rng(seed))
    norms = np.linalg.norm(y, axis=0)
    progress.start("conjugate gradients", max_steps)
    coef, steps = _iterate(product, inverse, y, tol * norms, max_steps, progress)
    residual = np.linalg.norm(y - product(coef), axis=0)
    if not all_finite(coef, residual):
        return Solution((), Status.NOT_FINITE, "cg", iterations=steps)
    solved = bool((residual <= 2 * tol * norms).all())
    return Solution((coef,), Status.SOLVED if solved else Status.NOT_CONVERGED, "cg", iterations=steps)


def default_rank(n: int) -> int:
    """A twentieth of the rows, between 20 and 1000, and not more than there are."""
    return min(n, max(_LEAST, min(_MOST, n // 20)))


def _diagonal(gram: Any) -> np.ndarray:
    if multiplies(gram):
        return np.asarray(gram.diagonal())
    return np.concatenate([np.diagonal(gram[i : i + ROWS], i) for i in range(0, gram.shape[0], ROWS)])


def _preconditioner(kind: Preconditioner, gram: Any, product: Any, rank: int, ridge: float, rng: Any) -> LowRank:
    n = gram.shape[0]
    if kind == "none" or rank == 0:
        return LowRank(np.zeros((n, 0)), np.zeros(0), 1.0)
    if kind == "cholesky":
        return pivoted_cholesky(lambda j: np.asarray(gram[j]), _diagonal(gram), rank, ridge)  # a row, by symmetry
    return nystrom(lambda block: product(block) - ridge * block, n, rank, ridge, rng)


def _iterate(
    product: Any, inverse: LowRank, y: np.ndarray, goals: np.ndarray, max_steps: int, progress: Progress
) -> tuple[np.ndarray, int]:
    """Coefficients, and the products that they took."""
    coef, residual = np.zeros_like(y), y.copy()
    open_ = np.flatnonzero(np.linalg.norm(residual, axis=0) > goals)
    z = inverse(residual[:, open_])
    direction, power = z.copy(), np.sum(residual[:, open_] * z, axis=0)
    for step in range(max_steps):
        if not len(open_):
            return coef, step
        image = product(direction)
        curvature = np.sum(direction * image, axis=0)
        length = np.divide(power, curvature, out=np.zeros_like(power), where=curvature > 0)
        coef[:, open_] += length * direction
        residual[:, open_] -= length * image
        progress.step()
        going = (np.linalg.norm(residual[:, open_], axis=0) > goals[open_]) & (length > 0)
        open_, direction, power = open_[going], direction[:, going], power[going]
        z = inverse(residual[:, open_])
        new = np.sum(residual[:, open_] * z, axis=0)
        direction = z + (new / power) * direction
        power = new
    return coef, max_steps

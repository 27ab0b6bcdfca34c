"""Solving (K + ridge I) A = Y by Cholesky factorisation, with a ladder of jitter for singular matrices."""

from collections.abc import Callable

import numpy as np
from scipy.linalg import get_lapack_funcs

from limes.core.status import Status
from limes.linalg.solution import Solution, all_finite

Attempt = Callable[[float], tuple[np.ndarray | None, float]]
_DIGITS = 1e3  # a solution is kept if its condition leaves about three digits: rcond > 1e3 x rounding
_NOISE = 1e-2  # and if rounding in K moves predictions by less than this share of the targets
_LADDERS = {  # relative to the mean diagonal; the first step is the rounding of the matrix, as far as powers of ten go
    "float32": (0.0, *(10.0**k for k in range(-6, -2))),
    "float64": (0.0, *(10.0**k for k in range(-14, -4))),
}


def solve(gram: np.ndarray, y: np.ndarray, ridge: float = 0.0) -> Solution:
    """Coefficients A of (K + ridge I) A = Y.

    Where K + ridge I is singular to working precision (duplicated rows, say), the smallest step of a ladder that leaves
    a usable solution is added to its diagonal, and the status tells. Usable is: the condition number leaves three
    digits; and the coefficients are small enough that the rounding of K, and of later kernel values in the same
    precision, moves a prediction by less than a hundredth of the targets, u mean(diag K) |a| < 0.01 rms(y). The second
    rule matters for float32, whose rounding can make a singular matrix look regular.

    Args:
        gram: (n, n) symmetric positive semidefinite; float32 is widened to float64.
        y: (n, c).
        ridge: absolute, at least 0.

    Returns:
        A `Solution` with one array of coefficients; look at its status, or call `Solution.check`.

    Cost: n^3 / 3 multiplications and one copy of the matrix, for each step of the ladder (almost always one).
    """
    if not all_finite(gram, y):
        return Solution((), Status.NOT_FINITE, "cholesky")
    y = np.asarray(y, np.float64)
    scale = float(np.mean(np.diagonal(gram), dtype=np.float64)) or 1.0
    norm = float(np.abs(gram).sum(axis=0, dtype=np.float64).max())
    return climb(lambda shift: _attempt(gram, y, shift, norm + shift), y, gram.dtype, scale, ridge, "cholesky")


def climb(attempt: Attempt, y: np.ndarray, dtype: np.dtype, scale: float, ridge: float, solver: str) -> Solution:
    """The solution at the first step of the ladder that leaves a usable one, see `solve`.

    Args:
        attempt: from what is added to the diagonal to coefficients, or None, and the reciprocal condition number.
        y: (n, c) float64.
        dtype: the matrix was computed in.
        scale: its mean diagonal.
        ridge: absolute.
        solver: name for the result.
    """
    found, rcond, jitter = None, float("nan"), 0.0
    precision = "float32" if dtype == np.float32 else "float64"
    for step in _LADDERS[precision]:
        jitter = step * scale
        coef, rcond = attempt(ridge + jitter)
        if coef is not None:
            status = Status.JITTER_ADDED if step else Status.SOLVED
            found = Solution((coef,), status, solver, jitter=jitter, rcond=rcond)
            if np.finfo(precision).eps * scale * _growth(coef, y) < _NOISE:
                return found
    return found or Solution((), Status.NOT_POSITIVE_DEFINITE, solver, jitter=jitter, rcond=rcond)


def enough_digits(rcond: float) -> bool:
    """Whether a condition number leaves about three digits of a solution in float64."""
    return rcond > _DIGITS * np.finfo(np.float64).eps


def _attempt(gram: np.ndarray, y: np.ndarray, shift: float, norm: float) -> tuple[np.ndarray | None, float]:
    """(K + shift I)^-1 Y, or None where that is not positive definite enough; and the reciprocal condition number."""
    potrf, pocon, potrs = get_lapack_funcs(("potrf", "pocon", "potrs"), dtype=np.float64)
    a = np.array(gram, dtype=np.float64, order="F")
    a[np.diag_indices_from(a)] += shift
    factor, info = potrf(a, lower=1, overwrite_a=1, clean=0)
    if info != 0:
        return None, float("nan")
    rcond = float(pocon(factor, norm, uplo="L")[0])
    return (potrs(factor, y, lower=1)[0] if enough_digits(rcond) else None), rcond


def _growth(coef: np.ndarray, y: np.ndarray) -> float:
    """The largest |a| / rms(y) of the columns, 0 for columns of zeros."""
    rms = np.sqrt(np.mean(y**2, axis=0))
    norms = np.linalg.norm(coef, axis=0)
    return float(np.max(np.divide(norms, rms, out=np.zeros_like(norms), where=rms > 0), initial=0.0))

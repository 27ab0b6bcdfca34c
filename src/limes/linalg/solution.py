"""What every solver returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.core.errors import NumericalError
from limes.core.status import Status

REMEDY = "add ridge_rel=1e-8 or more, remove duplicated rows, or stop earlier (a finite time)"
_REMEDIES = {
    Status.NOT_FINITE: "the inputs are so large that the kernel overflows: scale them (scale='standard')",
    Status.NOT_CONVERGED: "stop earlier, add ridge_rel=1e-8 or more, or use solver='eigh' or 'cholesky'",
}


@dataclass(frozen=True)
class Solution:
    """Coefficients and how they were found.

    Attributes:
        coef: for each time asked for, the coefficients (n, c).
        status: how it ended.
        solver: which solver ran.
        jitter: what was added to the diagonal beyond the ridge.
        rcond: estimated reciprocal condition number (nan where not estimated).
        iterations: block Krylov steps, 0 for direct solvers.
    """

    coef: tuple[np.ndarray, ...]
    status: Status
    solver: str
    jitter: float = 0.0
    rcond: float = float("nan")
    iterations: int = 0

    def check(self) -> "Solution":
        """The solution itself, if usable.

        Raises:
            NumericalError: otherwise, with the remedy.
        """
        if not self.status.usable:
            raise NumericalError(f"{self.solver}: {self.status}: {_REMEDIES.get(self.status, REMEDY)}")
        return self


ROWS = 1024
"""Rows of a matrix that are looked at, or widened, at once."""


def multiplies(gram: Any) -> bool:
    """Whether a matrix is no array and makes its own products, as one on disk or on a cluster does."""
    return hasattr(gram, "__matmul__") and not hasattr(gram, "__array__")


def finite_rows(gram: Any) -> bool:
    """`all_finite` of a matrix, some rows at a time, or by a product: NaN and infinity do not vanish in a sum."""
    if multiplies(gram):
        return all_finite(np.asarray(gram @ np.ones((gram.shape[0], 1))))
    return all(all_finite(np.asarray(gram[i : i + ROWS])) for i in range(0, gram.shape[0], ROWS))


def all_finite(*arrays: np.ndarray) -> bool:
    """Whether no array holds NaN or infinity. Cost: one sum of each."""
    with np.errstate(invalid="ignore", over="ignore"):  # a sum may overflow where no entry does
        return all(bool(np.isfinite(a.sum(dtype=np.float64)) or np.isfinite(a).all()) for a in arrays)

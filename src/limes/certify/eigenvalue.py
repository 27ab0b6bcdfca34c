"""A proven lower bound of the least eigenvalue of a symmetric matrix.

Small matrices are diagonalised. Of large ones Lanczos' method finds the eigenvalue, from above and without a proof, and
a Cholesky factor of the matrix minus a little less proves it: where the factorisation of B goes through in floating
point, B + E is positive semi-definite for some |E| <= (d + 1) u trace(B) / (1 - (d + 1) u) (Rump, "Verification of
positive definiteness", BIT 46, 2006). Only the lower triangle is ever read or written, which is half of the work.
"""

from typing import Any

import numpy as np
from scipy.linalg import get_blas_funcs, get_lapack_funcs
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

_symv, _syrk = get_blas_funcs(("symv", "syrk"), dtype=np.float64)
_potrf: Any = get_lapack_funcs("potrf", dtype=np.float64)
_SMALL = 400  # rows of a matrix that is diagonalised
_UNIT = 2.0**-53


def at_least(matrix: np.ndarray) -> float:
    """A number below all eigenvalues of a symmetric (d, d) matrix in float64, and close to the least.

    Args:
        matrix: of which the lower triangle is read.

    Cost: some dozens of products with a vector and d^3 / 3 multiplications.

    Example:
        >>> at_least(np.diag([-2.0, 1.0])).__round__(6)
        -2.0
    """
    d = len(matrix)
    matrix = np.asfortranarray(matrix)
    size = 2**0.5 * float(np.linalg.norm(matrix))  # at least the true one, whatever is above the diagonal
    if size == 0 or d <= _SMALL:
        return float(np.linalg.eigvalsh(matrix)[0]) - 2.0**-46 * d * size
    product = LinearOperator((d, d), lambda v: _symv(1.0, matrix, v, lower=1), dtype=np.float64)  # pyright: ignore[reportCallIssue]
    try:
        start = np.random.default_rng(0).standard_normal(d)
        found = float(eigsh(product, 1, which="SA", v0=start, tol=1e-4, return_eigenvectors=False)[0])  # pyright: ignore[reportArgumentType]
    except ArpackNoConvergence:
        return float(np.linalg.eigvalsh(matrix)[0]) - 2.0**-46 * d * size
    trace = float(np.trace(matrix))
    margin = max(1e-3 * abs(found), 1e-12 * size)
    while True:
        shift = found - margin
        moved = matrix.copy(order="F")
        moved[np.diag_indices(d)] -= shift
        if _potrf(moved, lower=1, clean=0, overwrite_a=1)[1] == 0:
            return shift - 2 * (d + 1) * _UNIT * (trace - d * shift) - 2 * _UNIT * abs(shift)
        margin *= 4


def weighted(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The lower triangle of sum_j weights_j z_j z_j^T for rows z_j, (m, d), and weights of both signs: (d, d).

    Cost: m d^2 multiplications, half of those of the whole matrix.
    """
    found = np.zeros((rows.shape[1],) * 2, order="F")
    for sign in (1.0, -1.0):
        some = sign * weights > 0
        if some.any():
            scaled = rows[some] * np.sqrt(sign * weights[some])[:, None]
            found = _syrk(sign, scaled.T, beta=1.0, c=found, lower=1, overwrite_c=1)
    return found

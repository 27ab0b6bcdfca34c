"""A proven lower bound of the least eigenvalue of a symmetric matrix.

Small matrices are diagonalised. Of large ones Lanczos' method finds the eigenvalue, from above and without a proof, and
a Cholesky factor of the matrix minus a little less proves it: where the factorisation of B goes through in floating
point, B + E is positive semi-definite for some |E| <= (d + 1) u trace(B) / (1 - (d + 1) u) (Rump, "Verification of
positive definiteness", BIT 46, 2006).
"""

import numpy as np
from scipy.linalg import LinAlgError, cholesky
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

_SMALL = 400  # rows of a matrix that is diagonalised
_UNIT = 2.0**-53


def at_least(matrix: np.ndarray) -> float:
    """A number below all eigenvalues of a symmetric (d, d) matrix in float64, and close to the least.

    Cost: some dozens of products with a vector and d^3 / 3 multiplications.

    Example:
        >>> at_least(np.diag([-2.0, 1.0])).__round__(6)
        -2.0
    """
    d = len(matrix)
    size = float(np.linalg.norm(matrix))
    if size == 0 or d <= _SMALL:
        return float(np.linalg.eigvalsh(matrix)[0]) - 2.0**-46 * d * size
    try:
        start = np.random.default_rng(0).standard_normal(d)
        found = float(eigsh(matrix, 1, which="SA", v0=start, tol=1e-4, return_eigenvectors=False)[0])  # pyright: ignore[reportArgumentType]
    except ArpackNoConvergence:
        return float(np.linalg.eigvalsh(matrix)[0]) - 2.0**-46 * d * size
    margin = max(1e-3 * abs(found), 1e-12 * size)
    while True:
        shift = found - margin
        moved = matrix.copy()
        moved.flat[:: d + 1] -= shift
        try:
            cholesky(moved, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            margin *= 4
            continue
        return shift - 2 * (d + 1) * _UNIT * float(np.trace(matrix) - d * shift) - 2 * _UNIT * abs(shift)

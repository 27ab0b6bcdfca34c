"""Block Lanczos: an orthonormal basis of a block Krylov space, grown block by block.

Full reorthogonalisation keeps the basis orthonormal to rounding. Directions that vanish are dropped from the block, so
linearly dependent columns of the start (one-hot labels minus 1/c) do no harm.

Reference: Golub & Van Loan, Matrix Computations, 4th ed., section 10.3.6.
"""

from collections.abc import Callable

import numpy as np


class BlockLanczos:
    """Q with orthonormal columns that span {B, S B, S^2 B, ...}, and T = Q^T S Q, for a symmetric S.

    Args:
        product: S times a block (n, k), k at most the columns of the start.
        start: B, (n, c).
        limit: largest number of columns of Q.

    Attributes:
        first: (k, c), the coordinates of the start: B = Q[:, :k] first.
        size: columns of Q so far.
        steps: blocks so far.
        exhausted: whether the space holds S times itself, so that it is exact.

    Memory: limit x n and limit x limit numbers.
    """

    def __init__(self, product: Callable[[np.ndarray], np.ndarray], start: np.ndarray, limit: int) -> None:
        self._product, self.limit = product, min(limit, len(start))
        self._basis = np.empty((len(start), self.limit), order="F")
        self._projected = np.zeros((self.limit, self.limit))
        self._block, self.first = _orthonormal(np.asarray(start, np.float64))
        self.first = self.first[: self.limit]
        self.size, self.steps = 0, 0
        self.exhausted = not self._block.shape[1]

    @property
    def basis(self) -> np.ndarray:
        """Q, (n, size)."""
        return self._basis[:, : self.size]

    @property
    def projected(self) -> np.ndarray:
        """T, (size, size)."""
        return self._projected[: self.size, : self.size]

    @property
    def full(self) -> bool:
        """Whether nothing can be added."""
        return self.exhausted or self.size == self.limit

    def extend(self) -> int:
        """Add one block and return its number of columns. Cost: the product, and 4 n size multiplications a column."""
        width = min(self._block.shape[1], self.limit - self.size)
        new = slice(self.size, self.size + width)
        self._basis[:, new] = self._block[:, :width]
        self.size, self.steps = self.size + width, self.steps + 1
        image = self._product(self._basis[:, new])
        coupling = self.basis.T @ image
        self._projected[: self.size, new], self._projected[new, : self.size] = coupling, coupling.T
        image = image - self.basis @ coupling
        image -= self.basis @ (self.basis.T @ image)  # twice is enough to stay orthogonal to rounding
        self._block, _ = _orthonormal(image, reference=float(np.linalg.norm(coupling)))
        self.exhausted = not self._block.shape[1] or self.size == len(self._basis)
        return width


def _orthonormal(a: np.ndarray, reference: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """An orthonormal basis of the columns of `a`, and the factor R with a = basis R; vanishing directions dropped."""
    q, r = np.linalg.qr(a)
    u, s, vt = np.linalg.svd(r, full_matrices=False)
    keep = s > 1e-12 * max(float(s[0]) if len(s) else 0.0, reference)
    return q @ u[:, keep], s[keep, None] * vt[keep]

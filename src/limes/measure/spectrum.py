"""The spectrum of a kernel matrix: eigenvalues, condition, and norms in which labels are measured."""

from dataclasses import dataclass

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array
from limes.linalg.spectrum import decompose
from limes.measure.kernels import effective_rank, square


@dataclass(frozen=True, eq=False)
class KernelSpectrum:
    """Eigenvalues and eigenvectors; made by `kernel_spectrum`.

    Attributes:
        values: (n,), the largest first, as computed: rounding may make the smallest ones negative.
        vectors: (n, n) eigenvectors in the same order, in columns.
        noise: size of the eigenvalues that rounding of the matrix alone would make.
    """

    values: np.ndarray
    vectors: np.ndarray
    noise: float

    @property
    def largest(self) -> float:
        """The largest eigenvalue."""
        return float(self.values[0])

    @property
    def smallest(self) -> float:
        """The smallest eigenvalue; 0 where rounding made it negative."""
        return max(float(self.values[-1]), 0.0)

    @property
    def bottom(self) -> np.ndarray:
        """(n,): the eigenvector of the smallest eigenvalue."""
        return self.vectors[:, -1]

    @property
    def singular(self) -> bool:
        """Whether the smallest eigenvalue cannot be told from 0."""
        return self.smallest <= self.noise

    @property
    def condition(self) -> float:
        """Largest over smallest eigenvalue; inf for a singular matrix."""
        return float("inf") if self.singular else self.largest / self.smallest

    @property
    def effective_rank(self) -> float:
        """`limes.measure.effective_rank` of the eigenvalues."""
        return effective_rank(self.values)

    @property
    def trace(self) -> float:
        """Sum of the eigenvalues."""
        return float(self.values.sum())

    def squared_norm(self, y: Array) -> float:
        """y^T K^{-1} y, the squared norm of the smallest function that takes the values y; inf if K is singular.

        Args:
            y: (n,) values, or (n, c), whose columns are added up.

        Raises:
            InputError: for another number of values.
        """
        y = np.asarray(y, np.float64)
        if len(y) != len(self.values):
            raise InputError(f"a kernel of {len(self.values)} rows has no norm for {len(y)} values")
        if self.singular:
            return float("inf")
        inside = (self.vectors.T @ y) ** 2
        return float((inside.reshape(len(y), -1).sum(axis=1) / self.values).sum())


def kernel_spectrum(kernel: Array) -> KernelSpectrum:
    """Decompose a kernel matrix.

    Args:
        kernel: (n, n), or all pairs of outputs (n, n, c, c), which count as one matrix (n c, n c).

    Raises:
        InputError: for another shape, or a matrix that is not finite.

    Cost: about 9 n^3 multiplications in float64.

    Example:
        >>> found = kernel_spectrum([[2.0, 1.0], [1.0, 2.0]])
        >>> round(found.condition, 12), round(found.squared_norm([1.0, -1.0]), 12)
        (3.0, 2.0)
    """
    matrix = square(kernel)
    if not len(matrix) or not np.isfinite(matrix).all():
        raise InputError("a spectrum is that of a matrix of one row or more whose entries are all finite")
    if np.asarray(kernel).dtype == np.float32:  # so that the noise is that of the entries
        matrix = matrix.astype(np.float32)
    found = decompose(matrix)
    return KernelSpectrum(found.values[::-1], np.ascontiguousarray(found.vectors[:, ::-1]), found.noise)

"""Kernel matrices compared: how far one has turned from another, how concentrated it is, how well it fits the labels.

Each takes matrices in the form (n, n), or all pairs of outputs (n, n, c, c) as `limes.finite.empirical_ntk` gives them
with ``trace=False``.
"""

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array


def kernel_distance(first: Array, second: Array) -> float:
    """1 - <K, K'> / (|K| |K'|) in Frobenius norms: 0 for kernels that differ by a factor, 1 for orthogonal ones.

    Args:
        first, second: kernels of one shape.

    Raises:
        InputError: for shapes that differ, or a kernel that is zero.

    Reference: Fort et al. 2020, arXiv 2010.15110, section 3.

    Example:
        >>> round(kernel_distance(np.eye(2), 3 * np.eye(2)), 12), round(kernel_distance(np.eye(2), np.ones((2, 2))), 3)
        (0.0, 0.293)
    """
    a, b = _flat(first), _flat(second)
    if a.shape != b.shape:
        raise InputError(f"kernels of shape {np.shape(first)} and {np.shape(second)} cannot be compared")
    sizes = np.linalg.norm(a) * np.linalg.norm(b)
    if not sizes > 0:
        raise InputError("a kernel that is zero everywhere has no distance to another")
    unit_a, unit_b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(0.5 * np.sum((unit_a - unit_b) ** 2))  # the same number, without cancellation


def relative_change(first: Array, second: Array) -> float:
    """|K' - K| / |K| in Frobenius norms: how far a kernel has moved, growth included."""
    a, b = _flat(first), _flat(second)
    return float(np.linalg.norm(b - a) / np.linalg.norm(a))


def alignment(kernel: Array, y: Array) -> float:
    """Cosine between a kernel (n, n) and the Gram matrix of targets, y y^T, both centred: 1 where they agree.

    Args:
        kernel: (n, n).
        y: (n, c) targets, or (n,) class indices, which are taken as one-hot.

    Raises:
        InputError: for other shapes.

    Reference: Cortes, Mohri & Rostamizadeh 2012, JMLR 13 (centred kernel alignment).

    Example:
        >>> round(alignment([[2.0, 0.0], [0.0, 2.0]], [0, 1]), 12)
        1.0
    """
    k, y = np.asarray(kernel, np.float64), np.asarray(y)
    if y.ndim == 1:
        y = (y[:, None] == np.unique(y)).astype(np.float64)
    if k.ndim != 2 or k.shape != (len(y), len(y)):
        raise InputError(f"alignment compares a kernel (n, n) with n targets, not {k.shape} with {len(y)}")
    k = _centred(k)
    y = y - y.mean(axis=0)
    gram = y @ y.T
    return float(np.sum(k * gram) / (np.linalg.norm(k) * np.linalg.norm(gram)))


def eigenvalues(kernel: Array) -> np.ndarray:
    """Eigenvalues of a symmetric kernel, descending, none below 0; all pairs of outputs count as one matrix (n c, n c).

    Cost: (n c)^3 multiplications.
    """
    return np.maximum(np.linalg.eigvalsh(square(kernel))[::-1], 0.0)


def top_mass(values: Array, count: int) -> float:
    """Share of the `count` largest eigenvalues in the sum of their squares.

    Reference: Tsilivis & Kempe 2022, arXiv 2210.05577, section 5.
    """
    values = np.sort(np.asarray(values, np.float64))[::-1]
    return float(np.sum(values[:count] ** 2) / np.sum(values**2))


def effective_rank(values: Array) -> float:
    """exp of the entropy of the eigenvalues as shares of their sum: n for equal ones, 1 for a single one.

    Reference: Roy & Vetterli 2007, EUSIPCO.

    Example:
        >>> effective_rank([1.0, 1.0, 0.0])
        2.0
    """
    shares = np.asarray(values, np.float64)
    shares = shares[shares > 0] / shares[shares > 0].sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def polar(kernels: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The way of a kernel from the first to the last in polar coordinates.

    Args:
        kernels: of one shape, in the order of time.

    Returns:
        radius (k,): distance from the first over that of the last from the first; angle (k,): to the first, in radians.

    Reference: Tsilivis & Kempe 2022, arXiv 2210.05577, section 5.
    """
    first, last = _flat(kernels[0]), _flat(kernels[-1])
    reach = np.linalg.norm(last - first)
    radius = np.array([np.linalg.norm(_flat(k) - first) / reach if reach > 0 else 0.0 for k in kernels])
    # The angle of unit vectors from half their distance: exact where the cosine is close to 1.
    angle = np.array([2 * np.arcsin(np.sqrt(min(1.0, 0.5 * kernel_distance(kernels[0], k)))) for k in kernels])
    return radius, angle


def square(kernel: Array) -> np.ndarray:
    """A kernel as one matrix in float64: (n, n, c, c) becomes (n c, n c)."""
    k = np.asarray(kernel, np.float64)
    if k.ndim == 4:
        n, m, c, d = k.shape
        k = k.transpose(0, 2, 1, 3).reshape(n * c, m * d)
    if k.ndim != 2 or k.shape[0] != k.shape[1]:
        raise InputError(f"a kernel is (n, n) or (n, n, c, c), not {np.shape(kernel)}")
    return k


def _flat(kernel: Array) -> np.ndarray:
    return np.asarray(kernel, np.float64).ravel()


def _centred(k: np.ndarray) -> np.ndarray:
    return k - k.mean(axis=0) - k.mean(axis=1)[:, None] + k.mean()

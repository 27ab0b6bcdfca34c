"""The best that lazy training can do: a tensor against the tangent space of random components.

Moving u_i along v changes u_i^l by l sym(u_i^(l-1) v), and changing its coefficient adds what v = u_i adds. So the
tangent space of m components has at most m d dimensions, while symmetric tensors have D = C(d + l - 1, l): a generic
tensor is in reach only if m >= D / d, some d^(l-1) / l! components. By the theorem of Alexander and Hirschowitz the
tangent space of generic components has min(m d, D) dimensions (but for l = 2 and the cases (l, d, m) = (3, 5, 7),
(4, 3, 5), (4, 4, 9), (4, 5, 14)), so that the bound is met.

The Gram matrix of the tangent vectors is the kernel of lazy training,

    <sym(u^(l-1) v), sym(u'^(l-1) v')> = ((u.u')^(l-1) v.v' + (l - 1) (u.u')^(l-2) (u.v') (u'.v)) / l,

and <sym(u^(l-1) v), w^l> = (u.w)^(l-1) v.w, so that no tensor is written out.
"""

import math

import numpy as np

from limes.beyond.tensor.components import Components
from limes.core.errors import InputError
from limes.core.memory import require

_CUT = 1e-12  # eigenvalues below this share of the largest belong to no direction


def symmetric_dimension(dimension: int, order: int) -> int:
    """C(d + l - 1, l), the number of independent entries of a symmetric tensor.

    Example:
        >>> symmetric_dimension(8, 3)
        120
    """
    return math.comb(dimension + order - 1, order)


def lazy_threshold(dimension: int, order: int) -> int:
    """The least number of components whose tangent space can hold every symmetric tensor.

    Example:
        >>> lazy_threshold(8, 3), lazy_threshold(8, 4)
        (15, 42)
    """
    return -(-symmetric_dimension(dimension, order) // dimension)


def tangent_gram(vectors: np.ndarray, order: int) -> np.ndarray:
    """(m d, m d) inner products of sym(u_i^(l-1) e_a), by component and then coordinate."""
    m, d = vectors.shape
    gram = vectors @ vectors.T
    straight = np.einsum("ij,ab->iajb", gram ** (order - 1), np.eye(d))
    crossed = np.einsum("ij,ja,ib->iajb", gram ** (order - 2), vectors, vectors)
    return ((straight + (order - 1) * crossed) / order).reshape(m * d, m * d)


def tangent_rank(vectors: np.ndarray, order: int) -> int:
    """Dimension of the tangent space at components with these vectors (m, d).

    Raises:
        InputError: for a vector of length 0.
        MemoryRefused: as `lazy_residual`.

    Cost: O((m d)^3).
    """
    return int(_spectrum(_unit(np.asarray(vectors, float)), order)[2].sum())


def lazy_residual(target: Components, vectors: np.ndarray) -> float:
    """Relative distance of a tensor from the tangent space at components with vectors (m, d).

    What linearised training reaches at best, from an output of 0 or of any tensor in the tangent space, the components
    themselves among them. A residual of 0 is found to about 1e-6.

    Args:
        target: a single tensor.
        vectors: of the components at the start, (m, d).

    Raises:
        InputError: for vectors of another dimension or length 0, or several tensors at once.
        MemoryRefused: if the Gram matrix of (m d)^2 numbers does not fit.

    Cost: O((m d)^3) time, 3 (m d)^2 numbers.

    Example:
        >>> from limes.beyond.tensor import orthonormal_target
        >>> start = np.random.default_rng(0).standard_normal((15, 8))
        >>> residuals = [lazy_residual(orthonormal_target(8, 2, 3), start[:m]) for m in (8, 15)]
        >>> residuals[0] > 0.5, residuals[1] < 1e-5
        (True, True)
    """
    vectors = np.asarray(vectors, float)
    if target.coef.ndim != 1 or vectors.ndim != 2 or vectors.shape[1] != target.dimension:
        raise InputError(
            f"a tensor in {target.dimension} dimensions with coefficients of shape {target.coef.shape} and vectors of "
            f"shape {vectors.shape} do not belong together: (r,) and (m, d) do"
        )
    unit = _unit(vectors)
    values, directions, kept = _spectrum(unit, target.order)
    along = target.contract(unit).ravel() @ directions[:, kept]
    total = float(target.inner(target))
    return math.sqrt(max(0.0, 1.0 - float((along**2 / values[kept]).sum()) / total))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Lengths play no role for the tangent space."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(lengths > 0):
        raise InputError(f"{int(np.sum(~(lengths > 0)))} of the vectors have no direction: draw them anew")
    return vectors / lengths


def _spectrum(unit: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors of the tangent Gram matrix, and which of them count."""
    size = unit.size
    require(5 * 8 * size**2, f"the tangent space at {len(unit)} x {unit.shape[1]} numbers", "take fewer components")
    values, directions = np.linalg.eigh(tangent_gram(unit, order))
    kept = values > _CUT * values[-1]
    kept[: max(0, size - symmetric_dimension(unit.shape[1], order))] = False
    return values, directions, kept

"""Wasserstein distances between clouds of particles of equal weight.

Exact ones: by sorting in one dimension, by assignment for clouds of equal size, by the network simplex of POT (extra
``limes[beyond]``) for others and for large ones. Two shortcuts need no solver: the distance to a projected cloud, and
the bound by the coupling of two clouds particle by particle.

A distance between two samples of one law is not 0 but falls slowly with their size, as N^(-1/d): always show it beside.
"""

from typing import Any, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from limes.beyond.meanfield.representation import Representation
from limes.core.errors import InputError, MissingPackage
from limes.core.memory import require
from limes.core.precision import require_finite

Solver = Literal["auto", "sorting", "assignment", "simplex"]
_ASSIGNED = 500  # sizes up to which an assignment is as quick as the network simplex
_ITERATIONS = 10_000_000
_ORTHONORMAL = 1e-8


def has_simplex() -> bool:
    """Whether POT is installed, which the solver "simplex" needs."""
    try:
        _require_pot()
    except MissingPackage:
        return False
    return True


def squared_wasserstein(a: np.ndarray, b: np.ndarray, *, solver: Solver = "auto") -> float:
    """W_2^2 between two clouds, in squared units of their coordinates.

    Args:
        a, b: (n, d) and (m, d).
        solver: "sorting" (d = 1), "assignment" (n = m, SciPy), "simplex" (POT), or "auto" for what fits.

    Raises:
        InputError: for shapes that do not belong together, values that are not finite, or a solver that does not
            fit them.
        MissingPackage: if POT is needed and not there.
        MemoryRefused: if the n m squared distances do not fit.

    Cost: O(n log n) by sorting, else n m numbers and about O(n^2) to O(n^3) time: .1 s at 500, .4 s at 1000.

    Example:
        >>> squared_wasserstein(np.array([[0.0], [1.0]]), np.array([[3.0], [2.0]]))
        4.0
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or 0 in (a.size, b.size):
        raise InputError(f"clouds (n, d) and (m, d) are needed, not {a.shape} and {b.shape}")
    require_finite(a, "a")
    require_finite(b, "b")
    n, m = len(a), len(b)
    if solver == "auto":
        solver = "sorting" if a.shape[1] == 1 else "assignment" if n == m and _assigns(n) else "simplex"
    if solver == "sorting":
        return _sorted(a, b)
    require(3 * 8 * n * m, f"squared distances of {n} and {m} particles", "take fewer particles of each cloud")
    costs = cdist(a, b, "sqeuclidean")
    if solver == "assignment":
        if n != m:
            raise InputError(f"an assignment needs clouds of one size, not {n} and {m} particles: use solver='simplex'")
        rows, columns = linear_sum_assignment(costs)
        return float(costs[rows, columns].mean())
    if solver == "simplex":
        return float(_require_pot().emd2(np.full(n, 1 / n), np.full(m, 1 / m), costs, numItermax=_ITERATIONS))
    raise InputError(f"solver must be auto, sorting, assignment or simplex, not {solver!r}")


def relative_squared_distance(a: np.ndarray, b: np.ndarray, squared: float | None = None) -> float:
    """RMD^2 = W_2^2 / (2 E|a|^2 + 2 E|b|^2), between 0 and 1.

    Args:
        a, b: (n, d) and (m, d).
        squared: W_2^2 where it is known; None to compute it.

    Raises:
        InputError: as `squared_wasserstein`.

    Reference: Maass Martinez & Fontbona 2024 (arXiv 2405.19995).
    """
    squared = squared_wasserstein(a, b) if squared is None else squared
    size = 2 * float(np.mean(np.sum(np.square(a), -1)) + np.mean(np.sum(np.square(b), -1)))
    return squared / size if size > 0 else 0.0


def distance_to_fixed(particles: np.ndarray, space: Representation | np.ndarray) -> np.ndarray:
    """RMD^2 of clouds to their projection on a fixed space; 0 exactly for strongly invariant ones.

    The orthogonal projection is the optimal map to the cloud that it makes, so that no solver is needed.

    Args:
        particles: (..., N, d), one cloud for each leading index.
        space: a representation, or an orthonormal basis (d, r) of any subspace.

    Returns:
        (...).

    Raises:
        InputError: for another dimension, no particles, values that are not finite, or a basis that is not orthonormal.

    Example:
        >>> from limes.beyond.meanfield import cyclic
        >>> float(distance_to_fixed(np.array([[1.0, -1.0]]), cyclic(2)))  # nothing of it is fixed
        0.5
    """
    particles = np.asarray(particles, float)
    basis = space.fixed_basis if isinstance(space, Representation) else np.asarray(space, float)
    if basis.ndim != 2 or not np.abs(basis.T @ basis - np.eye(basis.shape[1])).max(initial=0.0) < _ORTHONORMAL:
        raise InputError("the basis (d, r) of a space has orthonormal columns: take np.linalg.qr(basis)[0]")
    if particles.ndim < 2 or particles.shape[-1] != basis.shape[0] or 0 in particles.shape:
        raise InputError(f"particles (..., N, {basis.shape[0]}) are needed, not {particles.shape}")
    require_finite(particles, "particles")
    inside = particles @ basis
    rest = particles - inside @ basis.T
    size = 2 * ((particles**2).sum(-1) + (inside**2).sum(-1)).mean(-1)
    return (rest**2).sum(-1).mean(-1) / np.where(size > 0, size, 1.0)


def coupled_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """RMD^2 of clouds coupled particle by particle, which bounds that of the best coupling from above.

    Args:
        a, b: (..., N, d).

    Returns:
        (...).

    Raises:
        InputError: for clouds of different shape, without particles, or values that are not finite.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or a.ndim < 2 or 0 in a.shape:
        raise InputError(f"coupled clouds have one shape (..., N, d) without 0, not {a.shape} and {b.shape}")
    require_finite(a, "a")
    require_finite(b, "b")
    size = 2 * ((a**2).sum(-1) + (b**2).sum(-1)).mean(-1)
    return ((a - b) ** 2).sum(-1).mean(-1) / np.where(size > 0, size, 1.0)


def _assigns(n: int) -> bool:
    return n <= _ASSIGNED or not has_simplex()


def _sorted(a: np.ndarray, b: np.ndarray) -> float:
    """The integral of the squared difference of quantile functions."""
    if a.shape[1] != 1:
        raise InputError(f"sorting is for one dimension, not {a.shape[1]}: use solver='auto'")
    n, m = len(a), len(b)
    edges = np.union1d(np.arange(n + 1) * m, np.arange(m + 1) * n)  # in units of 1 / (n m), so that they are whole
    middle = edges[:-1]
    gap = np.sort(a[:, 0])[middle // m] - np.sort(b[:, 0])[middle // n]
    return float(np.sum(np.diff(edges) * gap**2) / (n * m))


def _require_pot() -> Any:
    try:
        import ot
    except ImportError as error:
        raise MissingPackage(
            "Wasserstein distances between clouds of different or large size need POT: pip install 'limes[beyond]'"
        ) from error
    return ot

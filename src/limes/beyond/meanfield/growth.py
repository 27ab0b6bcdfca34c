"""The largest space that training does not leave, found by growing it from {0}: an equivariant architecture.

Where data are symmetric, training without any use of the group keeps laws on E^G in the limit. So a space is grown:
particles start on it and are trained; if they end away from it, the directions in which they left are added. The space
on which training stays is the architecture. The group need not be known.

What counts as a direction is our own choice, of finite numbers of particles: principal directions of what lies outside,
as far as they hold a share of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from limes.beyond.meanfield.transport import distance_to_fixed
from limes.core.errors import InputError

Training = Callable[[np.ndarray], np.ndarray]
"""From particles (N, d) at the start to those at the end."""


@dataclass(frozen=True, eq=False)
class Growth:
    """What growing a space leaves.

    Attributes:
        basis: (d, r), orthonormal, of the last space.
        dimensions: of the spaces tried, beginning with 0.
        distances: RMD^2 from each of them after training.
        finished: whether training stayed in the last one.
    """

    basis: np.ndarray
    dimensions: tuple[int, ...]
    distances: tuple[float, ...]
    finished: bool

    @property
    def dimension(self) -> int:
        """Of the last space."""
        return self.basis.shape[1]

    @property
    def steps(self) -> int:
        """Spaces that were tried."""
        return len(self.dimensions)


def grow(
    training: Training,
    start: np.ndarray,
    *,
    tolerance: float = 1e-3,
    share: float = 0.1,
    most: int | None = None,
) -> Growth:
    """Grow a space from {0} until training stays in it.

    Args:
        training: from particles (N, d) at the start to those at the end.
        start: (N, d); its projection on each space is where training starts.
        tolerance: RMD^2 from the space up to which training has stayed. It must lie above what finite numbers of
            particles leave E^G by.
        share: a principal direction of what lies outside is added if it holds this share of it, the largest always.
        most: steps; None for d + 1, which always suffice.

    Raises:
        InputError: for numbers out of range.

    Cost: a training a step.

    Reference: Maass Martinez & Fontbona 2024 (arXiv 2405.19995), heuristic; the choice of directions is ours.

    Example:
        >>> found = grow(lambda z: z + np.array([1.0, 1.0, 0.0]), np.random.default_rng(0).normal(size=(9, 3)))
        >>> found.dimensions, found.basis.ravel().round(3).tolist()
        ((0, 1), [0.707, 0.707, 0.0])
    """
    start = np.asarray(start, float)
    if start.ndim != 2 or not tolerance > 0 or not 0 < share <= 1 or (most is not None and most < 1):
        raise InputError(
            f"particles (N, d), a tolerance above 0, a share in (0, 1] and steps are needed, not {start.shape}, "
            f"{tolerance}, {share} and {most}"
        )
    basis = np.zeros((start.shape[1], 0))
    dimensions, distances = [], []
    for _ in range(start.shape[1] + 1 if most is None else most):
        end = np.asarray(training(start @ basis @ basis.T), float)
        dimensions.append(basis.shape[1])
        distances.append(float(distance_to_fixed(end, basis)))
        if distances[-1] <= tolerance:
            return Growth(basis, tuple(dimensions), tuple(distances), True)
        basis = np.linalg.qr(np.hstack([basis, _escaped(end, basis, share)]))[0]
        basis *= np.where(basis.sum(0) < 0, -1.0, 1.0)
    return Growth(basis, tuple(dimensions), tuple(distances), False)


def _escaped(end: np.ndarray, basis: np.ndarray, share: float) -> np.ndarray:
    """(d, s): principal directions of what lies outside of the space."""
    outside = end - end @ basis @ basis.T
    values, directions = np.linalg.eigh(outside.T @ outside)
    room = end.shape[1] - basis.shape[1]
    kept = min(room, max(1, int((values >= share * values.sum()).sum())))
    return directions[:, ::-1][:, :kept]

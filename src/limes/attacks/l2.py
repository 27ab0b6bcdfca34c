"""The nearest point of an l2 ball cut by a box.

Written for magnitudes and the room that each coordinate has in its direction, as `limes.attacks.l1`.
"""

import numpy as np


def scale(size: np.ndarray, room: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """The nearest magnitudes w to `size` with 0 <= w <= room and |w| <= radius in each row.

    By the Lagrangian w = min(s size, room) for a factor s <= 1. With coordinates sorted by room / size, the first k are
    at their room where s is at least the k-th ratio, and |w|^2 = (sum of room^2 over them) + s^2 (sum of size^2 over
    the rest).

    Args:
        size: (m, d) not negative.
        room: (m, d) not negative; infinite for no limit.
        radius: (m,) not negative.

    Cost: one sort of d numbers for each row that is too long.

    Example:
        >>> scale(np.array([[3.0, 4.0]]), np.array([[9.0, 1.0]]), np.array([2.0])).round(4)
        array([[1.7321, 1.    ]])
    """
    w = np.minimum(size, room)
    over = np.flatnonzero(np.sqrt((w**2).sum(axis=1)) > radius)
    if not len(over):
        return w
    size, room, radius = size[over], room[over], radius[over, None]
    ratio = np.divide(room, size, out=np.full_like(size, np.inf), where=size > 0)
    order = np.argsort(ratio, axis=1, kind="stable")
    sizes, rooms, ratios = (np.take_along_axis(a, order, axis=1) for a in (size, room, ratio))
    squares = np.where(np.isfinite(ratios), rooms, 0.0) ** 2
    full = squares.cumsum(axis=1) - squares  # of the coordinates before each
    rest = (sizes[:, ::-1] ** 2).cumsum(axis=1)[:, ::-1]  # of each and those after it
    length = np.where(np.isfinite(ratios), full + np.minimum(ratios, 1.0) ** 2 * rest, np.inf)
    first = (length < radius**2).sum(axis=1).clip(max=size.shape[1] - 1)[:, None]
    full, rest = (np.take_along_axis(a, first, axis=1) for a in (full, rest))
    square = np.divide(np.maximum(radius**2 - full, 0.0), rest, out=np.zeros_like(rest), where=rest > 0)
    w[over] = np.minimum(np.sqrt(np.minimum(square, 1.0)) * size, room)
    return w

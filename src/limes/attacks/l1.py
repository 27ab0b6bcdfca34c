"""Geometry of the l1 ball cut by a box: the nearest point, and the best one for a linear function.

Clipping to the box after a projection onto the ball gives neither the nearest point nor one of full length: an l1
attack moves few coordinates far, so that many of them meet the box. Both functions work on magnitudes and on the room
that each coordinate has in its direction; infinite room is no box.

Reference: Croce & Hein 2021, arXiv 2103.01208, propositions 2.1 and 2.2.
"""

import numpy as np


def shrink(size: np.ndarray, room: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """The nearest magnitudes w to `size` with 0 <= w <= room and sum(w) <= radius in each row.

    By the Lagrangian w = clip(size - t, 0, room) for a threshold t >= 0, and the sum is piecewise linear in t: its
    pieces end where a coordinate leaves zero (t = size) or meets its room (t = size - room).

    Args:
        size: (m, d) not negative.
        room: (m, d) not negative.
        radius: (m,) not negative.

    Cost: one sort of 2 d numbers for each row whose sum is too large.

    Example:
        >>> shrink(np.array([[3.0, 2.0, 0.5]]), np.array([[1.0, 9.0, 9.0]]), np.array([2.0]))
        array([[1., 1., 0.]])
    """
    w = np.minimum(size, room)
    over = np.flatnonzero(w.sum(axis=1) > radius)
    if not len(over):
        return w
    size, room, radius = size[over], room[over], radius[over, None]
    ends = np.concatenate([size, np.maximum(size - room, 0.0)], axis=1)
    order = np.argsort(-ends, axis=1, kind="stable")
    turns = np.where(order < size.shape[1], 1, -1)
    ends = np.take_along_axis(ends, order, axis=1)
    moving, total = turns.cumsum(axis=1), (turns * ends).cumsum(axis=1)  # on the piece below each end
    spent = total - moving * ends
    last = ((spent <= radius).sum(axis=1) - 1).clip(0)[:, None]  # the piece on which the radius is reached
    moving, total = (np.take_along_axis(a, last, axis=1) for a in (moving, total))
    threshold = np.divide(total - radius, moving, out=np.zeros_like(total), where=moving > 0)
    w[over] = np.clip(size - np.maximum(threshold, 0.0), 0.0, room)
    return w


def fill(gradient: np.ndarray, room: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The move of l1 length at most `length` (m,) that raises a linear function most: (m, d).

    Coordinates are filled by falling size of the gradient, each up to its room, until the length is spent.

    Args:
        gradient: (m, d) finite.
        room: (m, d) how far each coordinate may move along its gradient's sign.
        length: (m,).

    Example:
        >>> fill(np.array([[1.0, -3.0, 2.0]]), np.array([[9.0, 0.5, 9.0]]), np.array([2.0]))
        array([[ 0. , -0.5,  1.5]])
    """
    order = np.argsort(-np.abs(gradient), axis=1, kind="stable")
    most = np.where(gradient != 0, np.minimum(room, length[:, None]), 0.0)
    most = np.take_along_axis(most, order, axis=1)
    taken = np.clip(length[:, None] - (most.cumsum(axis=1) - most), 0.0, most)
    move = np.zeros_like(most)
    np.put_along_axis(move, order, taken, axis=1)
    return move * np.sign(gradient)

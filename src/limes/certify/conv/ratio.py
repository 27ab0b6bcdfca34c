"""The least and the largest <y, t>/|y| of a vector y in a box, within each window and for each centre.

Divided by |t| it is a cosine. With R the ratio that a search has found,

    largest:   <y, t> - R |y| <= <y, t - R w>  for every unit vector w, since |y| >= <w, y>;
    least:     <y, t> - R |y| >= <y, t> - R (|y|^2 / c + c) / 2  for every c > 0,

both sums over coordinates, whose extrema over the box say by how much at most the true ratio differs from R. The
largest ratio is at y_i = clip(tau t_i), tau = |y|^2 / <y, t>; the least at a corner of the box.
"""

import numba
import numpy as np

_STEPS = 6


@numba.njit(cache=True)
def ratios(starts, columns, roots, low, high, below, above, fixed, fixed_below, fixed_above):
    """Bounds (2, m, p) of <y, t>/|y| over windows, from below and from above.

    Args:
        starts, columns: the windows, as a sparse matrix in rows.
        roots: its entries; in a window y_i is in roots_i [low_i, high_i], t_i in roots_i [below_i, above_i].
        low, high: (d,).
        below, above: (m, d).
        fixed: (p,) one more coordinate of y, which does not move.
        fixed_below, fixed_above: (p,) the same of t.

    Where y is not negative the bounds hold for all t in their ranges; elsewhere `below` and `above` must be equal.
    """
    m, p = len(below), len(starts) - 1
    widest = 0
    for i in range(p):
        widest = max(widest, starts[i + 1] - starts[i])
    found = np.empty((2, m, p))
    for j in range(m):
        y, t, least, most = np.empty(widest + 1), np.empty(widest + 1), np.empty(widest + 1), np.empty(widest + 1)
        for i in range(p):
            k = starts[i + 1] - starts[i]
            shortest = fixed[i] * fixed[i]
            for o in range(k):
                at, root = columns[starts[i] + o], roots[starts[i] + o]
                least[o], most[o], t[o] = root * low[at], root * high[at], root * above[j, at]
                nearest = min(max(0.0, least[o]), most[o])
                shortest += nearest * nearest
            least[k], most[k], t[k] = fixed[i], fixed[i], fixed_above[i]
            shortest = np.sqrt(shortest)
            found[1, j, i] = _largest(t[: k + 1], least, most, shortest, y)
            for o in range(k):
                t[o] = -roots[starts[i] + o] * below[j, columns[starts[i] + o]]
            t[k] = -fixed_below[i]
            found[0, j, i] = -_largest(t[: k + 1], least, most, shortest, y)
    return found


@numba.njit(cache=True)
def _largest(t, low, high, shortest, y):
    """An upper bound of <y, t>/|y|, at most |t|."""
    top, length = 0.0, 0.0
    for i in range(len(t)):
        top += max(t[i] * low[i], t[i] * high[i])
        length += t[i] * t[i]
    length = np.sqrt(length)
    if length == 0.0:
        return 0.0
    if top <= 0.0:
        found = -_least(t, low, high, shortest, y)
    elif shortest == 0.0:
        found = length
    else:
        found = _positive(t, low, high, shortest, y, top)
    return min(max(found, -length), length) + 1e-12 * length


@numba.njit(cache=True)
def _positive(t, low, high, shortest, y, top):
    """The largest ratio where it is positive."""
    product, square = 0.0, 0.0
    for i in range(len(t)):  # from the corner of the largest product
        y[i] = high[i] if t[i] > 0.0 else low[i]
        product += y[i] * t[i]
        square += y[i] * y[i]
    best = product / np.sqrt(square) if square > 0.0 else 0.0
    for _ in range(_STEPS):
        if product <= 0.0:
            break
        tau = square / product
        product, square = 0.0, 0.0
        for i in range(len(t)):
            y[i] = min(max(tau * t[i], low[i]), high[i])
            product += y[i] * t[i]
            square += y[i] * y[i]
        if square == 0.0:
            return top / shortest
        ratio = product / np.sqrt(square)
        if ratio <= best * (1.0 + 1e-6):
            best = max(best, ratio)
            break
        best = ratio
    if square == 0.0 or product <= 0.0:
        return top / shortest
    size = np.sqrt(square)
    ratio, excess = product / size, 0.0
    for i in range(len(t)):
        weight = t[i] - ratio * y[i] / size
        excess += max(weight * low[i], weight * high[i])
    return ratio + max(excess, 0.0) / shortest


@numba.njit(cache=True)
def _least(t, low, high, shortest, y):
    """A lower bound of <y, -t>/|y|, where <y, -t> is not negative anywhere in the box."""
    product, square = 0.0, 0.0
    for i in range(len(t)):
        y[i] = 0.5 * (low[i] + high[i])
        product -= y[i] * t[i]
        square += y[i] * y[i]
    if square == 0.0 or shortest == 0.0:
        return 0.0
    ratio, size = np.inf, 1.0
    for _ in range(_STEPS):
        if product >= ratio * np.sqrt(square):
            break
        size = np.sqrt(square)
        ratio = product / size
        product, square = 0.0, 0.0
        for i in range(len(t)):
            a = -t[i] * low[i] - 0.5 * ratio / size * low[i] * low[i]
            b = -t[i] * high[i] - 0.5 * ratio / size * high[i] * high[i]
            y[i] = low[i] if a < b else high[i]
            product -= y[i] * t[i]
            square += y[i] * y[i]
    ratio = max(ratio, 0.0)
    rest = -0.5 * ratio * size
    for i in range(len(t)):
        a = -t[i] * low[i] - 0.5 * ratio / size * low[i] * low[i]
        b = -t[i] * high[i] - 0.5 * ratio / size * high[i] * high[i]
        rest += min(a, b)
    return max(ratio + min(rest, 0.0) / shortest, 0.0)

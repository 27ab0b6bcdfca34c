"""The least value of a sum of parabolas of the coordinates over a box and a ball, from below.

    min { sum_i g_i y_i + h_i y_i^2 : low <= y <= high, sum_i (y_i - x_i)^2 / s_i^2 <= r^2 }
        >= max over mu >= 0 of  sum_i min_i { g_i y_i + h_i y_i^2 + mu (y_i - x_i)^2 / s_i^2 } - mu r^2.

Every mu gives a bound; a good one is found by bisection on the derivative. Over a box alone mu is 0: nothing is lost.
"""

import numba
import numpy as np

from limes.certify.conv.region import Region

_STEPS = 40


def least_parabolas(slope: np.ndarray, bend: np.ndarray, region: Region) -> tuple[float, np.ndarray]:
    """A lower bound, and where the bounding function is least (d,).

    Args:
        slope: g, (d,).
        bend: h, (d,).
        region: box and ball.
    """
    x, low, high = region.x, region.low, region.high
    most = np.maximum(np.abs(low), np.abs(high))
    rounding = 1e-12 * float(np.abs(slope) @ most + np.abs(bend) @ most**2)
    value, point = _search(slope, bend, x, low, high, 1 / region.stretch**2, region.ball**2)
    return value - rounding, point


@numba.njit(cache=True)
def _search(g, h, x, low, high, weight, square):
    point = np.empty_like(x)
    best, reached = _over_box(g, h, x, low, high, weight, 0.0, point)
    if reached <= square:
        return best, point
    trial, below, above, closed = np.empty_like(x), 0.0, 1.0, False
    scale = 0.0
    for i in range(len(g)):
        slope = g[i] + 2.0 * h[i] * x[i]
        scale += slope * slope / weight[i]
    above = 0.5 * np.sqrt(max(scale, 1e-300) / square) if square > 0.0 else 1.0
    for _ in range(_STEPS):
        mu = 0.5 * (below + above) if closed else above
        value, reached = _over_box(g, h, x, low, high, weight, mu, trial)
        value -= mu * square
        if value > best:
            best = value
        if reached > square:
            below = mu
            if not closed:
                above = 2.0 * mu
        else:
            above, closed = mu, True
            point[:] = trial
    return best, point


@numba.njit(cache=True)
def _over_box(g, h, x, low, high, weight, mu, point):
    """The least value with the penalty, where it is, and the square of its weighted distance from x."""
    total, reached = 0.0, 0.0
    for i in range(len(g)):
        bend, slope = h[i] + mu * weight[i], g[i] - 2.0 * mu * weight[i] * x[i]
        if bend > 0.0:
            y = min(max(-0.5 * slope / bend, low[i]), high[i])
        else:
            first, second = slope * low[i] + bend * low[i] * low[i], slope * high[i] + bend * high[i] * high[i]
            y = low[i] if first < second else high[i]
        away = y - x[i]
        total += g[i] * y + h[i] * y * y + mu * weight[i] * away * away
        reached += weight[i] * away * away
        point[i] = y
    return total, reached

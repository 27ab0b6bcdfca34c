"""The least value of a linear function on a sphere, in a box and a half-space, from below.

    min { <w, y> : low <= y <= high, |y|^2 = R, <x, y> >= b }
        >= max over mu and nu >= 0 of  sum_i min_i { (w_i - nu x_i) y_i + mu y_i^2 } - mu R + nu b,

a sum over coordinates. Every mu and nu gives a bound, so that the search for good ones needs no care; both are found by
bisection on the derivative.
"""

import numba
import numpy as np

from limes.certify.region import Shells

_STEPS, _OUTER = 30, 12


def least_linear(weights: np.ndarray, shells: Shells) -> tuple[np.ndarray, np.ndarray]:
    """Lower bounds (k,) of <weights, y> on each shell's sphere, and where the bounding function is least (k, d).

    Args:
        weights: (k, d).
        shells: with sphere, box and half-space.

    Cost: k d times 30 multiplications, 13 times as many for a ball that is not a box.
    """
    k, d = weights.shape
    values, points = np.empty(k), np.empty((k, d))
    radius = shells.q * d
    _search(weights, shells.x, shells.low, shells.high, radius, shells.least, values, points)
    most = np.maximum(np.abs(shells.low), np.abs(shells.high))
    return values - 1e-12 * (np.abs(weights) * most).sum(axis=1), points


@numba.njit(cache=True)
def _search(weights, x, low, high, radius, least, values, points):
    for s in range(len(weights)):
        values[s] = _one(weights[s], x, low[s], high[s], radius[s], least[s], points[s])


@numba.njit(cache=True)
def _one(w, x, low, high, radius, least, point):
    best, above_ball = _over_sphere(w, low, high, radius, point, x)
    if not np.isfinite(least) or above_ball >= least:
        return best
    turned, trial = np.empty_like(w), np.empty_like(w)
    below, above, closed = 0.0, 0.0, False
    size = 0.0
    for i in range(len(w)):
        above += w[i] * w[i]
        size += x[i] * x[i]
    above = np.sqrt(above / max(size, 1e-300))
    for _ in range(_OUTER):
        nu = 0.5 * (below + above) if closed else above
        for i in range(len(w)):
            turned[i] = w[i] - nu * x[i]
        value, product = _over_sphere(turned, low, high, radius, trial, x)
        value += nu * least
        if value > best:
            best = value
            point[:] = trial
        if product < least:
            below = nu
            if not closed:
                above = 2.0 * nu
        else:
            above, closed = nu, True
    return best


@numba.njit(cache=True)
def _over_sphere(w, low, high, radius, point, x):
    """Bound for box and sphere alone, its point, and <x, point>."""
    square, length, product = 0.0, 0.0, 0.0
    best = 0.0
    for i in range(len(w)):
        y = low[i] if w[i] > 0 else high[i]
        if w[i] == 0:
            y = min(max(0.0, low[i]), high[i])
        point[i] = y
        best += w[i] * y
        square += y * y
        length += w[i] * w[i]
        product += x[i] * y
    if length == 0:
        return 0.0, np.inf
    short = square < radius
    start = 0.5 * np.sqrt(length / max(radius, 1e-300))
    below, above, closed = 0.0, start, False
    for _ in range(_STEPS):
        mu = 0.5 * (below + above) if closed else above
        value, square, inner = 0.0, 0.0, 0.0
        for i in range(len(w)):
            if short:  # a negative multiplier: the ends of the box
                a, b = w[i] * low[i] - mu * low[i] * low[i], w[i] * high[i] - mu * high[i] * high[i]
                y = low[i] if a < b else high[i]
                value += min(a, b)
            else:
                y = min(max(-0.5 * w[i] / mu, low[i]), high[i])
                value += w[i] * y + mu * y * y
            square += y * y
            inner += x[i] * y
        value += mu * radius if short else -mu * radius
        if value > best:
            best, product = value, inner
            for i in range(len(w)):
                if short:
                    a, b = w[i] * low[i] - mu * low[i] * low[i], w[i] * high[i] - mu * high[i] * high[i]
                    point[i] = low[i] if a < b else high[i]
                else:
                    point[i] = min(max(-0.5 * w[i] / mu, low[i]), high[i])
        if (square < radius) == short:
            below = mu
            if not closed:
                above = 2.0 * mu
        else:
            above, closed = mu, True
    return best, product

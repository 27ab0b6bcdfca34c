"""Planes below what a rectifier does to one position, as functions of a cosine u and of a rest t.

With u the cosine of two units and r their standard deviations' product, phi(x) = max(x, 0) + alpha min(x, 0) turns the
covariance r u into r kappa(u) and the NTK T into T kappa'(u), where

    kappa(u) = a u + b (sqrt(1 - u^2) + u arcsin u),   kappa'(u) = a + b arcsin u,
    a = (1 + alpha)^2 / 4,   b = (1 - alpha)^2 / (2 pi)

(Cho & Saul 2009). kappa and u kappa'(u) are convex. T is written as r (c u + t): an NTK follows its covariance closely,
and the rest t, whose range is small, is all that needs to be kept apart. So both are r times a function of u and t, and

    e kappa(u) + v (c u + t) kappa'(u)  >=  slope u + tilt t + value

is r times a plane in the covariance r u, the rest r t and r itself. Nothing depends on the size of r.
"""

import math

import numba
import numpy as np

CLOSE = 1e-6
"""Tangents touch no closer to a cosine of 1, where slopes are infinite."""
_POINT = 1e-9  # ranges narrower than this have no chord


def constants(slope: float) -> tuple[float, float]:
    """a and b of a rectifier."""
    return (1 + slope) ** 2 / 4, (1 - slope) ** 2 / (2 * math.pi)


@numba.njit(cache=True)
def values(a, b, c, u, t):
    """kappa(u) and (c u + t) kappa'(u)."""
    u = min(max(u, -1.0), 1.0)
    first = a + b * math.asin(u)
    return u * first + b * math.sqrt((1.0 - u) * (1.0 + u)), (c * u + t) * first


@numba.njit(cache=True)
def least_kappa(a, b, low, high):
    """The least kappa between two cosines: at the lower one, but for rectifiers that also rise on the negative side."""
    at = low
    if a < b * math.pi / 2:
        at = min(max(low, -math.sin(a / b)), high)
    return values(a, b, 0.0, at, 0.0)[0]


@numba.njit(cache=True)
def plane(a, b, c, e, v, low, high, least, most, u, t, bent=0.0):
    """Slope, tilt and value, for u in [low, high] and t in [least, most], good at the given u and t.

    The product t kappa' lies above both of McCormick's planes (1976), the better of which at u and t is taken; what is
    left is a function of u alone, with second derivative

        b (1 - u^2)^(-3/2) (e + 2 v c + w u - (e + v c) u^2),        w the factor of kappa',

    whose sign is that of a parabola. Where it is convex, a tangent is taken; where it is concave, the chord; else both
    for its parts. With `bent`, of the sign of that derivative and no larger anywhere (see `bend`), the plane is one
    below the function less bent u^2 / 2.
    """
    if e == 0.0 and v == 0.0:
        return 0.0, 0.0, 0.0
    low, high = min(low, 1.0 - CLOSE), max(high, CLOSE - 1.0)
    u = min(max(u, low, CLOSE - 1.0), high, 1.0 - CLOSE)
    t = min(max(t, least), most)
    w, tilt, value = 0.0, 0.0, 0.0
    if v != 0.0 and (least != 0.0 or most != 0.0):
        start, end, here = a + b * math.asin(low), a + b * math.asin(high), a + b * math.asin(u)
        if v < 0.0:
            start, end = end, start
        if (t - least) * abs(here - start) <= (most - t) * abs(end - here):
            w, tilt, value = v * least, v * start, -v * least * start
        else:
            w, tilt, value = v * most, v * end, -v * most * end
    f = v * c
    p, q = e + f, e + 2.0 * f
    at_low, at_high = q + w * low - p * low * low, q + w * high - p * high * high
    plain = w == 0.0 and p * f >= 0.0  # one sign, whatever rounding says
    if p >= 0.0 and (plain or (at_low >= 0.0 and at_high >= 0.0)):
        slope, start = _tangent(a, b, e, f, w, u)
        return slope - bent * u, tilt, value + start + 0.5 * bent * u * u
    if p <= 0.0 and (plain or (at_low <= 0.0 and at_high <= 0.0)):
        slope, start = _chord(a, b, e, f, w, low, high)
        return slope - 0.5 * bent * (low + high), tilt, value + start + 0.5 * bent * low * high
    slope, start = _tangent(a, b, max(e, 0.0), max(f, 0.0), 0.0, u)
    more, above = _chord(a, b, min(e, 0.0), min(f, 0.0), 0.0, low, high)
    rest, beyond = _below_angle(a, b, w, low, high, u)
    return slope + more + rest, tilt, value + start + above + beyond


@numba.njit(cache=True)
def bend(a, b, c, e, v, low, high):
    """The second derivative of e kappa(u) + v c u kappa'(u) nearest to zero, where it has one sign; else 0.

    It is b (v c (1 - u^2)^(-3/2) + (e + v c) (1 - u^2)^(-1/2)), so that where both terms have one sign it is nearest to
    zero at the least |u|. Rounded towards zero.
    """
    p, f = e + v * c, v * c
    if p * f < 0.0:
        return 0.0
    nearest = min(max(0.0, low), high)
    rest = 1.0 - min(nearest * nearest, (1.0 - CLOSE) ** 2)
    return (1.0 - 1e-9) * b * (f / rest + p) / math.sqrt(rest)


@numba.njit(cache=True)
def _at(a, b, e, f, w, u):
    """e kappa(u) + (f u + w) kappa'(u)."""
    first = a + b * math.asin(u)
    return e * (u * first + b * math.sqrt((1.0 - u) * (1.0 + u))) + (f * u + w) * first


@numba.njit(cache=True)
def _tangent(a, b, e, f, w, u):
    root = math.sqrt((1.0 - u) * (1.0 + u))
    first = a + b * math.asin(u)
    slope = (e + f) * first + (f * u + w) * b / root
    return slope, e * (u * first + b * root) + (f * u + w) * first - slope * u


@numba.njit(cache=True)
def _chord(a, b, e, f, w, low, high):
    start, end = _at(a, b, e, f, w, low), _at(a, b, e, f, w, high)
    if high - low < _POINT:
        return 0.0, min(start, end)
    slope = (end - start) / (high - low)
    return slope, start - slope * low


@numba.njit(cache=True)
def _below_angle(a, b, w, low, high, u):
    """A line below w (a + b arcsin u): convex for u >= 0, concave below; on both sides arcsin is u and a rest."""
    if w == 0.0:
        return 0.0, 0.0
    if low >= 0.0 or high <= 0.0:
        if (w > 0.0) == (low >= 0.0):
            return _tangent(a, b, 0.0, 0.0, w, u)
        return _chord(a, b, 0.0, 0.0, w, low, high)
    if high - low < _POINT:
        return 0.0, min(w * (a + b * math.asin(low)), w * (a + b * math.asin(high)))
    if w > 0.0:  # the rest is above the line from its value at low to 0 at high
        rest = math.asin(low) - low
        slope = -rest / (high - low)
        start = rest - slope * low
    else:  # and below that from 0 at low to its value at high
        rest = math.asin(high) - high
        slope = rest / (high - low)
        start = -slope * low
    return w * b * (1.0 + slope), w * (a + b * start)


@numba.njit(cache=True)
def planes(a, b, c, e, v, low, high, least, most, u, t, bent):
    """`plane` for arrays (m, p), e, v and bent included: (3, m, p)."""
    m, p = low.shape
    found = np.empty((3, m, p))
    for j in range(m):
        for i in range(p):
            ends = low[j, i], high[j, i], least[j, i], most[j, i]
            one = plane(a, b, c, e[j, i], v[j, i], *ends, u[j, i], t[j, i], bent[j, i])
            found[0, j, i], found[1, j, i], found[2, j, i] = one
    return found

"""Arithmetic of the compiled loops on rows, for float32 and float64 alike.

Rows are one-dimensional, positions x lanes, so that each loop is long and free of inner loops. Functions stand at the
top of modules so that numba can keep what it has compiled for the next process. It compiles anew when the file of a
function changes, not when that of a function which is called does: after a change here or in `lanes` and `pools`,
remove ``__pycache__/*.nb?`` beside this file. The tests do so.
"""

import math
from typing import Any

import numba
import numpy as np
from numba.extending import overload

from limes.kernels.arcsin import coefficients

LANES = 16
_compiled: Any = numba.njit(fastmath={"contract", "nsz", "nnan"}, nogil=True, cache=True)


def _real(like, value):
    """A number in the precision of a scalar or an array, so that no arithmetic goes through float64."""
    raise NotImplementedError


@overload(_real, inline="always")
def _real_overload(like, value):
    single = getattr(like, "dtype", like) == numba.float32
    return (lambda like, value: np.float32(value)) if single else (lambda like, value: np.float64(value))


def _polynomial(t):
    """P of `limes.kernels.arcsin`."""
    raise NotImplementedError


_C = tuple(coefficients(np.dtype(np.float32)))
_D = tuple(coefficients(np.dtype(np.float64)))


def _polynomial32(t):
    c0, c1, c2, c3, c4, c5 = (
        _real(t, _C[0]),
        _real(t, _C[1]),
        _real(t, _C[2]),
        _real(t, _C[3]),
        _real(t, _C[4]),
        _real(t, _C[5]),
    )
    return ((((c5 * t + c4) * t + c3) * t + c2) * t + c1) * t + c0


def _polynomial64(t):
    high = ((((((_D[13] * t + _D[12]) * t + _D[11]) * t + _D[10]) * t + _D[9]) * t + _D[8]) * t + _D[7]) * t + _D[6]
    return (((((high * t + _D[5]) * t + _D[4]) * t + _D[3]) * t + _D[2]) * t + _D[1]) * t + _D[0]


@overload(_polynomial, inline="always")
def _polynomial_overload(t):
    return _polynomial32 if t == numba.float32 else _polynomial64


@numba.njit(fastmath={"contract", "nsz", "nnan"}, nogil=True, inline="always")
def _arcsin(u):
    one, half = _real(u, 1.0), _real(u, 0.5)
    a = abs(u)
    upper = a > half
    t = half * (one - a) if upper else a * a
    root = np.sqrt(t) if upper else a
    small = root + root * t * _polynomial(t)
    value = _real(u, math.pi / 2) - (small + small) if upper else small
    return value if u >= _real(u, 0.0) else -value


@_compiled
def rectify(k, t, ra, rb, qa, qb, a, b):
    """Both moments of max(x, 0) + alpha min(x, 0), on rows; see `limes.nets.rectifiers`."""
    one = _real(k, 1.0)
    for i in range(k.size):
        u = min(max(k[i] * (ra[i] * rb[i]), -one), one)
        s = np.sqrt((one - u) * (one + u))
        angle = _arcsin(u)
        k[i] = a * k[i] + b * qa[i] * qb[i] * (s + u * angle)
        t[i] = t[i] * (a + b * angle)


@_compiled
def err(k, t, ra, rb):
    """Both moments of erf, on rows; see `limes.nets.erf`."""
    one = _real(k, 1.0)
    two = _real(k, 2.0)
    per_pi = _real(k, 2 / math.pi)
    for i in range(k.size):
        r1, r2 = ra[i], rb[i]
        u = min(max(two * k[i] * (r1 * r2), -one), one)
        gap = max((one - u) * (one + u), r1 * r1 + r2 * r2 - r1 * r1 * r2 * r2)
        k[i] = per_pi * _arcsin(u)
        t[i] = t[i] * (two * per_pi * r1 * r2 / np.sqrt(gap))


@_compiled
def at_one(k, t, v, code, a):
    """An activation where both units are one: cosine exactly 1."""
    one = _real(k, 1.0)
    two = _real(k, 2.0)
    per_pi = _real(k, 2 / math.pi)
    for i in range(k.size):
        if code == 1:
            k[i] = a * v[i]
            t[i] *= a
        else:
            inverse = one / np.sqrt(one + _real(k, 4) * v[i])
            k[i] = per_pi * np.arctan(two * v[i] * inverse)
            t[i] *= two * per_pi * inverse


@_compiled
def add(out, part):
    """out += part."""
    for i in range(out.size):
        out[i] += part[i]


@_compiled
def affine(k, t, weight, bias, own, own_bias):
    """Weights and biases, on rows; see `limes.kernels.program.Window`."""
    for i in range(k.size):
        mean = k[i]
        k[i] = weight * mean + bias
        t[i] = weight * t[i] + own * mean + own_bias


@_compiled
def product(k, a, b, share):
    """share a b, on rows."""
    for i in range(k.size):
        k[i] = share * a[i] * b[i]


@_compiled
def add_product(k, a, b, share):
    """k += share a b, on rows."""
    for i in range(k.size):
        k[i] += share * a[i] * b[i]


@_compiled
def add_products(k, a0, a1, b0, b1, share):
    """The same for two channels at once, which saves passes over k."""
    for i in range(k.size):
        k[i] += share * (a0[i] * b0[i] + a1[i] * b1[i])


@_compiled
def positions_left(dh, dw, height, width):
    """Positions of the first image that have a partner at an offset: rows, and columns without lanes."""
    return max(0, -dh), min(height, height - dh), max(0, -dw), min(width, width - dw)

"""How far <z, y> can move for each centre z while y stays on a sphere and in a box or ball.

The box alone lets y grow or shrink as a whole, which a sphere does not: taking both into account narrows the ranges by
half and more, and certificates gain more from this than from anything else. For the box the bound is Lagrange's: for
every mu

    max { <z, y> : y in box, |y|^2 = R } <= max { <z, y> - mu (|y|^2 - R) : y in box },

a sum over coordinates. Any mu gives a bound; good ones are fixed points of the norm that a set of clipped coordinates
leaves to the others, or found by bisection. Coordinates where z is zero are summed once
for all centres.
"""

import numba
import numpy as np
from scipy import sparse

from limes.certify.lines import Ridge
from limes.certify.machine import Machine
from limes.certify.region import Shells

_STEPS, _CLOSE = 14, 1e-4


class Narrowed:
    """Kernels of all centres over the ranges that shells leave them; each shell's are computed once, when asked for."""

    def __init__(self, machine: Machine, shells: Shells) -> None:
        self._machine, self._shells = machine, shells
        self._known = np.zeros(len(shells), bool)
        self._low = np.empty((len(shells), len(machine.centres)))
        self._high = np.empty_like(self._low)

    def ridge(self, rows: np.ndarray) -> Ridge:
        """Over narrow ranges."""
        missing = np.unique(rows[~self._known[rows]])
        if len(missing):
            self._low[missing], self._high[missing] = ranges(self._machine.entries, self._shells.take(missing))
            self._known[missing] = True
        return Ridge(self._machine, self._shells.take(rows), self._low[rows], self._high[rows])

    def loose(self, rows: np.ndarray) -> Ridge:
        """Over the ranges of the box alone, or of the ball alone: two matrix products."""
        some = self._shells.take(rows)
        return Ridge(self._machine, some, *_loose(self._machine, some))


def _loose(machine: Machine, shells: Shells) -> tuple[np.ndarray, np.ndarray]:
    z, d = machine.centres, machine.centres.shape[1]
    size = np.sqrt(shells.q * d)[:, None] * np.sqrt(machine.squares * d)
    if np.isfinite(shells.least).all():
        low, high = _cone(machine.entries, shells, size)
    else:
        low, high = shells.low @ z.T, shells.high @ z.T
        if np.any(machine.entries.data < 0):
            wide = (shells.high - shells.low) @ np.minimum(z, 0.0).T
            low, high = low + wide, high - wide
    return _outwards(np.maximum(low, -size), np.minimum(high, size), size, d)


def ranges(centres: sparse.csr_array, shells: Shells) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest <z, y>/d for each shell and centre, each (k, m), rounded outwards.

    Cost: k m d times about 15 multiplications, of the coordinates where a centre is not zero; none of these for a ball
    without a box.
    """
    d = len(shells.x)
    radius = shells.q * d
    size = np.sqrt(radius)[:, None] * np.sqrt(_squares(centres))
    low, high = -size, size
    if np.isfinite(shells.least).all():
        low, high = _cone(centres, shells, size)
    if shells.boxed or not np.isfinite(shells.least).all():
        found = np.empty((2, *low.shape))
        _box(centres.data, centres.indices, centres.indptr, shells.low, shells.high, radius, found)
        low, high = np.maximum(low, -found[1]), np.minimum(high, found[0])
    return _outwards(low, high, size, d)


def _outwards(low: np.ndarray, high: np.ndarray, size: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Of <z, y>/d, rounded outwards; where a shell is empty, one point."""
    low, high = (low - 1e-12 * size) / d, (high + 1e-12 * size) / d
    return np.minimum(low, high), high


def _squares(centres: sparse.csr_array) -> np.ndarray:
    return centres.power(2).sum(axis=1)


def _cone(centres: sparse.csr_array, shells: Shells, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of all y on the sphere with <x, y> at least so much: a cap round x, and z at a known angle to x."""
    norm = np.linalg.norm(shells.x)
    radius = np.sqrt(shells.q * len(shells.x))
    widest = np.arccos(np.clip(shells.least / np.maximum(norm * radius, 1e-300), -1, 1))[:, None] + 1e-9
    lengths = np.maximum(np.sqrt(_squares(centres)) * norm, 1e-300)
    apart = np.arccos(np.clip(centres @ shells.x / lengths, -1, 1))
    near = np.maximum(apart - widest - 1e-7, 0.0)
    far = np.minimum(apart + widest + 1e-7, np.pi)
    return size * np.cos(far), size * np.cos(near)


# Sums may be taken in any order, so that they are vectorised: rounding is far below what `_outwards` allows for.
_SUMS = {"reassoc", "contract", "nsz"}


@numba.njit(parallel=True, cache=True, fastmath=_SUMS)
def _box(values, columns, starts, low, high, radius, out):
    """out[0], out[1] (k, m): bounds of max <z, y> and of max <-z, y>."""
    k, d = low.shape
    inner, outer = np.empty((k, d)), np.empty((k, d))
    inner_sum, outer_sum = np.zeros(k), np.zeros(k)
    for s in range(k):
        for i in range(d):
            nearest = min(max(0.0, low[s, i]), high[s, i])
            inner[s, i] = nearest * nearest
            outer[s, i] = max(low[s, i] * low[s, i], high[s, i] * high[s, i])
            inner_sum[s] += inner[s, i]
            outer_sum[s] += outer[s, i]
    for j in numba.prange(len(starts) - 1):
        part = slice(starts[j], starts[j + 1])
        z, at = values[part], columns[part]
        size = len(z)
        against = -z
        near, far = np.empty(size), np.empty(size)
        length = 0.0
        for i in range(size):
            length += z[i] * z[i]
        tops = np.full(2, np.sqrt(max(radius[0], 1e-300) / max(length, 1e-300)))  # carried from shell to shell
        for s in range(k):
            inner_rest, outer_rest = 0.0, 0.0
            below, above = low[s], high[s]
            if size < d:
                inner_rest, outer_rest = inner_sum[s], outer_sum[s]
                for i in range(size):
                    near[i], far[i] = low[s, at[i]], high[s, at[i]]
                    inner_rest -= inner[s, at[i]]
                    outer_rest -= outer[s, at[i]]
                inner_rest = max(inner_rest, 0.0)
                below, above = near, far
            out[0, s, j], tops[0] = _largest(z, below, above, radius[s], inner_rest, outer_rest, tops[0])
            out[1, s, j], tops[1] = _largest(against, below, above, radius[s], inner_rest, outer_rest, tops[1])
            if out[0, s, j] + out[1, s, j] < -1e-9 * np.sqrt(length * radius[s]):
                # no point of the box has this norm and any bound is true: one that a kernel can be computed at
                middle = 0.0
                for i in range(size):
                    middle += z[i] * 0.5 * (low[s, at[i]] + high[s, at[i]])
                out[0, s, j], out[1, s, j] = middle, -middle


@numba.njit(cache=True, fastmath=_SUMS)
def _largest(z, low, high, radius, inner_rest, outer_rest, top):
    """A bound of the largest <z, y> in the box with |y|^2 = radius, and 1 / (2 |mu|) that gave it."""
    value, square = 0.0, 0.0
    for i in range(len(z)):
        y = high[i] if z[i] > 0 else low[i]
        value += z[i] * y
        square += y * y
    best = value  # mu = 0, where the coordinates of weight zero may be anything
    if square + inner_rest > radius:  # y is too long: mu > 0
        least, most = 0.0, np.inf
        for _ in range(_STEPS):
            value, fixed, free = _clipped(z, low, high, top)
            fixed += inner_rest
            excess = fixed + free * top * top - radius
            best = min(best, value - 0.5 / top * excess)
            if excess > 0:
                most = top
            else:
                least = top
            # |y|^2 = fixed + free top^2 as long as the same coordinates are clipped
            following = np.sqrt(max(radius - fixed, 0.0) / free) if free > 0 else 0.0
            if not least < following < most:
                following = 0.5 * (least + most) if most < np.inf else 2.0 * top
            if abs(following - top) < _CLOSE * top:
                break
            top = following
    elif square + outer_rest < radius:  # too short: mu < 0, and each coordinate at an end
        below, above = 0.0, np.inf
        mu = 0.5 / top
        for _ in range(_STEPS):
            value, square = _at_ends(z, low, high, mu)
            best = min(best, value + mu * (outer_rest - radius))
            if square + outer_rest < radius:
                below = mu
            else:
                above = mu
            if above - below < _CLOSE * mu:
                break
            mu = 0.5 * (below + above) if above < np.inf else 2.0 * mu
        top = 0.5 / mu
    return best, top


@numba.njit(cache=True, fastmath=_SUMS)
def _clipped(z, low, high, top):
    """Of y = z top, clipped to the box: <z, y>, |y|^2 where it is clipped, and |z|^2 elsewhere."""
    value, fixed, free = 0.0, 0.0, 0.0
    for i in range(len(z)):
        y = z[i] * top
        inside = low[i] if y < low[i] else (high[i] if y > high[i] else y)
        value += z[i] * inside
        loose = z[i] if inside == y else 0.0
        stuck = 0.0 if inside == y else inside
        free += loose * loose
        fixed += stuck * stuck
    return value, fixed, free


@numba.njit(cache=True, fastmath=_SUMS)
def _at_ends(z, low, high, mu):
    """The largest <z, y> + mu |y|^2 over the ends of the box, without those of weight zero, and |y|^2 there."""
    value, square = 0.0, 0.0
    for i in range(len(z)):
        a, b = low[i] * (z[i] + mu * low[i]), high[i] * (z[i] + mu * high[i])
        value += max(a, b)
        square += low[i] * low[i] if a > b else high[i] * high[i]
    return value, square

"""Straight lines below a_j K(s, q, z_j), as functions of s, for all centres of a shell.

At fixed norms K is a power series in s with non-negative coefficients, so that on s >= 0 it is convex, increasing, and
so are all its derivatives. Where a_j > 0 a tangent lies below, wherever it touches; where a_j < 0 the chord over the
range of s does. If the range begins below zero, K is split into its even part, which is convex everywhere, the line
K'(0) s, and the odd rest r, which increases, is concave on s <= 0 and convex on s >= 0.

A parabola c_j (s - s_0)^2 may be taken out of K first, up to half of its least second derivative: what is left is still
convex, its chord is closer, and the sum of the parabolas over all centres is one quadratic form in y, in which centres
of both signs cancel.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from limes.certify.machine import Machine
from limes.certify.region import Shells

_CLOSE = 1e-6  # to a cosine of 1, where tangents may touch no more and values are known to half of their digits
_STEP = 1e-3  # of the second derivative, as a share of the largest s


@dataclass(frozen=True, eq=False)
class Ridge:
    """The kernel of all centres over the ranges [low, high] (k, m) of s that shells leave them."""

    machine: Machine
    shells: Shells
    low: np.ndarray
    high: np.ndarray

    @cached_property
    def most(self) -> np.ndarray:
        """sqrt(q v): |s| is at most that."""
        return np.sqrt(self.shells.q[:, None] * self.machine.squares)

    @cached_property
    def scale(self) -> np.ndarray:
        """sqrt(K(y, y) K(z, z)), at least |K|: (k, m)."""
        return np.sqrt(np.outer(self.machine.zonal.own(self.shells.q), self.machine.own))

    @cached_property
    def furthest(self) -> np.ndarray:
        """Where a tangent may touch at most."""
        return np.clip(self.high, -self.most * (1 - _CLOSE), self.most * (1 - _CLOSE))

    @cached_property
    def crosses(self) -> np.ndarray:
        """Ranges that begin below zero."""
        return self.low < 0

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """K at both ends of the ranges; of its even part where they begin below zero."""
        return self._convex(self.low), self._convex(self.high)

    @cached_property
    def odd(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """K'(0), and the odd rest r at both ends; zeros where ranges do not begin below zero."""
        zero = np.zeros_like(self.low)
        if not self.crosses.any():
            return zero, zero, zero
        slope = self._at(zero)[1]

        def rest(s: np.ndarray) -> np.ndarray:
            return np.where(self.crosses, 0.5 * (self._value(s) - self._value(-s)) - slope * s, 0.0)

        return np.where(self.crosses, slope, 0.0), rest(self.low), rest(self.high)

    @cached_property
    def curvature(self) -> np.ndarray:
        """Half of the least second derivative, rounded down; 0 where the range begins below zero.

        The second derivative increases, so its least value is at the lower end, and a difference quotient to the left
        is below it.
        """
        at = np.minimum(self.low, self.furthest)
        step = _STEP * self.most
        usable = at > step
        safe = np.where(usable, at, step)
        quotient = (self._at(safe)[1] - self._at(safe - step)[1]) / np.maximum(step, 1e-300)
        return np.where(usable, np.maximum(0.5 * quotient * (1 - 1e-6), 0.0), 0.0)

    def lines(
        self, weights: np.ndarray, touch: np.ndarray, bend: np.ndarray | float, around: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Slope, value at s = 0 and possible error of a line below weights_j (K_j(s) - bend_j (s - around_j)^2).

        Args:
            weights: (k, m).
            touch: (k, m) where tangents touch, within the ranges.
            bend: (k, m) at most `curvature`, or 0.
            around: (m,).
        """
        up = weights > 0
        low, high = self.low, self.high
        first, last = (end - bend * (s - around) ** 2 for end, s in zip(self.ends, (low, high), strict=True))
        wide = high - low
        chord = np.divide(last - first, wide, out=np.zeros_like(low), where=wide > 1e-12 * self.most)
        touched, tangent = self._convex_at(touch)
        tangent = tangent - 2 * bend * (touch - around)
        slope = np.where(up, tangent, chord)
        value = np.where(
            up,
            touched - bend * (touch - around) ** 2 - tangent * touch,
            np.maximum(first - chord * low, last - chord * high),
        )
        linear, rest_low, rest_high = self.odd
        # r above a line from (low, r(low)) to (high, 0), below one from (low, 0) to (high, r(high)); see the docstring
        ratio = np.divide(1.0, wide, out=np.zeros_like(low), where=(wide > 1e-12 * self.most) & (high > 0))
        tilt = np.where(up, -rest_low, rest_high) * ratio
        start = np.where(up, rest_low, np.where(high > 0, 0.0, rest_high))
        slope = slope + linear + tilt
        value = value + start - tilt * low
        near = np.maximum(np.abs(low), np.abs(high)) > self.most * (1 - _CLOSE)
        error = np.where(near, 100e-9, 1e-9) * self.scale + 1e-9 * np.abs(slope) * (wide + 1e-3 * self.most)
        return weights * slope, weights * value, np.abs(weights) * error

    def least(self, weights: np.ndarray) -> np.ndarray:
        """A bound (k,) of sum_j weights_j K_j, weights (k, m), each centre taken by itself. Exact for each."""
        first, last = self._value(self.low), self._value(self.high)
        if self.crosses.any():  # K need not increase below zero: bounds of its two parts
            even = self.ends
            smallest = np.where(self.high < 0, even[1], self._convex(np.zeros_like(self.low)))
            linear, rest_low, rest_high = self.odd
            lowest = smallest + linear * self.low + rest_low
            highest = np.maximum(*even) + linear * self.high + rest_high
            first, last = np.where(self.crosses, lowest, first), np.where(self.crosses, highest, last)
        near = np.maximum(np.abs(self.low), np.abs(self.high)) > self.most * (1 - _CLOSE)
        error = np.where(near, 100e-9, 1e-9) * self.scale
        size = np.abs(weights)
        return np.where(weights > 0, weights * first, weights * last).sum(axis=1) - (error * size).sum(axis=1)

    def _convex(self, s: np.ndarray) -> np.ndarray:
        if not self.crosses.any():
            return self._value(s)
        value = self._value(s)
        return np.where(self.crosses, 0.5 * (value + self._value(-s)), value)

    def _convex_at(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same with its slope."""
        value, slope = self._at(s)
        if not self.crosses.any():
            return value, slope
        other, back = self._at(-s)
        crosses = self.crosses
        return np.where(crosses, 0.5 * (value + other), value), np.where(crosses, 0.5 * (slope - back), slope)

    def _value(self, s: np.ndarray) -> np.ndarray:
        return self.machine.zonal.values(s, self.shells.q, self.machine.squares)

    def _at(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.machine.zonal.values_and_slopes(s, self.shells.q, self.machine.squares)

"""Ranges of cosines and rests in a region, layer by layer, for each position and centre."""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from limes.certify.conv.dual import least_kappa, plane, values
from limes.certify.conv.machine import ConvMachine, Layer, Track, rest_bias
from limes.certify.conv.ratio import ratios
from limes.certify.conv.region import Region

_ANGLE = 1e-7  # of arccos, where the cosine is 1
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Ranges:
    """What holds for one layer in a region.

    Attributes:
        layer: the layer.
        share: c, see `limes.certify.conv.dual`.
        size: (2, positions) the least and the largest standard deviations of the image's units.
        u: (2, m, positions) of the cosines with the centres'.
        t: (2, m, positions) of the rests.
    """

    layer: Layer
    share: float
    size: np.ndarray
    u: np.ndarray
    t: np.ndarray

    @cached_property
    def kappa(self) -> np.ndarray:
        """(2, m, positions) the least and the largest kappa."""
        found = np.empty_like(self.u)
        _kappa(self.layer.a, self.layer.b, self.u[0], self.u[1], found)
        return found

    def mixed(self, e: float, v: float, at: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """(2, m, positions) bounds of e kappa(u) + v (c u + t) kappa'(u), from planes good at the given u and t."""
        found = np.empty_like(self.u)
        _mixed(self.layer.a, self.layer.b, self.share, e, v, *self.u, *self.t, *at, found)  # pyright: ignore[reportCallIssue]
        return found


def ranges(machine: ConvMachine, region: Region, clean: Track) -> list[Ranges]:
    """Ranges of all layers.

    A cosine is bounded twice: as a ratio over the box of what it is made of (`limes.certify.conv.ratio`), and by the
    angle at the clean image and the angle by which the image's own units turn. These are a vector in a Hilbert space,
    and neither windows nor rectifiers make distances larger than variances, kappa(u) being at least kappa(1) u: so it
    moves by no more than the root of the variance of y - x.

    Cost: for each layer, centre and position some twenty times the size of a window.
    """
    found: list[Ranges] = []
    below = above = machine.centres
    y = np.stack([region.low, region.high])
    least, most = region.squares
    for number, layer in enumerate(machine.layers):
        stage, share = layer.stage, clean.share[number]
        at = layer.deviations(region.x**2)
        moved = region.move(layer.squares)
        size = np.stack([layer.deviations(least), layer.deviations(most)])
        size[0] = np.maximum(size[0], at - moved) * (1 - _ROUNDING)
        size[1] = np.minimum(size[1], at + moved) * (1 + _ROUNDING)
        inverse = 1 / np.where(layer.centres > 0, layer.centres, np.inf)
        windows = stage.mean.indptr, stage.mean.indices, layer.roots, *y
        fixed = np.sqrt(stage.bias)
        u = ratios(*windows, below, above, fixed, fixed, fixed) * inverse  # pyright: ignore[reportCallIssue]
        with np.errstate(divide="ignore", invalid="ignore"):
            turned = np.where(moved < at, np.arcsin(np.minimum(moved / at, 1.0)), np.pi) + _ANGLE
        angle = np.arccos(clean.u[number])
        low = np.maximum(u[0], np.cos(np.minimum(angle + turned, np.pi)))
        high = np.minimum(u[1], np.cos(np.maximum(angle - turned, 0.0)))
        u = np.stack([np.maximum(low - _ROUNDING, -1.0), np.minimum(np.maximum(low, high) + _ROUNDING, 1.0)])
        t = _rests(machine, number, share, windows, found, clean, inverse)
        found.append(Ranges(layer, share, size, u, t))
        if number + 1 < len(machine.layers):
            y, (below, above) = size, layer.centres / layer.half * found[-1].kappa
    return found


def _rests(machine: ConvMachine, number: int, share: float, windows, found: list[Ranges], clean: Track, inverse):
    """Ranges of T - c S over standard deviations."""
    layer, shape = machine.layers[number], (2, *clean.u[number].shape)
    stage, bias = layer.stage, rest_bias(layer.stage, share)
    if machine.kind == "nngp" or (number == 0 and not bias.any()):
        return np.zeros(shape)
    fixed = np.sqrt(stage.bias)
    rest = np.divide(bias, fixed, out=np.zeros_like(fixed), where=fixed > 0)
    if number == 0:
        parts = np.zeros((2, *machine.centres.shape))
    else:
        before = found[-1]
        mixed = before.mixed(stage.own - share * stage.weight, stage.weight, (clean.u[number - 1], clean.t[number - 1]))
        parts = mixed * before.layer.centres / (stage.weight * before.layer.half)
    t = ratios(*windows, *parts, fixed, rest, rest) * inverse  # pyright: ignore[reportCallIssue]
    wide = _ROUNDING * (np.abs(t).max(axis=0) + 1)
    return np.stack([np.minimum(t[0], t[1]) - wide, np.maximum(t[0], t[1]) + wide])


@numba.njit(cache=True)
def _kappa(a, b, low, high, found):
    for j in range(low.shape[0]):
        for i in range(low.shape[1]):
            found[0, j, i] = least_kappa(a, b, low[j, i], high[j, i]) - 1e-14
            first = values(a, b, 0.0, low[j, i], 0.0)[0]
            found[1, j, i] = max(first, values(a, b, 0.0, high[j, i], 0.0)[0]) + 1e-14


@numba.njit(cache=True)
def _mixed(a, b, c, e, v, low, high, least, most, u, t, found):
    for j in range(low.shape[0]):
        for i in range(low.shape[1]):
            for side in range(2):
                sign = 1.0 - 2.0 * side
                slope, tilt, value = plane(
                    a, b, c, sign * e, sign * v, low[j, i], high[j, i], least[j, i], most[j, i], u[j, i], t[j, i]
                )
                value += min(slope * low[j, i], slope * high[j, i]) + min(tilt * least[j, i], tilt * most[j, i])
                found[side, j, i] = sign * value

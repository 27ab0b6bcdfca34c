"""A machine of a convolutional net, layer by layer: windows, variances, cosines between an image and centres."""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from scipy import sparse

from limes.certify.conv.dual import constants, values
from limes.certify.conv.stages import Stage, stages
from limes.certify.form import Form
from limes.kernels.expansion import expand


@dataclass(frozen=True, eq=False)
class Layer:
    """The units before one rectifier.

    Attributes:
        stage: what leads to them.
        a, b: constants of the rectifier, see `limes.certify.conv.dual`.
        half: kappa(1), by which it multiplies variances.
        roots: entries of the windows, as `stage.mean.data`, in units in which the image is a vector whose norm is the
            standard deviation.
        squares, offset: the variances of an image y are squares @ y^2 + offset.
        centres: (m, positions) standard deviations of the centres' units.
    """

    stage: Stage
    a: float
    b: float
    half: float
    roots: np.ndarray
    squares: sparse.csr_array
    offset: np.ndarray
    centres: np.ndarray

    def deviations(self, squares: np.ndarray) -> np.ndarray:
        """Standard deviations (positions,) where the coordinates' squares are (d,)."""
        return np.sqrt(np.maximum(self.squares @ squares + self.offset, 0.0))


@dataclass(frozen=True, eq=False)
class Track:
    """Cosines u and rests t (m, positions) of one image with all centres, for every layer.

    Attributes:
        u, t: see `limes.certify.conv.dual`.
        share: c of every layer.
    """

    u: list[np.ndarray]
    t: list[np.ndarray]
    share: list[float]


@dataclass(frozen=True, eq=False)
class ConvMachine(Form):
    """A machine whose net is `limes.certify.conv.stages.known`.

    Attributes:
        shape: of an input: (*positions, channels).
    """

    shape: tuple[int, ...]

    @cached_property
    def _parts(self) -> tuple[list[Layer], Stage, np.ndarray, float]:
        found, half = [], 1.0
        d = self.centres.shape[1]
        squares, offset = sparse.eye_array(d, format="csr"), np.zeros(d)
        ntk, ntk_offset = sparse.csr_array((d, d)), np.zeros(d)
        *inner, last = stages(self.net, self.shape)
        for stage in [*inner, last]:
            mean = stage.mean
            ntk = half * (stage.own * mean @ squares + stage.weight * mean @ ntk)
            ntk_offset = half * (mean @ (stage.own * offset + stage.weight * ntk_offset)) + stage.own_bias
            squares = sparse.csr_array(half * stage.weight * mean @ squares)
            offset = half * stage.weight * (mean @ offset) + stage.bias
            if stage is last:
                break
            assert stage.slope is not None
            roots = np.sqrt(half * stage.weight * mean.data)
            a, b = constants(stage.slope)
            half = (1 + stage.slope**2) / 2
            deviations = np.sqrt(self.centres**2 @ squares.T + offset)
            found.append(Layer(stage, a, b, half, roots, squares, offset, deviations))
        own, own_offset = (ntk, ntk_offset) if self.kind == "ntk" else (squares, offset)
        return found, last, own.todense().ravel(), float(own_offset[0])  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def layers(self) -> list[Layer]:
        """The units before each rectifier."""
        return self._parts[0]

    @property
    def readout(self) -> Stage:
        """What follows the last rectifier."""
        return self._parts[1]

    @property
    def readout_factors(self) -> tuple[float, float, float]:
        """Factors of the last layer's covariance and NTK in K, and what is added."""
        last = self.readout
        if self.kind == "nngp":
            return last.weight, 0.0, float(last.bias[0])
        return last.own, last.weight, float(last.own_bias[0])

    @property
    def own_form(self) -> tuple[np.ndarray, float]:
        """Weights (d,) and constant of K(y, y), which is linear in the squares of y."""
        return self._parts[2], self._parts[3]

    @cached_property
    def own(self) -> np.ndarray:
        """K(z, z) of each centre."""
        weights, constant = self.own_form
        return self.centres**2 @ weights + constant

    @cached_property
    def products(self) -> np.ndarray:
        """Inner products of the scores' functions, from one kernel of all centres."""
        images = self.centres.reshape(-1, *self.shape)
        return self.coef.T @ expand(self.net, self.kind, images, self.coef).scores(images)

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Scores of one input, by the formulas of the bounds."""
        return self.kernel(self.flatten(x[None])[0]) @ self.coef + self.intercept

    def kernel(self, x: np.ndarray) -> np.ndarray:
        """K(x, z) of an image (d,) and every centre: (m,)."""
        on_value, on_ntk, constant = self.readout_factors
        track = self.track(x)
        if self.layers:
            layer, u, t = self.layers[-1], track.u[-1], track.t[-1]
            first, second = _values(layer.a, layer.b, track.share[-1], u, t)
            part = (on_value * first + on_ntk * second) * layer.deviations(x**2) * layer.centres
        else:
            part = on_value * self.centres * x
        return (part @ self.readout.mean.T)[:, 0] + constant

    def track(self, x: np.ndarray, share: list[float] | None = None) -> Track:
        """Cosines and rests of an image (d,); without `share`, with those that keep rests constant near it."""
        found = Track([], [], [] if share is None else share)
        first = self.centres * x
        second = np.zeros_like(first)
        for number, layer in enumerate(self.layers):
            stage, mean = layer.stage, layer.stage.mean
            inner = first @ mean.T
            s = stage.weight * inner + stage.bias
            size = layer.deviations(x**2) * layer.centres
            if share is None:
                found.share.append(self._share(number, found, first, mean))
            c = found.share[number]
            rest = (stage.own - c * stage.weight) * inner * (number > 0) + rest_bias(stage, c)
            rest = rest + stage.weight * (second @ mean.T)
            inverse = 1 / np.where(size > 0, size, np.inf)
            found.u.append(np.clip(s * inverse, -1.0, 1.0))
            found.t.append(rest * inverse)
            if number + 1 < len(self.layers):
                first, second = _values(layer.a, layer.b, c, found.u[-1], found.t[-1])
                first, second = first * size, second * size
        return found

    def _share(self, number: int, known: Track, first: np.ndarray, mean: sparse.csr_array) -> float:
        """dT/dS at an image: of the layer's NTK in its covariances, on average."""
        stage = self.layers[number].stage
        if number == 0:
            return stage.own / stage.weight
        before = self.layers[number - 1]
        u, t = np.clip(known.u[-1], -0.95, 0.95), known.t[-1]
        angle = before.a + before.b * np.arcsin(u)
        curve = before.b / np.sqrt(1 - u**2)
        c = known.share[number - 1]
        weights = np.abs(first)
        above = np.sum(weights * (c * angle + (c * u + t) * curve))
        below = max(float(np.sum(weights * np.abs(angle))), 1e-300)
        return stage.own / stage.weight + max(float(above), 0.0) / below


def rest_bias(stage: Stage, share: float) -> np.ndarray:
    """The constant of T - c S, zero where it is so but for rounding."""
    rest = stage.own_bias - share * stage.bias
    return np.where(np.abs(rest) <= 1e-12 * (np.abs(stage.own_bias) + share * stage.bias), 0.0, rest)


@numba.njit(cache=True)
def _values(a, b, c, u, t):
    first, second = np.empty_like(u), np.empty_like(u)
    for j in range(u.shape[0]):
        for i in range(u.shape[1]):
            first[j, i], second[j, i] = values(a, b, c, u[j, i], t[j, i])
    return first, second

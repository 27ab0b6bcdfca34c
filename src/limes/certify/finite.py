"""Interval bounds of finite fully connected networks: the range of the outputs over a ball, and a certified radius.

Interval bound propagation: each unit has a range, weights carry midpoints by W and half widths by |W|, activations map
the ends. In the first dense layer the range over an l2 ball is |w| eps for weights w, and exact; from there on units
are treated as if they moved independently, which adds up over the width: the certified radius falls as 1 / sqrt(width),
while the network itself converges. For wide networks certify the kernel machine instead (`limes.certify.radius`).

Bounds are those of the function of real numbers that the weights define, rounded outwards in float64. A network that is
evaluated in float32 may leave them by its own rounding.

Reference: Gowal et al. 2018, arXiv 1810.12715; in the NTK parametrisation Chen et al. 2021, arXiv 2111.06063.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from limes.attacks.threat import Bounds, Threat
from limes.certify.certificate import Certificate
from limes.core import precision
from limes.core.errors import InputError
from limes.core.types import Array, Norm
from limes.nets import Dense, Erf, Flatten, Net, Residual
from limes.nets.layer import Layer
from limes.nets.rectifiers import Rectifier
from limes.nets.weights import effective

_UNIT = 2.0**-53
_FIRST = 1e-3
_DOUBLINGS, _MOST = 60, 80  # steps of the search


@dataclass(frozen=True, eq=False)
class OutputBounds:
    """Ranges that the outputs of a network keep to over balls.

    Attributes:
        lower, upper: (n, outputs) float64.
    """

    lower: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True, eq=False)
class _Range:
    """Ranges (n, units); at the inputs also the l2 ball that they come from: centres (n, d) and radii (n,)."""

    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray | None = None
    ball: np.ndarray | None = None


def output_bounds(
    net: Net, params: Any, x: Array, eps: Any, *, norm: Norm = "linf", bounds: Bounds = None
) -> OutputBounds:
    """Bounds of the outputs of a finite network over balls round the inputs.

    Args:
        net: fully connected: dense layers, relu, leaky_relu, abs, erf, residual blocks.
        params: its weights, as `Net.init` makes them.
        x: (n, features...).
        eps: radius of all balls, or (n,) one for each.
        norm: "linf" or "l2".
        bounds: (low, high) of valid inputs; outputs for inputs outside of the box do not count. None for no box.

    Raises:
        InputError: for a layer that no bounds are known for, inputs outside of the box, NaN, or a negative radius.

    Cost: that of two forward passes in float64.

    Example:
        >>> import numpy as np
        >>> from limes import nets
        >>> net = nets.mlp(2)
        >>> params, x = net.init(0, (3,), width=16), np.array([[0.2, 0.5, 0.9]])
        >>> found = output_bounds(net, params, x, 0.1)
        >>> bool(found.lower[0, 0] < net.apply(params, x + 0.1)[0, 0] < found.upper[0, 0])
        True
    """
    start, layers = _start(net, x, eps, norm, bounds), net.layers
    for layer, own in zip(layers, params, strict=True):
        start = _through(layer, own, start)
    return OutputBounds(start.low, start.high)


def network_radius(
    net: Net,
    params: Any,
    x: Array,
    *,
    norm: Norm = "linf",
    bounds: Bounds = None,
    tolerance: float = 0.01,
) -> Certificate:
    """Radii within which a finite network cannot change its label, by bisection on interval bounds.

    The label is the largest output, or the sign of a single one. Differences of outputs are bounded as such: the last
    dense layer is applied to differences of its weights.

    Args:
        net, params, x, norm, bounds: as for `output_bounds`.
        tolerance: the radius is the largest that can be certified, up to this share of it.

    Raises:
        InputError: as `output_bounds`; and for a tolerance outside of (0, 1).

    Cost: about twenty times that of `output_bounds`.

    Example:
        >>> import numpy as np
        >>> from limes import nets
        >>> net = nets.mlp(1)  # a linear function: the radius is |f| over the sum of its weights' sizes
        >>> params, x = net.init(0, (3,)), np.array([[0.2, 0.5, 0.9]])
        >>> exact = abs(net.apply(params, x)[0, 0]) / np.abs(2**0.5 * params[0]["w"] / 3**0.5).sum()
        >>> bool(0.99 * exact < network_radius(net, params, x).radius[0] <= exact)
        True
    """
    if not (isinstance(tolerance, int | float) and 0 < tolerance < 1):
        raise InputError(f"tolerance is a share of the radius and must lie in (0, 1), not {tolerance!r}")
    x = np.asarray(x, np.float64)
    clean = output_bounds(net, params, x, 0.0, norm=norm, bounds=bounds)
    middle = 0.5 * (clean.lower + clean.upper)
    single = middle.shape[1] == 1
    label = (middle[:, 0] > 0).astype(np.int64) if single else np.argmax(middle, axis=1)

    def margins(eps: np.ndarray) -> np.ndarray:
        return _least_margins(net, params, _start(net, x, eps, norm, bounds), label)

    below, above = np.zeros(len(x)), np.full(len(x), np.inf)
    trial = np.full(len(x), _FIRST)
    most = _widest(x, norm, bounds)
    open_ = margins(below) > 0
    for step in range(_DOUBLINGS + _MOST):
        trial = np.minimum(trial, most)
        good = margins(np.where(open_, trial, 0.0)) > 0
        below = np.where(open_ & good, trial, below)
        above = np.where(open_ & ~good, trial, above)
        done = (below >= most) | (above <= below * (1 + tolerance)) | (above < 1e-12)
        open_ &= ~done
        if not open_.any():
            break
        middle_ground = np.where(below > 0, np.sqrt(np.maximum(below, 1e-300) * above), 0.25 * above)
        trial = np.where(np.isinf(above), 4.0 * trial, middle_ground)
        if step > _DOUBLINGS and np.isinf(above[open_]).all():  # nothing of the input reaches the output
            below = np.where(open_, np.inf, below)
            break
    ranked = np.sort(middle, axis=1)
    return Certificate(
        radius=below,
        method=np.where(below > 0, "interval", "none").astype("<U8"),
        label=label,
        margin=np.abs(middle[:, 0]) if single else ranked[:, -1] - ranked[:, -2],
        norm=norm,
        settings={"methods": ("interval",), "bounds": bounds, "tolerance": tolerance},
    )


def _start(net: Net, x: Array, eps: Any, norm: Norm, bounds: Bounds) -> _Range:
    """Ranges of the inputs, as vectors."""
    if net.layout != "vector":
        raise InputError("interval bounds are for fully connected nets: this one has convolutions or pools")
    x = np.asarray(x, np.float64)
    precision.require_finite(x, "x")
    radius = np.broadcast_to(np.asarray(eps, np.float64), (len(x),))
    if not (np.isfinite(radius).all() and (radius >= 0).all()):
        raise InputError(f"eps must be finite and not negative, one number or one for each of {len(x)} inputs")
    threat = Threat(norm, 0.0, bounds)
    threat.check(x)
    low, high = (side.reshape(len(x), -1) for side in threat.box(x))
    x = x.reshape(len(x), -1)
    wide = radius[:, None] * (1 + 4 * _UNIT) + 4 * _UNIT * np.abs(x)
    low, high = np.maximum(low, x - wide), np.minimum(high, x + wide)
    return _Range(low, high) if norm == "linf" else _Range(low, high, x, radius)


def _through(layer: Layer, params: Any, at: _Range) -> _Range:
    if isinstance(layer, Flatten):
        return at
    if isinstance(layer, Dense):
        weights, biases = _weights(layer, params, at.low.shape[1])
        return _affine(weights, biases, at)
    if isinstance(layer, Rectifier):
        ends = [_values(layer, side) for side in (at.low, at.high)]
        low, high = np.minimum(*ends), np.maximum(*ends)
        inside = (at.low < 0) & (at.high > 0)  # the kink is an end of abs and of slopes below 0
        return _Range(np.where(inside, np.minimum(low, 0.0), low), np.where(inside, np.maximum(high, 0.0), high))
    if isinstance(layer, Erf):
        low, high = (_values(layer, side) for side in (at.low, at.high))
        return _Range(low - 8 * _UNIT, high + 8 * _UNIT)
    if isinstance(layer, Residual):
        body = short = at
        for part, own in zip(layer.body, params["body"], strict=True):
            body = _through(part, own, body)
        for part, own in zip(layer.shortcut, params["shortcut"], strict=True):
            short = _through(part, own, short)
        low, high = body.low + short.low, body.high + short.high
        return _Range(low - 2 * _UNIT * np.abs(low), high + 2 * _UNIT * np.abs(high))
    raise InputError(f"interval bounds know dense layers, relu, leaky_relu, abs, erf and residual blocks, not {layer}")


def _affine(weights: np.ndarray, biases: np.ndarray, at: _Range) -> _Range:
    """Midpoints by W, half widths by |W|; over an l2 ball |w| times its radius where that is less."""
    size = np.abs(weights)
    middle, half = 0.5 * (at.low + at.high), 0.5 * (at.high - at.low)
    centre = middle @ weights + biases
    half = half @ size
    slack = (len(weights) + 8) * _UNIT * (np.maximum(np.abs(at.low), np.abs(at.high)) @ size + np.abs(biases))
    low, high = centre - half - slack, centre + half + slack
    if at.ball is not None and at.centre is not None:
        around = at.centre @ weights + biases
        reach = at.ball[:, None] * np.linalg.norm(weights, axis=0) * (1 + (len(weights) + 8) * _UNIT)
        slack = (len(weights) + 8) * _UNIT * (np.abs(at.centre) @ size + np.abs(biases))
        low, high = np.maximum(low, around - reach - slack), np.minimum(high, around + reach + slack)
    return _Range(low, high)


def _least_margins(net: Net, params: Any, at: _Range, label: np.ndarray) -> np.ndarray:
    """(n,) the least difference between the labelled output and any other, or the least signed single output."""
    for layer, own in zip(net.layers[:-1], params[:-1], strict=True):
        at = _through(layer, own, at)
    last = net.layers[-1]
    if not isinstance(last, Dense):
        at = _through(last, params[-1], at)
        if at.low.shape[1] == 1:
            return np.where(label == 1, at.low[:, 0], -at.high[:, 0])
        others = at.high.copy()
        np.put_along_axis(others, label[:, None], -np.inf, axis=1)
        return np.take_along_axis(at.low, label[:, None], axis=1)[:, 0] - others.max(axis=1)
    weights, biases = _weights(last, params[-1], at.low.shape[1])
    if weights.shape[1] == 1:
        found = _affine(weights, biases, at)
        return np.where(label == 1, found.low[:, 0], -found.high[:, 0])
    least = np.full(len(label), np.inf)
    for k in np.unique(label):
        rows = np.flatnonzero(label == k)
        others = np.arange(weights.shape[1]) != k
        part = _Range(*(None if side is None else side[rows] for side in (at.low, at.high, at.centre, at.ball)))  # pyright: ignore[reportArgumentType]
        apart = weights[:, [k]] - weights[:, others]
        least[rows] = _affine(apart, biases[k] - biases[others], part).low.min(axis=1)
    return least


def _weights(layer: Dense, params: Any, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (channels, units) and biases (units,) that act on an input, in float64."""
    with precision.scope(np.float64):
        wide = {name: jnp.asarray(np.asarray(value), jnp.float64) for name, value in params.items()}
        w, b = effective(layer, wide, channels, 1)
        return np.asarray(w), np.zeros(w.shape[1]) if b is None else np.asarray(b)


def _values(layer: Any, x: np.ndarray) -> np.ndarray:
    with precision.scope(np.float64):
        return np.asarray(layer.phi(jnp.asarray(x)))


def _widest(x: np.ndarray, norm: Norm, bounds: Bounds) -> np.ndarray:
    """The width of the box in the norm: the largest radius that means anything."""
    if bounds is None:
        return np.full(len(x), np.inf)
    low, high = (np.broadcast_to(np.asarray(side, np.float64), x.shape[1:]) for side in bounds)
    return np.full(len(x), float(np.max(high - low)) if norm == "linf" else float(np.linalg.norm(high - low)))

"""What a move along the ray to the middle of a shell may change.

Nets without biases, of piecewise linear activations, are homogeneous: K(c y, z) = c K(y, z), so the move multiplies the
kernel part of every score by a known factor. For the other nets |f(y) - f(c y)| <= |f| |K_y - K_cy|, and that distance
depends on two norms only. It is bounded by interval arithmetic on a fine grid of norms, layer by layer: four hundred
intervals a shell, so that the first order which intervals lose does not matter.
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from limes.certify.machine import Machine
from limes.certify.region import Shells
from limes.core import precision
from limes.kernels.state import Cov
from limes.nets import Dense, Erf, Flatten, Net
from limes.nets.rectifiers import Rectifier
from limes.nets.weights import after_weights

_GRID = 400


def shift(machine: Machine, shells: Shells, weights: np.ndarray) -> np.ndarray:
    """What the function with coefficients coef @ weights may lose on the way to the sphere, for each shell: (k,).

    Zero for homogeneous nets, where `stretch` holds instead.
    """
    if machine.net.homogeneous:
        return np.zeros(len(shells))
    return machine.norm(weights) * farthest(machine.net, machine.kind, shells.ends, shells.q)


def stretch(machine: Machine, shells: Shells, bounds: np.ndarray) -> np.ndarray:
    """Bounds (k,) of f on the shells from those on their spheres."""
    if not machine.net.homogeneous:
        return bounds
    factors = np.sqrt(shells.ends / shells.q[:, None])
    return np.minimum(bounds * factors[:, 0], bounds * factors[:, 1])


@dataclass
class _Track:
    """Intervals of covariances and NTKs: of the moving point, between it and the fixed one; the fixed one's own."""

    own: tuple[Cov, Cov]
    cross: tuple[Cov, Cov]
    fixed: Cov


def farthest(net: Net, kind: str, ends: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The largest |K_y - K_cy| over |y|^2/d between the `ends` (k, 2), for |c y|^2/d = q (k,): (k,), rounded up.

    The net is a sequence of dense layers, rectifiers and erf, see `limes.certify.machine.supports`.
    """
    roots = np.sqrt(ends)
    grid = roots[:, :1] + (roots[:, 1:] - roots[:, :1]) * np.linspace(0, 1, _GRID + 1)
    low, high = grid[:, :-1], grid[:, 1:]
    middle = np.sqrt(q)[:, None] * np.ones_like(low)
    with precision.scope(np.float64):

        def start(k: np.ndarray) -> Cov:
            return Cov(jnp.asarray(k), jnp.zeros(k.shape))

        track = _Track((start(low**2), start(high**2)), (start(low * middle), start(high * middle)), start(middle**2))
        for layer in net.layers:
            track = _through(layer, track)
        own, cross, fixed = (np.asarray(getattr(cov, kind)) for cov in (track.own[1], track.cross[0], track.fixed))
    square = np.maximum(own + fixed - 2 * cross, 0.0) + 1e-7 * (own + fixed)  # roots of angles
    return np.sqrt(square.max(axis=1))


def _through(layer, track: _Track) -> _Track:
    if isinstance(layer, Flatten):
        return track
    if isinstance(layer, Dense):  # increasing in everything
        own, cross = (tuple(after_weights(layer, end) for end in ends) for ends in (track.own, track.cross))
        return _Track(own, cross, after_weights(layer, track.fixed))  # pyright: ignore[reportArgumentType]
    assert isinstance(layer, Rectifier | Erf), "limes.certify.machine.supports lets no other layer through"
    fixed, fixed_slope = layer.dual_self(track.fixed.nngp)
    variance = tuple(end.nngp for end in track.own)
    own = tuple(layer.dual_self(v) for v in variance)  # values increase; slopes are constant or (erf) decrease
    slopes = (jnp.minimum(own[0][1], own[1][1]), jnp.maximum(own[0][1], own[1][1]))
    other = track.fixed.nngp
    largest = [jnp.sqrt(v * other) for v in variance]
    low = jnp.minimum(track.cross[0].nngp, largest[1])
    high = jnp.minimum(track.cross[1].nngp, largest[1])
    # values rise with the covariance; with the variance they rise for rectifiers and fall for erf; slopes fall with it
    rising = isinstance(layer, Rectifier)
    value_low = layer.dual(low, variance[0] if rising else variance[1], other)[0]
    value_high = layer.dual(high, variance[1] if rising else variance[0], other)[0]
    slope_low = layer.dual(low, variance[1], other)[1]
    slope_high = layer.dual(jnp.minimum(high, largest[0]), variance[0], other)[1]

    def end(value, slope, below: Cov) -> Cov:
        return Cov(value, slope * below.ntk)

    return _Track(
        (end(own[0][0], slopes[0], track.own[0]), end(own[1][0], slopes[1], track.own[1])),
        (end(value_low, slope_low, track.cross[0]), end(value_high, slope_high, track.cross[1])),
        end(fixed, fixed_slope, track.fixed),
    )

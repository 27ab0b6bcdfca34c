"""ReLU with a threshold, max(x - bias, 0): networks in which only a fraction of the units is active.

With h = bias / sqrt(v1), k = bias / sqrt(v2) and the cosine c of two Gaussian units, all that is needed is

    p = P(Z1 > h, Z2 > k)   and   M = E[(Z1 - h)_+ (Z2 - k)_+],   dM/dc = p,

the Gaussian orthant with large thresholds (networks with large bias: Yang et al. 2024, arXiv 2301.00327). Differences
of distribution functions cancel there, so both are integrals of a positive function. Plackett's identity,
dp/dc = exp(-(h^2 + k^2 - 2 h k c) / (2 (1 - c^2))) / (2 pi sqrt(1 - c^2)), integrated from c = -1, where p = 0 for
positive thresholds, becomes under c = (1 - t^2) / (1 + t^2)

    p = 1/pi e^{-(h^2 + k^2)/4} int_{t0}^inf exp(-(h - k)^2 / (8 t^2) - (h + k)^2 t^2 / 8) / (1 + t^2) dt,
    M = the same with the factor c(t0) - c(t) = 2 (t^2 - t0^2) / ((1 + t^2)(1 + t0^2)),     t0 = sqrt((1 - c)/(1 + c)),

a product of two Gaussian cut-offs with one peak. Negative thresholds follow from positive ones by reflection.
"""

import functools
import math
from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr

from limes.core.errors import NetError
from limes.kernels.state import Cov, Side
from limes.nets.activation import Activation
from limes.nets.layer import Params, check_number
from limes.nets.rectifiers import rectifier_dual

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_LOG_CUT = 40.0  # exp(-40) = 4e-18 is left out at either end
_LINEAR = 1e-3  # nodes are spaced linearly below, logarithmically above
_TINY = 1e-30


def density(x: jax.Array) -> jax.Array:
    """Of the standard normal distribution."""
    return jnp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def _excess(h: jax.Array) -> jax.Array:
    """E[(Z - h)_+]."""
    return density(h) - h * ndtr(-h)


def orthant(h: jax.Array, k: jax.Array, c: jax.Array) -> tuple[jax.Array, jax.Array]:
    """p and M of the module's docstring for h, k > 0 and cosine `c`, by Gauss-Legendre quadrature.

    Nodes are equidistant in arsinh(t / m) between the points where the integrand has fallen to exp(-40) of its peak,
    which lies at t^2 = |h - k| / (h + k). Relative error: below 1e-9 for thresholds up to 5 and cosines from -0.95
    to 0.95, and 1e-5 in p (less in M) next to cosine 1.

    Cost: 48 times two exponentials and two divisions an entry.
    """
    difference, total = jnp.abs(h - k), h + k
    t0 = jnp.sqrt((1.0 - c) / jnp.maximum(1.0 + c, _TINY))
    peak = jnp.sqrt(difference / total)
    spread = jnp.sqrt(8 * _LOG_CUT / jnp.maximum(difference * total, _TINY))
    ratio = 0.5 * (spread + jnp.sqrt(spread * spread + 4.0))
    start = jnp.maximum(t0, peak / ratio)
    stop = jnp.maximum(jnp.sqrt(t0 * t0 + 8 * _LOG_CUT / (total * total)), peak * ratio)
    unit = jnp.maximum(start, _LINEAR)
    first, last = jnp.arcsinh(start / unit), jnp.arcsinh(stop / unit)
    half = 0.5 * (last - first)
    a, b, c0 = 0.125 * difference * difference, 0.125 * total * total, 0.25 * (h * h + k * k)

    def add(sums: tuple[jax.Array, jax.Array], node: tuple[jax.Array, jax.Array]) -> tuple:
        x, weight = node
        e = jnp.exp(first + half * (1.0 + x))
        t = (0.5 * unit) * (e - 1.0 / e)
        square = jnp.maximum(t * t, _TINY)
        value = jnp.exp(-a / square - b * square - c0) * (weight * unit * 0.5) * (e + 1.0 / e) / (1.0 + square)
        return (sums[0] + value, sums[1] + value * (square - t0 * t0) / (1.0 + square)), None

    nodes = (jnp.asarray(_NODES, c.dtype), jnp.asarray(_WEIGHTS, c.dtype))
    zero = jnp.zeros_like(half)
    (p, m), _ = jax.lax.scan(add, (zero, zero), nodes)
    scale = half / math.pi
    return p * scale, jnp.maximum(2.0 * m * scale / (1.0 + t0 * t0), 0.0)


def _reflected(h: jax.Array, k: jax.Array, c: jax.Array) -> tuple[jax.Array, jax.Array]:
    """p and M for thresholds -h, -k < 0, from those of the reflected units: (z + h)_+ = z + h + (-z - h)_+."""
    p, m = orthant(h, k, c)
    below = ndtr(-h), ndtr(-k)
    mean = c + h * k - c * (below[0] + below[1]) + h * _excess(k) + k * _excess(h)
    return p + 1.0 - below[0] - below[1], m + mean


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def shifted_relu_dual(bias: float, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
    """E[phi phi] and E[phi' phi'] for phi(x) = max(x - bias, 0) with bias != 0; zero variances count as 1e-30."""
    return _primal(bias, k, v1, v2)[:2]


def _primal(bias: float, k: jax.Array, v1: jax.Array, v2: jax.Array):
    q1, q2 = jax.lax.optimization_barrier(tuple(jnp.sqrt(jnp.maximum(v, _TINY)) for v in (v1, v2)))
    c = jnp.clip(k / q1 / q2, -1.0, 1.0)
    h1, h2 = jnp.broadcast_arrays(abs(bias) / q1, abs(bias) / q2, c)[:2]
    p, m = (orthant if bias > 0 else _reflected)(h1, h2, c)
    sign = math.copysign(1.0, bias)
    return m * q1 * q2, p, c, q1, q2, sign * h1, sign * h2


@shifted_relu_dual.defjvp
def _shifted_relu_dual_jvp(bias, primals, tangents):
    """By hand. With d = density and the conditional threshold (k - c h)/s, s = sqrt(1 - c^2):

    dE[phi phi]/dk = p,   dE[phi phi]/dv1 = E[phi'' phi] / 2 = d(h) / (2 q1) E[(u2 - bias)_+ | u1 = bias]
    dp/dc = Plackett's identity,   dp/dh = -d(h) P(Z2 > k | Z1 = h),   and h, c depend on v1 as v1^(-1/2).
    """
    k, v1, v2 = primals
    nngp, p, c, q1, q2, h1, h2 = _primal(bias, k, v1, v2)
    s = jnp.sqrt(jnp.maximum((1.0 - c) * (1.0 + c), 2 * float(jnp.finfo(c.dtype).eps)))
    plackett = jnp.exp(-0.5 * (((h1 - h2) / s) ** 2 + 2.0 * h1 * h2 / (1.0 + c + _TINY))) / (2 * math.pi * s)
    dk, dv1, dv2 = tangents
    d_nngp, d_p = p * dk, plackett * dk / q1 / q2
    for dv, q, other, h, g in ((dv1, q1, q2, h1, h2), (dv2, q2, q1, h2, h1)):
        z = (c * h - g) / s
        d_nngp = d_nngp + 0.5 * dv * density(h) / q * other * s * (z * ndtr(z) + density(z))
        d_p = d_p + 0.5 * dv / (q * q) * (h * density(h) * ndtr(z) - c * plackett)
    return (nngp, p), (d_nngp, d_p)


@dataclass(frozen=True)
class ShiftedRelu(Activation):
    """max(x - b, 0) with a threshold b for each unit that starts at `bias`.

    Attributes:
        bias: B, any finite number; above 0 a fraction P(Z > B / sqrt(v)) of the units is active.
        trainable: whether the thresholds are trained, which adds E[phi' phi'] to the NTK.

    Raises:
        NetError: for other values.
    """

    bias: float
    trainable: bool = True
    name: ClassVar[str] = "shifted_relu"

    def __post_init__(self) -> None:
        object.__setattr__(self, "bias", check_number("shifted_relu", "bias", self.bias))
        if not isinstance(self.trainable, bool):
            raise NetError(f"shifted_relu: trainable must be true or false, not {self.trainable!r}")

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Thresholds (channels,) where they are trained."""
        return shape, {"threshold": jnp.full(shape[-1], self.bias)} if self.trainable else ()

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """max(x - b, 0)."""
        return jnp.maximum(x - params["threshold"], 0.0) if self.trainable else self.phi(x)

    def phi(self, x: jax.Array) -> jax.Array:
        """At the start of training."""
        return jnp.maximum(x - self.bias, 0.0)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """`shifted_relu_dual`, and the rectifier's closed form for bias 0."""
        return shifted_relu_dual(self.bias, k, v1, v2) if self.bias else rectifier_dual(0.0, k, v1, v2)

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """v ((1 + h^2) P(Z > h) - h density(h)) and P(Z > h), with h = bias / sqrt(v)."""
        h = self.bias / jnp.sqrt(jnp.maximum(v, _TINY))
        active = ndtr(-h)
        # for v = 0 a negative bias leaves the constant -bias
        return jnp.maximum((v + self.bias**2) * active - self.bias * jnp.sqrt(v) * density(h), 0.0), active

    def rule(self, side: Side) -> Cov:
        """With trained thresholds each unit's own gradient, phi', adds to that of the layers below."""
        cov = side.cov
        if self.trainable and cov.ntk is not None:
            side = side._replace(cov=replace(cov, ntk=cov.ntk + 1.0))
        return super().rule(side)

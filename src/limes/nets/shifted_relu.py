"""ReLU with a threshold and perhaps a height, min(max(x - bias, 0), clip): networks of which few units are active.

Networks with large bias: Yang et al. 2024 (arXiv 2301.00327); the clip, which keeps the variance of deep ones in place:
Price et al. 2024 (arXiv 2402.16184). The activation has a kink at each of its thresholds b, with the slope rising by
r = 1 at the bias and falling by 1 at bias + clip. For Gaussian units of variances v1, v2 and cosine c it follows that

    E[phi phi] = sqrt(v1 v2) sum over kinks b, b' of r r' M(b / sqrt(v1), b' / sqrt(v2), c),

and E[phi' phi'] is the same sum over p, with the orthant p, M of `limes.nets.orthant`. The pair of kinks closest to 0
dominates where these are positive. If the middle between the kinks is negative, phi(x) = clip - phi~(-x) is taken
instead, with kinks on the positive side. So what cancels is what a low clip takes off, a factor (sqrt(v) / clip)^2.
"""

import functools
import math
from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr

from limes.core.errors import NetError
from limes.kernels.state import Cov, Side
from limes.nets.activation import Activation
from limes.nets.layer import Params, check_number
from limes.nets.orthant import density, excess, signed_orthant
from limes.nets.rectifiers import rectifier_dual

_TINY = 1e-30


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def shifted_relu_dual(
    bias: float, clip: float, k: jax.Array, v1: jax.Array, v2: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """E[phi phi] and E[phi' phi'] for phi(x) = min(max(x - bias, 0), clip); zero variances count as 1e-30.

    Cost: `signed_orthant` once, or four times for a finite clip.
    """
    return _primal(bias, clip, k, v1, v2)[:2]


def _kinks(bias: float, clip: float) -> tuple[tuple[float, float], ...]:
    """Thresholds, and by how much the slope rises there."""
    return ((bias, 1.0),) if math.isinf(clip) else ((bias, 1.0), (bias + clip, -1.0))


def _low(bias: float, clip: float) -> bool:
    """Whether the mirrored activation, with kinks at -bias - clip and -bias, is the more accurate one."""
    return bias + 0.5 * clip < 0


def _primal(bias: float, clip: float, k: jax.Array, v1: jax.Array, v2: jax.Array):
    q1, q2 = jax.lax.optimization_barrier(tuple(jnp.sqrt(jnp.maximum(v, _TINY)) for v in (v1, v2)))
    c = jnp.clip(k / q1 / q2, -1.0, 1.0)
    q1, q2 = jnp.broadcast_arrays(q1, q2, c)[:2]
    low = _low(bias, clip)
    nngp, p = jnp.zeros_like(c), jnp.zeros_like(c)
    kinks = _kinks(-bias - clip if low else bias, clip)
    for b1, r1 in kinks:
        for b2, r2 in kinks:
            pair, m = signed_orthant((b1, b2), abs(b1) / q1, abs(b2) / q2, c)
            nngp, p = nngp + r1 * r2 * m, p + r1 * r2 * pair
    nngp = nngp * q1 * q2
    if low:
        nngp = nngp + clip * (clip - sum(r * q * excess(b / q) for b, r in kinks for q in (q1, q2)))
    if len(kinks) > 1:
        nngp, p = (jnp.maximum(value, 0.0) for value in (nngp, p))
    return nngp, p, c, q1, q2


@shifted_relu_dual.defjvp
def _shifted_relu_dual_jvp(bias, clip, primals, tangents):
    """By hand. With d = density and the conditional threshold z = (c h - g)/s, s = sqrt(1 - c^2), over pairs of kinks:

    dE[phi phi]/dk = p,   dE[phi phi]/dv1 = E[phi'' phi] / 2 = d(h) / (2 q1) E[(u2 - b')_+ | u1 = b]
    dp/dc = Plackett's identity,   dp/dh = -d(h) P(Z2 > g | Z1 = h),   and h, c depend on v1 as v1^(-1/2).
    """
    k, v1, v2 = primals
    nngp, p, c, q1, q2 = _primal(bias, clip, k, v1, v2)
    s = jnp.sqrt(jnp.maximum((1.0 - c) * (1.0 + c), 2 * float(jnp.finfo(c.dtype).eps)))
    dk, dv1, dv2 = tangents
    d_nngp, d_p = p * dk, jnp.zeros_like(p)
    for b1, r1 in _kinks(bias, clip):
        for b2, r2 in _kinks(bias, clip):
            h1, h2, rise = b1 / q1, b2 / q2, r1 * r2
            plackett = rise * _plackett(b1 * b2 < 0, h1, h2, c, s)
            d_p = d_p + plackett * dk / q1 / q2
            for dv, q, other, h, g in ((dv1, q1, q2, h1, h2), (dv2, q2, q1, h2, h1)):
                z = (c * h - g) / s
                d_nngp = d_nngp + rise * 0.5 * dv * density(h) / q * other * s * (z * ndtr(z) + density(z))
                d_p = d_p + 0.5 * dv / (q * q) * (rise * h * density(h) * ndtr(z) - c * plackett)
    return (nngp, p), (d_nngp, d_p)


def _plackett(opposite: bool, h: jax.Array, k: jax.Array, c: jax.Array, s: jax.Array) -> jax.Array:
    """exp(-(h^2 + k^2 - 2 h k c) / (2 s^2)) / (2 pi s), the exponent as a sum of two terms that are not positive."""
    apart, along = (h + k, -h * k / (1.0 - c + _TINY)) if opposite else (h - k, h * k / (1.0 + c + _TINY))
    return jnp.exp(-0.5 * ((apart / s) ** 2 + 2.0 * along)) / (2 * math.pi * s)


@dataclass(frozen=True)
class ShiftedRelu(Activation):
    """min(max(x - b, 0), clip) with a threshold b for each unit that starts at `bias`.

    Attributes:
        bias: B, any finite number; above 0 a fraction P(Z > B / sqrt(v)) of the units is active.
        trainable: whether the thresholds are trained, which adds E[phi' phi'] to the NTK.
        clip: the largest output, above 0; infinite for none.

    Raises:
        NetError: for other values.

    Example:
        >>> ShiftedRelu(1.0, clip=0.5).phi(jnp.array([0.5, 1.25, 9.0])).tolist()
        [0.0, 0.25, 0.5]
    """

    bias: float
    trainable: bool = True
    clip: float = math.inf
    name: ClassVar[str] = "shifted_relu"
    rare: ClassVar[tuple[str, ...]] = ("clip",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bias", check_number("shifted_relu", "bias", self.bias))
        if not isinstance(self.trainable, bool):
            raise NetError(f"shifted_relu: trainable must be true or false, not {self.trainable!r}")
        if self.clip != math.inf:
            object.__setattr__(self, "clip", check_number("shifted_relu", "clip", self.clip))
        if not self.clip > 0:
            raise NetError(f"shifted_relu: clip must be above 0, or infinite for none, not {self.clip!r}")

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Thresholds (channels,) where they are trained."""
        return shape, {"threshold": jnp.full(shape[-1], self.bias)} if self.trainable else ()

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """min(max(x - b, 0), clip)."""
        return self._above(x - params["threshold"]) if self.trainable else self.phi(x)

    def phi(self, x: jax.Array) -> jax.Array:
        """At the start of training."""
        return self._above(x - self.bias)

    def _above(self, x: jax.Array) -> jax.Array:
        x = jnp.maximum(x, 0.0)
        return x if math.isinf(self.clip) else jnp.minimum(x, self.clip)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """`shifted_relu_dual`, and the rectifier's closed form for bias 0 without a clip."""
        if self.bias == 0 and math.isinf(self.clip):
            return rectifier_dual(0.0, k, v1, v2)
        return shifted_relu_dual(self.bias, self.clip, k, v1, v2)

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """v ((1 + h^2) P(Z > h) - h density(h)) and P(Z > h), with h = bias / sqrt(v).

        With a clip, H = (bias + clip) / sqrt(v), the same at H and 2 clip sqrt(v) E[(Z - H)_+] are taken off the first,
        and P(Z > H) off the second.
        """
        bias = -self.bias - self.clip if _low(self.bias, self.clip) else self.bias
        q = jnp.sqrt(jnp.maximum(v, _TINY))
        active = ndtr(-bias / q)
        # for v = 0 a negative bias leaves the constant -bias
        square = (v + bias**2) * active - bias * jnp.sqrt(v) * density(bias / q)
        if math.isfinite(self.clip):
            end = bias + self.clip
            over = ndtr(-end / q)
            active = active - over
            beyond = jnp.sqrt(v) * density(end / q)
            square = square - (v + end**2) * over + end * beyond - 2 * self.clip * (beyond - end * over)
            if bias != self.bias:  # clip - phi~(-x)
                mean = jnp.sqrt(v) * (density(bias / q) - density(end / q)) - bias * ndtr(-bias / q) + end * over
                square = square + self.clip * (self.clip - 2 * mean)
        return jnp.maximum(square, 0.0), active

    def rule(self, side: Side) -> Cov:
        """With trained thresholds each unit's own gradient, phi', adds to that of the layers below."""
        cov = side.cov
        if self.trainable and cov.ntk is not None:
            side = side._replace(cov=replace(cov, ntk=cov.ntk + 1.0))
        return super().rule(side)

"""The orthant of two Gaussian units, for rectifiers with thresholds: how often both are beyond, and by how much.

With thresholds h, k and the cosine c of two standard normal units,

    p = P(Z1 > h, Z2 > k)   and   M = E[(Z1 - h)_+ (Z2 - k)_+],   dM/dc = p.

Differences of distribution functions cancel at large thresholds, so both are integrals of a positive function.
Plackett's identity, dp/dc = exp(-(h^2 + k^2 - 2 h k c) / (2 (1 - c^2))) / (2 pi sqrt(1 - c^2)), integrated from c = -1,
where p = 0 for positive thresholds, becomes under c = (1 - t^2) / (1 + t^2)

    p = 1/pi e^{-(h^2 + k^2)/4} int_{t0}^inf exp(-(h - k)^2 / (8 t^2) - (h + k)^2 t^2 / 8) / (1 + t^2) dt,
    M = the same with the factor c(t0) - c(t) = 2 (t^2 - t0^2) / ((1 + t^2)(1 + t0^2)),     t0 = sqrt((1 - c)/(1 + c)),

a product of two Gaussian cut-offs with one peak. Negative thresholds follow from positive ones by reflection.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr

from limes.nets.rectifiers import rectifier_dual

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_LOG_CUT = 40.0  # exp(-40) = 4e-18 is left out at either end
_LINEAR = 1e-3  # nodes are spaced linearly below, logarithmically above
_TINY = 1e-30


def density(x: jax.Array) -> jax.Array:
    """Of the standard normal distribution."""
    return jnp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def excess(h: jax.Array) -> jax.Array:
    """E[(Z - h)_+]."""
    return density(h) - h * ndtr(-h)


def orthant(h: jax.Array, k: jax.Array, c: jax.Array) -> tuple[jax.Array, jax.Array]:
    """p and M of the module's docstring for h, k >= 0, not both 0, and cosine `c`, by Gauss-Legendre quadrature.

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


def signed_orthant(signs: tuple[float, float], h: jax.Array, k: jax.Array, c: jax.Array) -> tuple[jax.Array, jax.Array]:
    """p and M for thresholds of any signs: those of `signs`, and the sizes h, k >= 0.

    Negative thresholds are those of reflected units, (z + h)_+ = z + h + (-z - h)_+. What is added then is not small
    beside the result, so that nothing cancels except p of thresholds of opposite signs next to cosine 1.

    Args:
        signs: of the two thresholds; 0 for a threshold that is 0 for all units.
        h: sizes of the thresholds of the first unit.
        k: those of the second.
        c: cosines.

    Cost: that of `orthant`; closed forms where both signs are 0.
    """
    first, second = signs
    if first == 0 and second == 0:
        one = jnp.ones_like(c)
        m, p = rectifier_dual(0.0, c, one, one)
        return p, m
    if first >= 0 and second >= 0:
        return orthant(h, k, c)
    if first < 0 and second < 0:
        p, m = orthant(h, k, c)
        below = ndtr(-h), ndtr(-k)
        mean = c + h * k - c * (below[0] + below[1]) + h * excess(k) + k * excess(h)
        return p + 1.0 - below[0] - below[1], m + mean
    p, m = orthant(h, k, -c)
    positive, negative = (k, h) if first < 0 else (h, k)
    return jnp.maximum(ndtr(-positive) - p, 0.0), m + c * ndtr(-positive) + negative * excess(positive)

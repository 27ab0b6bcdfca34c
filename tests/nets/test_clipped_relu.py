"""ReLU with a threshold and a clip: against adaptive quadrature, simulation, differences and limits."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import fixed_quad, quad
from scipy.special import ndtr
from scipy.stats import multivariate_normal, norm

from limes import nets
from limes.nets.orthant import signed_orthant
from limes.nets.shifted_relu import shifted_relu_dual


def _dual(layer, k, v1, v2):
    with jax.enable_x64(True):
        return [float(value) for value in layer.dual(*(jnp.asarray(float(a)) for a in (k, v1, v2)))]


def _strip(a, b):
    """P(a < Z < b) without cancellation in either tail."""
    return norm.cdf(b) - norm.cdf(a) if a < 0 else norm.sf(a) - norm.sf(b)


def _over(a, b):
    """E[min((Z - a)_+, b - a)], as the integral of P(Z > x) from a to b."""
    return fixed_quad(lambda x: ndtr(-x), a, b, n=80)[0]


def _by_conditioning(bias, clip, k, v1, v2):
    """Both expectations as integrals over the first unit of those of the second, given the first; all positive."""
    q1, q2 = math.sqrt(v1), math.sqrt(v2)
    c = k / q1 / q2
    s = math.sqrt(1 - c * c)
    (h1, e1), (h2, e2) = ((bias / q, (bias + clip) / q) for q in (q1, q2))

    def integral(f, a, b):
        inner = [x / c for x in (h2, e2) if c and a < x / c < b]
        return quad(f, a, b, points=inner or None, epsabs=0, epsrel=1e-11, limit=200)[0]

    def inside(z):
        return norm.pdf(z) * _strip((h2 - c * z) / s, (e2 - c * z) / s)

    def product(z):
        return norm.pdf(z) * min(z - h1, e1 - h1) * s * _over((h2 - c * z) / s, (e2 - c * z) / s)

    p = integral(inside, h1, e1)
    m = integral(product, h1, e1) + integral(product, e1, max(e1, 0) + 14)
    return q1 * q2 * m, p


@pytest.mark.parametrize(
    ("bias", "clip", "c", "v2"),
    [
        (1.0, 0.5, 0.6, 1.7),
        (0.0, 1.0, -0.4, 1.0),
        (4.0, 1.0, 0.3, 1.1),
        (3.0, 0.5, -0.6, 1.0),
        (-0.5, 2.0, 0.6, 0.8),
        (-0.7, 0.7, 0.2, 1.0),
        (-4.0, 1.0, 0.3, 1.2),
        (-1.0, 0.6, -0.6, 1.5),
        (1.0, 1.0, 0.99, 1.0),
    ],
)
def test_adaptive_quadrature(bias, clip, c, v2):
    """Relative accuracy, where thresholds are large too, and where the mirrored activation is taken."""
    k = c * math.sqrt(v2)
    expected = _by_conditioning(bias, clip, k, 1.0, v2)
    np.testing.assert_allclose(_dual(nets.ShiftedRelu(bias, clip=clip), k, 1.0, v2), expected, rtol=2e-7)


def _mean_product(a, b, c):
    """E[(Z1 - a)_+ (Z2 - b)_+], given the first unit in closed form."""
    s = math.sqrt(1 - c * c)

    def inner(z):
        t = (b - c * z) / s
        return norm.pdf(z) * (z - a) * s * (norm.pdf(t) - t * norm.sf(t))

    return quad(inner, a, 12, epsrel=1e-10)[0]


@pytest.mark.parametrize("signs", [(1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1), (0, 0)])
def test_orthants_of_any_signs(signs):
    for h, k, c in ((0.5, 1.5, 0.6), (2.0, 0.3, -0.7)):
        a, b = (sign * size for sign, size in zip(signs, (h, k), strict=True))
        with jax.enable_x64(True):
            sizes = (jnp.asarray(abs(t)) for t in (a, b))
            p, m = (float(value) for value in signed_orthant(signs, *sizes, jnp.asarray(c)))
        joint = multivariate_normal(np.zeros(2), np.array([[1, c], [c, 1]]))
        assert p == pytest.approx(joint.cdf(np.array([-a, -b])), rel=1e-7)
        assert m == pytest.approx(_mean_product(a, b, c), rel=1e-8)


@pytest.mark.parametrize(("bias", "clip"), [(-0.5, 1.2), (-2.0, 0.5), (0.0, 1.0)])
def test_derivatives_are_those_of_differences(bias, clip):
    def dual(*a):
        return jnp.stack(shifted_relu_dual(bias, clip, *a))

    points = np.array([(0.5, 0.9, 1.7), (-0.8, 1.0, 1.2), (1.05, 1.0, 1.2)])
    with jax.enable_x64(True):
        for direction in np.eye(3):
            ahead, behind = (dual(*jnp.asarray(points + s * 1e-5 * direction).T) for s in (1, -1))
            along = jnp.broadcast_to(jnp.asarray(direction), points.shape).T
            tangent = jax.jvp(dual, tuple(jnp.asarray(points).T), tuple(along))[1]
            np.testing.assert_allclose(tangent, (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("bias", "clip"), [(1.0, 0.7), (-0.5, 1.5), (-1.5, 1.0)])
def test_against_simulation(bias, clip):
    layer = nets.ShiftedRelu(bias, clip=clip)
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[0.9, 0.5], [0.5, 1.6]], 400_000)
    units = np.asarray(layer.phi(z))
    inside = (z > bias) & (z < bias + clip)
    samples = [units.prod(1), inside.all(1)]
    for value, sample in zip(_dual(layer, 0.5, 0.9, 1.6), samples, strict=True):
        assert abs(value - sample.mean()) < 5 * sample.std() / math.sqrt(len(sample))


@pytest.mark.parametrize(("bias", "clip"), [(1.5, 0.5), (0.0, 1.0), (-1.5, 1.0), (-0.5, 2.0)])
def test_cosine_one(bias, clip):
    layer = nets.ShiftedRelu(bias, clip=clip)
    for v in (0.25, 1.0, 9.0):
        h, e = bias / math.sqrt(v), (bias + clip) / math.sqrt(v)
        ramp = quad(lambda z, h=h: (z - h) ** 2 * norm.pdf(z), h, e, epsrel=1e-12)[0]
        expected = v * ramp + clip**2 * norm.sf(e), norm.cdf(e) - norm.cdf(h)
        with jax.enable_x64(True):
            np.testing.assert_allclose(layer.dual_self(jnp.asarray(v)), expected, rtol=1e-9)
        np.testing.assert_allclose(_dual(layer, v * (1 - 1e-12), v, v), expected, rtol=1e-4)


def test_limits_of_the_clip():
    """A clip beyond all units changes nothing; a low one leaves a step of its height."""
    arguments = (0.4, 1.0, 1.5)
    for bias in (0.0, 1.0, -1.0):
        high = _dual(nets.ShiftedRelu(bias, clip=40.0), *arguments)
        np.testing.assert_allclose(high, _dual(nets.ShiftedRelu(bias), *arguments), rtol=1e-9)
    above = multivariate_normal(np.zeros(2), np.array([[1.0, 0.4], [0.4, 1.5]])).cdf(np.array([-1.0, -1.0]))
    clip = 1e-3
    step = _dual(nets.ShiftedRelu(1.0 - clip / 2, clip=clip), *arguments)[0] / clip**2
    assert step == pytest.approx(above, rel=1e-3)


def test_zero_and_extreme_variances_in_float32():
    for bias in (0.0, -0.5, -3.0):
        layer = nets.ShiftedRelu(bias, clip=2.0)
        v = np.array([(0.0, 0.0), (0.0, 1.0), (1e-20, 1e12), (1e12, 1e12), (1.0, 1.0)], np.float32).T[:, :, None]
        k = np.float32([-1.0, 0.0, 1.0]) * np.sqrt(v[0]) * np.sqrt(v[1])
        values = shifted_relu_dual(bias, 2.0, k, v[0] + 0 * k, v[1] + 0 * k)
        assert np.isfinite(values).all()
        ones = tuple(jnp.ones_like(k) for _ in range(3))
        moved = jax.jvp(lambda *a, b=bias: shifted_relu_dual(b, 2.0, *a), (k, v[0] + 0 * k, v[1] + 0 * k), ones)[1]
        assert np.isfinite(np.stack(moved)[..., -1, :]).all()
        constant = np.clip(-bias, 0.0, 2.0) ** 2
        np.testing.assert_allclose(layer.dual_self(jnp.zeros(()))[0], constant, rtol=1e-6)
        np.testing.assert_allclose(values[0][0], constant, rtol=1e-6, atol=1e-12)

"""ReLU with a threshold: against Owen's T function, the Hermite series, adaptive quadrature and simulation."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import owens_t
from scipy.stats import norm

from limes import nets
from limes.nets.orthant import orthant
from limes.nets.shifted_relu import shifted_relu_dual


def _orthant(h, k, c):
    with jax.enable_x64(True):
        return [float(a) for a in orthant(*(jnp.asarray(float(a)) for a in (h, k, c)))]


def _closed(h, k, c):
    """p by Owen's T function for any thresholds, and M by its closed form; both lose digits by cancellation."""
    s = math.sqrt(1 - c * c)
    beta = 0.0 if h * k > 0 else 0.5
    p = (norm.cdf(-h) + norm.cdf(-k)) / 2 - beta
    p -= owens_t(-h, (-k + c * h) / (-h * s)) + owens_t(-k, (-h + c * k) / (-k * s))
    m = (c + h * k) * p - k * norm.pdf(h) * norm.cdf((c * h - k) / s) - h * norm.pdf(k) * norm.cdf((c * k - h) / s)
    return p, m + s / (2 * math.pi) * math.exp(-(h * h - 2 * c * h * k + k * k) / (2 * s * s))


def _by_plackett(h, k, c):
    """Both as integrals of a density over the cosine, adaptively; relative accuracy about 1e-10."""

    def density(t):
        return math.exp(-(h * h + k * k - 2 * h * k * math.sin(t)) / (2 * math.cos(t) ** 2)) / (2 * math.pi)

    end = math.asin(c)
    inner = [end - d for d in (1e-3, 1e-2, 0.1, 0.5) if end - d > -math.pi / 2]
    options = {"points": inner, "epsabs": 0.0, "epsrel": 1e-11, "limit": 200}
    return [quad(f, -math.pi / 2, end, **options)[0] for f in (density, lambda t: (c - math.sin(t)) * density(t))]


@pytest.mark.parametrize("c", [-0.5, 0.0, 0.95])
@pytest.mark.parametrize(("h", "k"), [(0.5, 0.5), (1.0, 1.0), (2.0, 2.0), (0.3, 1.7), (2.0, 1.0)])
def test_closed_forms_where_they_do_not_cancel(h, k, c):
    p, m = _closed(h, k, c)
    np.testing.assert_allclose(_orthant(h, k, c), (p, m), rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("c", [-0.95, -0.6, 0.0, 0.6, 0.95])
@pytest.mark.parametrize(("h", "k"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (1, 1.1), (4, 5)])
def test_relative_accuracy_at_large_thresholds(h, k, c):
    computed = _orthant(h, k, c)
    np.testing.assert_allclose(computed, _by_plackett(h, k, c), rtol=1e-8)
    assert min(computed) > 0


def test_figures_of_the_specification():
    """Probability at B = 4 and cosine -0.6, where the difference of Owen's T is negative; and its table."""
    np.testing.assert_allclose(_orthant(4, 4, -0.6)[0], 8.13e-21, rtol=1e-3)
    assert _closed(4, 4, -0.6)[0] < 1e-19
    table = {(1, 0.3): (0.04545785, 0.01739623), (1, 0.8): (0.09763652, 0.05174717)}
    table |= {(2, 0.3): (2.041267e-3, 4.202165e-4), (3, 0.8): (3.720924e-4, 7.111582e-5)}
    for (b, c), expected in table.items():
        np.testing.assert_allclose(_orthant(b, b, c), expected, rtol=1e-6)


@pytest.mark.parametrize("b", [0.5, 2.0])
def test_hermite_series(b):
    """1(z > B) = sum_k c_k h_k(z), so p = sum_k c_k^2 c^k."""
    h, before, coefficients = 1.0, 0.0, [norm.sf(b)]
    for k in range(1, 120):
        coefficients.append(norm.pdf(b) * h / math.sqrt(k))
        before, h = h, (b * h - math.sqrt(k - 1) * before) / math.sqrt(k)
    for c in (-0.8, 0.3, 0.8):
        series = sum(a * a * c**k for k, a in enumerate(coefficients))
        np.testing.assert_allclose(_orthant(b, b, c)[0], series, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("bias", [0.7, -2.0])
def test_derivatives_are_those_of_differences(bias):
    with jax.enable_x64(True):
        for point in ((0.5, 0.9, 1.7), (-0.8, 1.0, 1.2), (1.08, 1.0, 1.2)):
            for direction in np.eye(3):
                ahead, behind = (
                    shifted_relu_dual(
                        bias, math.inf, *(jnp.asarray(a + s * 1e-6 * d) for a, d in zip(point, direction, strict=True))
                    )
                    for s in (1, -1)
                )
                expected = [float(a - b) / 2e-6 for a, b in zip(ahead, behind, strict=True)]
                arguments = [tuple(jnp.asarray(float(a)) for a in values) for values in (point, direction)]
                tangent = jax.jvp(lambda *a: shifted_relu_dual(bias, math.inf, *a), *arguments)[1]
                np.testing.assert_allclose(tangent, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("bias", [1.0, -1.0])
def test_against_simulation(bias):
    cov = np.array([[0.9, 0.5], [0.5, 1.6]])
    z = np.random.default_rng(0).multivariate_normal([0, 0], cov, 400_000) - bias
    samples = [np.prod(np.maximum(z, 0), axis=1), np.all(z > 0, axis=1)]
    with jax.enable_x64(True):
        computed = nets.ShiftedRelu(bias).dual(jnp.asarray(0.5), jnp.asarray(0.9), jnp.asarray(1.6))
    for value, sample in zip(computed, samples, strict=True):
        assert abs(float(value) - sample.mean()) < 5 * sample.std() / math.sqrt(len(sample))


@pytest.mark.parametrize("bias", [1.5, 0.0, -1.5])
def test_cosine_one(bias):
    layer = nets.ShiftedRelu(bias)
    for v in (0.25, 1.0, 9.0):
        h = bias / math.sqrt(v)
        expected = v * ((1 + h * h) * norm.sf(h) - h * norm.pdf(h)), norm.sf(h)
        with jax.enable_x64(True):
            np.testing.assert_allclose(layer.dual_self(jnp.asarray(v)), expected, rtol=1e-12)
            nearly = layer.dual(jnp.asarray(v * (1 - 1e-12)), jnp.asarray(v), jnp.asarray(v))
        np.testing.assert_allclose(nearly, expected, rtol=1e-5)


def test_zero_and_extreme_variances_in_float32():
    for bias in (1.0, -1.0):
        for v1, v2 in ((0.0, 0.0), (0.0, 1.0), (1e-20, 1e12), (1e12, 1e12)):
            for cosine in (-1.0, 0.0, 1.0):
                k = np.float32(cosine * math.sqrt(v1) * math.sqrt(v2))
                values = nets.ShiftedRelu(bias).dual(k, jnp.float32(v1), jnp.float32(v2))
                assert all(np.isfinite(a) for a in values)
    constant = nets.ShiftedRelu(-2.0).dual(*(jnp.zeros(()),) * 3)
    np.testing.assert_allclose(constant, (4.0, 1.0), rtol=1e-6)


def test_two_layer_kernel_of_the_paper():
    """(<x, x'> + 1) p for the trained first layer and thresholds on the sphere, and M for the read-out."""
    x = np.random.default_rng(1).standard_normal((4, 6))
    x *= math.sqrt(x.shape[1]) / np.linalg.norm(x, axis=1, keepdims=True)  # a first layer of standard normal weights
    cosines = x @ x.T / x.shape[1]
    for trainable in (True, False):
        net = nets.serial(nets.Dense(), nets.ShiftedRelu(1.0, trainable), nets.Dense())
        k = net.kernel(x)
        for i in range(4):
            np.testing.assert_allclose(k.ntk[i, i], (1.0 + trainable) * norm.sf(1) + k.nngp[i, i], rtol=1e-12)
            for j in range(i):
                p, m = _closed(1.0, 1.0, cosines[i, j])
                np.testing.assert_allclose(k.nngp[i, j], m, rtol=1e-9)
                np.testing.assert_allclose(k.ntk[i, j], (cosines[i, j] + trainable) * p + m, rtol=1e-9)

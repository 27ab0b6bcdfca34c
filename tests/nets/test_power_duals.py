"""Duals of activations that grow fast, against exact Gaussian quadrature at moderate variances."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from oracles import quadrature

COEF = (0.5, -1.0, 0.25, 0.125)
HERMITE_3 = (lambda x: (x**3 - 3 * x) / math.sqrt(6), lambda x: (3 * x**2 - 3) / math.sqrt(6))
SMOOTH = {
    "exp": (nets.Exp(0.8, 0.6), lambda x: 0.8 * np.exp(0.6 * x), lambda x: 0.48 * np.exp(0.6 * x)),
    "gaussian": (
        nets.Gaussian(1.5, -0.7),
        lambda x: 1.5 * np.exp(-0.7 * x**2),
        lambda x: -2.1 * x * np.exp(-0.7 * x**2),
    ),
    "constant": (nets.Monomial(0), np.ones_like, np.zeros_like),
    "cube": (nets.Monomial(3), lambda x: x**3, lambda x: 3 * x**2),
    "polynomial": (
        nets.Polynomial(COEF),
        lambda x: np.polynomial.polynomial.polyval(x, COEF),
        lambda x: np.polynomial.polynomial.polyval(x, np.polynomial.polynomial.polyder(COEF)),
    ),
    "hermite": (nets.Hermite(3), *HERMITE_3),
}
VARIANCES = ((0.3, 2.5), (1e-8, 1.0))
DEGREES = (0, 1, 2, 7)


def _dual(layer, v1, v2, cosine):
    with jax.enable_x64(True):
        k = cosine * np.sqrt(v1) * np.sqrt(v2)
        return [float(value) for value in layer.dual(*map(jnp.asarray, (k, v1, v2)))]


def _own(layer, v):
    with jax.enable_x64(True):
        return [float(value) for value in layer.dual_self(jnp.asarray(v))]


@pytest.mark.parametrize("variances", VARIANCES)
@pytest.mark.parametrize("name", SMOOTH)
def test_smooth(name, variances):
    layer, *functions = SMOOTH[name]
    for cosine in (-1.0, 0.3, 0.9999):
        for computed, f in zip(_dual(layer, *variances, cosine), functions, strict=True):
            expected = quadrature.smooth_dual(f, *variances, cosine, reach=13.0)
            size = math.prod(math.sqrt(quadrature.smooth_moment(f, v)) for v in variances)
            np.testing.assert_allclose(computed, expected, rtol=1e-10, atol=1e-12 * size)


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_at_cosine_one(name):
    layer, *functions = SMOOTH[name]
    for v in (1e-12, 0.3, 1.0, 4.0):
        expected = [quadrature.smooth_moment(f, v) for f in functions]
        np.testing.assert_allclose(_own(layer, v), expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("degree", DEGREES)
def test_rectified_monomial(degree):
    layer = nets.RectifiedMonomial(degree)
    for v1, v2 in ((1.0, 1.0), (0.3, 2.5), (1e-6, 4.0)):
        for cosine in (-1.0, -0.999, -0.7, 0.0, 0.3, 0.9999, 1.0):
            computed = _dual(layer, v1, v2, cosine)
            for p, value, factor in ((degree, computed[0], 1), (degree - 1, computed[1], degree**2)):
                expected = factor * quadrature.rectified_power(p, v1, v2, cosine) if p >= 0 else 0.0
                size = max(factor * math.prod(quadrature.rectified_power(max(p, 0), v, v, 1.0) for v in (v1, v2)), 0)
                blunt = 4e-8 if p == 0 and abs(cosine) == 1 else 1e-12
                np.testing.assert_allclose(value, expected, rtol=1e-9, atol=blunt * math.sqrt(size) + 1e-300)
    for v in (1e-6, 1.0, 4.0):
        slope = degree**2 * quadrature.rectified_power(degree - 1, v, v, 1.0) if degree else 0.0
        expected = quadrature.rectified_power(degree, v, v, 1.0), slope
        np.testing.assert_allclose(_own(layer, v), expected, rtol=1e-12)


def test_first_rectified_power_is_relu():
    for cosine in (-0.9, 0.2, 0.99):
        relu, power = (_dual(layer, 0.7, 2.0, cosine) for layer in (nets.Relu(), nets.RectifiedMonomial(1)))
        np.testing.assert_allclose(power, relu, rtol=1e-13)


def test_hermite_polynomials_are_orthonormal_at_unit_variance():
    for degree in (0, 1, 2, 5, 20):
        value, slope = _dual(nets.Hermite(degree), 1.0, 1.0, 0.6)
        np.testing.assert_allclose(value, 0.6**degree, rtol=1e-12)
        np.testing.assert_allclose(slope, degree * 0.6 ** max(degree - 1, 0), rtol=1e-12)


@pytest.mark.parametrize("layer", [nets.RectifiedMonomial(0), nets.RectifiedMonomial(2), nets.Gaussian()], ids=str)
def test_derivatives_are_those_of_differences(layer):
    """In float64, at an ordinary pair, and finite next to cosine 1."""
    with jax.enable_x64(True):
        point = [jnp.asarray(a) for a in (0.5, 0.8, 1.3)]
        for i, direction in enumerate(np.eye(3)):
            ahead, behind = (
                layer.dual(*(a + s * 1e-6 * d for a, d in zip(point, direction, strict=True))) for s in (1, -1)
            )
            tangent = jax.jvp(layer.dual, tuple(point), tuple(jnp.asarray(d) for d in direction))[1]
            expected = [(a - b) / 2e-6 for a, b in zip(ahead, behind, strict=True)]
            np.testing.assert_allclose(tangent, expected, rtol=1e-7, atol=1e-9, err_msg=str(i))
    ones = (jnp.float32(1.0),) * 3
    assert all(np.isfinite(t) for t in jax.jvp(layer.dual, ones, ones)[1])


@pytest.mark.parametrize("name", SMOOTH)
def test_the_function_is_that_of_the_oracle(name):
    layer, f, df = SMOOTH[name]
    x = np.array([-2.0, -0.5, 0.7, 2.0])
    with jax.enable_x64(True):
        np.testing.assert_allclose(layer.phi(jnp.asarray(x)), f(x), rtol=1e-12)
        np.testing.assert_allclose(jax.vmap(jax.grad(layer.phi))(jnp.asarray(x)), df(x), rtol=1e-12, atol=1e-15)
        np.testing.assert_array_equal(nets.RectifiedMonomial(0).phi(jnp.asarray(x)), [0, 0, 1, 1])
        np.testing.assert_allclose(nets.RectifiedMonomial(2).phi(jnp.asarray(x)), np.maximum(x, 0) ** 2)

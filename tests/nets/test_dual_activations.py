"""Dual activations against quadrature that knows nothing of their closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from oracles import quadrature

COSINES = (-1.0, -0.999999, -0.7, -0.1, 0.0, 1e-9, 0.3, 0.9, 0.9999, 1.0)
VARIANCES = ((1.0, 1.0), (0.3, 2.5), (1e-6, 1.0), (1e-8, 3e-7), (40.0, 7.0), (1000.0, 0.5))
KINKED = {"relu": nets.Relu(), "abs": nets.Abs(), "leaky_relu": nets.LeakyRelu(0.2)}
SMOOTH = {"erf": nets.Erf(), "gelu": nets.Gelu(), "sin": nets.Sin(), "cos": nets.Cos(), "rbf": nets.Rbf(0.32)}


def _dual(layer, v1, v2, cosine):
    with jax.enable_x64(True):
        k = cosine * np.sqrt(v1) * np.sqrt(v2)
        return [float(value) for value in layer.dual(*map(jnp.asarray, (k, v1, v2)))]


@pytest.mark.parametrize("variances", VARIANCES)
@pytest.mark.parametrize("name", KINKED)
def test_kinked(name, variances):
    for cosine in COSINES:
        expected = quadrature.kinked_dual(quadrature.KINKED[name], *variances, cosine)
        computed = _dual(KINKED[name], *variances, cosine)
        size = np.sqrt(variances[0] * variances[1])
        np.testing.assert_allclose(computed[0], expected[0], rtol=1e-9, atol=1e-12 * size)
        # a cosine that is +-1 up to rounding (equal rows are handled elsewhere) gives the angle to sqrt(eps) only
        np.testing.assert_allclose(computed[1], expected[1], rtol=1e-9, atol=1e-12 if abs(cosine) < 1 else 4e-8)


@pytest.mark.parametrize("variances", VARIANCES)
@pytest.mark.parametrize("name", SMOOTH)
def test_smooth(name, variances):
    f, df = quadrature.SMOOTH[name]
    moments = [[quadrature.smooth_moment(g, v) for g in (f, df)] for v in variances]
    sizes = np.sqrt(np.prod(moments, axis=0))
    for cosine in (-0.999999, -0.7, 0.0, 0.3, 0.9999):
        expected = [quadrature.smooth_dual(g, *variances, cosine) for g in (f, df)]
        for a, b, size in zip(_dual(SMOOTH[name], *variances, cosine), expected, sizes, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-13 * size)


@pytest.mark.parametrize("v", [1e-12, 1e-6, 0.3, 1.0, 40.0, 1000.0])
@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_at_cosine_one(name, v):
    expected = [quadrature.smooth_moment(g, v) for g in quadrature.SMOOTH[name]]
    with jax.enable_x64(True):
        np.testing.assert_allclose(SMOOTH[name].dual_self(jnp.asarray(v)), expected, rtol=1e-11)


@pytest.mark.parametrize("v", [1e-12, 1.0, 1e6])
@pytest.mark.parametrize("name", KINKED)
def test_kinked_at_cosine_one(name, v):
    half = (1 + quadrature.KINKED[name] ** 2) / 2
    with jax.enable_x64(True):
        np.testing.assert_allclose(KINKED[name].dual_self(jnp.asarray(v)), (half * v, half), rtol=1e-15)


@pytest.mark.parametrize("layer", [*KINKED.values(), *SMOOTH.values()], ids=[*KINKED, *SMOOTH])
def test_extremes_are_finite_in_float32(layer):
    for v1, v2 in ((0.0, 0.0), (0.0, 1.0), (1e-30, 1e-30), (1e12, 1e-12), (1e15, 1e15)):
        for cosine in (-1.0, 0.0, 1.0):
            k = np.float32(cosine) * np.sqrt(np.float32(v1)) * np.sqrt(np.float32(v2))
            value, slope = layer.dual(*(jnp.float32(a) for a in (k, v1, v2)))
            assert np.isfinite(value), (v1, v2, cosine)
            assert np.isfinite(slope), (v1, v2, cosine)
            assert all(np.isfinite(a) for a in layer.dual_self(jnp.float32(v1)))


@pytest.mark.parametrize("layer", SMOOTH.values(), ids=SMOOTH)
def test_float32_at_cosine_one_does_not_cancel_at_large_variances(layer):
    v = np.logspace(-8, 12, 41).astype(np.float32)
    with jax.enable_x64(True):
        exact = [np.asarray(a) for a in layer.dual_self(jnp.asarray(v, jnp.float64))]
    for single, double in zip(layer.dual_self(jnp.asarray(v)), exact, strict=True):
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, double, rtol=2e-6)


@pytest.mark.parametrize("layer", [*KINKED.values(), *SMOOTH.values()], ids=[*KINKED, *SMOOTH])
def test_function_and_its_derivative_are_those_of_the_oracle(layer):
    x = np.array([-3.0, -0.5, 0.7, 2.0])
    if layer.name in quadrature.SMOOTH:
        f, df = quadrature.SMOOTH[layer.name]
        expected = f(x), df(x)
    else:
        slope = quadrature.KINKED[layer.name]
        expected = np.where(x > 0, x, slope * x), np.where(x > 0, 1.0, slope)
    with jax.enable_x64(True):
        np.testing.assert_allclose(layer.phi(jnp.asarray(x)), expected[0], rtol=1e-13)
        np.testing.assert_allclose(jax.vmap(jax.grad(layer.phi))(jnp.asarray(x)), expected[1], rtol=1e-13)

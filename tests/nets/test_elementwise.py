"""Activations by quadrature: against closed forms, with an error estimate that covers the error."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets

COSINES = np.array([-0.9999, -0.6, 0.0, 0.3, 0.9, 0.9999])
CLOSED = {"erf": nets.Erf(), "gelu": nets.Gelu(), "sin": nets.Sin(), "cos": nets.Cos(), "exp": nets.Exp(1.0, 0.5)}


def _both(layer, v1, v2):
    with jax.enable_x64(True):
        k = COSINES * np.sqrt(v1 * v2)
        values = layer.dual(jnp.asarray(k), jnp.asarray(v1), jnp.asarray(v2))
        return [np.asarray(a) for a in values], [float(a) for a in layer.dual_self(jnp.asarray(v1))]


@pytest.mark.parametrize("variances", [(0.2, 3.0), (1e-8, 1e-6)])
@pytest.mark.parametrize("name", CLOSED)
def test_smooth_functions_to_rounding(name, variances):
    layer = nets.Elementwise(CLOSED[name].phi)
    (value, slope), own = _both(layer, *variances)
    (exact_value, exact_slope), exact_own = _both(CLOSED[name], *variances)
    np.testing.assert_allclose(own, exact_own, rtol=1e-10)
    sizes = [np.prod([CLOSED[name].dual_self(v)[i] for v in variances]) ** 0.5 for i in (0, 1)]
    np.testing.assert_allclose(value, exact_value, rtol=1e-9, atol=1e-10 * sizes[0])
    np.testing.assert_allclose(slope, exact_slope, rtol=1e-8, atol=1e-7 * sizes[1])


@pytest.mark.parametrize("name", ["relu", "tanh"])
@pytest.mark.parametrize("degree", [8, 64])
def test_error_estimate_covers_the_error(name, degree):
    function, exact = {
        "relu": (jax.nn.relu, nets.Relu()),
        "tanh": (jnp.tanh, nets.Elementwise(jnp.tanh, 256)),
    }[name]
    layer = nets.Elementwise(function, degree)
    (value, _), own = _both(layer, 1.0, 1.0)
    (exact_value, _), exact_own = _both(exact, 1.0, 1.0)
    estimate = layer.error(1.0)
    error = max(np.abs(value - exact_value).max(), abs(own[0] - exact_own[0]))
    assert error <= 1.01 * estimate + 1e-14
    assert estimate < (1e-10 if (name, degree) == ("tanh", 64) else 0.02)


def test_in_a_net_as_the_closed_form():
    x = np.random.default_rng(0).standard_normal((4, 5))
    by_series = nets.mlp(3, nets.Elementwise(jax.scipy.special.erf), 1.3, 0.1)
    closed = nets.mlp(3, "erf", 1.3, 0.1)
    for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 1e-5)):
        a, b = by_series.kernel(x.astype(dtype)), closed.kernel(x.astype(dtype))
        np.testing.assert_allclose(a.nngp, b.nngp, rtol=tolerance)
        np.testing.assert_allclose(a.ntk, b.ntk, rtol=tolerance)

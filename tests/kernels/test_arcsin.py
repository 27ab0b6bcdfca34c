import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes.core import precision
from limes.kernels.arcsin import arcsin

ULPS = 4


def _compute(u):
    with precision.scope(u.dtype):
        return np.asarray(jax.jit(arcsin)(jnp.asarray(u)))


def _grid(dtype):
    """Ordinary values, values next to 0, 1/2 and 1, and the ends."""
    u = np.linspace(-1, 1, 40001)
    tiny = np.logspace(-300 if dtype == np.float64 else -37, 0, 2000)
    u = np.concatenate([u, tiny, -tiny, 1 - tiny, tiny - 1, 0.5 + 1e-3 * np.linspace(-1, 1, 1001)]).astype(dtype)
    half, one = dtype(0.5), dtype(1)
    ends = [half, np.nextafter(half, one), np.nextafter(half, dtype(0)), np.nextafter(one, half), one, -one, dtype(0)]
    return np.concatenate([u, ends]).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_few_units_in_the_last_place(dtype):
    u = _grid(dtype)
    expected = np.arcsin(u.astype(np.float64 if dtype == np.float32 else np.longdouble))
    error = np.abs(_compute(u) - expected) / np.spacing(
        np.maximum(np.abs(expected), np.finfo(dtype).tiny).astype(dtype)
    )
    assert float(error.max()) <= ULPS, f"{float(error.max()):.2f} ulp at {u[error.argmax()]!r}"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keeps_the_sign_of_zero_and_is_odd(dtype):
    u = _grid(dtype)
    np.testing.assert_array_equal(_compute(-u), -_compute(u))
    assert np.signbit(_compute(np.array([-0.0], dtype)))[0]


def test_derivative_and_its_finite_ends():
    with jax.enable_x64(True):
        u = jnp.linspace(-0.999, 0.999, 101)
        slopes = jax.vmap(jax.grad(arcsin))(u)
        np.testing.assert_allclose(slopes, 1 / np.sqrt(1 - np.asarray(u) ** 2), rtol=1e-13)
        assert np.isfinite(jax.grad(arcsin)(1.0))
        assert jax.grad(arcsin)(jnp.float64(-1.0)) > 1e100

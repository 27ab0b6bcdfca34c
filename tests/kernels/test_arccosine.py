import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes.core import precision
from limes.kernels.arccosine import moments


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_functions_and_the_sine_up_to_rounding(dtype):
    near = np.logspace(-6, -1, 200)
    u = np.concatenate([np.linspace(-1, 1, 4001), near, -near, 1 - near, near - 1, [1.0, -1.0, 0.0]]).astype(dtype)
    with precision.scope(u.dtype):
        angle, bend, sine = map(np.asarray, jax.jit(moments)(jnp.asarray(u)))
    wide = np.longdouble if dtype == np.float64 else np.float64
    exact = u.astype(wide)
    theta = np.arccos(np.abs(exact))
    s = np.sqrt((1 - exact) * (1 + exact))
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(angle, np.sign(exact) * (math.pi / 2 - theta), rtol=0, atol=12 * eps)
    np.testing.assert_allclose(bend, s - np.abs(exact) * theta, rtol=0, atol=4 * eps)
    np.testing.assert_allclose(sine, s, rtol=4 * eps)


def test_the_bend_keeps_its_digits_where_inputs_are_nearly_parallel_or_opposite():
    """There sqrt(1 - u^2) - |u| arccos|u| would cancel."""
    t = 2.0 ** -np.arange(6, 30)
    with jax.enable_x64(True):
        for u in (1 - t, t - 1):
            bend = np.asarray(moments(jnp.asarray(u))[1])
            np.testing.assert_allclose(bend, _by_series(t), rtol=1e-13)


def _by_series(t):
    """int_0^t arccos(1 - r) dr by the series arccos(1 - r) = sqrt(2 r) sum_k (2k)! / (8^k (k!)^2 (2k + 1)) r^k."""
    total = np.zeros_like(t)
    for k in range(12):
        coefficient = math.factorial(2 * k) / (8**k * math.factorial(k) ** 2 * (2 * k + 1))
        total += coefficient * t ** (k + 1.5) / (k + 1.5)
    return math.sqrt(2) * total

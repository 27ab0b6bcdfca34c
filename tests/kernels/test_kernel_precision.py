"""Which precision a kernel is computed in, and what is refused at the door."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.core.errors import DtypeError, InputError, NetError
from limes.kernels import kernel

NET = nets.mlp(2)


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((4, 6))


def test_float64_in_float64_out_with_the_global_flag_off(x):
    assert not jax.config.jax_enable_x64
    k = NET.kernel(x)
    assert type(k.ntk) is np.ndarray
    assert k.ntk.dtype == k.nngp.dtype == np.float64
    assert not jax.config.jax_enable_x64
    single = NET.kernel(x.astype(np.float32)).ntk
    assert single.dtype == np.float32
    assert 1e-9 < np.abs(k.ntk - single).max() < 1e-4


def test_float32_stays_with_the_global_flag_on(x):
    with jax.enable_x64(True):
        assert NET.kernel(x.astype(np.float32)).ntk.dtype == np.float32
        assert NET.kernel(x).ntk.dtype == np.float64


def test_mixed_precisions_take_the_wider(x):
    assert NET.kernel(x, x.astype(np.float32)).ntk.dtype == np.float64


def test_jax_arrays_in_jax_arrays_out(x):
    k = NET.kernel(jnp.asarray(x, jnp.float32))
    assert isinstance(k.ntk, jax.Array)
    assert k.ntk.dtype == np.float32
    with jax.enable_x64(True):
        double = NET.kernel(jnp.asarray(x))
    assert isinstance(double.ntk, jax.Array)
    assert double.ntk.dtype == np.float64
    np.testing.assert_array_equal(double.ntk, NET.kernel(x).ntk)


def test_only_what_is_asked_for(x):
    assert NET.kernel(x, get="nngp").ntk is None
    k = NET.kernel(x, get=["ntk"])
    assert k.nngp is None
    np.testing.assert_allclose(k.ntk, NET.kernel(x).ntk, rtol=1e-14)
    for get in ("both", [], ("ntk", "cov")):
        with pytest.raises(InputError, match="get must name one or both"):
            NET.kernel(x, get=get)


def test_function_and_method_are_one(x):
    np.testing.assert_array_equal(kernel(NET, x).ntk, NET.kernel(x).ntk)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_, np.float16, np.complex128])
def test_unsupported_dtypes(x, dtype):
    with pytest.raises(DtypeError, match=rf"dtype {np.dtype(dtype)}, but kernels are computed in float32 or float64"):
        NET.kernel(x.real.astype(dtype))
    with pytest.raises(TypeError):
        NET.kernel(x.astype(dtype))


def test_not_finite(x):
    bad = x.copy()
    bad[2, 3], bad[3, 1] = np.nan, np.inf
    with pytest.raises(InputError, match=r"x1 holds 2 values.*1 NaN, 1 infinite.*index \(2, 3\)"):
        NET.kernel(bad)
    with pytest.raises(ValueError, match=r"x2 holds 2 values"):
        NET.kernel(x, bad)


def test_shapes(x):
    with pytest.raises(InputError, match=r"different shapes: \(6,\) and \(5,\)"):
        NET.kernel(x, x[:, :5])
    with pytest.raises(InputError, match=r"not \(6,\): write x\[None\]"):
        NET.kernel(x[0])
    with pytest.raises(NetError, match=r"needs \(n, time, channels\).*not \(4, 6\)"):
        nets.cnn(1).kernel(x)
    with pytest.raises(NetError, match=r"needs inputs.*height, width.*1 position axes"):
        nets.cnn(1).kernel(x.reshape(4, 3, 2))
    with pytest.raises(NetError, match="VALID window of 3 does not fit an axis of 2"):
        nets.cnn(1, padding="VALID").kernel(x.reshape(4, 3, 2, 1))


def test_net_that_ends_with_positions(x):
    with pytest.raises(NetError, match=r"ends with positions: add Flatten\(\) or GlobalAvgPool\(\)"):
        nets.serial(nets.Conv((3,))).kernel(x.reshape(4, 3, 2))

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes.core import precision
from limes.core.errors import DtypeError, InputError, LimesError
from limes.core.types import Affine


def test_common_dtype():
    single, double = np.ones(2, np.float32), np.ones(2)
    assert precision.float_dtype(single) == np.float32
    assert precision.float_dtype(single, None, double) == np.float64
    assert precision.float_dtype(jnp.ones(2), double) == np.float64


@pytest.mark.parametrize("dtype", ["int8", "bool", "float16", "complex64", "object"])
def test_refused_dtypes_name_the_array_and_the_remedy(dtype):
    with pytest.raises(DtypeError, match=rf"pixels has dtype {dtype}.*pixels\.astype\('float32'\)"):
        precision.float_dtype(np.ones(2).astype(dtype), name="pixels")


@pytest.mark.parametrize("x", [[1.0, 2.0], "text", memoryview(b"ab")])
def test_what_is_no_array_is_refused(x):
    with pytest.raises(DtypeError, match=rf"x1 is a {type(x).__name__}, but NumPy or JAX arrays are needed"):
        precision.float_dtype(x, name="x1")


def test_hidden_values_are_refused():
    x = np.ma.masked_greater(np.arange(6.0).reshape(3, 2), 3)
    precision.require_finite(np.ma.asarray(x.data))
    with pytest.raises(InputError, match="x holds 2 masked values: remove or impute them"):
        precision.require_finite(x)


def test_tracers_decide_over_constants():
    seen = []

    def f(a):
        seen.append(precision.float_dtype(a, np.ones(2)))
        assert precision.is_tracer(a, None)
        return a

    jax.jit(f)(np.ones(2, np.float32))
    assert seen == [np.dtype(np.float32)]
    assert not precision.is_tracer(np.ones(2), jnp.ones(2))


def test_scope_restores_the_flag_also_after_an_error():
    def fails():
        with precision.scope("float64"):
            assert jnp.ones(2).dtype == np.float64
            raise LimesError

    with pytest.raises(LimesError):
        fails()
    assert jnp.ones(2).dtype == np.float32
    with precision.scope("float32"):
        assert jnp.ones(2).dtype == np.float32


def test_require_finite():
    precision.require_finite(np.full(3, 1e308))  # the sum overflows, the values do not
    precision.require_finite(np.arange(3))
    precision.require_finite(jnp.zeros((0, 2)))
    with pytest.raises(InputError, match=r"z holds 1 values .*\(0 NaN, 1 infinite\).*index \(1, 0\)"):
        precision.require_finite(np.array([[0.0], [-np.inf]]), "z")
    with pytest.raises(InputError, match=r"x holds 2 values .*\(1 NaN, 1 infinite\)"):
        precision.require_finite(np.array([np.inf, np.nan], np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_affine_map_and_its_gradient_keep_the_dtype(dtype):
    affine = Affine(shift=np.array([1.0, 2.0]), scale=np.array([10.0, 0.5]))
    x = np.array([[2.0, 4.0]], dtype)
    assert affine(x).dtype == affine.pull_back(x).dtype == dtype
    np.testing.assert_array_equal(affine(x), [[10.0, 1.0]])
    np.testing.assert_array_equal(affine.pull_back(x), [[20.0, 2.0]])

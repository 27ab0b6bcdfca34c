"""The one place that decides in which precision a computation runs.

The dtype of the input decides, whatever JAX's global flag says: float64 arrays are computed in float64 inside a local
``jax.enable_x64(True)``, float32 stays float32. The global flag is never touched.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from limes.core.errors import DtypeError, InputError

SUPPORTED = (np.dtype(np.float32), np.dtype(np.float64))


def is_tracer(*arrays: Any) -> bool:
    """Whether any of the arrays is being traced by a JAX transformation."""
    return any(isinstance(a, Tracer) for a in arrays)


def float_dtype(*arrays: Any, name: str = "x") -> np.dtype:
    """The common floating dtype of the arrays (None is skipped): float32 or float64.

    Tracers decide over constants, so that a function traced in float32 stays float32.

    Raises:
        DtypeError: for integers, booleans, complex numbers, objects, and floats other than 32 and 64 bits.
    """
    present = [a for a in arrays if a is not None]
    for a in present:
        try:
            dtype = np.dtype(a.dtype)
        except (AttributeError, TypeError) as error:  # lists and data frames have none, torch one of its own
            raise DtypeError(
                f"{name} is a {type(a).__name__}, but NumPy or JAX arrays are needed: convert it first, for instance "
                f"by numpy.asarray({name})"
            ) from error
        if dtype not in SUPPORTED:
            raise DtypeError(
                f"{name} has dtype {dtype}, but kernels are computed in float32 or float64 only: convert it first, "
                f"for instance {name}.astype('float32') / 255 for 8-bit images"
            )
    deciding = [a for a in present if is_tracer(a)] or present
    dtype = np.result_type(*[np.dtype(a.dtype) for a in deciding])
    return dtype


@contextmanager
def scope(dtype: Any) -> Iterator[None]:
    """Run the body with JAX able to hold `dtype`; leaves the global flag as it was."""
    if np.dtype(dtype) == np.float64:
        with jax.enable_x64(True):
            yield
    else:
        yield


def require_unmasked(x: Any, name: str = "x") -> None:
    """Refuse a masked array that hides values: `numpy.asarray` would bring them back as if they had been measured.

    Raises:
        InputError: with the number of masked values.
    """
    if np.ma.is_masked(x):
        n = int(np.ma.count_masked(x))
        raise InputError(f"{name} holds {n} masked {'value' if n == 1 else 'values'}: remove or impute them")


def require_finite(x: Any, name: str = "x") -> None:
    """Refuse masked values, NaN and infinity, saying how many there are and where the first one is.

    Raises:
        InputError: if `x` holds a value that is masked or not finite.

    Cost: one pass over `x`.
    """
    require_unmasked(x, name)
    if isinstance(x, jax.Array):  # not from a GPU if all is well
        with scope(x.dtype):
            if bool(jax.numpy.isfinite(x).all()):
                return
    x = np.asarray(x)
    with np.errstate(invalid="ignore", over="ignore"):
        if x.dtype.kind != "f" or np.isfinite(x.sum(dtype=np.float64)):
            return
    bad = ~np.isfinite(x)
    if not bad.any():  # the sum overflowed, the values did not
        return
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    n_nan = int(np.isnan(x).sum())
    raise InputError(
        f"{name} holds {int(bad.sum())} values that are not finite ({n_nan} NaN, {int(bad.sum()) - n_nan} infinite), "
        f"the first at index {first}: remove or impute them"
    )

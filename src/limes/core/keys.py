"""Random keys: every function takes an int or a JAX key and records it; there is no global state."""

from typing import Any

import jax
import numpy as np

from limes.core.errors import InputError

KeyLike = Any
"""An int, or a key made by ``jax.random.key`` or ``jax.random.PRNGKey``."""


def as_key(key: KeyLike) -> jax.Array:
    """A JAX key from an int or a key.

    Raises:
        InputError: for anything else.

    Example:
        >>> as_key(0).shape
        ()
    """
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        return jax.random.key(int(key))
    if isinstance(key, jax.Array):
        return key if jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key) else jax.random.wrap_key_data(key)
    raise InputError(f"key must be an int or a jax.random key, not {type(key).__name__}")


def describe(key: KeyLike) -> int | list[int]:
    """What a result records of its key: the int, or the words of the key."""
    if isinstance(key, int | np.integer):
        return int(key)
    return np.asarray(jax.random.key_data(as_key(key))).tolist()

"""Sequences of unequal lengths: a pair (x, lengths), padded on the right."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array
from limes.kernels.coincidence import fingerprints


def split(batch: Any, name: str = "x") -> tuple[Array, np.ndarray | None]:
    """A batch as its array and, where it is a pair, its lengths as int32.

    Args:
        batch: (n, ...), or a pair of (n, time, channels) and n lengths from 1 to time. What stands behind the length of
            a sequence is ignored.
        name: for messages.

    Raises:
        InputError: for lengths that do not fit.
    """
    if not isinstance(batch, tuple):
        return batch, None
    if len(batch) != 2:
        raise InputError(f"{name} must be an array or a pair (x, lengths), not a tuple of {len(batch)}")
    x, lengths = batch
    given = np.asarray(lengths)
    if x.ndim != 3:
        raise InputError(f"{name}: sequences with lengths have shape (n, time, channels), not {x.shape}")
    if given.shape != (len(x),) or given.dtype.kind not in "iu":
        raise InputError(f"{name}: lengths must be {len(x)} integers, not {given.dtype} of shape {given.shape}")
    if len(given) and not (given.min() >= 1 and given.max() <= x.shape[1]):
        raise InputError(f"{name}: lengths must lie between 1 and {x.shape[1]}, not {given.min()} to {given.max()}")
    return x, given.astype(np.int32)


def together(
    x1: Array, lengths1: np.ndarray | None, x2: Array, lengths2: np.ndarray | None
) -> tuple[Array, np.ndarray, Array, np.ndarray]:
    """Two batches of sequences with lengths for both, padded to one number of steps."""
    time = max(x1.shape[1], x2.shape[1])
    parts: list[Any] = []
    for x, lengths in ((x1, lengths1), (x2, lengths2)):
        missing = time - x.shape[1]
        pad = jnp.pad if isinstance(x, jax.Array) else np.pad
        parts.append(pad(x, ((0, 0), (0, missing), (0, 0))) if missing else x)
        parts.append(np.full(len(x), x.shape[1], np.int32) if lengths is None else lengths)
    return parts[0], parts[1], parts[2], parts[3]


def inside(n_steps: int, lengths: jax.Array) -> jax.Array:
    """(n, time), whether a step belongs to the sequence, for sequences that start at step 0."""
    return jnp.arange(n_steps) < lengths[:, None]


def row_ids(x: jax.Array, lengths: jax.Array | None) -> jax.Array:
    """Fingerprints of sequences; padding does not count, and the length does."""
    if lengths is None:
        return fingerprints(x)
    x = jnp.where(inside(x.shape[1], lengths)[..., None], x, 0.0)
    return fingerprints(jnp.concatenate([x.reshape(x.shape[0], -1), lengths[:, None].astype(x.dtype)], axis=1))

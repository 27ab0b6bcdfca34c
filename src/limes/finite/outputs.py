"""What a network says of a batch."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from limes.core import precision
from limes.core.types import Array
from limes.finite.linearise import as_partial
from limes.finite.network import Apply, precision_of


def outputs(apply: Apply, params: Any, x: Array) -> np.ndarray:
    """Outputs of a batch in the precision of the weights: (n, features...) -> (n, c).

    Compiled once for a function and the shapes: other weights, and other origins of `linearise`, compile nothing.

    Raises:
        InputError: for params without floating leaves.
        DtypeError: for weights other than float32 and float64.

    Example:
        >>> outputs(lambda w, x: x * w, np.float32(2.0), [[1.0], [3.0]]).tolist()
        [[2.0], [6.0]]
    """
    dtype = precision_of(params)
    with precision.scope(dtype):
        return np.asarray(_forward(as_partial(apply), params, jnp.asarray(x, dtype)))


@jax.jit
def _forward(apply: Partial, params: Any, x: jax.Array) -> jax.Array:
    return apply(params, x)

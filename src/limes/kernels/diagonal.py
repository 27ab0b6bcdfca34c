"""The kernel of each input with itself."""

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.types import Array, Kind
from limes.kernels.block import block
from limes.kernels.compiling import jit_of_net
from limes.kernels.state import KernelRule

_NUMBERS = 1 << 22  # of inputs and covariances in flight


def _own(net: KernelRule, kind: Kind, x: jax.Array) -> jax.Array:
    return jax.vmap(lambda row: block(net, (kind,), row[None], row[None], one=True)[0][0, 0])(x)


_jit_own = jit_of_net(_own, (0, 1))


def diagonal(net: KernelRule, x: Array, kind: Kind = "ntk") -> np.ndarray:
    """K(x_i, x_i) for each row: (n,), in the precision of the input.

    Args:
        net: the architecture.
        x: (n, features...), float32 or float64.
        kind: "ntk" or "nngp".

    Raises:
        DtypeError, InputError: as `limes.kernels.kernel`.

    Cost: that of n pairs.
    """
    x = np.asarray(x)
    dtype = precision.float_dtype(x)
    precision.require_finite(x, "x")
    positions = int(np.prod(x.shape[1:-1], dtype=np.int64)) if net.layout == "pairs" else 1
    rows = max(1, min(len(x), _NUMBERS // (x[:1].size + positions**2)))
    out = np.empty(len(x), dtype)
    with precision.scope(dtype):
        for start in range(0, len(x), rows):
            part = x[start : start + rows]
            filled = np.concatenate([part, np.repeat(part[:1], rows - len(part), axis=0)])  # one shape to compile
            out[start : start + rows] = np.asarray(_jit_own(net, kind, jnp.asarray(filled)))[: len(part)]
    return out

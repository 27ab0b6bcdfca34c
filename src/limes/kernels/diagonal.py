"""The kernel of each input with itself."""

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.types import Array, Kind
from limes.kernels.block import Batch, block
from limes.kernels.compiling import jit_of_net
from limes.kernels.sequences import split
from limes.kernels.state import KernelRule

_NUMBERS = 1 << 22  # of inputs and covariances in flight


def _own(net: KernelRule, kind: Kind, x: Batch) -> jax.Array:
    def of_one(row: Batch) -> jax.Array:
        one = jax.tree.map(lambda part: part[None], row)
        return block(net, (kind,), one, one, one=True)[0][0, 0]

    return jax.vmap(of_one)(x)


_jit_own = jit_of_net(_own, (0, 1))


def diagonal(net: KernelRule, x: Array | tuple[Array, Array], kind: Kind = "ntk") -> np.ndarray:
    """K(x_i, x_i) for each row: (n,), in the precision of the input.

    Args:
        net: the architecture.
        x: (n, features...), float32 or float64; for recurrent nets also a pair (x, lengths).
        kind: "ntk" or "nngp".

    Raises:
        DtypeError, InputError: as `limes.kernels.kernel`.

    Cost: that of n pairs.
    """
    x, lengths = split(x)
    x = np.asarray(x)
    dtype = precision.float_dtype(x)
    precision.require_finite(x, "x")
    positions = int(np.prod(x.shape[1:-1], dtype=np.int64)) if net.layout == "pairs" else 1
    rows = max(1, min(len(x), _NUMBERS // (x[:1].size + positions**2)))
    out = np.empty(len(x), dtype)
    with precision.scope(dtype):
        for start in range(0, len(x), rows):
            take = np.minimum(np.arange(start, start + rows), len(x) - 1)  # filled up: one shape to compile
            part = jnp.asarray(x[take])
            found = _jit_own(net, kind, part if lengths is None else (part, jnp.asarray(lengths[take])))
            out[start : start + rows] = np.asarray(found)[: len(x) - start]
    return out

"""Recurrent kernels at many standard deviations: one compiled program for all of a grid.

A program for series of one length takes a second to compile and often much less to run. It depends on the activation,
the read-out and the length; standard deviations are numbers that it is given, see `limes.nets.layer.Layer.adjusted`.
"""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.kernels.block import Batch, block
from limes.kernels.tiles import tile_size
from limes.nets import Dense, Net, Recurrent, serial
from limes.nets.recurrent import Readout

Numbers = Mapping[str, float]
"""Values of w_std, u_std, b_std and h_std; those that are missing have the layer's defaults."""
Series = np.ndarray | tuple[np.ndarray, np.ndarray]
"""Series (n, time, channels) of one length, or a pair of them, padded with zeros on the right, and their lengths."""
_DEFAULTS = {field: float(getattr(Recurrent, field)) for field in ("w_std", "u_std", "b_std", "h_std")}
_MOST_ROWS = 64  # of a tile; smaller tiles waste less on the rows by which the last one is filled up


def family(activation: str, readout: Readout) -> Net:
    """The net of one recurrent layer and a dense read-out, its numbers left open."""
    return serial(Recurrent(activation, readout=readout), Dense())


def at(net: Net, numbers: Mapping[str, jax.Array]) -> Net:
    """A member of a family, at numbers that may be traced."""
    return serial(net.layers[0].adjusted(numbers), *net.layers[1:])


def ntk(net: Net, numbers: Numbers, x1: Series, x2: Series | None = None) -> np.ndarray:
    """NTK (n1, n2) of a family's member.

    Args:
        net: from `family`.
        numbers: see `Numbers`.
        x1: in float32 or float64.
        x2: of the same number of steps; None stands for x1, and then half of the tiles are computed.

    Cost: that of `net.kernel`, without compilation from the second call of a family, length and precision on.
    """
    other = x1 if x2 is None else x2
    first, dtype, rows = _array(x1), precision.float_dtype(_array(x1), _array(other)), _tile_rows(net, x1)
    out = np.empty((len(first), len(_array(other))), dtype)
    with precision.scope(dtype):
        values = as_arrays(numbers, dtype)
        pieces1 = _pieces(x1, rows)
        pieces2 = pieces1 if x2 is None else _pieces(x2, rows)
        for i, (start, a) in enumerate(pieces1):
            for stop, b in pieces2[i if x2 is None else 0 :]:
                tile = np.asarray(_tile(net, values, a, b))[: out.shape[0] - start, : out.shape[1] - stop]
                out[start : start + rows, stop : stop + rows] = tile
                if x2 is None:
                    out[stop : stop + rows, start : start + rows] = tile.T
    return out


def own(net: Net, numbers: Numbers, x: Series) -> np.ndarray:
    """NTK (n,) of each series with itself, from the tiles on the diagonal: with the program of `ntk`, not another."""
    dtype, rows = precision.float_dtype(_array(x)), _tile_rows(net, x)
    with precision.scope(dtype):
        values = as_arrays(numbers, dtype)
        parts = [np.diagonal(np.asarray(_tile(net, values, piece, piece))) for _, piece in _pieces(x, rows)]
    return np.concatenate(parts)[: len(_array(x))]


def cosines(kernel: np.ndarray, own1: np.ndarray, own2: np.ndarray) -> np.ndarray:
    """K(x, z) / sqrt(K(x, x) K(z, z)) in float64, as `limes.RNTKClassifier` has it."""
    first, second = (1.0 / np.sqrt(np.asarray(diagonal, np.float64)) for diagonal in (own1, own2))
    return first[:, None] * np.asarray(kernel, np.float64) * second


def as_arrays(numbers: Numbers, dtype: np.dtype) -> dict[str, jax.Array]:
    """All four numbers, to be given to a compiled function."""
    return {field: jnp.asarray(numbers.get(field, default), dtype) for field, default in _DEFAULTS.items()}


@partial(jax.jit, static_argnums=0)
def _tile(net: Net, numbers: dict[str, jax.Array], a: Batch, b: Batch) -> jax.Array:
    return block(at(net, numbers), ("ntk",), a, b)[0]


def _array(x: Series) -> np.ndarray:
    return x[0] if isinstance(x, tuple) else x


def _tile_rows(net: Net, x: Series) -> int:
    """The same for every batch of a number of steps, so that all share a program."""
    return min(tile_size(net, _array(x).shape[1:], _array(x).dtype.itemsize), _MOST_ROWS)


def _pieces(x: Series, rows: int) -> list[tuple[int, Batch]]:
    """Batches of `rows` series with the number of the first; the last one is filled up with its last series."""
    n = len(_array(x))
    taken = [(start, np.minimum(np.arange(start, start + rows), n - 1)) for start in range(0, n, rows)]
    return [(start, jax.tree.map(lambda part, index=index: jnp.asarray(part[index]), x)) for start, index in taken]

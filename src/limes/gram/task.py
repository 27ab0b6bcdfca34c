"""What a worker of a cluster runs, and what the process that asks for it checks before."""

import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import numpy as np

from limes.core import memory as mem
from limes.core import precision
from limes.core.errors import FormatError, InputError
from limes.core.types import Array, Kind
from limes.gram.manifest import Manifest
from limes.gram.store import GramStore, open
from limes.kernels import estimate_bytes
from limes.nets import Net

TILE = 2048
_SHARE = 0.6  # of a worker's memory: beyond it Dask begins to write results to disk


def check_inputs(net: Net, x: Array, kind: Kind, tile: int) -> tuple[np.ndarray, int]:
    """The batch as NumPy, and the rows of a tile, at most all.

    Raises:
        InputError: for no rows, NaN, infinity, or a kind or tile that is none.
        NetError: if the net does not fit the data.
    """
    x = np.asarray(x)
    dtype = precision.float_dtype(x)
    if kind not in ("ntk", "nngp"):
        raise InputError(f"kind must be 'ntk' or 'nngp', not {kind!r}")
    if not isinstance(tile, int) or tile < 1:
        raise InputError(f"tile must be a positive integer, not {tile!r}")
    if len(x) == 0:
        raise InputError("a Gram matrix needs at least one row")
    precision.require_finite(x, "x")
    with precision.scope(dtype):  # the recursion without numbers: it meets what the net refuses
        jax.eval_shape(lambda row: net.kernel(row, get=kind), jax.ShapeDtypeStruct((1, *x.shape[1:]), dtype))
    return x, min(tile, len(x))


def tile_bytes(net: Net, x: np.ndarray, kind: Kind, tile: int) -> int:
    """Estimated peak bytes of computing a tile of the batch, beside its inputs."""
    shape = jax.eval_shape(net.prepare, jax.ShapeDtypeStruct((1, *x.shape[1:]), np.float32)).shape[1:]
    return estimate_bytes(net, tile, tile, shape, (kind,), x.dtype)


def require_tile(net: Net, x: np.ndarray, kind: Kind, tile: int, memory: str | int | None = None) -> None:
    """Refuse tiles that would not fit into the memory of this process.

    Raises:
        MemoryRefused: with size, limit and ways out.
    """
    what = f"a tile of {tile} x {tile} in {x.dtype}"
    mem.require(tile_bytes(net, x, kind, tile), what, f"use smaller tiles (tile={max(1, tile // 2)})", memory)


def compute_tile(
    net: Net, kind: Kind, rows: np.ndarray, columns: np.ndarray | None, memory: str | int | None = None
) -> np.ndarray:
    """The kernel between two row blocks; `columns` is None on the diagonal.

    Raises:
        MemoryRefused: if it would not fit into `memory`, on a worker by default into its share.
    """
    found = net.kernel(rows, columns, get=kind, memory=_worker_memory() if memory is None else memory)
    return np.asarray(getattr(found, kind))


def read_tile(path: str, manifest: Manifest, i: int, j: int) -> np.ndarray:
    """A tile of a store on a file system that the workers share.

    Raises:
        FormatError: if the store, or the tile, cannot be read there.
        InputError: if another store lies there.
    """
    store = _opened(path)
    store.require(manifest)
    return store.tile(i, j)


def on_tile(function: Callable[..., Any], make: Callable[..., np.ndarray], of: tuple, *arguments: Any) -> Any:
    """A function of a tile that is made for it and forgotten."""
    return function(make(*of), *arguments)


def same(value: Any) -> Any:
    """The value: as a task, it is in the scheduler's hands and outlives the worker that holds it."""
    return value


@lru_cache(maxsize=8)
def _opened(path: str) -> GramStore:
    if not Path(path).exists():
        raise FormatError(f"{path} is not there on a worker: put the store on a file system that all workers share")
    return open(path)


def _worker_memory() -> int | None:
    """Bytes that a tile may take on a Dask worker; None elsewhere, and for workers without a limit."""
    if "distributed" not in sys.modules:  # a worker has it; elsewhere it would take a second
        return None
    from distributed import get_worker

    try:
        worker = get_worker()
    except ValueError:
        return None
    limit = getattr(getattr(worker, "memory_manager", None), "memory_limit", None)
    return int(_SHARE * limit / worker.state.nthreads) if limit else None

"""Making a stored Gram matrix: which tiles are to do, and by whom."""

import random
from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from limes.core.errors import MemoryRefused
from limes.core.progress import Progress, Quiet
from limes.core.types import Array, Kind
from limes.gram import cluster
from limes.gram.manifest import describe
from limes.gram.store import GramStore, create
from limes.gram.task import TILE, check_inputs, compute_tile, require_tile
from limes.gram.tiled import Number
from limes.nets import Net

if TYPE_CHECKING:
    from distributed import Client


def build(
    path: str | Path,
    net: Net,
    x: Array,
    *,
    kind: Kind = "ntk",
    tile: int = TILE,
    memory: str | int | None = None,
    scheduler: "str | Client | None" = None,
    progress: Progress | None = None,
) -> GramStore:
    """Make the Gram matrix of a batch on disk, or continue one that is not finished.

    Tiles that are missing or do not match their checksums are computed, all others are kept. In one process they come
    in random order, so that several processes that build the same store do little twice.

    With a scheduler the workers of a Dask cluster compute the tiles, two in flight for each of their threads, and this
    process writes them: workers need no common file system, and what they hold does not grow with the matrix. A worker
    that dies costs the tiles it had, which Dask gives to others.

    Args:
        path: folder; made where it does not exist.
        net: the architecture.
        x: (n, features...), float32 or float64.
        kind: "ntk" or "nngp".
        tile: rows and columns of a tile.
        memory: limit for computing a tile, in bytes or as "6GB"; on a cluster by default 0.6 of what a worker has for
            each of its threads.
        scheduler: address of a running Dask scheduler ("tcp://HOST:PORT"), or a `distributed.Client`; None for this
            process.
        progress: reports a step for each tile.

    Raises:
        InputError: for a store of other data, another net, kind, precision or tile, or a folder that is none.
        NetError: if the net does not fit the data.
        MemoryRefused: if a tile would not fit into memory.
        DiskFullError: if the disk is too small or full; what has been done is kept.
        ClusterError: if the scheduler cannot be reached, or is lost; what has been done is kept.
        MissingPackage: without zarr, or, for a cluster, distributed.

    Cost: that of the kernel; n^2 / 2 numbers of disk. Memory: the batch and two tiles. On a cluster the tiles pass
    through this process once, and the batch is held once more by the scheduler.

    Example:
        >>> import tempfile, numpy as np, limes as lm
        >>> x = np.random.default_rng(0).normal(size=(50, 3))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = lm.gram.build(folder + "/gram", lm.nets.mlp(3), x, tile=16)
        ...     np.allclose(store[:10], lm.nets.mlp(3).kernel(x).ntk[:10])
        True
    """
    x, tile = check_inputs(net, x, kind, tile)
    if scheduler is None:
        require_tile(net, x, kind, tile, memory)
    manifest, progress = describe(net, x, kind, tile), progress or Quiet()
    with cluster.connected(scheduler, progress) if scheduler is not None else nullcontext() as client:
        store = create(Path(path), manifest)
        todo = store.missing() + store.damaged(progress)
        if client is None:
            made = _here(store, net, x, memory, todo, progress)
        else:
            made = _on_workers(store, net, x, memory, todo, client, progress)
        with closing(made):  # also after an error, so that no worker goes on
            for (i, j), values in made:
                store._write(i, j, values)
                progress.step()
    return store


def _here(
    store: GramStore, net: Net, x: np.ndarray, memory: Any, todo: list[Number], progress: Progress
) -> Generator[tuple[Number, np.ndarray]]:
    random.Random().shuffle(todo)
    progress.start("Gram tiles", len(todo))
    for i, j in _left(store, todo, progress):
        rows, columns = x[store._slice(i)], x[store._slice(j)]
        yield (i, j), compute_tile(net, store.manifest.kind, rows, None if i == j else columns, memory)


def _on_workers(
    store: GramStore, net: Net, x: np.ndarray, memory: Any, todo: list[Number], client: Any, progress: Progress
) -> Generator[tuple[Number, np.ndarray]]:
    progress.start("Gram tiles", len(todo))
    needed = {k for number in todo for k in number}
    rows = dict(zip(needed, cluster.lend(client, [x[store._slice(k)] for k in needed]), strict=True))
    kind = store.manifest.kind

    def submit(number: Number) -> Any:
        i, j = number
        columns = None if i == j else rows[j]
        return client.submit(compute_tile, net, kind, rows[i], columns, memory, key=cluster.key("tile", i, j))

    # in their order, and not at random: neighbours share their rows
    numbers = _left(store, sorted(todo), progress)
    try:
        with closing(cluster.in_flight(client, numbers, submit, progress)) as made:
            yield from made
    except MemoryRefused as error:
        small = max(1, store.manifest.tile // 2)
        raise MemoryRefused(f"{error}; or use smaller tiles (tile={small}, in a new folder)") from error


def _left(store: GramStore, todo: list[Number], progress: Progress) -> Iterator[Number]:
    """Those that no other process has made meanwhile."""
    for i, j in todo:
        if store._file(i, j).exists() and store.holds(i, j):
            progress.step()
        else:
            yield i, j

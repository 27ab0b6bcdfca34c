"""Gram matrices on disk: planned, built or continued, and checked."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limes import gram
from limes.core import memory as mem
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.types import Kind
from limes.data import load
from limes.gram.manifest import Manifest, describe
from limes.gram.store import disk_bytes
from limes.gram.task import TILE, check_inputs, require_tile, tile_bytes
from limes.jobs.rows import training_rows
from limes.jobs.speed import pair_seconds
from limes.machines.scaling import scaled
from limes.nets import Net
from limes.nets.names import parse_net


@dataclass(frozen=True)
class _Inputs:
    """Rows as a machine would take them into its kernel, and the net."""

    net: Net
    x: np.ndarray
    notes: tuple[str, ...]


def build_gram(
    data: str | None = None,
    *,
    out: str | Path,
    net: str | None = None,
    kind: Kind = "ntk",
    tile: int = TILE,
    dtype: str | None = None,
    n_train: int | None = None,
    seed: int = 0,
    memory: str | None = None,
    scheduler: str | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Build the Gram matrix of the rows that `limes.jobs.fit` would fit to, scaled as there, or continue one.

    Args:
        data: what `limes.data.load` reads.
        out: folder of the store.
        net: see `limes.nets.names.parse_net`.
        kind: "ntk" or "nngp".
        tile: rows and columns of a tile.
        dtype: "float32" or "float64"; that of the data where None.
        n_train: training rows, drawn with `seed`; all where None.
        seed: of the draw.
        memory: limit for computing a tile.
        scheduler: address of a Dask scheduler whose workers compute the tiles; None for this process.
        data_dir: see `limes.data.load`.
        target: the same.
        progress: told of every tile.

    Returns:
        store, rows, kind, dtype, net, tile, tiles, disk_bytes, seconds, notes.

    Raises:
        InputError, FormatError, NetError: for data or arguments that cannot be used, and a store of something else.
        MemoryRefused, DiskFullError, ClusterError, MissingPackage: see `limes.gram.build`.
    """
    given = _inputs(data, net, dtype, n_train, seed, data_dir, target)
    since, progress = time.perf_counter(), progress or Quiet()
    manifest = _manifest(given, kind, tile)
    if (left := _left(out, manifest)) is not None:
        progress.note(f"{_n_tiles(manifest) - left} tiles are there already, {left} missing")
    store = gram.build(
        out, given.net, given.x, kind=kind, tile=tile, memory=memory, scheduler=scheduler, progress=progress
    )
    return {
        "store": str(store.path),
        **_about(store.manifest, given),
        "seconds": round(time.perf_counter() - since, 3),
        "notes": list(given.notes),
    }


def plan_gram(
    data: str | None = None,
    *,
    out: str | Path,
    net: str | None = None,
    kind: Kind = "ntk",
    tile: int = TILE,
    dtype: str | None = None,
    n_train: int | None = None,
    seed: int = 0,
    memory: str | None = None,
    scheduler: str | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
) -> dict[str, Any]:
    """What `build_gram` would do: tiles, bytes, and seconds for this machine alone (expect a factor of two).

    Arguments and errors are those of `build_gram`. Nothing is written, and no cluster is asked.

    Returns:
        rows, kind, dtype, net, tile, tiles, disk_bytes; tiles_left, disk_free_bytes, tile_memory_bytes,
        memory_limit_bytes, seconds, notes.
    """
    given = _inputs(data, net, dtype, n_train, seed, data_dir, target)
    manifest, path = _manifest(given, kind, tile), Path(out)
    x, rows, tiles = given.x, manifest.tile, _n_tiles(manifest)
    if scheduler is None:
        require_tile(given.net, x, kind, rows, memory)
    left = _left(out, manifest)
    left = tiles if left is None else left
    beside = next(p for p in (path, *path.absolute().parents) if p.exists())
    whole = pair_seconds(given.net, x.shape[1:], x.dtype) * len(x) ** 2 / 2
    return {
        **_about(manifest, given),
        "tiles_left": left,
        "disk_free_bytes": shutil.disk_usage(beside).free,
        "tile_memory_bytes": int(tile_bytes(given.net, x, kind, rows)),
        "memory_limit_bytes": mem.limit(memory),
        "seconds": round(whole * left / tiles, 1),
        "notes": list(given.notes),
    }


def check_gram(store: str | Path, progress: Progress | None = None) -> dict[str, Any]:
    """Read a whole store, and list its tiles that are missing or do not match their checksums.

    Args:
        store: folder.
        progress: told of every tile.

    Returns:
        store, rows, kind, dtype, tile, tiles, missing and damaged (lists of [block row, block column]).

    Raises:
        FormatError: if there is no store.
    """
    opened = gram.open(store)
    return {
        "store": str(store),
        **_about(opened.manifest),
        "missing": [list(number) for number in opened.missing()],
        "damaged": [list(number) for number in opened.damaged(progress)],
    }


def _inputs(
    data: str | None,
    net: str | None,
    dtype: str | None,
    n_train: int | None,
    seed: int,
    data_dir: str | None,
    target: str | int | None,
) -> _Inputs:
    if dtype not in (None, "float32", "float64"):
        raise InputError(f"dtype must be float32 or float64, not {dtype!r}")
    dataset = load(data, data_dir, target)
    x, _ = training_rows(dataset, n_train, seed)
    x = x if dtype is None else x.astype(dtype)
    return _Inputs(parse_net(net, dataset.shape), scaled(x, dataset.scale), dataset.notes)


def _manifest(given: _Inputs, kind: Kind, tile: int) -> Manifest:
    x, rows = check_inputs(given.net, given.x, kind, tile)
    return describe(given.net, x, kind, rows)


def _left(folder: str | Path, manifest: Manifest) -> int | None:
    """Tiles that a store lacks; None where none was begun. Refuses a store of something else."""
    if not (Path(folder) / "zarr.json").exists():
        return None
    begun = gram.open(folder)
    begun.require(manifest)
    return len(begun.missing())


def _n_tiles(manifest: Manifest) -> int:
    side = -(-manifest.n // manifest.tile)
    return side * (side + 1) // 2


def _about(manifest: Manifest, given: _Inputs | None = None) -> dict[str, Any]:
    named = {} if given is None else {"net": str(given.net)}
    sizes = {"tile": manifest.tile, "tiles": _n_tiles(manifest), "disk_bytes": disk_bytes(manifest)}
    return {"rows": manifest.n, "kind": manifest.kind, "dtype": manifest.dtype, **named, **sizes}

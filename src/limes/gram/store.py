"""A Gram matrix as tiles of a Zarr array: made once, continued after a crash, read by rows.

Tiles on the diagonal and above it are stored; the rest is their transpose. A tile is one chunk, written under another
name and renamed, and ends with its CRC-32C: what is there is whole, and what rots is noticed. So a build that was
killed goes on where it stopped, several processes may build one store, and a flipped bit costs no more than its tile.
"""

import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from limes.core import chunks, precision
from limes.core.errors import FormatError, InputError, MemoryRefused
from limes.core.progress import Progress, Quiet
from limes.core.types import Array, Kind
from limes.gram.manifest import Manifest, describe
from limes.nets import Net

TILE = 2048
_NAME = "limes_gram"


class GramStore:
    """A Gram matrix on disk, read as an array: `store[rows]` for a slice, a row number or an array of them.

    Products (`store @ block`), `limes.linalg.cg` and NumPy's functions of rows need no more of it in memory than the
    rows they ask for.

    Attributes:
        path: folder of the store.
        manifest: what it is of.
    """

    def __init__(self, path: str | Path, array: Any, manifest: Manifest) -> None:
        self.path, self.manifest, self._array = Path(path), manifest, array

    @property
    def shape(self) -> tuple[int, int]:
        """(n, n)."""
        return self.manifest.n, self.manifest.n

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return np.dtype(self.manifest.dtype)

    def __len__(self) -> int:
        return self.manifest.n

    def _slice(self, k: int) -> slice:
        tile = self.manifest.tile
        return slice(k * tile, min((k + 1) * tile, self.manifest.n))

    @property
    def _side(self) -> int:
        return -(-self.manifest.n // self.manifest.tile)

    def require(self, net: Net, x: np.ndarray, kind: Kind) -> None:
        """Refuse a store that is of anything else, or not finished.

        Raises:
            InputError: for other data, another net or kind.
            FormatError: if tiles are missing.

        Cost: a pass over x, and a look at the folder for each tile.
        """
        different = self.manifest.difference(describe(net, x, kind, self.manifest.tile))
        if different is not None:
            raise InputError(f"{self.path} holds a Gram matrix of {different}")
        if missing := self.missing():
            raise FormatError(f"{len(missing)} tiles of {self.path} are not there yet: build it again to continue")

    def tiles(self) -> Iterator[tuple[int, int]]:
        """Numbers (i, j) of all tiles that a store holds, i <= j."""
        return ((i, j) for i in range(self._side) for j in range(i, self._side))

    def _file(self, i: int, j: int) -> Path:
        return self.path / "c" / str(i) / str(j)

    def missing(self) -> list[tuple[int, int]]:
        """Tiles that are not there yet. Cost: a look at the folder for each."""
        return [(i, j) for i, j in self.tiles() if not self._file(i, j).exists()]

    def damaged(self, progress: Progress | None = None) -> list[tuple[int, int]]:
        """Tiles that are there and do not match their checksums. Cost: the whole store is read."""
        there = [(i, j) for i, j in self.tiles() if self._file(i, j).exists()]
        progress = progress or Quiet()
        progress.start("checking tiles", len(there))
        found = []
        for i, j in there:
            try:
                self._array[self._slice(i), self._slice(j)]
            except ValueError:
                found.append((i, j))
            progress.step()
        return found

    def tile(self, i: int, j: int) -> np.ndarray:
        """The tile of block row i and block column j, from disk or as the transpose of what is there.

        Raises:
            FormatError: if it is not there, or does not match its checksum.
        """
        if i > j:
            return self.tile(j, i).T
        if not self._file(i, j).exists():
            raise FormatError(f"tile {i}, {j} of {self.path} is not there yet: build the store again to continue")
        try:
            return self._array[self._slice(i), self._slice(j)]
        except ValueError as error:
            raise FormatError(
                f"tile {i}, {j} of {self.path} is damaged ({error}): build the store again, which makes that tile anew"
            ) from error

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Rows of the matrix: (k, n) for a slice or an array of numbers, (n,) for one number."""
        n = self.manifest.n
        if isinstance(rows, int | np.integer):
            return self[np.array([rows])][0]
        wanted = np.zeros((0, 0)) if isinstance(rows, tuple) else np.arange(n)[rows]
        if wanted.ndim != 1:
            raise InputError("a store is read by rows: store[rows] with a slice or a list of row numbers")
        out = np.empty((len(wanted), n), self.dtype)
        for i in np.unique(wanted // self.manifest.tile):
            inside = np.flatnonzero(wanted // self.manifest.tile == i)
            local = wanted[inside] - i * self.manifest.tile
            for j in range(self._side):
                out[inside, self._slice(j)] = self.tile(int(i), j)[local]
        return out

    def __matmul__(self, block: np.ndarray) -> np.ndarray:
        """The matrix times (n, c), in the precision of both; each tile is read once."""
        block = np.asarray(block)
        out = np.zeros(block.shape, np.result_type(self.dtype, block))
        for i, j in self.tiles():
            tile, rows, columns = self.tile(i, j), self._slice(i), self._slice(j)
            out[rows] += tile @ block[columns]
            if i != j:
                out[columns] += tile.T @ block[rows]
        return out

    def diagonal(self) -> np.ndarray:
        """K(x_i, x_i): (n,)."""
        return np.concatenate([np.diagonal(self.tile(i, i)) for i in range(self._side)])

    def _write(self, i: int, j: int, values: np.ndarray) -> None:
        with chunks.writing(lambda: f"{len(self.missing())} tiles of {self.path} are left to do"):
            self._array[self._slice(i), self._slice(j)] = values


def build(
    path: str | Path,
    net: Net,
    x: Array,
    *,
    kind: Kind = "ntk",
    tile: int = TILE,
    memory: str | int | None = None,
    progress: Progress | None = None,
) -> GramStore:
    """Make the Gram matrix of a batch on disk, or continue one that is not finished.

    Tiles that are missing or do not match their checksums are computed, in random order, so that several processes that
    build the same store do little twice; all others are kept.

    Args:
        path: folder; made where it does not exist.
        net: the architecture.
        x: (n, features...), float32 or float64.
        kind: "ntk" or "nngp".
        tile: rows and columns of a tile.
        memory: limit in bytes or as "6GB".
        progress: reports a step for each tile.

    Raises:
        InputError: for a store of other data, another net, kind, precision or tile, or a folder that is none.
        MemoryRefused: if a tile would not fit into memory.
        DiskFullError: if the disk is too small or full; what has been done is kept.

    Cost: that of the kernel; n^2 / 2 numbers of disk. Memory: the batch and two tiles.

    Example:
        >>> import tempfile, numpy as np, limes as lm
        >>> x = np.random.default_rng(0).normal(size=(50, 3))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = lm.gram.build(folder + "/gram", lm.nets.mlp(3), x, tile=16)
        ...     np.allclose(store[:10], lm.nets.mlp(3).kernel(x).ntk[:10])
        True
    """
    x = np.asarray(x)
    precision.float_dtype(x)
    if kind not in ("ntk", "nngp"):
        raise InputError(f"kind must be 'ntk' or 'nngp', not {kind!r}")
    if not isinstance(tile, int) or tile < 1:
        raise InputError(f"tile must be a positive integer, not {tile!r}")
    if len(x) == 0:
        raise InputError("a store needs at least one row")
    precision.require_finite(x, "x")
    manifest = describe(net, x, kind, min(tile, len(x)))
    store = _create(Path(path), manifest)
    progress = progress or Quiet()
    todo = store.missing() + store.damaged()
    random.Random().shuffle(todo)
    progress.start("Gram tiles", len(todo))
    for i, j in todo:
        if store._file(i, j).exists() and _whole(store, i, j):  # another process has made it
            progress.step()
            continue
        rows, columns = x[store._slice(i)], x[store._slice(j)]
        try:
            found = net.kernel(rows, None if i == j else columns, get=kind, memory=memory)
        except MemoryRefused as error:
            raise MemoryRefused(f"{error}; or use smaller tiles (tile={max(1, tile // 2)}, in a new store)") from error
        store._write(i, j, np.asarray(getattr(found, kind)))
        progress.step()
    return store


def _whole(store: GramStore, i: int, j: int) -> bool:
    try:
        store.tile(i, j)
    except FormatError:
        return False
    return True


def open(path: str | Path) -> GramStore:
    """A store that `build` made, finished or not.

    Raises:
        FormatError: if there is none.
    """
    return _opened(Path(path), "r")


def _opened(path: Path, mode: str) -> GramStore:
    try:
        array = chunks.open_array(path, mode)
        return GramStore(path, array, Manifest.from_dict(array.attrs.get(_NAME)))
    except (OSError, ValueError, KeyError, InputError) as error:
        raise FormatError(f"{path} holds no Gram matrix that can be read ({error})") from error


def _create(path: Path, manifest: Manifest) -> GramStore:
    """The store of a manifest, a new one or one that is there.

    The description is written together with the array, in one file, so that there is no store without it.
    """
    if (path / "zarr.json").exists():
        store = _opened(path, "r+")
        different = store.manifest.difference(manifest)
        if different is not None:
            raise InputError(f"{path} holds a Gram matrix of {different}: choose another folder")
        return store
    if path.exists() and any(path.iterdir()):
        raise InputError(f"{path} is not empty and holds no Gram matrix: choose another folder")
    path.mkdir(parents=True, exist_ok=True)
    side = math.ceil(manifest.n / manifest.tile)
    needed = side * (side + 1) // 2 * manifest.tile**2 * np.dtype(manifest.dtype).itemsize
    what = f"a Gram matrix of {manifest.n} rows in {manifest.dtype}"
    chunks.require_disk(path, needed, what, "choose another disk, float32 inputs or fewer rows")
    try:
        shape = (manifest.n, manifest.n)
        chunks.create_array(path, shape, manifest.tile, manifest.dtype, {_NAME: manifest.to_dict()})
    except ValueError:  # another process was faster
        if not (path / "zarr.json").exists():
            raise
    return _create(path, manifest)

"""A Gram matrix as tiles of a Zarr array: made once, continued after a crash, read by rows.

Tiles on the diagonal and above it are stored; the rest is their transpose. A tile is one chunk, written under another
name and renamed, and ends with its CRC-32C: what is there is whole, and what rots is noticed. So a build that was
killed goes on where it stopped, several processes may build one store, and a flipped bit costs no more than its tile.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from limes.core import chunks
from limes.core.errors import FormatError, InputError
from limes.core.progress import Progress, Quiet
from limes.gram.manifest import Manifest
from limes.gram.tiled import Number, TiledGram

_NAME = "limes_gram"


class GramStore(TiledGram):
    """A Gram matrix on disk, see `limes.gram.tiled.TiledGram` for rows and products.

    Attributes:
        path: folder of the store.
        manifest: what it is of.
    """

    def __init__(self, path: str | Path, array: Any, manifest: Manifest) -> None:
        self.path, self.manifest, self._array = Path(path), manifest, array
        self._n, self._tile, self._dtype = manifest.n, manifest.tile, np.dtype(manifest.dtype)

    def _file(self, i: int, j: int) -> Path:
        return self.path / "c" / str(i) / str(j)

    def missing(self) -> list[Number]:
        """Tiles that are not there yet. Cost: a look at the folder for each."""
        return [(i, j) for i, j in self.tiles() if not self._file(i, j).exists()]

    def damaged(self, progress: Progress | None = None) -> list[Number]:
        """Tiles that are there and do not match their checksums. Cost: the whole store is read."""
        there = [(i, j) for i, j in self.tiles() if self._file(i, j).exists()]
        progress = progress or Quiet()
        progress.start("checking tiles", len(there))
        found = []
        for i, j in there:
            if not self.holds(i, j):
                found.append((i, j))
            progress.step()
        return found

    def holds(self, i: int, j: int) -> bool:
        """Whether a tile is there and matches its checksum. Cost: it is read."""
        try:
            self.tile(i, j)
        except FormatError:
            return False
        return True

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

    def require(self, manifest: Manifest) -> None:
        """Refuse to be taken for the matrix of another description.

        Raises:
            InputError: saying what this store is of.
        """
        different = self.manifest.difference(manifest)
        if different is not None:
            raise InputError(f"{self.path} holds a Gram matrix of {different}: choose another folder")

    def require_whole(self) -> None:
        """Refuse a store that is not finished. Cost: a look at the folder for each tile.

        Raises:
            FormatError: saying how many tiles are missing.
        """
        if missing := self.missing():
            raise FormatError(f"{len(missing)} tiles of {self.path} are not there yet: build it again to continue")

    def _map(self, function: Callable[..., Any], calls: Iterable[tuple[Number, tuple]]) -> Iterator[Any]:
        return (function(self.tile(i, j), *arguments) for (i, j), arguments in calls)

    def _write(self, i: int, j: int, values: np.ndarray) -> None:
        with chunks.writing(lambda: f"{len(self.missing())} tiles of {self.path} are left to do"):
            self._array[self._slice(i), self._slice(j)] = values


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


def create(path: Path, manifest: Manifest) -> GramStore:
    """The store of a manifest, a new one or one that is there.

    The description is written together with the array, in one file, so that there is no store without it.

    Raises:
        InputError: for a store of something else, or a folder that is none.
        DiskFullError: if the disk is too small.
    """
    if (path / "zarr.json").exists():
        store = _opened(path, "r+")
        store.require(manifest)
        return store
    if path.exists() and any(path.iterdir()):
        raise InputError(f"{path} is not empty and holds no Gram matrix: choose another folder")
    path.mkdir(parents=True, exist_ok=True)
    what = f"a Gram matrix of {manifest.n} rows in {manifest.dtype}"
    chunks.require_disk(path, disk_bytes(manifest), what, "choose another disk, float32 inputs or fewer rows")
    try:
        shape = (manifest.n, manifest.n)
        chunks.create_array(path, shape, manifest.tile, manifest.dtype, {_NAME: manifest.to_dict()})
    except ValueError:  # another process was faster
        if not (path / "zarr.json").exists():
            raise
    return create(path, manifest)


def disk_bytes(manifest: Manifest) -> int:
    """What a finished store takes."""
    side = math.ceil(manifest.n / manifest.tile)
    return side * (side + 1) // 2 * manifest.tile**2 * np.dtype(manifest.dtype).itemsize

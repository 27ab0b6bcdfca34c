"""Arrays on disk in chunks that are whole or absent: Zarr v3, one file and checksum a chunk.

A chunk is written under another name and renamed, and ends with its CRC-32C. So a process that was killed leaves no
half-written chunk, and a flipped bit is noticed when the chunk is read.
"""

import contextlib
import errno
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from limes.core import memory as mem
from limes.core.errors import DiskFullError, MissingPackage


def open_array(path: Path, mode: str) -> Any:
    """The Zarr array at a path, to read ("r") or to write too ("r+")."""
    return _zarr().open_array(path, mode=mode)


def create_array(path: Path, shape: tuple[int, ...], chunk: int, dtype: str, attributes: Mapping[str, Any]) -> Any:
    """A new one, its attributes written together with it, in one file."""
    zarr = _zarr()
    from zarr.codecs import Crc32cCodec

    return zarr.create_array(
        path,
        shape=shape,
        chunks=(chunk,) * len(shape),
        dtype=dtype,
        fill_value=np.nan,
        compressors=[Crc32cCodec()],
        attributes=dict(attributes),
    )


def require_disk(path: Path, needed: int, what: str, ways_out: str) -> None:
    """Refuse work that needs more disk than is free at a folder.

    Raises:
        DiskFullError: with size, free space and ways out.
    """
    free = shutil.disk_usage(path).free
    if needed > free:
        raise DiskFullError(
            f"{what} takes {mem.format_bytes(needed)} of disk, but {mem.format_bytes(free)} are free at {path}: "
            f"{ways_out}"
        )


@contextlib.contextmanager
def writing(what: Callable[[], str]) -> Iterator[None]:
    """Name a full disk where something is written in the body.

    Raises:
        DiskFullError: with `what` is left to do and the way on.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFullError(
            f"the disk is full: {what()}; what is there is kept, and the same call continues when there is space"
        ) from error


def _zarr() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise MissingPackage("matrices on disk need zarr: pip install 'limes[scale]'") from error
    return zarr

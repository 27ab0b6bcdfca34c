"""Locks that die with their process, so that a killed run never has to be unlocked by hand."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from limes.core.errors import RunFolderError

try:
    import fcntl
except ImportError:  # not a POSIX system: nothing to lock with
    fcntl = None

NAME = ".lock"


def acquire(folder: Path) -> IO[str]:
    """Lock a folder; the lock lasts until the returned file is closed or the process ends.

    Where the file system offers no locks (some network mounts), the folder is used without one.

    Raises:
        RunFolderError: if another process holds the lock.
    """
    file = (folder / NAME).open("a")
    if fcntl is None:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.EWOULDBLOCK:
            return file
        file.close()
        raise RunFolderError(
            f"another limes run is writing to {folder}: wait for it to end, or choose another folder with --out"
        ) from error
    return file


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Keep other processes that ask for the same from a file, for a moment; they wait.

    The lock is a hidden file beside it, since the file itself may be replaced meanwhile.
    """
    with (path.parent / f".{path.name}{NAME}").open("a") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:  # a file system without locks
                if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL):
                    raise
        yield

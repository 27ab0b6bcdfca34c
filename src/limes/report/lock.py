"""A lock on a folder that dies with its process, so that a killed run never has to be unlocked by hand."""

import errno
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

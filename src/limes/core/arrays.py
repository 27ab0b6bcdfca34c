"""Saving arrays without ever leaving a half-written file under its final name."""

import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from limes.core.errors import FormatError, InputError


def write_atomic(path: str | os.PathLike[str], write: Callable[[IO[bytes]], object]) -> Path:
    """Call ``write(file)`` on a temporary file beside `path` and rename it when all is on disk.

    Raises:
        OSError: if the disk is full or the folder is not writable; the old file, if any, is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # the temporary file's name means nothing to a reader
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, temporary):  # a full disk does not say where
            error.filename = str(path)
        raise
    return path


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text file atomically."""
    return write_atomic(path, lambda file: file.write(text.encode()))


def save_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> Path:
    """Write arrays and a JSON header to one npz file, without pickle.

    Raises:
        InputError: if an array would need pickle (dtype object).
    """
    for name, a in arrays.items():
        if np.asarray(a).dtype == object:
            raise InputError(f"array {name!r} has dtype object and needs pickle to be saved: use numbers or strings")
    header = np.frombuffer(json.dumps(dict(meta)).encode(), dtype=np.uint8)
    contents: dict[str, Any] = {"__meta__": header, **arrays}
    return write_atomic(path, lambda file: np.savez(file, **contents))


def load_npz(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save_npz` wrote: arrays and header.

    Raises:
        FormatError: if the file is missing, truncated, a pickle, or was not written by limes.
    """
    arrays = read_npz(path)
    if "__meta__" not in arrays:
        raise FormatError(f"{path} is an npz file, but limes did not write it: it has no header")
    return arrays, json.loads(arrays.pop("__meta__").tobytes())


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """All arrays of an npz file, without pickle.

    Raises:
        FormatError: if the file is missing, truncated, or not an npz file.
    """
    path = Path(path)
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    if not zipfile.is_zipfile(path):
        raise FormatError(f"{path} is not an npz file, or is truncated: write it again with numpy.savez")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, RuntimeError) as error:
        if "Object arrays" in str(error):
            raise FormatError(
                f"{path} has an array of dtype object, which cannot be read without pickle: save numbers as numbers, "
                "and labels as text (y.astype(str))"
            ) from error
        raise FormatError(
            f"{path} cannot be read as an npz file without pickle ({error}): write plain arrays with numpy.savez"
        ) from error

"""Arrays saved by NumPy: one npz file with rows, labels and optionally a test part."""

import struct
import zlib
from pathlib import Path

import numpy as np

from limes.core.arrays import read_npz
from limes.core.errors import FormatError
from limes.data.dataset import Dataset
from limes.data.prepare import from_arrays

_NAMES = {
    "x": ("x", "x_train"),
    "y": ("y", "y_train"),
    "x_test": ("x_test",),
    "y_test": ("y_test",),
}
_PICKLE_MAGIC = b"\x80"
_ALLOWED = "X and y (or x_train and y_train), and optionally X_test and y_test"


def read_arrays(path: Path) -> Dataset:
    """The data of an npz file with the arrays X, y and optionally X_test, y_test.

    The names x_train, y_train, x_test, y_test are read too, in upper or lower case.

    Raises:
        FormatError: if the file is missing, truncated, damaged, a pickle, or lacks an array.
        InputError: if the arrays cannot be used, see `from_arrays`.
    """
    arrays = _read(path)
    chosen = {role: _choose(arrays, names, path) for role, names in _NAMES.items()}
    for role in ("x", "y"):
        if chosen[role] is None:
            raise FormatError(f"{path} has no array {role}: {_ALLOWED} are read, it has {', '.join(arrays) or 'none'}")
    unused = [name for name in arrays if name not in chosen.values()]
    notes = (f"not used: the arrays {_shorten(unused)}",) if unused else ()
    x, y, x_test, y_test = (None if name is None else arrays[name] for name in chosen.values())
    return from_arrays(x, y, x_test, y_test, name=path.stem, source=str(path), notes=notes)


def read_inputs(path: Path) -> np.ndarray | None:
    """The array X of an npz file that has no labels; None where it has some.

    Raises:
        FormatError: if the file cannot be read, or has no X.
    """
    arrays = _read(path)
    if _choose(arrays, _NAMES["y"], path) is not None:
        return None
    name = _choose(arrays, _NAMES["x"], path)
    if name is None:
        raise FormatError(f"{path} has no array X: it has {', '.join(arrays) or 'none'}")
    return arrays[name]


def _read(path: Path) -> dict[str, np.ndarray]:
    if path.is_file():
        with path.open("rb") as file:
            if file.read(1) == _PICKLE_MAGIC:
                raise FormatError(f"{path} is a pickle, which may run code when read, not an npz: use numpy.savez")
    try:
        return read_npz(path)
    except (zlib.error, struct.error, NotImplementedError, RuntimeError) as error:
        raise FormatError(f"{path} is damaged or packed in an unknown way ({error}): write it again") from error


def _choose(arrays: dict[str, np.ndarray], names: tuple[str, ...], path: Path) -> str | None:
    found = [name for name in arrays if name.lower() in names]
    if len(found) > 1:
        raise FormatError(f"{path} has the arrays {' and '.join(found)}, which mean the same: keep one of them")
    return found[0] if found else None


def _shorten(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")

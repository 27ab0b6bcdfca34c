"""One entrance for all data: a built-in name, a file, or a folder."""

import difflib
import os
from pathlib import Path

import numpy as np

from limes.core.errors import FormatError, InputError
from limes.data.cifar import is_cifar, read_cifar
from limes.data.dataset import Dataset
from limes.data.idx import find_training_images, read_mnist
from limes.data.npz import read_arrays
from limes.data.prepare import from_arrays
from limes.data.tables import read_table
from limes.data.ucr import find_series, is_series, read_series

_BUILT_IN = ("digits", "mnist", "cifar10")
_COLLECTIONS = ("ucr", "uci")
_FOLDERS = {
    "mnist": ("mnist", "MNIST/raw", "."),
    "cifar10": ("cifar-10-batches-py", "cifar-10-batches-bin", "."),
}
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_KNOWN = "digits, mnist, cifar10, ucr/<Name>, uci/<name>"
_FILES = ".npz, .csv, .tsv, .ts, *-idx3-ubyte[.gz], or a folder of MNIST, CIFAR-10 or UCR files"


def load(
    source: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    target: str | int | None = None,
) -> Dataset:
    """Read labelled data, in the units that the run will use, with a note for each decision taken.

    Args:
        source: a built-in name (digits, mnist, cifar10, ucr/<Name>, uci/<name>), or the path of an .npz, .csv, .tsv
            or .ts file, of an MNIST idx file, or of a folder with MNIST, CIFAR-10 or UCR files. None: digits.
        data_dir: the folder of official files that names are looked up in; default ``$LIMES_DATA``.
        target: the label column of a table, by name or index.

    Raises:
        FormatError: for a missing, truncated, damaged, foreign or unknown file, and a name that is not known.
        InputError: for data that cannot be used, see `validate`, and a target where there are no columns.

    Example:
        >>> data = load("digits")
        >>> data.x.shape, data.n_classes, data.bounds
        ((1797, 8, 8, 1), 10, (0.0, 1.0))
    """
    name = "digits" if source is None else os.fspath(source)
    key = name.lower().replace("cifar-10", "cifar10")
    if key in _BUILT_IN or (key.startswith(tuple(f"{c}/" for c in _COLLECTIONS)) and not Path(name).exists()):
        _refuse_target(target, name)
        return _load_digits() if key == "digits" else _load_known(key, name, data_dir)
    path = Path(name).expanduser()
    if not path.exists():
        near = difflib.get_close_matches(key, _BUILT_IN, n=1)
        hint = f"did you mean {near[0]}? Built-in names are {_KNOWN}" if near else f"built-in names are {_KNOWN}"
        raise FormatError(f"there is no file or folder {name}: {hint}")
    if path.suffix.lower() in (".csv", ".tsv") and not is_series(path):
        return read_table(path, target)
    _refuse_target(target, name)
    return _load_folder(path) if path.is_dir() else _load_file(path)


def _load_file(path: Path) -> Dataset:
    if "-ubyte" in path.name:
        return read_mnist(path)
    if is_series(path):
        return read_series(path)
    if path.suffix.lower() == ".npz":
        return read_arrays(path)
    raise FormatError(f"{path} has the unknown extension {path.suffix or '(none)'}: what is read is {_FILES}")


def _load_folder(folder: Path) -> Dataset:
    if (images := find_training_images(folder)) is not None:
        return read_mnist(images)
    if is_cifar(folder):
        return read_cifar(folder)
    if (series := find_series(folder)) is not None:
        return read_series(series)
    pictures = (path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.suffix.lower() in _PICTURES)
    if (picture := next(pictures, None)) is not None:
        raise FormatError(
            f"the folder {folder} holds pictures, such as {picture.relative_to(folder)}, which are not read one by "
            "one: stack them into one npz with X (n, height, width[, channels]) and y; the page My images shows how"
        )
    raise FormatError(f"the folder {folder} holds no data that is known: what is read is {_FILES}")


def _load_digits() -> Dataset:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    x = (np.asarray(pixels) / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    return from_arrays(x, labels, name="digits", source="scikit-learn", notes=("pixels were divided by 16",))


def _load_known(key: str, name: str, data_dir: str | os.PathLike[str] | None) -> Dataset:
    """A name that is looked up in the folder of official files."""
    where = data_dir or os.environ.get("LIMES_DATA")
    if not where:
        raise FormatError(f"{name} is read from official files: pass --data DIR or set $LIMES_DATA to their folder")
    root = Path(where).expanduser()
    if not root.is_dir():
        raise FormatError(f"the data folder {root} does not exist: pass --data DIR or set $LIMES_DATA")
    collection, _, member = name.partition("/")
    if collection.lower() == "ucr":
        return _load_folder(_member(root / "ucr", member, ""))
    if collection.lower() == "uci":
        return read_arrays(_member(root / "uci", member, ".npz"))
    for folder in (root / place for place in _FOLDERS[key]):
        if key == "mnist" and (images := find_training_images(folder)) is not None:
            return read_mnist(images, key)
        if key == "cifar10" and is_cifar(folder):
            return read_cifar(folder)
    raise FormatError(f"the data folder {root} has no {name}: it is looked for in {', '.join(_FOLDERS[key])}")


def _member(folder: Path, name: str, suffix: str) -> Path:
    path = folder / f"{name}{suffix}"
    if name and path.exists():
        return path
    there = sorted(entry.name.removesuffix(suffix) for entry in folder.iterdir()) if folder.is_dir() else []
    near = difflib.get_close_matches(name, there, n=3)
    names = f"it has {', '.join(there[:3])}{', ...' if len(there) > 3 else ''}"
    hint = f"did you mean {', '.join(near)}?" if near else names if there else "the folder is missing or empty"
    raise FormatError(f"there is no {name!r} in {folder}: {hint}")


def _refuse_target(target: str | int | None, name: str) -> None:
    if target is not None:
        raise InputError(f"target={target!r} names a column of a .csv or .tsv table, but {name} is not a table")

"""CIFAR-10 in its two official forms: python batches (pickles) and binary batches.

An image is 3072 bytes, three planes of 32 x 32 (red, green, blue); a binary record has its label byte in front.

Reference: Krizhevsky, "Learning multiple layers of features from tiny images" (2009); layout as on the data's own page.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from limes.core.errors import FormatError
from limes.data.dataset import Dataset
from limes.data.prepare import from_arrays
from limes.data.unpickle import read_plain_pickle

_PIXELS = 3 * 32 * 32
_N_BATCHES = 5
_Batch = tuple[np.ndarray, np.ndarray]


def is_cifar(folder: Path) -> bool:
    """Whether a folder holds batches of either form."""
    return any((folder / name).is_file() for name in ("data_batch_1", "data_batch_1.bin"))


def read_cifar(folder: Path) -> Dataset:
    """The training batches of a folder, and its test batch where there is one.

    Raises:
        FormatError: if a batch is damaged, or none is there.

    Cost: 12 kB a row in float32, and 3 kB a row while reading.
    """
    suffix, read = ("", _read_python) if (folder / "data_batch_1").is_file() else (".bin", _read_binary)
    paths = [folder / f"data_batch_{i}{suffix}" for i in range(1, _N_BATCHES + 1)]
    present = [path for path in paths if path.is_file()]
    if not present:
        raise FormatError(f"{folder} has no CIFAR-10 batches: data_batch_1 to data_batch_5, or the same with .bin")
    notes = []
    if len(present) < _N_BATCHES:
        notes.append(f"only {len(present)} of the {_N_BATCHES} training batches of CIFAR-10 are there")
    x, y = _join(present, read)
    test = folder / f"test_batch{suffix}"
    x_test, y_test = _join([test], read) if test.is_file() else (None, None)
    return from_arrays(x, y, x_test, y_test, name="cifar10", source=str(folder), notes=tuple(notes))


def _join(paths: list[Path], read: Callable[[Path], _Batch]) -> _Batch:
    """Batches as uint8 images (n, 32, 32, 3) and labels (n,), copied once."""
    batches = [read(path) for path in paths]
    x = np.empty((sum(len(labels) for _, labels in batches), 32, 32, 3), np.uint8)
    np.concatenate([pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) for pixels, _ in batches], out=x)
    return x, np.concatenate([labels for _, labels in batches])


def _read_python(path: Path) -> _Batch:
    batch = read_plain_pickle(path)
    pixels, labels = batch.get("data"), batch.get("labels")
    if not isinstance(pixels, np.ndarray) or labels is None:
        raise FormatError(f"{path} is not a CIFAR-10 batch: 'data' and 'labels' are needed, it has {sorted(batch)}")
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != _PIXELS:
        raise FormatError(
            f"{path} holds pixels of shape {pixels.shape} and dtype {pixels.dtype}, not (n, {_PIXELS}) uint8"
        )
    whole = isinstance(labels, np.ndarray) or (
        isinstance(labels, list) and all(isinstance(label, int) for label in labels)
    )
    if not whole or len(labels) != len(pixels):
        raise FormatError(f"{path} has {len(pixels)} images but its labels are not as many whole numbers")
    return pixels, _checked(np.asarray(labels), path)


def _read_binary(path: Path) -> _Batch:
    size = path.stat().st_size
    if size == 0 or size % (_PIXELS + 1):
        raise FormatError(
            f"{path} has {size} bytes, not a multiple of {_PIXELS + 1} (a label and 32 x 32 x 3 pixels): "
            "it is truncated, or not a CIFAR-10 batch"
        )
    records = np.fromfile(path, np.uint8).reshape(-1, _PIXELS + 1)
    return records[:, 1:], _checked(records[:, 0], path)


def _checked(labels: np.ndarray, path: Path) -> np.ndarray:
    if len(labels) and (labels.min() < 0 or labels.max() > 9):
        raise FormatError(f"{path} holds labels from {labels.min()} to {labels.max()}, but CIFAR-10 has 0 to 9")
    return labels

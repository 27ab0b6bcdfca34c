"""Time series of the UCR archive: ``<Name>_TRAIN.tsv`` and ``<Name>_TEST.tsv``, or the same two as ``.ts``.

A .tsv file has the label in its first column and no header.

Reference: Dau et al., "The UCR time series archive" (2019), arXiv:1810.07758.
"""

from pathlib import Path

import numpy as np

from limes.data.dataset import Dataset
from limes.data.prepare import from_arrays
from limes.data.tables import read_rows
from limes.data.ts import read_ts

_TRAIN, _TEST = "_TRAIN", "_TEST"


def find_series(folder: Path) -> Path | None:
    """The training file of a folder, or None; .tsv where there are both."""
    return next((path for end in (".tsv", ".ts") for path in sorted(folder.glob(f"*{_TRAIN}{end}"))), None)


def is_series(path: Path) -> bool:
    """Whether a file is named like one of the archive's, or ends in .ts."""
    return path.suffix == ".ts" or (path.suffix == ".tsv" and path.stem.endswith((_TRAIN, _TEST)))


def read_series(path: Path) -> Dataset:
    """The series (n, time, channels) of a file; the test part too where `path` is the training file.

    Raises:
        FormatError: if a file is missing or has rows of different lengths.
        InputError: for missing values, by which the archive pads series of unequal length.
    """
    x, y = _read(path)
    name = path.stem.removesuffix(_TRAIN).removesuffix(_TEST)
    test = path.with_name(f"{name}{_TEST}{path.suffix}")
    has_test = path.stem.endswith(_TRAIN) and test.is_file()
    x_test, y_test = _read(test) if has_test else (None, None)
    return from_arrays(x, y, x_test, y_test, name=name, source=str(path))


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    if path.suffix == ".ts":
        return read_ts(path)
    x, y = read_rows(path, "\t")
    return x[..., None], y

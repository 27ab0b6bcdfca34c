"""Bringing labels into one of two forms: 64-bit integers or strings."""

import re
from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.core.precision import require_unmasked

MISSING_WORDS = ("", "na", "n/a", "nan", "null", "none", "?")
"""What text files write for a value that is not there, in lower case."""

_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[-+]?((0|[1-9]\d{0,14})(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


def as_labels(y: Any, name: str = "y") -> np.ndarray:
    """Labels as a 1-D array of int64 or str; a column (n, 1) is flattened.

    Booleans and whole floats become integers, bytes become strings, and a mixture of types becomes strings.

    Args:
        y: (n,) or (n, 1).
        name: what messages call it.

    Raises:
        InputError: for another shape (one-hot rows among them), missing labels, and numbers that are not whole.

    Example:
        >>> as_labels([1.0, 2.0]).tolist(), as_labels(["cat", 3]).tolist()
        ([1, 2], ['cat', '3'])
    """
    require_unmasked(y, name)
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise InputError(
            f"{name} has shape {y.shape}, but one label for each row is needed, shape (n,): "
            f"turn one-hot rows into labels with {name}.argmax(axis=1)"
        )
    if y.dtype.kind == "O":
        y = _from_objects(y, name)
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "f":
        return _from_floats(y, name)
    if y.dtype == np.uint64 and y.size and y.max() > np.iinfo(np.int64).max:
        raise InputError(f"{name} holds labels up to {y.max()}, beyond 64-bit signed integers: give them as strings")
    if y.dtype.kind in "biu":
        return y.astype(np.int64)
    if y.dtype.kind == "U":
        return y
    raise InputError(f"{name} has dtype {y.dtype}, but labels are integers or strings")


def labels_from_text(cells: list[str], where: str) -> np.ndarray:
    """Labels read from text: (n,) int64 or float64 if every one is written as such a number, else str.

    Numbers with leading zeros or more than 18 digits are names, not numbers, and stay text.

    Args:
        cells: one label a row, without blanks around it.
        where: what messages call the place.

    Raises:
        InputError: for missing labels.

    Example:
        >>> labels_from_text(["1", "-1"], "a").dtype.kind, labels_from_text(["007", "7"], "a").dtype.kind
        ('i', 'U')
    """
    missing = [i for i, cell in enumerate(cells) if cell.lower() in MISSING_WORDS]
    if missing:
        raise InputError(
            f"{where} lacks {len(missing)} labels, the first in data row {missing[0] + 1}: remove those rows"
        )
    different = set(cells)
    if all(_INTEGER.fullmatch(cell) for cell in different):
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    if all(_DECIMAL.fullmatch(cell) for cell in different):
        return np.array([float(cell) for cell in cells], dtype=np.float64)
    return np.array(cells)


def _from_objects(y: np.ndarray, name: str) -> np.ndarray:
    missing = [i for i, label in enumerate(y) if label is None or label != label]
    if missing:
        raise InputError(f"{name} lacks {len(missing)} labels, the first in row {missing[0]}: remove those rows")
    whole = all(isinstance(label, int | np.integer) for label in y)
    return np.array(y.tolist(), dtype=np.int64) if whole else np.array([str(label) for label in y])


def _from_floats(y: np.ndarray, name: str) -> np.ndarray:
    finite = np.isfinite(y)
    if not finite.all():
        row = int(np.argmin(finite))
        raise InputError(f"{name} holds {int((~finite).sum())} labels that are NaN or infinite, the first in row {row}")
    whole = (y == np.round(y)) & (np.abs(y) <= 2**53)  # beyond it neighbouring whole numbers are the same float
    if not whole.all():
        raise InputError(
            f"{name} holds numbers that are not whole, such as {y[~whole][0]:g}, which look like regression targets: "
            "give class labels (integers or strings)"
        )
    return y.astype(np.int64)

"""Text tables: numeric features and one column of labels, separated by commas, semicolons or tabs.

Rows are parsed one at a time into one block of float64, so that a table needs little more memory than its numbers.
"""

import csv
import re
from array import array
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from limes.core.errors import FormatError, InputError
from limes.data.dataset import Dataset
from limes.data.labels import MISSING_WORDS, labels_from_text
from limes.data.prepare import from_arrays

_LABEL_NAMES = ("label", "class", "target", "y")
_Row = tuple[int, list[str]]


def read_table(path: Path, target: str | int | None = None) -> Dataset:
    """A table with an optional header.

    Args:
        path: text in UTF-8.
        target: the label column, by name or by index from 0 (negative from the end). Default: a column named label,
            class, target or y, else the last one.

    Raises:
        FormatError: if the file is missing, not text, or has rows of different lengths.
        InputError: for an unknown target, text among the features, missing values, and what `from_arrays` refuses.
    """
    with _open(path) as file:
        rows = _rows(file, path, _delimiter(file, path))
        first, second = next(rows, None), next(rows, None)
        if first is None:
            raise FormatError(f"{path} has no rows")
        has_header = _has_header(first[1], second and second[1], target)
        names = [cell.strip() for cell in first[1]] if has_header else [f"{i}" for i in range(len(first[1]))]
        label = _label_column(names, has_header, target)
        head = [row for row in (None if has_header else first, second) if row is not None]
        x, y = parse(chain(head, rows), names, label, path)
    notes = [f"labels are read from column {names[label]!r} ({label + 1} of {len(names)})"]
    del names[label]
    if has_header and names[0] == "" and _counts_rows(x[:, 0]):
        x = x[:, 1:]
        notes.append("the first column has no name and counts the rows: it was left out")
    return from_arrays(x, y, name=path.stem, source=str(path), notes=tuple(notes))


def read_unlabelled(path: Path, n_features: int) -> np.ndarray | None:
    """The features of a table that has exactly `n_features` columns, and so no labels; None where it has others.

    Raises:
        FormatError: if the file is not a table.
        InputError: for text among the features and missing values.
    """
    with _open(path) as file:
        rows = list(_rows(file, path, _delimiter(file, path) if n_features > 1 else ","))
    if not rows or len(rows[0][1]) != n_features:
        return None
    named = not all(_is_number(cell) for cell in rows[0][1])
    names = [cell.strip() if named else str(i) for i, cell in enumerate(rows[0][1])]
    with_label = [(line, [*cells, "0"]) for line, cells in rows[named:]]
    return parse(iter(with_label), [*names, ""], n_features, path)[0]


def parse(rows: Iterator[_Row], names: list[str], label: int, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, d) in float64 and labels (n,) from rows of text.

    Raises:
        FormatError: for a row of another length.
        InputError: for text among the features (column, line), and missing values (column, how many).
    """
    values, labels = array("d"), []
    columns = names[:label] + names[label + 1 :]
    for line, cells in rows:
        if len(cells) != len(names):
            raise FormatError(f"{path}, line {line} has {len(cells)} cells where {len(names)} are expected")
        labels.append(cells[label].strip())
        features = cells[:label] + cells[label + 1 :]
        try:
            # Python reads 1_2 as the number 12, a table means text
            row = None if "_" in "".join(features) else [float(cell) for cell in features]
        except ValueError:
            row = None
        values.extend(row or [_number(*pair, line, path) for pair in zip(features, columns, strict=True)])
    if not labels:
        raise FormatError(f"{path} has a header but no rows")
    x = np.frombuffer(values, np.float64).reshape(len(labels), -1)
    _refuse_missing(x, columns, path)
    return x, labels_from_text(labels, f"column {names[label]!r} of {path}")


def read_rows(path: Path, delimiter: str) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of a table without header whose first column holds the labels."""
    with _open(path) as file:
        rows = _rows(file, path, delimiter)
        first = next(rows, None)
        if first is None:
            raise FormatError(f"{path} has no rows")
        names = [f"{i}" for i in range(len(first[1]))]
        if len(names) < 2:
            raise FormatError(f"{path} has one column only: a label and features, separated by {delimiter!r}")
        return parse(chain([first], rows), names, 0, path)


def _open(path: Path) -> IO[str]:
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    with path.open("rb") as file:
        if b"\0" in file.read(4096):
            raise FormatError(f"{path} is not a text table: it holds binary data")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(file: IO[str], path: Path, delimiter: str) -> Iterator[_Row]:
    """Line number and cells of each row that is not blank."""
    reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            if any(cells):
                yield reader.line_num, cells
    except (csv.Error, UnicodeDecodeError) as error:
        raise FormatError(f"{path}, after line {reader.line_num}, is not a text table in UTF-8 ({error})") from error


def _delimiter(file: IO[str], path: Path) -> str:
    """The separator that splits the first line into most cells; a comma comes last, it may be a decimal sign."""
    try:
        first = next((line for line in file if line.strip()), "")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not text in UTF-8 ({error}): save it again as UTF-8") from error
    file.seek(0)
    widths = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in "\t;,"}
    best = max(widths, key=lambda mark: widths[mark])
    if first and widths[best] < 2:
        raise FormatError(f"{path} has one column only: features and a label, separated by comma, semicolon or tab")
    return best


def _has_header(first: list[str], second: list[str] | None, target: str | int | None) -> bool:
    """Whether the first row holds names.

    It does if it has no number at all, if a feature column turns from text to a number below it, or if it is the
    count 0, 1, 2, ... that pandas writes for columns without names.
    """
    if isinstance(target, str) and target in [cell.strip() for cell in first]:
        return True
    if not any(_is_number(cell) for cell in first):
        return True
    if len(first) > 3 and first == [str(i) for i in range(len(first))]:
        return True
    index = _as_index(target)
    label = len(first) - 1 if index is None else index % len(first)
    pairs = enumerate(zip(first, second or [], strict=False))
    return any(_is_text(above) and _is_number(below) for i, (above, below) in pairs if i != label)


def _label_column(names: list[str], has_header: bool, target: str | int | None) -> int:
    if target is None:
        lower = [name.lower() for name in names] if has_header else []
        return next((lower.index(name) for name in _LABEL_NAMES if name in lower), len(names) - 1)
    if target in names and has_header:
        return names.index(str(target))
    index = _as_index(target)
    if index is None or not -len(names) <= index < len(names):
        known = ", ".join(repr(name) for name in names[:12]) + (", ..." if len(names) > 12 else "")
        known = f"the columns are {known}" if has_header else f"there is no header, only {len(names)} columns"
        raise InputError(f"there is no column {target!r} to take labels from: {known}")
    return index % len(names)


def _as_index(target: str | int | None) -> int | None:
    return int(str(target)) if re.fullmatch(r"-?\d+", str(target)) else None


def _is_number(cell: str) -> bool:
    try:
        return "_" not in cell and float(cell) is not None
    except ValueError:
        return False


def _is_text(cell: str) -> bool:
    return not _is_number(cell) and cell.strip().lower() not in MISSING_WORDS


def _number(cell: str, column: str, line: int, path: Path) -> float:
    if cell.strip().lower() in MISSING_WORDS:
        return float("nan")
    if _is_text(cell):
        remedy = "encode it as numbers, leave the column out, or name it as target (--target) if it holds the labels"
        if re.fullmatch(r"\s*[-+]?\d*,\d+\s*", cell):
            remedy = "write decimals with a point"
        raise InputError(
            f"column {column!r} of {path} holds {cell.strip()!r} in line {line}, which is not a number: {remedy}"
        )
    return float(cell)


def _refuse_missing(x: np.ndarray, columns: list[str], path: Path) -> None:
    counts = np.isnan(x).sum(axis=0)
    bad = np.flatnonzero(counts)
    if len(bad):
        shown = ", ".join(f"{columns[i]!r} ({counts[i]})" for i in bad[:5]) + (", ..." if len(bad) > 5 else "")
        row = int(np.argmax(np.isnan(x).any(axis=1))) + 1
        raise InputError(
            f"{path} has missing values (NaN) in column {shown}, the first in data row {row}: remove or impute them"
        )


def _counts_rows(column: np.ndarray) -> bool:
    return bool((column == column[0] + np.arange(len(column))).all()) and column[0] in (0, 1)

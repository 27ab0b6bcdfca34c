"""Time series in the .ts text format: a header of @ lines, then one case a line, ``1.0,2.0,...:label``.

Channels are separated by colons, the label comes last. Cases of equal length without time stamps are read.

Reference: Löning et al., "sktime: a unified interface for machine learning with time series" (2019), arXiv:1909.07872.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from limes.core.errors import FormatError, InputError
from limes.data.labels import labels_from_text

_YES = "true"


def read_ts(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Series (n, time, channels) in float64 and their labels (n,).

    Raises:
        FormatError: if the file is missing, not in this format, without labels, or has cases of different lengths.
        InputError: for missing values (a question mark).
    """
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    cases, labels = [], []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for line, text in _cases(file, path):
                *channels, label = text.split(":")
                cases.append(_case(channels, line, path))
                labels.append(label.strip())
                if cases[-1].shape != cases[0].shape:
                    raise FormatError(
                        f"{path}, line {line} has {_size(cases[-1])} but the first case has {_size(cases[0])}: "
                        "series of unequal length have to be padded or cut first"
                    )
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a text file of series in UTF-8 ({error})") from error
    if not cases:
        raise FormatError(f"{path} has no cases after a line @data: it is truncated, or not in the .ts format")
    return np.stack(cases), labels_from_text(labels, f"{path}")


def _cases(file: Iterator[str], path: Path) -> Iterator[tuple[int, str]]:
    """Line number and text of each case; the header is checked on the way."""
    in_data = False
    for line, text in enumerate(file, 1):
        text = text.strip()
        if not text or text.startswith("#"):
            continue
        if in_data:
            yield line, text
            continue
        if not text.startswith("@"):
            raise FormatError(f"{path} is not in the .ts format: line {line} comes before @data and has no @")
        keyword, *words = text.lower().split()
        if keyword == "@timestamps" and words[:1] == [_YES]:
            raise FormatError(f"{path} has time stamps, which are not read: give values at equal steps")
        if keyword == "@classlabel" and words[:1] != [_YES]:
            raise FormatError(f"{path} has no class labels: its header says {text!r}")
        in_data = keyword == "@data"


def _case(channels: list[str], line: int, path: Path) -> np.ndarray:
    """One series (time, channels)."""
    if not channels:
        raise FormatError(f"{path}, line {line} has no colon, so no label")
    values = [channel.split(",") for channel in channels]
    if len({len(channel) for channel in values}) > 1:
        raise FormatError(f"{path}, line {line} has channels of different lengths")
    if any(cell.strip() == "?" for channel in values for cell in channel):
        raise InputError(f"{path}, line {line} has missing values (?): remove or impute them")
    try:
        return np.array(values, dtype=np.float64).T
    except ValueError as error:
        raise FormatError(f"{path}, line {line} holds text that is not a number ({error})") from error


def _size(case: np.ndarray) -> str:
    return f"{case.shape[0]} steps in {case.shape[1]} channels"

"""The data of a run and what is read off them: rows, classes, the box of valid inputs, a radius."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from limes.attacks import parse_eps
from limes.core.errors import InputError
from limes.core.progress import Progress, Quiet
from limes.core.types import Kind, Norm
from limes.data import Dataset, check_bounds, data_hash, load

_MOST_TRAIN, _MOST_TEST = 1_000, 300


def read(
    data: str | Dataset | None, data_dir: str | None, target: str | int | None, classes: Sequence[str] | None
) -> Dataset:
    """A data set by name, path or as it is, with some of its classes.

    Raises:
        InputError, FormatError: for data that cannot be used, or classes that they do not have.
    """
    dataset = data if isinstance(data, Dataset) else load(data, data_dir, target)
    return dataset if classes is None else with_classes(dataset, classes)


def box_of(data: Dataset, bounds: Sequence[float] | None) -> tuple[float, float] | None:
    """The box of valid inputs that was asked for, else the data's own; all rows lie in it.

    Raises:
        InputError: for bounds that are none, or rows outside of them.
    """
    box = data.bounds if bounds is None else parse_box(bounds)
    if box is not None:
        check_bounds(data.x, box)
        if data.x_test is not None:
            check_bounds(data.x_test, box, "x_test")
    return box


def tell(progress: Progress | None, notes: Sequence[str]) -> None:
    """Say what was chosen, and what needs care."""
    for note in notes:
        (progress or Quiet()).note(f"note: {note}")


def require_kind(kind: str) -> None:
    """Refuse a kernel that there is not.

    Raises:
        InputError: naming those that there are.
    """
    if kind not in get_args(Kind):
        raise InputError(f"kind must be one of {', '.join(get_args(Kind))}, not {kind!r}")


def describe(data: Dataset) -> dict[str, Any]:
    """What tells data from others, for ``config.toml``."""
    return {
        "name": data.name,
        "source": data.source,
        "sha256": data_hash(data.x, data.y, data.x_test, data.y_test),
        "scale": data.scale,
    }


def parse_box(bounds: Sequence[float]) -> tuple[float, float]:
    """A lower and a higher value.

    Raises:
        InputError: if they are not.
    """
    low, high = (float(b) for b in bounds)
    if not low < high:
        raise InputError(f"bounds must be a lower and a higher value, not {low:g} and {high:g}")
    return low, high


def radius_of(
    data: Dataset, eps: float | str | None, norm: Norm, box: tuple[float, float] | None, notes: list[str]
) -> float:
    """The attack's radius that was asked for, else one chosen from the data; a note where it is out of proportion.

    From half the width of the box on, an l-inf ball round any input holds the middle of the box: all inputs have a
    neighbour in common, so that no classifier keeps more than one class.

    Raises:
        InputError: for a radius that is none.
    """
    if eps is None:
        return default_eps(data, norm, notes)
    radius = parse_eps(eps)
    if norm == "linf" and box is not None and radius >= (box[1] - box[0]) / 2:
        grey = f" (steps of grey are written --eps {radius:g}/255)" if box == (0, 1) and radius >= 1 else ""
        notes.append(
            f"eps = {radius:g} is half the width of the box [{box[0]:g}, {box[1]:g}] or more, so that attacks turn "
            f"every input into the same one: eps is in the units of the data{grey}"
        )
    return radius


def default_eps(data: Dataset, norm: Norm, notes: list[str]) -> float:
    """0.05 of the box's width, else a tenth of a typical feature's standard deviation; for l2 times sqrt(d)/2."""
    if data.bounds is not None:
        eps = 0.05 * (data.bounds[1] - data.bounds[0])
    else:
        spread = data.x.reshape(len(data.x), -1).std(axis=0)
        varying = spread[spread > 0]
        eps = float(f"{0.1 * float(np.median(varying)):.2g}") if len(varying) else 0.1
        if len(varying) and varying.max() > 10 * varying.min():
            notes.append(
                f"features spread between {varying.min():.3g} and {varying.max():.3g} (standard deviations), but the "
                "attack moves each by up to the same eps: bring them to common units if that is not meant"
            )
    if norm == "l2":
        eps = float(f"{eps * math.sqrt(math.prod(data.shape)) / 2:.2g}")
    notes.append(f"the attack's radius was chosen from the data: eps = {eps:g}")
    return eps


def with_classes(data: Dataset, labels: Sequence[str]) -> Dataset:
    """The rows of some classes.

    Raises:
        InputError: for a label that there is not, or fewer than two.
    """
    known = {str(label): label for label in data.classes.tolist()}
    if unknown := [label for label in labels if label not in known]:
        shown = ", ".join([*known][:10])
        raise InputError(f"{data.name} has no class {unknown[0]}: its classes are {shown}")
    if len(set(labels)) < 2:
        raise InputError("features of a classifier need two classes or more: name another --class")
    chosen = [known[label] for label in labels]
    rows = np.isin(data.y, chosen)
    part = replace(data, x=data.x[rows], y=data.y[rows], name=f"{data.name}-{'-'.join(labels)}"[:40])
    if data.x_test is None or data.y_test is None:
        return part
    rows = np.isin(data.y_test, chosen)
    return replace(part, x_test=data.x_test[rows], y_test=data.y_test[rows])


def row_numbers(data: Dataset, n_train: int | None, n_test: int | None, notes: list[str]) -> tuple[int, int]:
    """Training and test rows: as asked, else as many as keep a run to minutes.

    Raises:
        InputError: for more rows than there are.
    """
    n = len(data.x)
    largest = max(1, round(n / 5)) if data.x_test is None else len(data.x_test)
    tested = min(_MOST_TEST, largest) if n_test is None else n_test
    left = n - (tested if data.x_test is None else 0)
    trained = min(left, _MOST_TRAIN) if n_train is None else n_train
    if tested < 1 or not data.n_classes <= trained <= left:
        raise InputError(
            f"{data.name} has {n} rows to draw from, which are no {trained} training and {tested} test rows: ask for "
            "others (n_train, n_test)"
        )
    if trained < left:
        notes.append(f"{trained} of {left} available training rows are used (--n-train changes it)")
    return trained, tested

"""The rows that a model is fitted to and tested on, the same for every verb."""

from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.data import Dataset, split
from limes.data.inputs import require_shape
from limes.data.remarks import digests_of_rows

_FAR = 10.0  # times, beyond which values or their spread are no longer those of the fit
_FEW, _ENOUGH = 10, 1000  # rows that tell no spread, and those that tell it well


def training_rows(dataset: Dataset, n_train: int | None = None, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows and labels to fit to: all of the training part, or a number of them, drawn.

    Args:
        dataset: the data.
        n_train: rows; every class keeps one where the data have a test part. None for all, in their order.
        seed: of the draw.

    Raises:
        InputError: for more rows than there are, or fewer than two.
    """
    if n_train is None:
        return dataset.x, dataset.y
    if dataset.x_test is not None:
        parts = split(dataset, seed, n_train, 0)
        return parts.x_train, parts.y_train
    if not 2 <= n_train <= len(dataset.x):
        raise InputError(f"n_train must lie between 2 and the {len(dataset.x)} rows of {dataset.name}, not {n_train}")
    rows = np.random.default_rng(seed).permutation(len(dataset.x))[:n_train]
    return dataset.x[rows], dataset.y[rows]


def remarks_on(machine: Any, x: np.ndarray, judged: bool = True) -> list[str]:
    """Sentences on rows that need care: those that the machine was fitted to, and those in other units, it seems.

    Args:
        machine: a fitted one.
        x: (n, ...) rows in the caller's units.
        judged: whether the machine is judged by them.

    Cost: a few passes over the rows and over the machine's own.
    """
    own, affine = machine.centres_, machine.affine_
    z = x if affine is None else affine(x)
    found = []
    if judged and z.dtype == own.dtype:
        fitted = set(digests_of_rows(own))
        if n := sum(digest in fitted for digest in digests_of_rows(z)):
            found.append(
                f"{n} of {len(x)} rows are among those that the model was fitted to, and say little about new ones: "
                "keep rows apart to judge it by, as X_test and y_test of an npz"
            )
    if _largest(z) > _FAR * _largest(own) or (len(z) >= _FEW and _FAR * _spread(z) < _spread(own)):
        ends = own.min(axis=0), own.max(axis=0)
        low, high = ends if affine is None else (end / affine.scale + affine.shift for end in ends)
        found.append(
            f"values range from {x.min():.3g} to {x.max():.3g}, those that the model was fitted to from "
            f"{low.min():.3g} to {high.max():.3g}: are they in the same units?"
        )
    return found


def _largest(rows: np.ndarray) -> float:
    """The largest absolute value, without a copy of the rows."""
    return max(float(rows.max()), -float(rows.min()))


def _spread(rows: np.ndarray) -> float:
    """Standard deviation of a feature over the first rows, in the mean over features."""
    return float(rows[:_ENOUGH].std(axis=0).mean())


def rows_to_test(
    machine: Any, dataset: Dataset, n_test: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, labels and row numbers of the test part, else of all rows: at most `n_test`, drawn, in their order.

    Raises:
        InputError: for rows of another shape than the machine was fitted on, and numbers below their least value.
    """
    if n_test < 1 or seed < 0:
        raise InputError(f"n_test must be at least 1 and seed at least 0, not {n_test} and {seed}")
    require_shape(dataset.shape, machine.centres_.shape[1:], dataset.name)
    x, y = dataset.x_test, dataset.y_test
    if x is None or y is None:
        x, y = dataset.x, dataset.y
    rows = np.sort(np.random.default_rng(seed).permutation(len(x))[:n_test])
    return x[rows], y[rows], rows

"""Meeting bad data at the door, with one sentence that says what is wrong, where, and what to change."""

from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.core.precision import require_finite, require_unmasked
from limes.data.dataset import Dataset
from limes.data.labels import as_labels

_SHAPES = "(n, features), (n, time, channels) or (n, height, width, channels)"


def validate(data: Dataset | Any, y: Any = None, x_test: Any = None, y_test: Any = None) -> None:
    """Refuse data that no classifier can be fitted to or measured on.

    Args:
        data: a `Dataset`, or the training rows x: (n, ...), numbers.
        y: (n,) labels, where `data` is an array.
        x_test: (m, ...) rows of the same shape, or None.
        y_test: (m,) labels that also occur in `y`, or None.

    Raises:
        InputError: for rows that are not numbers, NaN or infinity, values whose squares overflow, an unusable shape, no
            rows or only one, another number of labels than rows, fewer than two classes, labels that are not classes, a
            test part of another shape, and test labels that no training row has.

    Cost: one pass over the rows.

    Example:
        >>> import numpy as np
        >>> validate(np.eye(3), np.array([0, 1, 1]))
    """
    if isinstance(data, Dataset):
        data, y, x_test, y_test = data.x, data.y, data.x_test, data.y_test
    require_unmasked(data, "x")
    x = np.asarray(data)
    _check_rows(x, "x")
    labels = _check_labels(x, y, "x", "y")
    if len(x) == 1:
        raise InputError("x has only one row: at least two rows of different classes are needed")
    classes = np.unique(labels)
    if len(classes) < 2:
        raise InputError(
            f"y holds only the class {classes[0].item()!r}: at least two classes are needed; is it the label column?"
        )
    if (x_test is None) != (y_test is None):
        present, absent = ("y_test", "x_test") if x_test is None else ("x_test", "y_test")
        raise InputError(f"there is {present} but no {absent}: give both or neither")
    if x_test is not None:
        _check_test(x, classes, np.asarray(x_test), y_test)


def check_bounds(x: np.ndarray, bounds: tuple[float, float] | None, name: str = "x") -> None:
    """Refuse values outside of the stated box of valid inputs; None means no box.

    Args:
        x: (n, ...), finite.
        bounds: lowest and highest valid value, in the units of `x`.
        name: what messages call it.

    Raises:
        InputError: if the box is empty, or if values lie outside (how many, their range, the remedy).

    Example:
        >>> import numpy as np
        >>> check_bounds(np.array([[0.0, 0.5]]), (0, 1))
    """
    if bounds is None:
        return
    low, high = (float(b) for b in bounds)
    if not (np.isfinite([low, high]).all() and low < high):
        raise InputError(f"bounds ({low:g}, {high:g}) are not a box: give a finite lower value below the upper one")
    if x.size == 0:
        return
    smallest, largest = float(x.min()), float(x.max())
    n_outside = int(np.count_nonzero(x < low) + np.count_nonzero(x > high))
    if n_outside == 0:
        return
    if (low, high) == (0, 1) and smallest >= 0 and 2 <= largest <= 255:
        remedy = "these look like floats in 0..255: divide by 255 or pass --bounds 0 255"
    else:
        remedy = f"rescale the data or pass --bounds {smallest:g} {largest:g}"
    raise InputError(
        f"{name} has {n_outside} of {x.size} values outside of the box [{low:g}, {high:g}], "
        f"it ranges from {smallest:g} to {largest:g}: {remedy}"
    )


def _check_rows(x: np.ndarray, name: str) -> None:
    if x.dtype.kind == "O":
        raise InputError(
            f"{name} has dtype object, as rows of unequal length, text or missing values give: make it a numeric array"
        )
    if x.dtype.kind not in "biuf":
        raise InputError(f"{name} has dtype {x.dtype}, but real numbers are needed: encode text, split complex numbers")
    if x.ndim not in (2, 3, 4):
        raise InputError(f"{name} has shape {x.shape}, but {_SHAPES} is needed")
    if x.size == 0:
        raise InputError(f"{name} is empty, it has shape {x.shape}: rows and features are needed")
    with np.errstate(invalid="ignore", over="ignore"):  # a sum over +inf and -inf is how they are found
        require_finite(x, name)
    _check_magnitude(x, name)


def _check_magnitude(x: np.ndarray, name: str) -> None:
    """Kernels are made of squares, which leave the range of floats long before the values do."""
    if x.dtype.kind != "f":
        return
    largest = float(np.abs(x).max())
    limits = np.finfo(np.float32 if x.dtype.itemsize <= 4 else np.float64)
    least, most = 1e3 * float(limits.tiny) ** 0.5, 1e-3 * float(limits.max) ** 0.5
    if largest and not least <= largest <= most:
        raise InputError(
            f"the largest value of {name} in size is {largest:.3g}, and the squares of such values are out of the "
            f"range of floats: take units in which it lies between {least:.0e} and {most:.0e}"
        )


def _check_labels(x: np.ndarray, y: Any, x_name: str, y_name: str) -> np.ndarray:
    if y is None:
        raise InputError(f"{x_name} has no labels: give {y_name}")
    labels = as_labels(y, y_name)
    if len(labels) != len(x):
        raise InputError(f"{x_name} has {len(x)} rows but {y_name} has {len(labels)} labels: each row needs one label")
    return labels


def _check_test(x: np.ndarray, classes: np.ndarray, x_test: np.ndarray, y_test: Any) -> None:
    _check_rows(x_test, "x_test")
    labels = _check_labels(x_test, y_test, "x_test", "y_test")
    if x_test.shape[1:] != x.shape[1:]:
        raise InputError(
            f"rows of x have shape {x.shape[1:]} but rows of x_test have {x_test.shape[1:]}: they have to be alike"
        )
    same_type = labels.dtype.kind == classes.dtype.kind
    unseen = np.setdiff1d(labels, classes) if same_type else np.unique(labels)
    if len(unseen):
        shown = ", ".join(repr(label) for label in unseen[:5].tolist()) + (", ..." if len(unseen) > 5 else "")
        raise InputError(
            f"y_test has {len(unseen)} labels that no training row has ({shown}): "
            "remove those rows, or write labels alike in both parts"
        )

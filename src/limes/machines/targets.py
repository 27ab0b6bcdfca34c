"""What a machine regresses on, and what comes back."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from sklearn.utils.multiclass import check_classification_targets

from limes.core.errors import InputError

Targets = Literal["centred", "one_hot"]
ClassWeight = Mapping[Any, float] | str | None


def encode_labels(y: np.ndarray, targets: str) -> tuple[np.ndarray, np.ndarray]:
    """Sorted classes, and the regression targets (n, c) of labels.

    Args:
        y: (n,) labels, integers or strings.
        targets: "centred" for one-hot minus 1/c (never centred by class frequencies), "one_hot" without.

    Raises:
        InputError: for fewer than two classes or an unknown coding.
    """
    if targets not in ("centred", "one_hot"):
        raise InputError(f"targets must be 'centred' or 'one_hot', not {targets!r}")
    check_classification_targets(y)
    classes, index = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise InputError(
            f"a classifier needs at least two classes, but there is only one class: all labels are {classes[0]}"
        )
    return classes, code(index, len(classes), targets)


def check_weights(sample_weight: Any, n: int) -> np.ndarray:
    """Weights (n,) of training rows, ones where none are given.

    Raises:
        InputError: unless they are n finite numbers of at least 0, one of them above.
    """
    if sample_weight is None:
        return np.ones(n)
    weights = np.asarray(sample_weight, np.float64)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise InputError(
            f"sample_weight must hold {n} finite numbers of at least zero and not only zeros, in shape ({n},); it has "
            f"shape {weights.shape}"
        )
    return weights


def class_factors(class_weight: ClassWeight, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Factors (n,) of the weights of training rows by their classes.

    "balanced" counts a row as often as its weight says: each class has the same total weight then.

    Raises:
        InputError: for anything but None, "balanced", or factors above 0 by class.
    """
    if class_weight is None:
        return np.ones(len(y))
    classes, index = np.unique(y, return_inverse=True)
    if isinstance(class_weight, str) and class_weight == "balanced":
        totals = np.bincount(index, weights)
        return (weights.sum() / (len(classes) * totals))[index]
    if isinstance(class_weight, Mapping):
        factors = np.array([class_weight.get(label, 1.0) for label in classes.tolist()])
        unknown = set(class_weight) - set(classes.tolist())
        if not unknown and all(isinstance(f, int | float | np.number) and 0 < f < np.inf for f in factors):
            return factors.astype(np.float64)[index]
    raise InputError(
        f"class_weight must be None, 'balanced', or finite factors above 0 of the classes "
        f"{', '.join(map(str, classes[:10]))}, not {class_weight!r}"
    )


def code(index: np.ndarray, n_classes: int, targets: str) -> np.ndarray:
    """Regression targets (n, c) of class indices (n,)."""
    return np.eye(n_classes)[index] - (1 / n_classes if targets == "centred" else 0.0)

"""How many training labels must be changed before a prediction changes: exact for machines linear in their labels.

scores(x) = w Y with w the row of the label operator. Row i adds w_i ([y_i = a] - [y_i = b]) to the difference between
the scores of a, the predicted label, and of b. Another label can bring that to -|w_i| and no lower: b where w_i > 0,
a where w_i < 0. Changes of different rows add up, so that the r most harmful ones are the r largest
gains w_i ([y_i = a] - [y_i = b]) + |w_i|: sorting is exact, for two classes and for many.

Of two classes this is the sort formula for kernel ridge regression (a row of the right label and positive weight gains
2 |w_i|, of a wrong label and negative weight too, others nothing); Mohgaonkar et al. 2026 certify label flips of NTK
regression in polynomial time. Training rows, their weights and the stopping time stay what they are.
"""

from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array


def label_flips(predictor: Any, x: Array) -> np.ndarray:
    """The least number of training labels whose change changes the prediction: (n,) integers.

    Args:
        predictor: a fitted classifier that is linear in its labels: `NTKClassifier` at any time and ridge,
            `AdvNTKClassifier` with its weights held fixed. Class weights make a machine nonlinear in its labels.
        x: (n, features...).

    Raises:
        InputError: for a predictor of another form.

    Cost: that of the label operator, and n c sorts of the training rows.

    Example:
        >>> import numpy as np, limes as lm
        >>> x = np.array([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9], [0.9, 0.2], [0.2, 0.8]])
        >>> clf = lm.NTKClassifier(ridge=0.1).fit(x, ["up", "right", "up", "right", "up"])
        >>> lm.certify.label_flips(clf, np.array([[0.1, 1.0]])).tolist()
        [1]
    """
    return np.array([len(rows) for rows, _ in harmful_flips(predictor, x)], dtype=np.int64)


def harmful_flips(predictor: Any, x: Array) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each input the rows to change and their new labels, as few as change its prediction.

    Arguments and errors as for `label_flips`. Rows count those that the machine was fitted to with a weight above 0.
    """
    targets = getattr(predictor, "targets_", None)
    if not hasattr(predictor, "label_operator") or not hasattr(predictor, "classes_") or targets is None:
        raise InputError(
            "label flips are exact for classifiers that are linear in their training labels (NTKClassifier, "
            f"AdvNTKClassifier), fitted ones, not for {type(predictor).__name__}"
        )
    if getattr(predictor, "class_weight", None) is not None:
        raise InputError(
            "with class_weight the rows' weights change with the labels: fit without it, or with sample_weight"
        )
    weights = np.asarray(predictor.label_operator(x), np.float64)
    index = np.argmax(targets, axis=1)
    labels = np.argmax(weights @ targets, axis=1)
    n_classes = targets.shape[1]
    return [_fewest(row, index, int(a), n_classes, predictor.classes_) for row, a in zip(weights, labels, strict=True)]


def _fewest(
    weights: np.ndarray, index: np.ndarray, label: int, n_classes: int, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The fewest rows over all rivals, and their new labels."""
    best: tuple[np.ndarray, np.ndarray] | None = None
    for rival in range(n_classes):
        if rival == label:
            continue
        own = weights * ((index == label).astype(float) - (index == rival))
        gains = own + np.abs(weights)
        order = np.argsort(-gains, kind="stable")
        left = own.sum() - np.concatenate([[0.0], np.cumsum(gains[order])])
        # of equal scores the first class is predicted
        lost = np.flatnonzero(left <= 0 if rival < label else left < 0)
        if len(lost) and (best is None or lost[0] < len(best[0])):
            rows = order[: lost[0]]
            best = rows, classes[np.where(weights[rows] > 0, rival, label)]
    if best is None:  # every weight is zero: no labels matter
        raise InputError(
            "the scores of an input are zero for all labels: its prediction does not depend on the training labels"
        )
    return best

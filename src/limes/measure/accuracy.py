"""Accuracy, and balanced accuracy: the mean over classes of the share of each class that is right.

A predictor that gives every row the same label has the balanced accuracy 1/c, whatever the frequencies of the c classes
are; its accuracy is that of its label.
"""

import numpy as np

CLEARLY = 2.0
"""Standard errors above chance from which an accuracy counts as clearly above."""


def balanced_accuracy(right: np.ndarray, columns: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Balanced accuracy of several predictors, and its standard error over the test rows.

    Args:
        right: (m, n) whether each of m predictors is right on each of n rows.
        columns: (n,) class of each row, as a number below `n_classes`; classes without rows are left out.
        n_classes: number of classes.

    Example:
        >>> values, errors = balanced_accuracy(np.array([[True, True, False, True]]), np.array([0, 0, 0, 1]), 2)
        >>> values.round(3).tolist(), errors.round(3).tolist()
        ([0.833], [0.136])
    """
    counts = np.bincount(columns, minlength=n_classes)
    there = counts > 0
    shares = (right.astype(np.float64) @ np.eye(n_classes)[columns][:, there]) / counts[there]
    errors = np.sqrt((shares * (1 - shares) / counts[there]).sum(axis=1))
    return shares.mean(axis=1), errors / there.sum()

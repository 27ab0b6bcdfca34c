"""What a table of accuracies by data set and method comes to.

The figures are those of Arora et al. (2020), arXiv 1910.01663, after Fernandez-Delgado et al. (2014).
"""

import math
from typing import Any

import numpy as np
from scipy.stats import rankdata, studentized_range


def ranks(accuracy: np.ndarray) -> np.ndarray:
    """Rank of each method on each set (sets, methods); 1 is the best, equal ones share the mean of their ranks.

    Example:
        >>> ranks(np.array([[0.9, 0.8, 0.9]])).tolist()
        [[1.5, 3.0, 1.5]]
    """
    return rankdata(-np.asarray(accuracy, np.float64), axis=1)


def summary(accuracy: np.ndarray) -> dict[str, list[float]]:
    """For each method of a table (sets, methods).

    Returns:
        "mean" and "spread" (standard deviation over sets) of the accuracy; "rank", the Friedman rank: mean of `ranks`;
        "p90" and "p95", the share of sets with at least 90 % and 95 % of the best method's accuracy; "pma", the mean of
        the accuracy over that of the best method.
    """
    accuracy = np.asarray(accuracy, np.float64)
    share = accuracy / accuracy.max(axis=1, keepdims=True)
    figures = {
        "mean": accuracy.mean(axis=0),
        "spread": accuracy.std(axis=0, ddof=1) if len(accuracy) > 1 else np.zeros(accuracy.shape[1]),
        "rank": ranks(accuracy).mean(axis=0),
        "p90": np.mean(share >= 0.9 - 1e-12, axis=0),
        "p95": np.mean(share >= 0.95 - 1e-12, axis=0),
        "pma": share.mean(axis=0),
    }
    return {name: values.tolist() for name, values in figures.items()}


def paired(first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
    """Mean difference of two columns over sets with its standard error, and on how many sets each is better."""
    difference = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    n = len(difference)
    return {
        "mean": float(difference.mean()),
        "standard_error": float(difference.std(ddof=1) / math.sqrt(n)) if n > 1 else None,
        "wins": int(np.sum(difference > 0)),
        "losses": int(np.sum(difference < 0)),
    }


def lead(accuracy: np.ndarray) -> tuple[float, float | None]:
    """Mean rank of the first method minus the best of the others, with the error of that difference over sets."""
    each = ranks(accuracy)
    rival = 1 + int(np.argmin(each.mean(axis=0)[1:]))
    pair = paired(each[:, 0], each[:, rival])
    return pair["mean"], pair["standard_error"]


def critical_difference(n_methods: int, n_sets: int, level: float = 0.05) -> float:
    """Ranks that differ by more than this differ significantly: Nemenyi's test, as in Demsar (2006).

    Example:
        >>> round(critical_difference(5, 30), 3)
        1.114
    """
    quantile = float(studentized_range.ppf(1 - level, n_methods, np.inf)) / math.sqrt(2)
    return quantile * math.sqrt(n_methods * (n_methods + 1) / (6 * n_sets))

"""Means with standard errors, over seeds where there are several."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np


def estimate(values: Sequence[float], n_points: int) -> dict[str, Any]:
    """Mean of an accuracy over seeds, with its standard error.

    With several seeds the error is that of their mean, which covers the draw of training and test rows; with one it is
    the binomial error over the test points.

    Args:
        values: one accuracy a seed.
        n_points: test points behind each.

    Example:
        >>> estimate([0.5], 100)["standard_error"]
        0.05
    """
    mean = float(np.mean(values))
    if len(values) > 1:
        error = float(np.std(values, ddof=1) / math.sqrt(len(values)))
    else:
        error = math.sqrt(mean * (1 - mean) / n_points)
    return {"mean": mean, "standard_error": error, "per_seed": [float(v) for v in values]}


def estimate_any(values: Sequence[float]) -> dict[str, Any]:
    """Mean of any figure over seeds, with the standard error of the mean; None where one seed was run."""
    found = estimate(values, 1) if len(values) > 1 else {"mean": float(values[0]), "standard_error": None}
    return found | {"per_seed": [float(v) for v in values]}

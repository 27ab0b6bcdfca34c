"""Means over seeds with their standard errors: the numbers behind figures, plain values that JSON can hold."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Estimate = Mapping[str, Any]
"""A `mean` with its `standard_error`, or with the `factor` of one in logarithms; None where there is none."""


def estimate(values: ArrayLike) -> dict[str, Any]:
    """Mean over seeds, (n,), and its standard error, which is None for a single one.

    Example:
        >>> estimate([1.0, 3.0]), estimate([2.0])
        ({'mean': 2.0, 'standard_error': 1.0}, {'mean': 2.0, 'standard_error': None})
    """
    values = np.asarray(values, np.float64)
    n = len(values)
    error = float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else None
    return {"mean": float(values.mean()), "standard_error": error}


def estimates(per_seed: ArrayLike) -> list[dict[str, Any]]:
    """The same for each place of a list of figures, (seeds, places)."""
    return [estimate(column) for column in np.asarray(per_seed, np.float64).T]


def geometric(values: ArrayLike) -> dict[str, Any]:
    """Geometric mean over seeds, (n,), and the factor of one standard error: for figures with heavy tails.

    Example:
        >>> {name: round(value, 6) for name, value in geometric([1.0, 4.0]).items()}
        {'mean': 2.0, 'factor': 2.0}
    """
    found = estimate(np.log(np.asarray(values, np.float64)))
    error = found["standard_error"]
    return {"mean": math.exp(found["mean"]), "factor": None if error is None else math.exp(error)}


def geometrics(per_seed: ArrayLike) -> list[dict[str, Any]]:
    """The same for each place of a list of figures, (seeds, places)."""
    return [geometric(column) for column in np.asarray(per_seed, np.float64).T]

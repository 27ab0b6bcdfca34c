"""Inputs on the unit sphere, and their labels: random ones, or the signs of a random linear function."""

import numpy as np

from limes.measure import unit_rows


def points(seed: int, n: int, d: int) -> np.ndarray:
    """(n, d) float64, uniform."""
    return unit_rows(np.random.default_rng([seed, n, d]).standard_normal((n, d)))


def random_labels(seed: int, n: int) -> np.ndarray:
    """(n,) of 1.0 and -1.0."""
    return np.random.default_rng([seed, n, 1]).choice([-1.0, 1.0], n)


def teacher_labels(seed: int, x: np.ndarray) -> np.ndarray:
    """(n,): the signs of <w, x> for a w of the seed."""
    return np.where(x @ np.random.default_rng([seed, x.shape[1], 2]).standard_normal(x.shape[1]) > 0, 1.0, -1.0)

"""Pairs of classes of digits, with labels 1 and -1 and pixels in [0, 1]: scikit-learn's digits, or MNIST."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from limes.data import load

BOUNDS = (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two classes, split.

    Attributes:
        x, x_test: (n, d) float64 in [0, 1].
        y, y_test: (n,) 1.0 for the second class, -1.0 for the first.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def first(self, n: int) -> "Pair":
        """The same with the first `n` rows to train on."""
        return Pair(self.x[:n], self.y[:n], self.x_test, self.y_test)


def digits(first: int, second: int, seed: int, n: int = 240) -> Pair:
    """scikit-learn's digits of two classes, in random order: `n` rows to train on, the others to test on."""
    x, y = _digits()
    rows = np.flatnonzero((y == first) | (y == second))
    rows = np.random.default_rng([seed, first, second]).permutation(rows)
    signs = np.where(y[rows] == second, 1.0, -1.0)
    return Pair(x[rows[:n]], signs[:n], x[rows[n:]], signs[n:])


def parity(seed: int, n: int = 1000) -> Pair:
    """All of scikit-learn's digits, odd against even: a pair with 1000 rows to train on."""
    x, y = _digits()
    rows = np.random.default_rng([seed, 10]).permutation(len(x))
    signs = np.where(y[rows] % 2 == 1, 1.0, -1.0)
    return Pair(x[rows[:n]], signs[:n], x[rows[n:]], signs[n:])


def mnist(folder: str) -> Pair:
    """MNIST 0 against 1 in the official order: 12,665 rows to train on, 2,115 to test on."""
    data = load("mnist", folder)
    assert data.x_test is not None
    assert data.y_test is not None
    parts = []
    for x, y in ((data.x, data.y), (data.x_test, data.y_test)):
        rows = np.flatnonzero(np.isin(y, (0, 1)))
        parts += [x[rows].reshape(len(rows), -1).astype(np.float64), np.where(y[rows] == 1, 1.0, -1.0)]
    return Pair(*parts)


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    data = load("digits")
    return np.asarray(data.x, np.float64).reshape(len(data.x), -1), np.asarray(data.y)

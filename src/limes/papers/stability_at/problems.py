"""Data for twin runs: rows to train on, fresh rows to exchange some of them for, and rows to test on."""

from dataclasses import dataclass

import numpy as np

from limes.papers import pairs

D = 10
FLIPPED = 0.1


@dataclass(frozen=True, eq=False)
class Problem:
    """Two classes, and exchanges of single examples.

    Attributes:
        x, y: (n, d) and (n,), labels 1 and -1.
        rows: (k,) which example is exchanged in each twin.
        x_new, y_new: (k, d) and (k,), drawn as the others.
        x_test, y_test: rows that no run has seen.
    """

    x: np.ndarray
    y: np.ndarray
    rows: np.ndarray
    x_new: np.ndarray
    y_new: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def sphere(seed: int, n: int, swaps: int, n_test: int) -> Problem:
    """Points of length 1 in 10 dimensions; labels by a half-space through 0, a tenth of them flipped.

    Problems of one seed share half-space, test rows and fresh rows, whatever n is.
    """
    rng = np.random.default_rng([seed, 9])
    normal = rng.standard_normal(D)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        x = rng.standard_normal((count, D))
        flips = np.where(rng.random(count) < FLIPPED, -1.0, 1.0)
        return x / np.linalg.norm(x, axis=1, keepdims=True), flips * np.where(x @ normal > 0, 1.0, -1.0)

    x_test, y_test = draw(n_test)
    x_new, y_new = draw(swaps)
    x, y = draw(n)
    return Problem(x, y, np.arange(swaps), x_new, y_new, x_test, y_test)


def digits(seed: int, n: int, swaps: int) -> Problem:
    """scikit-learn's digits 3 against 8, all divided by the length of the longest."""
    pair = pairs.digits(3, 8, seed, n)
    longest = max(float(np.linalg.norm(x, axis=1).max()) for x in (pair.x, pair.x_test))
    x, rest, y_rest = pair.x / longest, pair.x_test / longest, pair.y_test
    return Problem(x, pair.y, np.arange(swaps), rest[:swaps], y_rest[:swaps], rest[swaps:], y_rest[swaps:])

"""Claim 13: label flips of kernel ridge regression, by sorting and by trying all.

f(x) = w . y with w = (K + lambda I)^-1 k(x). Flipping label i moves s f, s = sign f, by -2 s w_i y_i: after r flips the
worst margin is |f| - 2 (sum of the r largest positive s w_i y_i).
"""

import itertools
from typing import Any

import numpy as np

from limes.certify import label_flips
from limes.machines import NTKClassifier
from limes.papers.nn_svm.two_layer import NET
from limes.papers.pairs import digits


def worst_margins(w: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Worst margins (n + 1,) after 0, 1, ..., n flips."""
    f = float(w @ y)
    gains = np.sort(np.maximum((1.0 if f > 0 else -1.0) * w * y, 0.0))[::-1]
    return abs(f) - 2 * np.concatenate([[0.0], np.cumsum(gains)])


def tried(w: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same by all 2^n labels."""
    f, n = float(w @ y), len(y)
    sign = 1.0 if f > 0 else -1.0
    flips = np.array(list(itertools.product((0, 1), repeat=n)), bool)
    margins = sign * (np.where(flips, -y, y) @ w)
    counts = flips.sum(axis=1)
    return np.minimum.accumulate(np.array([margins[counts == r].min() for r in range(n + 1)]))


def measured(seed: int, n: int = 14, n_points: int = 10) -> dict[str, Any]:
    """The largest difference of both over points and numbers of flips, and how often the library's number is wrong."""
    pair = digits(3, 8, seed)
    rows = np.concatenate([np.flatnonzero(pair.y == label)[: n // 2] for label in (-1, 1)])
    x, y, points = pair.x[rows], pair.y[rows], pair.x_test[:n_points]
    clf = NTKClassifier(NET, ridge=0.5).fit(x, y.astype(int))
    operator = np.asarray(clf.label_operator(points), np.float64)
    exact = [tried(w, y) for w in operator]
    difference = max(float(np.max(np.abs(worst_margins(w, y) - e))) for w, e in zip(operator, exact, strict=True))
    fewest = [int(np.argmax(e < 0)) for e in exact]
    wrong = int(np.sum(label_flips(clf, points) != np.array(fewest)))
    return {"difference": difference, "wrong": wrong, "fewest": fewest}

"""Support vector machines on kernels that are there already: one kernel for all penalties and folds.

Pairs of classes vote, as in the papers and in scikit-learn; only labels are wanted here, not scores with gradients.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.svm import SVC

_TOLERANCE = 1e-3  # scikit-learn's own; a finer one changes hardly a label, and takes twice as long at large C


def svm_labels(gram: np.ndarray, y: np.ndarray, cross: np.ndarray, C: float, most_steps: int = -1) -> np.ndarray:
    """Labels (m,) of rows with kernel `cross` (m, n) to the training rows, whose kernel is `gram` (n, n).

    Each pair of classes takes `most_steps` steps of the solver, and scikit-learn warns where these were too few; -1
    sets no limit.
    """
    if len(np.unique(y)) == 1:
        return np.full(len(cross), y[0])
    solver = SVC(C=C, kernel="precomputed", tol=_TOLERANCE, max_iter=most_steps)
    return solver.fit(np.ascontiguousarray(gram), y).predict(np.ascontiguousarray(cross))


def folds(y: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """The fold (n,) of each row: rows of a class are dealt to folds in turn, in random order."""
    order = np.random.default_rng([seed, 8]).permutation(len(y))
    order = order[np.argsort(np.asarray(y)[order], kind="stable")]
    fold = np.empty(len(y), np.int64)
    fold[order] = np.arange(len(y)) % n_folds
    return fold


def cross_validated(gram: np.ndarray, y: np.ndarray, fold: np.ndarray, C: float) -> float:
    """Accuracy on rows that were left out, a fold at a time."""
    right = 0
    for number in range(int(fold.max()) + 1):
        out = fold == number
        kept = gram[~out]
        right += int(np.sum(svm_labels(kept[:, ~out], y[~out], gram[out][:, ~out], C) == y[out]))
    return right / len(y)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A kernel that may be chosen.

    Attributes:
        settings: plain values that name it.
        gram: makes the kernel (n, n) of the training rows, with ones on the diagonal.
        cross: makes that of test rows with them (m, n).
    """

    settings: dict[str, Any]
    gram: Callable[[], np.ndarray]
    cross: Callable[[], np.ndarray]


@dataclass(frozen=True, eq=False)
class Choice:
    """The best candidate and penalty, with the accuracy that chose it."""

    candidate: Candidate
    C: float
    validation: float


def choose(
    candidates: Sequence[Candidate], penalties: Sequence[float], score: Callable[[np.ndarray, float], float]
) -> Choice:
    """The highest score of (gram, C); of equal ones the first. Kernels that overflow are passed over."""
    best = None
    for candidate in candidates:
        gram = candidate.gram()
        if not np.isfinite(gram).all():
            continue
        for C in penalties:
            found = score(gram, C)
            if best is None or found > best.validation:
                best = Choice(candidate, C, found)
    assert best is not None, "every kernel has overflowed"
    return best

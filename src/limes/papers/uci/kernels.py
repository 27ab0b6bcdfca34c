"""Kernel machines on one table: a grid of kernels, each with a few penalties or ridges.

Kernels are computed once over all rows of the table; tuning and tests take parts of them.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import rbf_kernel

from limes.core.types import Kind
from limes.linalg import cholesky
from limes.machines.targets import encode_labels
from limes.nets import Dense, Net, Relu, serial
from limes.papers.tables.svm import svm_labels
from limes.papers.uci.archive import Splits

DEPTHS = (1, 2, 3, 4, 5)
PENALTIES = tuple(10.0**k for k in range(-2, 5))
RIDGES = (1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""In units of the kernel's mean diagonal."""
GAMMAS = (1 / 32, 1 / 8, 1 / 2, 2.0, 8.0)
"""In units of 1 / columns."""
BIASES = (0.1, 1.0)
MOST_STEPS = 100_000
"""Of the solver of a support vector machine: at large C on noisy labels it would take hours, and gain nothing."""
_ROWS = 512  # beyond, numbers of rows are multiples of it
_THREADS = 2  # support vector machines that are trained at once; the solver is not parallel itself
Rows = np.ndarray
Labels = Callable[[np.ndarray, np.ndarray, Rows, Rows, float], np.ndarray]
Gram = tuple[dict[str, Any], Callable[[], np.ndarray]]


def network(depth: int, fixed: int = 0, b_std: float = 0.0) -> Net:
    """`depth` dense layers with relu between them, the lowest `fixed` of which keep their random weights."""
    layers: list[Any] = []
    for k in range(depth):
        layers += [Dense(w_std=2**0.5, b_std=b_std, trainable=k >= fixed), Relu()]
    return serial(*layers[:-1])


def ntk_grid(x: np.ndarray) -> Iterator[Gram]:
    """NTK by depth and number of fixed layers, as in the paper."""
    for depth in DEPTHS:
        for fixed in range(depth):
            yield {"depth": depth, "fixed": fixed}, lambda d=depth, f=fixed: _gram(network(d, f), x, "ntk")


def grid_with_biases(x: np.ndarray, kind: Kind) -> Iterator[Gram]:
    """Either kernel by depth and bias: regression has no intercept, as the support vector machine has."""
    for depth in DEPTHS:
        for b_std in BIASES:
            yield {"depth": depth, "b_std": b_std}, lambda d=depth, b=b_std: _gram(network(d, 0, b), x, kind)


def rbf_grid(x: np.ndarray) -> Iterator[Gram]:
    """Radial basis functions by width."""
    for gamma in GAMMAS:
        yield {"gamma": gamma}, lambda g=gamma: rbf_kernel(x, gamma=g / x.shape[1])


def _gram(net: Net, x: np.ndarray, kind: Kind) -> np.ndarray:
    n = len(x)
    gram = np.asarray(getattr(net.kernel(_padded(x), get=kind), kind))[:n, :n]
    return gram / (np.mean(np.diagonal(gram)) or 1.0)


def _padded(x: np.ndarray) -> np.ndarray:
    """The rows with zeros behind and beside them, in one of few shapes: each new shape would be compiled.

    Columns of zeros change no inner product; the kernel divides it by their number, which the factor takes back.
    """
    n, d = x.shape
    more_rows = (1 << (n - 1).bit_length() if n <= _ROWS else -(-n // _ROWS) * _ROWS) - n
    more_columns = (1 << (d - 1).bit_length()) - d
    return np.pad(x * math.sqrt((d + more_columns) / d), ((0, more_rows), (0, more_columns)))


def by_svm(gram: np.ndarray, y: np.ndarray, rows: Rows, others: Rows, C: float) -> np.ndarray:
    """Labels of `others` by a support vector machine on `rows`."""
    return svm_labels(gram[np.ix_(rows, rows)], y[rows], gram[np.ix_(others, rows)], C, MOST_STEPS)


def by_regression(gram: np.ndarray, y: np.ndarray, rows: Rows, others: Rows, ridge: float) -> np.ndarray:
    """Labels of `others` by kernel ridge regression on one-hot labels of `rows`."""
    classes, targets = encode_labels(y[rows], "centred") if len(np.unique(y[rows])) > 1 else (y[rows][:1], None)
    if targets is None:
        return np.full(len(others), classes[0])
    coef = cholesky.solve(gram[np.ix_(rows, rows)], targets, ridge).check().coef[0]
    return classes[np.argmax(gram[np.ix_(others, rows)] @ coef, axis=1)]


def measure(grid: Iterator[Gram], labels: Labels, numbers: Sequence[float], splits: Splits) -> dict[str, Any]:
    """Test accuracy of what did best on the tuning rows; of equal settings the first counts.

    Args:
        grid: kernels over all rows, with the settings that name them.
        labels: `by_svm` or `by_regression`.
        numbers: penalties or ridges.
        splits: of the table.

    Returns:
        accuracy (mean over the four test parts), folds, validation, and what was chosen.
    """
    y, (fit, choose) = splits.y, splits.tune
    best: tuple[float, dict[str, Any], Callable[[], np.ndarray]] | None = None
    with warnings.catch_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)
        for settings, make in grid:
            gram = make()
            found = [pool.submit(labels, gram, y, fit, choose, number) for number in numbers]
            for number, future in zip(numbers, found, strict=True):
                right = float(np.mean(future.result() == y[choose]))
                if best is None or right > best[0]:
                    best = right, settings | {"number": number}, make
        assert best is not None
        validation, chosen, make = best
        gram = make()
        tests = [pool.submit(labels, gram, y, rows, others, chosen["number"]) for rows, others in splits.folds]
        each = [
            float(np.mean(test.result() == y[others])) for test, (_, others) in zip(tests, splits.folds, strict=True)
        ]
    return {"accuracy": float(np.mean(each)), "folds": each, "validation": validation, **chosen}

"""Claim 8: one data set of the UCR archive, all methods under one protocol.

Series are put to mean 0 and standard deviation 1 over all steps of the training part. Whatever there is to choose is
chosen on the training part alone, by 5-fold cross-validation for the kernels and by leaving one out for the window of
time warping; of equal settings the first in the order below. The test part is used once.

The grids are smaller than the paper's: cost decides. Kernels are divided by the roots of both series' own, as
`limes.RNTKClassifier` has it, so that one list of penalties suits all of them.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics.pairwise import rbf_kernel

from limes.data import Dataset
from limes.kernels.diagonal import diagonal
from limes.nets import Net, mlp
from limes.nets.recurrent import Readout
from limes.papers.rntk.dtw import chosen_window, nearest, steps
from limes.papers.rntk.kernels import Numbers, cosines, family, ntk, own
from limes.papers.tables.svm import Candidate, Choice, choose, cross_validated, folds, svm_labels

PENALTIES = (100.0, 1.0, 10.0, 1000.0)
N_FOLDS = 5
ROOT2 = 2**0.5
READOUTS: tuple[Readout, ...] = ("mean_shared", "last", "mean_per_step")
GRID: dict[str, dict[str, tuple[tuple[float, float, float], ...]]] = {
    "mean_shared": {"relu": tuple((w, b, 0.0) for b in (0.1, 1.0) for w in (ROOT2, 1.34, 1.47))},
    "last": {
        "relu": tuple((w, b, h) for h in (0.0, 1.0) for b in (0.1, 0.0, 1.0) for w in (ROOT2, 1.34, 1.47)),
        "erf": tuple((w, b, 0.0) for b in (0.1, 1.0) for w in (ROOT2, 1.0)),
    },
}
"""(w_std, b_std, h_std) by read-out and activation; the mean over equal steps has the grid of the last step."""
GRID["mean_per_step"] = GRID["last"]
DEPTHS = (3, 2, 4, 5, 6)
GAMMAS = (1.0, 0.125, 0.25, 0.5, 2.0, 4.0, 8.0)
"""In units of 1 / (steps x variance)."""
MOST_STEPS = 1.5e8
"""Of a training kernel between all pairs of steps: longer series are averaged over windows first, for this alone."""


def measure(data: Dataset, seed: int) -> dict[str, Any]:
    """Test accuracy of each method with what was chosen, one data set; `seed` decides the folds.

    Cost: for n training rows of T steps, 44 n^2 T / 2 and 6 n^2 T'^2 / 2 steps of recursions, and 248 machines a fold.
    """
    assert data.x_test is not None
    assert data.y_test is not None
    x, x_test = _standardised(data)
    y, fold = data.y, folds(data.y, N_FOLDS, seed)

    def score(gram: np.ndarray, C: float) -> float:
        return cross_validated(gram, y, fold, C)

    window = block_length(len(x), x.shape[1])
    kinds: dict[str, list[Candidate]] = {
        f"rntk-{readout}": [*_recurrent(x, x_test, readout, window if readout == "mean_shared" else 1)]
        for readout in READOUTS
    }
    kinds |= {"ntk": [*_dense(x[..., 0], x_test[..., 0])], "rbf": [*_radial(x[..., 0], x_test[..., 0])]}
    methods = {
        name: _tested(choose(candidates, PENALTIES, score), y, data.y_test) for name, candidates in kinds.items()
    }
    best = max((f"rntk-{readout}" for readout in READOUTS), key=lambda name: methods[name]["validation"])
    methods = {"rntk": methods[best] | {"readout": best.removeprefix("rntk-")}} | methods
    methods |= _neighbours(x[..., 0], y, x_test[..., 0], data.y_test)
    return {
        "n_train": len(x),
        "n_test": len(x_test),
        "length": x.shape[1],
        "classes": data.n_classes,
        "window": window,
        "methods": methods,
    }


def block_length(n: int, time: int) -> int:
    """Steps that are averaged into one, so that a kernel between all pairs of steps costs at most `MOST_STEPS`."""
    return next(k for k in range(1, time + 1) if n**2 * np.ceil(time / k) ** 2 / 2 <= MOST_STEPS or k == time)


def averaged(x: np.ndarray, window: int) -> np.ndarray:
    """Series (n, time, 1) averaged over windows of steps; the last window may be shorter."""
    starts = np.arange(0, x.shape[1], window)
    counts = np.diff(np.append(starts, x.shape[1]))
    return (np.add.reduceat(x, starts, axis=1) / counts[:, None]).astype(x.dtype)


def _standardised(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Training and test series (n, time, 1) in float32."""
    assert data.x_test is not None
    mean, spread = data.x.mean(dtype=np.float64), data.x.std(dtype=np.float64)
    first, second = (((x - mean) / spread).astype(np.float32) for x in (data.x, data.x_test))
    return first, second


def _tested(choice: Choice, y: np.ndarray, y_test: np.ndarray) -> dict[str, Any]:
    candidate = choice.candidate
    labels = svm_labels(candidate.gram(), y, candidate.cross(), choice.C)
    accuracy = float(np.mean(labels == y_test))
    return {"accuracy": accuracy, "validation": choice.validation, "C": choice.C, **candidate.settings}


def _recurrent(x: np.ndarray, x_test: np.ndarray, readout: Readout, window: int) -> Iterator[Candidate]:
    x, x_test = averaged(x, window), averaged(x_test, window)
    for activation, numbers in GRID[readout].items():
        net = family(activation, readout)
        for w_std, b_std, h_std in numbers:
            values = {"w_std": w_std, "b_std": b_std, "h_std": h_std}
            yield Candidate(
                {"activation": activation, **values},
                lambda net=net, values=values: _gram(net, values, x),
                lambda net=net, values=values: _cross(net, values, x, x_test),
            )


def _gram(net: Net, values: Numbers, x: np.ndarray) -> np.ndarray:
    kernel = ntk(net, values, x)
    return cosines(kernel, np.diagonal(kernel), np.diagonal(kernel))


def _cross(net: Net, values: Numbers, x: np.ndarray, x_test: np.ndarray) -> np.ndarray:
    return cosines(ntk(net, values, x_test, x), own(net, values, x_test), own(net, values, x))


def _dense(x: np.ndarray, x_test: np.ndarray) -> Iterator[Candidate]:
    """The NTK of fully connected nets by depth, of series as vectors."""

    def gram(net: Net) -> np.ndarray:
        kernel = np.asarray(net.kernel(x, get="ntk").ntk)
        return cosines(kernel, np.diagonal(kernel), np.diagonal(kernel))

    def cross(net: Net) -> np.ndarray:
        kernel = np.asarray(net.kernel(x_test, x, get="ntk").ntk)
        return cosines(kernel, diagonal(net, x_test), diagonal(net, x))

    for depth in DEPTHS:
        net = mlp(depth)
        yield Candidate({"depth": depth}, lambda net=net: gram(net), lambda net=net: cross(net))


def _radial(x: np.ndarray, x_test: np.ndarray) -> Iterator[Candidate]:
    x, x_test = x.astype(np.float64), x_test.astype(np.float64)
    for gamma in GAMMAS:
        factor = gamma / (x.shape[1] * float(x.var()))
        yield Candidate(
            {"gamma": gamma},
            lambda factor=factor: rbf_kernel(x, x, factor),
            lambda factor=factor: rbf_kernel(x_test, x, factor),
        )


def _neighbours(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray) -> dict[str, Any]:
    """Nearest neighbours by the Euclidean distance, and by time warping in the chosen band."""
    x, x_test = x.astype(np.float64), x_test.astype(np.float64)
    window, validation = chosen_window(x, y)

    def accuracy(percent: int) -> float:
        return float(np.mean(y[nearest(x_test, x, steps(percent, x.shape[1]))] == y_test))

    return {
        "euclidean": {"accuracy": accuracy(0)},
        "dtw": {"accuracy": accuracy(window), "validation": validation, "window": window},
    }

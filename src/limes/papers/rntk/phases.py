"""Claims 5 and 6: series of different lengths and random phases, where what tells classes apart may come at any time.

Three classes sin(w t + phase) with w in {0.3, 0.4, 0.5}, a phase and a length (30 to 60 steps) drawn for each series,
and Gaussian noise. Vector kernels see series that are padded with zeros. Numbers are chosen on rows that are neither
trained nor tested on; penalty 100 for the recurrent kernels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics.pairwise import rbf_kernel

from limes.kernels.diagonal import diagonal
from limes.nets import mlp
from limes.nets.recurrent import Readout
from limes.papers.rntk.kernels import cosines, family, ntk, own
from limes.papers.tables.svm import svm_labels

FREQUENCIES = (0.3, 0.4, 0.5)
LENGTHS = (30, 60)
ROOT2 = 2**0.5
WIDTHS = (1.2, ROOT2, 1.6)
"""Values of w_std."""
PENALTY, B_STD = 100.0, 0.1
_PENALTIES = (1.0, 10.0, 100.0, 1000.0)
_GAMMAS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)  # times scikit-learn's "scale"
_DEPTHS = (2, 3, 4, 5)


@dataclass(frozen=True, eq=False)
class Rows:
    """Series (n, 60, 1) padded with zeros, lengths and classes; then which rows train, choose and test."""

    x: np.ndarray
    lengths: np.ndarray
    y: np.ndarray
    train: slice
    valid: slice
    test: slice

    @property
    def series(self) -> tuple[np.ndarray, np.ndarray]:
        """Padded series with their lengths."""
        return self.x, self.lengths

    @property
    def trained(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of the training rows."""
        return self.x[self.train], self.lengths[self.train]


def draw(seed: int, noise: float, n_train: int, n_valid: int = 80, n_test: int = 120) -> Rows:
    """The rows of a seed; `noise` is a standard deviation."""
    rng, n = np.random.default_rng([seed, 5]), n_train + n_valid + n_test
    y, lengths = rng.integers(0, len(FREQUENCIES), n), rng.integers(LENGTHS[0], LENGTHS[1] + 1, n)
    steps = np.arange(LENGTHS[1])
    clean = np.sin(np.array(FREQUENCIES)[y][:, None] * steps + rng.uniform(0, 2 * np.pi, n)[:, None])
    x = np.where(steps < lengths[:, None], clean + noise * rng.standard_normal(clean.shape), 0.0)
    cuts = np.cumsum([n_train, n_valid, n_test])
    parts = [slice(stop - size, stop) for stop, size in zip(cuts, (n_train, n_valid, n_test), strict=True)]
    return Rows(x[..., None].astype(np.float32), lengths.astype(np.int32), y, *parts)


def recurrent(rows: Rows, activation: str, readout: Readout, w_std: float) -> np.ndarray:
    """Cosines (n, n_train) of the recurrent NTK between all rows and the training rows."""
    net, numbers = family(activation, readout), {"w_std": w_std, "b_std": B_STD}
    diagonal_of_all = own(net, numbers, rows.series)
    return cosines(ntk(net, numbers, rows.series, rows.trained), diagonal_of_all, diagonal_of_all[rows.train])


def padded(rows: Rows) -> dict[str, list[np.ndarray]]:
    """The same for vector kernels of padded series: radial basis functions, and the NTK by depth."""
    flat = rows.x[..., 0].astype(np.float64)
    train = flat[rows.train]
    scale = 1.0 / (train.shape[1] * train.var())
    kernels: dict[str, list[np.ndarray]] = {"rbf": [rbf_kernel(flat, train, gamma=g * scale) for g in _GAMMAS]}
    kernels["ntk"] = []
    for depth in _DEPTHS:
        net = mlp(depth, b_std=B_STD)
        diagonal_of_all = diagonal(net, flat)
        kernel = np.asarray(net.kernel(flat, train, get="ntk").ntk)
        kernels["ntk"].append(cosines(kernel, diagonal_of_all, diagonal_of_all[rows.train]))
    return kernels


def accuracy(rows: Rows, kernel: np.ndarray, C: float, part: slice) -> float:
    """Of a machine trained on the training rows."""
    labels = svm_labels(kernel[rows.train], rows.y[rows.train], kernel[part], C)
    return float(np.mean(labels == rows.y[part]))


def chosen(rows: Rows, kernels: list[np.ndarray], penalties: tuple[float, ...]) -> tuple[float, int]:
    """Test accuracy of the kernel and penalty that are best on the validation rows, and which kernel that is."""
    scores = [
        (accuracy(rows, kernel, C, rows.valid), -i, -j)
        for i, kernel in enumerate(kernels)
        for j, C in enumerate(penalties)
    ]
    _, i, j = max(scores)
    return accuracy(rows, kernels[-i], penalties[-j], rows.test), -i


def hard(seed: int, n_test: int) -> dict[str, Any]:
    """Claim 5, noise 0.8 and 80 training rows: test accuracies by kernel."""
    rows = draw(seed, 0.8, 80, n_test=n_test)
    means = [recurrent(rows, "relu", "mean_shared", w) for w in WIDTHS]
    found: dict[str, Any] = {
        f"mean {w:.3g}": accuracy(rows, kernel, PENALTY, rows.test) for w, kernel in zip(WIDTHS, means, strict=True)
    }
    found["last"] = accuracy(rows, recurrent(rows, "relu", "last", ROOT2), PENALTY, rows.test)
    found["mean"], best = chosen(rows, means, (PENALTY,))
    found["w_std"] = WIDTHS[best]
    return found | {name: chosen(rows, kernels, _PENALTIES)[0] for name, kernels in padded(rows).items()}


def easy(seed: int, n_train: int, n_test: int) -> dict[str, Any]:
    """Claim 6, noise 0.3: test accuracies by kernel."""
    rows = draw(seed, 0.3, n_train, n_test=n_test)
    found: dict[str, Any] = {name: chosen(rows, kernels, _PENALTIES)[0] for name, kernels in padded(rows).items()}
    readouts: dict[str, Readout] = {"last": "last", "mean": "mean_shared"}
    for activation in ("relu", "erf"):
        for name, readout in readouts.items():
            kernel = recurrent(rows, activation, readout, ROOT2)
            found[f"{activation} {name}"] = accuracy(rows, kernel, PENALTY, rows.test)
    return found

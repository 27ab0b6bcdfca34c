"""Claims 2, 3, 4 and 7: networks in training with their bounds at every epoch."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.data import Dataset, split
from limes.measure import BoundTraining, bound_course, data_norms, norm_bounds
from limes.measure.bound_layers import net_layers
from limes.measure.bound_training import BoundKind

CLASSES = 10
DENSE = 16
"""Units of a hidden dense layer for each channel of the layer that it stands beside."""


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes:
        name: data set.
        pooled: side of the windows whose means are the pixels; 1 for the images as they are.
        n_train, n_test: rows.
        n_errors: rows of each part that errors are taken on.
        epochs: of training.
        learning_rate: at the start.
    """

    name: str
    pooled: int
    n_train: int
    n_test: int
    n_errors: int
    epochs: int
    learning_rate: float


@dataclass(frozen=True, eq=False)
class Rows:
    """Images in [0, 1] with class numbers."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def rows_of(task: Task, data: Dataset, seed: int) -> Rows:
    """The rows of a seed, in the units in which they are trained on and in which D is taken."""
    parts = split(data, seed, task.n_train, 0, task.n_test)
    y, y_test = (np.searchsorted(data.classes, labels) for labels in (parts.y_train, parts.y_test))
    return Rows(pooled(parts.x_train, task.pooled), y, pooled(parts.x_test, task.pooled), y_test)


def pooled(x: np.ndarray, side: int) -> np.ndarray:
    """Means over windows of images (n, h, w, c), side by side."""
    n, h, w, c = x.shape
    return x.reshape(n, h // side, side, w // side, side, c).mean(axis=(2, 4)).astype(np.float32)


def training_of(task: Task, kind: BoundKind, depth: int, channels: int, decay: float, seed: int) -> BoundTraining:
    """Network and training of a case; dense ones have `DENSE` units a channel."""
    width = DENSE * channels if kind == "dense" else channels
    return BoundTraining(kind, depth, width, task.epochs, task.learning_rate, decay, seed=seed)


def followed(
    task: Task, data: Dataset, seed: int, kind: BoundKind, depth: int, channels: int, decay: float
) -> dict[str, Any]:
    """Bounds, rho and errors at every epoch of one network, and what the last bounds were made of."""
    rows = rows_of(task, data, seed)
    run, layers = training_of(task, kind, depth, channels, decay, seed).run(rows.x, rows.y, CLASSES)
    m = task.n_errors
    train, test = (rows.x[:m], rows.y[:m]), (rows.x_test[:m], rows.y_test[:m])
    found = bound_course(run, layers, data_norms(rows.x), train, test)
    last = found.last
    return found.arrays() | {
        "kind": kind,
        "depth": depth,
        "channels": channels,
        "decay": decay,
        "first": last.first,
        "n": last.data.n,
        "node": last.data.node,
        "degrees": list(last.degrees),
    }


def copies(task: Task, data: Dataset, seed: int, depth: int, channels: int) -> dict[str, Any]:
    """A trained convolution, and locally connected layers that hold its filter at every position."""
    rows = rows_of(task, data, seed)
    shared = training_of(task, "conv", depth, channels, 3e-3, seed)
    run, layers = shared.run(rows.x, rows.y, CLASSES)
    params, shape = layers.weights(run.params), rows.x.shape[1:]
    net = training_of(task, "local", depth, channels, 3e-3, seed).network(shape)
    empty = net.init(seed, shape, channels, CLASSES)
    own = [
        {"w": np.broadcast_to(np.asarray(p["w"]), q["w"].shape)} if len(p) and p["w"].ndim == 4 else p
        for p, q in zip(params, empty, strict=True)
    ]
    some, norms = rows.x_test[:20], data_norms(rows.x)
    outputs = [np.asarray(n.apply(p, some)) for n, p in ((layers.net, params), (net, own))]
    bounds = [norm_bounds(net_layers(n, p, shape), norms) for n, p in ((layers.net, params), (net, own))]
    return {
        "outputs": float(np.abs(outputs[0] - outputs[1]).max()),
        "rho": [b.rho for b in bounds],
        "sparse": [b.sparse for b in bounds],
        "complete": [b.complete for b in bounds],
    }

"""Claims 6 and 7: networks trained on small batches at several rates, their tails, and what pruning does to them.

All seeds are trained side by side on the same rows; they differ in weights at the start and order of rows. Weights are
uniform in +-1/sqrt(fan in) at the start, as in the published code, without momentum, decay and biases.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import logsumexp

from limes.beyond.tails import PruningKind, from_vectors, layer_tails, prune_vectors, weight_vectors
from limes.core.progress import Progress, Quiet
from limes.data import Dataset, split
from limes.papers.heavy_tails.descent import apply, passes

RATIOS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Shares that are pruned, of every layer."""
AVERAGED = 1000
"""Steps at the end over which weights are averaged, in whole passes."""
_LOOK = 5  # passes between two looks at the training loss
KINDS = get_args(PruningKind)


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes:
        name: data set.
        n_train, n_test: rows; None for all but a fifth, and for that.
        width: of both hidden layers.
        least: passes over the rows that are made in any case, after which a network is looked at first.
        most: passes after which a training that has not converged is given up.
        loss: mean training loss below which it stops, if all training rows are right.
    """

    name: str
    n_train: int | None
    n_test: int | None
    width: int
    least: int
    most: int
    loss: float


@dataclass(frozen=True, eq=False)
class Rows:
    """Flat rows with class numbers, and their test part."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def rows_of(task: Task, data: Dataset) -> Rows:
    """The rows of a task: one draw for all seeds."""
    parts = split(data, 0, task.n_train, 0, task.n_test)
    flat = [x.reshape(len(x), -1).astype(np.float32) for x in (parts.x_train, parts.x_test)]
    y, y_test = (np.searchsorted(data.classes, labels) for labels in (parts.y_train, parts.y_test))
    return Rows(flat[0], y, flat[1], y_test)


_outputs = jax.jit(apply)


def start(seed: int, sizes: Sequence[int]) -> list[np.ndarray]:
    """Weights uniform in +-1/sqrt(fan in)."""
    rng = np.random.default_rng((seed, 6))
    return [(rng.uniform(-1, 1, (i, o)) / np.sqrt(i)).astype(np.float32) for i, o in pairwise(sizes)]


def trained(
    task: Task,
    data: Dataset,
    learning_rate: float,
    batch_size: int,
    seeds: Sequence[int],
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Networks at one rate, one for each seed: after `least` passes, and at the stop, averaged over the last steps.

    Returns:
        name, learning_rate, batch_size, n (rows), weights (their number), steps; `converged` (seeds,); `early` and
        `stop`, of each what `looked_at` says, with a first axis of seeds.
    """
    rows, progress = rows_of(task, data), progress or Quiet()
    sizes = (rows.x.shape[1], task.width, task.width, int(rows.y.max()) + 1)
    first: Any = [jnp.stack(w) for w in zip(*[start(seed, sizes) for seed in seeds], strict=True)]
    per_pass = len(rows.x) // batch_size
    means: deque[Any] = deque(maxlen=-(-AVERAGED // per_pass))
    early, params, made = first, first, 0
    progress.start(f"training at rate {learning_rate:g}", task.most)
    for params, mean in islice(passes(first, rows.x, rows.y, learning_rate, batch_size, seeds), task.most):
        made += 1
        progress.step()
        means.append(mean)
        if made == task.least:
            early = params
        if made >= task.least and made % _LOOK == 0 and all(_fitted(task, rows, params)):
            break
    averaged = jax.tree.map(lambda *w: np.mean(w, axis=0), *means)
    seen = {name: [looked_at(rows, one) for one in _copies(w)] for name, w in (("early", early), ("stop", averaged))}
    return {
        "name": task.name,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "n": len(rows.x),
        "weights": sum(i * o for i, o in pairwise(sizes)),
        "steps": made * per_pass,
        "converged": _fitted(task, rows, params),
        **{name: {key: [one[key] for one in each] for key in each[0]} for name, each in seen.items()},
    }


def looked_at(rows: Rows, params: list[np.ndarray]) -> dict[str, Any]:
    """Tails of a network, and its accuracy with and without pruning.

    Returns:
        `index`, `hill`, `prunable` (layers,), the last one of magnitude pruning at 10 % error; `kept`, the share of all
        weights that is left then; `train`, `test`, accuracies; `loss` on the training rows; `pruned`, by kind test
        accuracies at `RATIOS`.
    """
    layers = layer_tails(params)
    prunable = [layer.prunable["magnitude"] for layer in layers]
    loss, right = _losses(rows, params)
    return {
        "index": [layer.heaviness.value for layer in layers],
        "hill": [layer.hill.value for layer in layers],
        "prunable": prunable,
        "kept": 1 - float(np.average(prunable, weights=[w.size for w in params])),
        "train": float(right.mean()),
        "loss": float(loss.mean()),
        "test": _accuracy(rows, params),
        "pruned": {kind: [_accuracy(rows, _pruned(params, ratio, kind)) for ratio in RATIOS] for kind in KINDS},
    }


def _pruned(params: list[np.ndarray], ratio: float, kind: PruningKind) -> list[np.ndarray]:
    """Every layer pruned by a share; the last one is read by its inputs, as `layer_tails` does."""
    last = [False] * (len(params) - 1) + [True]
    return [
        from_vectors(prune_vectors(weight_vectors(w, transposed=t), ratio, kind), w, transposed=t)
        for w, t in zip(params, last, strict=True)
    ]


def _fitted(task: Task, rows: Rows, params: Any) -> list[bool]:
    """Of each copy, whether all training rows are right and their mean loss is small enough."""
    found = [_losses(rows, one) for one in _copies(params)]
    return [bool(right.all()) and float(loss.mean()) < task.loss for loss, right in found]


def _copies(tree: Any) -> list[list[np.ndarray]]:
    whole = [np.asarray(w) for w in tree]
    return [[w[j] for w in whole] for j in range(len(whole[0]))]


def _losses(rows: Rows, params: Any) -> tuple[np.ndarray, np.ndarray]:
    """Cross-entropy of each training row, and whether it is right."""
    scores = np.asarray(_outputs(params, rows.x), np.float64)
    own = scores[np.arange(len(scores)), rows.y]
    total: Any = logsumexp(scores, axis=1)
    return total - own, scores.argmax(axis=1) == rows.y


def _accuracy(rows: Rows, params: Any) -> float:
    return float((np.asarray(_outputs(params, rows.x_test)).argmax(axis=1) == rows.y_test).mean())

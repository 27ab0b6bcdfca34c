"""Claim 8: what a tiny change of the weights grows to, by the moment at which it is made."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from limes.finite import outputs, train
from limes.measure import disagreement, kernel_distance, softmax_distance
from limes.papers.deep_vs_kernel.motion import full_kernel
from limes.papers.deep_vs_kernel.problems import Problem, Rows

SIZE = 1e-3
"""Length of the change over that of the weights."""


def growth(problem: Problem, rows: Rows, times: Sequence[float], horizon: float, seed: int) -> dict[str, Any]:
    """Two trainings with the same batches from weights that differ by `SIZE`, for `horizon` epochs from each moment.

    Returns:
        each (times,): "growth", the distance of the weights in the end over that at first; "function" (distance of
        softmax outputs), "disagree" (share of predictions) and "kernel" (kernel distance), of the two in the end, the
        first two on test rows and the last on the probes.
    """
    net = problem.network(rows.x.shape[1:])
    start = net.init(seed, rows.x.shape[1:], problem.width, outputs=10)
    at = [problem.step_at(t) for t in times]
    parent = train(net.apply, start, rows.x, rows.y, problem.recipe(max(times), seed=seed), at=at, snapshots=True)
    found: dict[str, list[float]] = {"growth": [], "function": [], "disagree": [], "kernel": []}
    probes = rows.x_test[: problem.n_probe]
    for k, weights in enumerate(parent.snapshots):
        changed = _changed(weights, seed, k)
        both = jax.tree.map(lambda a, b: np.stack([a, b]), weights, changed)
        recipe = problem.recipe(horizon, seed=seed + 1)
        run = train(net.apply, both, rows.x, rows.y, recipe, at=[], seeds=(recipe.seed, recipe.seed))
        pair = [jax.tree.map(lambda w, j=j: w[j], run.params) for j in (0, 1)]
        found["growth"].append(_distance(*pair) / _distance(weights, changed))
        said = [outputs(net.apply, w, rows.x_test) for w in pair]
        found["function"].append(softmax_distance(*said))
        found["disagree"].append(disagreement(*said))
        found["kernel"].append(kernel_distance(*(full_kernel(net, w, probes) for w in pair)))
    return {"times": list(times), **found}


def _changed(weights: Any, seed: int, k: int) -> Any:
    """The weights with a random change of relative length `SIZE`."""
    rng = np.random.default_rng([seed, 8, k])
    noise = jax.tree.map(lambda w: rng.normal(size=w.shape), weights)
    length = SIZE * _norm(weights) / _norm(noise)
    return jax.tree.map(lambda w, n: (w + length * n).astype(np.float32), weights, noise)


def _norm(tree: Any) -> float:
    return float(np.sqrt(sum(np.sum(np.asarray(w, np.float64) ** 2) for w in jax.tree.leaves(tree))))


def _distance(first: Any, second: Any) -> float:
    return _norm(jax.tree.map(lambda a, b: np.asarray(a, np.float64) - np.asarray(b, np.float64), first, second))

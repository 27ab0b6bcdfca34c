"""Claims 4, 7 and 10: when the basin is decided in which a training ends."""

import functools
from collections.abc import Sequence
from typing import Any

from limes.finite import outputs, train
from limes.measure import (
    activation_pattern,
    barrier,
    error_on,
    hamming_distance,
    kernel_distance,
    softmax_distance,
    spawn,
    weight_distance,
)
from limes.papers.deep_vs_kernel.motion import DT, full_kernel
from limes.papers.deep_vs_kernel.problems import Problem, Rows

_POINTS = 11


def children(problem: Problem, rows: Rows, times: Sequence[float], seed: int) -> dict[str, Any]:
    """Two children of the parent at each moment, trained to the end of its budget with orders of their own.

    Children start without the parent's momentum, as in the published protocol of spawning from weights.

    Returns:
        each (times,): "barrier" (training error) and "barrier_test"; between the children "pattern", "function" (test
        rows) and "weights"; "velocity" of the parent's kernel there; and "lines" (times, 11), the training errors.
    """
    net = problem.network(rows.x.shape[1:])
    start = net.init(seed, rows.x.shape[1:], problem.width, outputs=10)
    at = sorted({problem.step_at(t) for time in times for t in (time, time + DT)})
    last = (at[-1] + 1) / problem.step_at(1)
    parent = train(net.apply, start, rows.x, rows.y, problem.recipe(last, seed=seed), at=at, snapshots=True)
    by_step = dict(zip(parent.at.tolist(), parent.snapshots, strict=True))
    probes, names = rows.x_test[: problem.n_probe], ("barrier", "barrier_test", "pattern", "function", "weights")
    found: dict[str, list[Any]] = {name: [] for name in (*names, "velocity", "lines")}
    risks = [error_on(net.apply, rows.x, rows.y), error_on(net.apply, rows.x_test, rows.y_test)]
    pattern = functools.partial(activation_pattern, net)
    for time in times:
        here, soon = (by_step[problem.step_at(t)] for t in (time, time + DT))
        kernels = [full_kernel(net, w, probes) for w in (here, soon)]
        found["velocity"].append(kernel_distance(*kernels) / DT)
        recipe = problem.recipe(problem.epochs - time)
        pair = [c.params for c in spawn(net.apply, here, rows.x, rows.y, recipe, (seed + 101, seed + 202))]
        lines = [barrier(risk, pair[0], pair[1], _POINTS) for risk in risks]
        found["barrier"].append(lines[0].height)
        found["barrier_test"].append(lines[1].height)
        found["lines"].append(lines[0].risks)
        found["pattern"].append(hamming_distance(*(pattern(w, probes) for w in pair)))
        found["function"].append(softmax_distance(*(outputs(net.apply, w, rows.x_test) for w in pair)))
        found["weights"].append(weight_distance(*pair))
    return {"times": list(times), **found}


def thresholds(problem: Problem, rows: Rows, rates: Sequence[float], seed: int) -> dict[str, Any]:
    """Claim 10: the barrier between two trainings from one start, and their training error, by learning rate."""
    net = problem.network(rows.x.shape[1:])
    start = net.init(seed, rows.x.shape[1:], problem.width, outputs=10)
    risk = error_on(net.apply, rows.x, rows.y)
    heights, errors = [], []
    for rate in rates:
        recipe = problem.recipe(learning_rate=rate)
        pair = [c.params for c in spawn(net.apply, start, rows.x, rows.y, recipe, (seed + 101, seed + 202))]
        line = barrier(risk, pair[0], pair[1], _POINTS)
        heights.append(line.height)
        errors.append(0.5 * float(line.risks[0] + line.risks[-1]))
    return {"rates": list(rates), "barrier": heights, "error": errors}

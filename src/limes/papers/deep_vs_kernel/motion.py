"""Claims 1, 2, 3 and 11: how a network's tangent kernel moves while it is trained."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.finite import Recipe, Run, empirical_ntk, train
from limes.measure import evolution, kernel_distance
from limes.papers.deep_vs_kernel.problems import Problem, Rows

DT = 0.4  # epochs between the kernels of a velocity
_LEVEL = 0.5  # of the first loss, at which rates are compared
_FEW = 20  # probes of the kernels of all pairs of outputs


def soundness(problem: Problem, rows: Rows, seed: int) -> dict[str, Any]:
    """Claim 1: the distance of a kernel to itself, under scaling, and of the full kernel beside the traced one.

    Returns:
        "self", "scale" and "formula", numbers that are 0 for a sound measure; "full" and "traced" (k,) distances from
            the start.
    """
    net = problem.network(rows.x.shape[1:])
    start = net.init(seed, rows.x.shape[1:], problem.width, outputs=10)
    at = [problem.step_at(epoch) for epoch in (0, 0.4, 1, 2, 4)]
    run = train(net.apply, start, rows.x, rows.y, problem.recipe(4, seed=seed), at=at, snapshots=True)
    probes = rows.x_test[:_FEW]
    full = [empirical_ntk(net.apply, w, probes, trace=False) for w in run.snapshots]
    traced = [np.einsum("ijaa->ij", k.astype(np.float64)) / 10 for k in full]
    scaled = abs(kernel_distance(3.7 * traced[0], 0.02 * traced[-1]) - kernel_distance(traced[0], traced[-1]))
    return {
        "self": max(abs(_published(k, k)) + kernel_distance(k, k) for k in traced),
        "scale": scaled,
        "formula": max(abs(kernel_distance(traced[0], k) - _published(traced[0], k)) for k in traced),
        "full": [kernel_distance(full[0], k) for k in full[1:]],
        "traced": [kernel_distance(traced[0], k) for k in traced[1:]],
    }


def _published(k: np.ndarray, other: np.ndarray) -> float:
    return float(1 - np.trace(k @ other.T) / np.sqrt(np.trace(k @ k.T) * np.trace(other @ other.T)))


def full_kernel(net: Any, params: Any, probes: np.ndarray) -> np.ndarray:
    """Of all pairs of outputs, as the paper takes it: the trace keeps little of the motion."""
    return empirical_ntk(net.apply, params, probes, trace=False)


def motion(problem: Problem, rows: Rows, seed: int) -> dict[str, Any]:
    """Claims 2 and 8: the kernel on fixed probes, every 0.4 epochs.

    Returns:
        "epochs" (k,), "velocity" (k - 1,) a unit of epochs, "from_start" and "to_end" (k,) distances, "accuracy",
        "alignment", "rank", "top_mass" (k,) on the probes, and "loss" (k - 1,) of training between two moments.
    """
    net = problem.network(rows.x.shape[1:])
    start = net.init(seed, rows.x.shape[1:], problem.width, outputs=10)
    times = DT * np.arange(round(problem.epochs / DT) + 1)
    at = [problem.step_at(t) for t in times]
    run = train(net.apply, start, rows.x, rows.y, problem.recipe(seed=seed), at=at, snapshots=True)
    found = evolution(run, rows.x_test[: problem.n_probe], rows.y_test[: problem.n_probe], trace=False)
    return {
        "epochs": found.epochs,
        "velocity": found.velocity(),
        "from_start": found.kernel[0],
        "to_end": found.kernel[-1],
        "accuracy": found.accuracy,
        "alignment": found.alignment,
        "rank": found.effective_rank,
        "top_mass": found.top_mass,
        "loss": [float(part.mean()) for part in np.split(run.losses, run.at[1:-1])],
    }


def widths(problem: Problem, rows: Rows, some: Sequence[int], epochs: float, seed: int) -> dict[str, Any]:
    """Claim 3: distance of the kernel after training from that at the start, in the NTK parametrisation, by width.

    All widths have one rate of the function, so that they learn the same amount.
    """
    net, probes = problem.architecture(), rows.x_test[: problem.n_probe]
    recipe = Recipe(epochs, problem.batch_size, 1.0, 0.0, seed=seed)
    moved, losses = [], []
    for width in some:
        start = net.init(seed, rows.x.shape[1:], width, outputs=10)
        run = train(net.apply, start, rows.x, rows.y, recipe, at=[])
        before, after = (full_kernel(net, w, probes) for w in (start, run.params))
        moved.append(kernel_distance(before, after))
        losses.append(float(run.losses[-recipe.per_epoch(len(rows.x)) :].mean()))
    return {"widths": list(some), "moved": moved, "losses": losses}


def rates(problem: Problem, rows: Rows, some: Sequence[float], seed: int) -> dict[str, Any]:
    """Claim 11: velocity of the kernel when the training loss has halved, by learning rate.

    Returns:
        "rates", "velocity" (a unit of epochs) and "epochs" (when the loss has halved), each (rates,).
    """
    net = problem.network(rows.x.shape[1:])
    start = net.init(seed, rows.x.shape[1:], problem.width, outputs=10)
    velocity, reached = [], []
    for rate in some:
        run = _until_halved(problem, net, start, rows, rate, seed)
        recipe = problem.recipe(DT, rate, seed)
        there = run.snapshots[-1]
        onwards = train(net.apply, there, rows.x, rows.y, recipe, at=[]).params
        probes = rows.x_test[: problem.n_probe]
        kernels = [full_kernel(net, w, probes) for w in (there, onwards)]
        velocity.append(kernel_distance(*kernels) / DT)
        reached.append(float(run.epochs[-1]))
    return {"rates": list(some), "velocity": velocity, "epochs": reached}


def _until_halved(problem: Problem, net: Any, start: Any, rows: Rows, rate: float, seed: int) -> Run:
    """Training until the mean loss over all training rows is half of what it was; looked at after every step."""
    first: list[float] = []

    def halved(moment: Any) -> bool:
        outputs = moment.outputs(rows.x).astype(np.float64)
        raised = outputs - outputs.max(axis=1, keepdims=True)
        loss = float(np.mean(np.log(np.exp(raised).sum(axis=1)) - raised[np.arange(len(rows.y)), rows.y]))
        first.append(loss)
        return loss <= _LEVEL * first[0]

    recipe = problem.recipe(10 * problem.epochs, rate, seed)
    every = range(recipe.steps(len(rows.x)) + 1)
    return train(net.apply, start, rows.x, rows.y, recipe, at=every, snapshots=True, until=halved)

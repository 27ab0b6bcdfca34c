"""Claim 11: a target of few directions, hidden in noise: networks with weight decay beside kernel ridge regression.

Images are made small and filled up with coordinates of normal noise, of the variance that pixels have on average.
Kernels of fully connected networks do not tell one direction from another before they see labels; a network can learn
which ones matter.

Two targets: "projections", sum_i |u_i.x| over the principal directions u_i of the images, and "parity", whether the
digit is odd, +1 or -1. Errors are the squared error over the variance, and the share of wrong signs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.beyond.features import share_in_span
from limes.data import Dataset, split
from limes.linalg import cholesky
from limes.nets import mlp
from limes.papers.feature_learning.hidden_networks import trained

TARGETS = ("projections", "parity")
NETS, RIDGES = (("relu", 2), ("relu", 3), ("abs", 2)), (3e-4, 3e-3, 0.03, 0.3, 3.0, 30.0)
"""Activation and depth of the kernels' nets, those of abs even as projections are; ridges over the mean diagonal."""
SCHEDULES = ((0.1, 0.01), (0.1, 0.001))
"""Weight decay at the start and at the end."""
N_DIRECTIONS = 3


@dataclass(frozen=True)
class Task:
    """What is learned.

    Attributes:
        name: data set of square images.
        pool: pixels of a window that becomes one.
        dimension: coordinates with the noise.
        rows: numbers of training rows.
        n_val, n_test: further rows.
        width: of the networks.
        steps: of their training.
    """

    name: str
    pool: int
    dimension: int
    rows: tuple[int, ...]
    n_val: int
    n_test: int
    width: int
    steps: int


@dataclass(frozen=True, eq=False)
class Part:
    """Inputs (n, dimension) and targets by name (n,)."""

    x: np.ndarray
    y: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Parts:
    """Of one seed and number of rows, with the directions (3, dimension) behind the projections."""

    train: Part
    val: Part
    test: Part
    directions: np.ndarray


def parts_of(task: Task, data: Dataset, n: int, seed: int) -> Parts:
    """Rows of a seed; mean, scale and principal directions are those of all rows that are not test rows."""
    drawn = split(data, seed, n, task.n_val, task.n_test)
    free = data.x if data.x_test is not None else np.delete(data.x, drawn.test_index, axis=0)
    known = _pooled(free, task.pool)
    mean = known.mean(axis=0)
    scale = (known - mean).std()
    known = (known - mean) / scale
    principal = np.linalg.eigh(known.T @ known)[1][:, : -N_DIRECTIONS - 1 : -1].T
    spread = (known @ principal.T).std(axis=0)
    level = np.abs(known @ principal.T / spread).sum(axis=1)
    rng = np.random.default_rng([seed, n])

    def part(x: np.ndarray, label: np.ndarray) -> Part:
        signal = (_pooled(x, task.pool) - mean) / scale
        noise = rng.standard_normal((len(x), task.dimension - signal.shape[1]))
        projections = np.abs(signal @ principal.T / spread).sum(axis=1)
        targets = {
            "projections": (projections - level.mean()) / level.std(),
            "parity": np.where(np.asarray(label, int) % 2 == 1, 1.0, -1.0),
        }
        return Part(np.concatenate([signal, noise], axis=1).astype(np.float32), targets)

    padding = np.zeros((N_DIRECTIONS, task.dimension - principal.shape[1]))
    return Parts(
        part(drawn.x_train, drawn.y_train),
        part(drawn.x_val, drawn.y_val),
        part(drawn.x_test, drawn.y_test),
        np.concatenate([principal, padding], axis=1),
    )


def measured(seed: int, task: Task, data: Dataset, n: int) -> dict[str, Any]:
    """Test errors by target and learner: "kernel", "annealed" and "none"; what was chosen on validation rows.

    "share" is that of a network's mass along the directions behind the projections.
    """
    parts = parts_of(task, data, n, seed)
    kernels, networks = _kernels(parts), _networks(task, parts, seed)
    found: dict[str, Any] = {"n": n, "task": task.name, "dimension": task.dimension}
    for target in TARGETS:
        plain, *decayed = networks[target]
        found[target] = {
            "kernel": kernels[target],
            "annealed": min(decayed, key=lambda r: r["val"]),
            "none": plain,
        }
    return found


def _kernels(parts: Parts) -> dict[str, dict[str, Any]]:
    """The kernel and ridge with the least validation error, for each target."""
    targets = np.stack([parts.train.y[target] for target in TARGETS], axis=1)
    best: dict[str, dict[str, Any]] = {}
    for activation, depth in NETS:
        net = mlp(depth=depth, activation=activation)
        grams = [net.kernel(part.x, parts.train.x) for part in (parts.val, parts.test)]
        own = net.kernel(parts.train.x)
        for kind in ("nngp", "ntk"):
            gram = np.asarray(getattr(own, kind), np.float64)
            for ridge in RIDGES:
                coef = cholesky.solve(gram, targets, ridge * float(np.trace(gram)) / len(gram)).check().coef[0]
                outputs = [np.asarray(getattr(cross, kind), np.float64) @ coef for cross in grams]
                for k, target in enumerate(TARGETS):
                    val, test = (
                        error(target, out[:, k], part.y[target])
                        for out, part in zip(outputs, (parts.val, parts.test), strict=True)
                    )
                    if target not in best or val < best[target]["val"]:
                        best[target] = {
                            "val": val,
                            "test": test,
                            "chosen": f"{kind} of {activation}, depth {depth}, ridge {ridge:g}",
                        }
    return best


def _networks(task: Task, parts: Parts, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Errors of a network for each target and schedule, that without decay first."""
    columns = np.stack([parts.train.y[target] for target in TARGETS], axis=1)
    schedules = ((0.0, 0.0), *SCHEDULES)
    nets, constants = trained(parts.train.x, columns, schedules, task.width, task.steps, seed)
    share = share_in_span(nets.balanced().weights, parts.directions)
    outputs = [nets.outputs(part.x) + constants[..., None] for part in (parts.val, parts.test)]
    found: dict[str, list[dict[str, Any]]] = {}
    for i, target in enumerate(TARGETS):
        found[target] = [
            {
                "val": error(target, outputs[0][i, k], parts.val.y[target]),
                "test": error(target, outputs[1][i, k], parts.test.y[target]),
                "chosen": f"decay {first:g} to {last:g}" if first else "no decay",
                "share": float(share[i, k]),
            }
            for k, (first, last) in enumerate(schedules)
        ]
    return found


_ERRORS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "projections": lambda outputs, y: float(np.mean((outputs - y) ** 2) / np.var(y)),
    "parity": lambda outputs, y: float(np.mean(np.sign(outputs) != y)),
}


def error(target: str, outputs: np.ndarray, y: np.ndarray) -> float:
    """Squared error over the variance of the target, or the share of wrong signs."""
    return _ERRORS[target](outputs, y)


def _pooled(x: np.ndarray, pool: int) -> np.ndarray:
    """(n, s, s, 1) to means over windows, (n, (s / pool)^2)."""
    n, side = x.shape[:2]
    k = side // pool
    return x.reshape(n, k, pool, k, pool).mean(axis=(2, 4)).reshape(n, k * k).astype(np.float64)

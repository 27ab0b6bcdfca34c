"""Claim 11: a target of few directions, hidden in noise: networks with weight decay beside kernel ridge regression.

Images are made small and filled up with coordinates of normal noise of the same variance. Kernels of fully connected
networks do not tell one direction from another before they see labels; a network can learn which ones matter.

Two targets: "projections", sum_i |u_i.x| over the principal directions u_i of the images, and "parity", whether the
digit is odd, +1 or -1. Errors are the squared error over the variance, and the share of wrong signs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import optax

from limes.beyond.features import TwoLayer, random_start, share_in_span
from limes.data import Dataset, split
from limes.finite import Recipe, train
from limes.linalg import cholesky
from limes.nets import mlp

TARGETS = ("projections", "parity")
DEPTHS, RIDGES = (2, 3), (0.03, 0.3, 3.0, 30.0)
"""Of kernels; ridges over the mean diagonal."""
SCHEDULES = ((0.1, 0.01), (0.1, 0.001))
"""Weight decay at the start and at the end."""
N_DIRECTIONS = 3
_BATCH, _RATE, _MOMENTUM, _SIZE = 100, 0.02, 0.9, 0.3


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
    x = data.x if data.x_test is not None else np.delete(data.x, drawn.test_index, axis=0)
    known = _pooled(x, task.pool)
    mean, scale = known.mean(axis=0), known.std()
    principal = np.linalg.svd((known - mean) / scale, full_matrices=False)[2][:N_DIRECTIONS]
    spread = ((known - mean) / scale @ principal.T).std(axis=0)
    level = np.abs((known - mean) / scale @ principal.T / spread).sum(axis=1)
    rng = np.random.default_rng([seed, n])
    made = []
    for x, label in ((drawn.x_train, drawn.y_train), (drawn.x_val, drawn.y_val), (drawn.x_test, drawn.y_test)):
        signal = (_pooled(x, task.pool) - mean) / scale
        noise = rng.standard_normal((len(x), task.dimension - signal.shape[1]))
        projections = np.abs(signal @ principal.T / spread).sum(axis=1)
        targets = {
            "projections": (projections - level.mean()) / level.std(),
            "parity": np.where(np.asarray(label, int) % 2 == 1, 1.0, -1.0),
        }
        made.append(Part(np.concatenate([signal, noise], axis=1).astype(np.float32), targets))
    padding = np.zeros((N_DIRECTIONS, task.dimension - principal.shape[1]))
    return Parts(*made, np.concatenate([principal, padding], axis=1))


def measured(seed: int, task: Task, data: Dataset, n: int) -> dict[str, Any]:
    """Test errors by target and learner: "kernel", "annealed" and "none"; what was chosen on validation rows.

    "share" is that of a network's mass along the directions behind the target, for the projections.
    """
    parts = parts_of(task, data, n, seed)
    found: dict[str, Any] = {"n": n, "task": task.name, "dimension": task.dimension}
    kernels = _kernels(parts)
    for target in TARGETS:
        plain = _network(task, parts, target, None, seed)
        decayed = [_network(task, parts, target, schedule, seed) for schedule in SCHEDULES]
        annealed = min(decayed, key=lambda r: r["val"])
        found[target] = {"kernel": kernels[target], "annealed": annealed, "none": plain}
    return found


def _kernels(parts: Parts) -> dict[str, dict[str, Any]]:
    """The kernel and ridge with the least validation error, for each target."""
    targets = np.stack([parts.train.y[target] for target in TARGETS], axis=1)
    best: dict[str, dict[str, Any]] = {}
    for depth in DEPTHS:
        net = mlp(depth=depth)
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
                        best[target] = {"val": val, "test": test, "chosen": f"{kind}, depth {depth}, ridge {ridge:g}"}
    return best


def _network(task: Task, parts: Parts, target: str, schedule: tuple[float, float] | None, seed: int) -> dict[str, Any]:
    """A two-layer network trained on half the squared error, with weight decay on both layers that falls."""
    n = len(parts.train.x)
    start = random_start(task.dimension, task.width, size=_SIZE, seeds=(seed,))
    params = {
        "coef": start.coef[0].astype(np.float32),
        "weights": start.weights[0].astype(np.float32),
        "mean": np.zeros((), np.float32),
    }
    rate = optax.cosine_decay_schedule(_RATE, task.steps)
    optimiser = optax.sgd(rate, _MOMENTUM)
    if schedule is not None:
        falling = optax.exponential_decay(schedule[0], task.steps, schedule[1] / schedule[0])
        decayed = {"coef": True, "weights": True, "mean": False}
        optimiser = optax.chain(optax.add_decayed_weights(falling, decayed), optimiser)
    recipe = Recipe(
        epochs=task.steps / max(1, n // _BATCH), batch_size=_BATCH, loss="mse", optimiser=optimiser, seed=seed
    )
    y = parts.train.y[target].astype(np.float32)[:, None]
    learned = train(_outputs, params, parts.train.x, y, recipe, at=[recipe.steps(n)]).params
    net = TwoLayer(np.asarray(learned["coef"], float), np.asarray(learned["weights"], float))

    def wrong(part: Part) -> float:
        return error(target, np.asarray(_outputs(learned, part.x))[:, 0], part.y[target])

    return {
        "val": wrong(parts.val),
        "test": wrong(parts.test),
        "chosen": "no decay" if schedule is None else f"decay {schedule[0]:g} to {schedule[1]:g}",
        "share": float(share_in_span(net.balanced().weights, parts.directions)),
    }


def _outputs(params: Any, x: Any) -> jax.Array:
    return (jax.nn.relu(x @ params["weights"].T) @ params["coef"] + params["mean"])[:, None]


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

"""Claim 5: pruned, rescaled and unpruned networks in training, kernel regression, and other ways of pruning."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.data import Dataset, split
from limes.finite import Recipe, empirical_ntk, prune, since_start, train
from limes.finite.pruning import Criterion
from limes.machines import NTKClassifier
from limes.machines.targets import code
from limes.papers.pruned_ntk.kernel import fitted
from limes.papers.pruned_ntk.network import network

HIDDEN = 2
MASKED = (1, 2)
"""All layers but the first, which acts on the inputs."""
KERNEL_ROWS = 50
CRITERIA: tuple[Criterion, ...] = ("random", "magnitude", "snip", "grasp")


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes:
        name: data set.
        n_train, n_test: rows.
        widths: of both hidden layers.
        keeps: shares of weights that stay.
        epochs, batch_size, learning_rate: of gradient descent with momentum 0.9 on the squared error.
    """

    name: str
    n_train: int
    n_test: int
    widths: tuple[int, ...]
    keeps: tuple[float, ...]
    epochs: int
    batch_size: int = 100
    learning_rate: float = 1.0


@dataclass(frozen=True, eq=False)
class Rows:
    """Centred rows of length 1, with class numbers, and the targets of the training rows."""

    x: np.ndarray
    targets: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def rows_of(task: Task, data: Dataset, seed: int) -> Rows:
    """The rows of a seed: the mean of the training rows taken away, then each row brought to length 1."""
    parts = split(data, seed, task.n_train, 0, task.n_test)
    flat = [x.reshape(len(x), -1).astype(np.float64) for x in (parts.x_train, parts.x_test)]
    unit = [(x - flat[0].mean(axis=0)) for x in flat]
    x, x_test = ((x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32) for x in unit)
    classes = data.classes
    y, y_test = (np.searchsorted(classes, labels) for labels in (parts.y_train, parts.y_test))
    return Rows(x, code(y, len(classes), "centred").astype(np.float32), x_test, y_test)


def at_width(task: Task, data: Dataset, seed: int, width: int) -> dict[str, Any]:
    """Test accuracy, and distance of the outputs to those of kernel regression, of networks of one width.

    "unpruned", and for each share "rescaled" and "raw", pruned without rescaling, in as many steps at the same rate.
    All learn f less its start, as the kernel does. The distance is relative, over test rows and outputs.
    """
    rows = rows_of(task, data, seed)
    d = rows.x.shape[1]
    exact = regression(rows)
    found: dict[str, Any] = {"width": width, "keeps": list(task.keeps)}
    found["kernel"] = float((exact.argmax(axis=1) == rows.y_test).mean())
    net = network(d, HIDDEN)
    found["unpruned"] = _trained(task, net.apply, net.init(seed, (d,), width, 10), rows, exact, seed)
    for name, rescale in (("rescaled", True), ("raw", False)):
        nets = [network(d, HIDDEN, MASKED, keep, rescale) for keep in task.keeps]
        found[name] = [_trained(task, n.apply, n.init(seed, (d,), width, 10), rows, exact, seed) for n in nets]
    return found


def criteria(task: Task, data: Dataset, seed: int, keep: float, width: int) -> dict[str, Any]:
    """One network under each of `CRITERIA`, layer by layer: its accuracy, and its kernel before training.

    Only random masks are rescaled: the weights that the others keep are large ones. "factor" is that of the
    infinite-width kernel in the kernel before training, fitted; "distance to limit" is one less the cosine of the two.
    """
    rows = rows_of(task, data, seed)
    d = rows.x.shape[1]
    net, exact = network(d, HIDDEN), regression(rows)
    params = net.init(seed, (d,), width, 10)
    some = rows.x[:KERNEL_ROWS]
    limiting = np.asarray(net.kernel(some.astype(np.float64), get="ntk").ntk)
    names = [f"{2 * i}.w" for i in MASKED]
    found: dict[str, Any] = {"width": width, "keep": keep}
    for criterion in CRITERIA:
        how: dict[str, Any] = {"where": lambda name, w: name in names, "rescale": criterion == "random", "key": seed}
        sample = {} if criterion in ("random", "magnitude") else {"x": rows.x, "y": rows.targets, "loss": "mse"}
        pruned = prune(net.apply, params, keep, criterion, **how, **sample)
        kernel = empirical_ntk(pruned.apply, pruned.params, some)
        cosine = (kernel * limiting).sum() / (np.linalg.norm(kernel) * np.linalg.norm(limiting))
        found[criterion] = _trained(task, pruned.apply, pruned.params, rows, exact, seed) | {
            "factor": fitted(kernel, limiting),
            "distance to limit": float(1 - cosine),
        }
    return found


def regression(rows: Rows) -> np.ndarray:
    """Outputs of kernel regression with the unpruned kernel, trained to the end, on the test rows."""
    clf = NTKClassifier(network(rows.x.shape[1], HIDDEN))
    clf.fit(rows.x.astype(np.float64), rows.targets.argmax(axis=1))
    return clf.scores(rows.x_test.astype(np.float64))


def _trained(task: Task, apply: Any, params: Any, rows: Rows, exact: np.ndarray, seed: int) -> dict[str, float]:
    recipe = Recipe(task.epochs, task.batch_size, task.learning_rate, loss="mse", seed=seed)
    learned = since_start(apply, params)
    scores: list[np.ndarray] = []

    def see(moment: Any) -> float:
        scores.append(moment.outputs(rows.x_test))
        return float((scores[-1].argmax(axis=1) == rows.y_test).mean())

    last = recipe.steps(len(rows.x))
    run = train(learned, params, rows.x, rows.targets, recipe, measures={"accuracy": see}, at=[last])
    return {
        "accuracy": float(run.records["accuracy"][-1]),
        "distance": float(np.linalg.norm(scores[-1] - exact) / np.linalg.norm(exact)),
        "loss": float(np.mean(run.losses[-recipe.per_epoch(len(rows.x)) :])),
    }

"""Does training for robustness buy certified radius at equal accuracy: more ridge, a margin, early stops, or attacks?

    python benchmarks/certified_training.py [--data DIR] [--store DIR] [--jobs N]

fits the NTK of two layers to pairs of classes (digits of scikit-learn; with --data MNIST and CIFAR-10), three splits
each: least squares with more and more ridge or stopped earlier and earlier, support vector machines, and adversarial
training in the lazy limit. Radii, of certificates and of attacks, are l-inf within the pixel box, means over the same
test points for all machines of a split, 0 where the label is wrong; robust accuracy is that under PGD-20 at one radius.
Of each family the setting of the largest certified radius counts, among those within one point of the family's best
accuracy; the ratio is its radius over that of the smallest ridge, and differences to that machine are paired by split.
"""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import common
import limes as lm
from limes.attacks import PGD
from limes.nets import mlp

BOX = (0.0, 1.0)
POINT = 0.01
"""Accuracies so near count as equal."""
FAMILIES: dict[str, Callable[[float, Mapping[str, Any]], Any]] = {
    "ridge": lambda value, _: lm.NTKClassifier(mlp(2), ridge=value),
    "early stop, time": lambda value, _: lm.NTKClassifier(mlp(2), time=value),
    "SVM, C": lambda value, _: lm.NTKSVC(mlp(2), C=value),
    "lazy adversarial training, eps": lambda value, lazy: lm.LazyATClassifier(mlp(2), eps=value, bounds=BOX, **lazy),
}
PLAIN = "ridge"


@dataclass(frozen=True)
class Task:
    """Two classes of a data set, and how much of everything.

    Attributes:
        source: what `limes.data.load` reads.
        classes: positions among its classes.
        n: training rows.
        n_test: test rows at most, of which the first `n_certified` are certified.
        eps: radius of the attack that robust accuracy is about.
        grids: the settings of each family, in the order of `FAMILIES`.
        lazy: parameters of adversarial training that are not the defaults.
    """

    name: str
    source: str
    classes: tuple[int, int]
    n: int
    n_test: int
    n_certified: int
    eps: float
    grids: tuple[tuple[float, ...], ...]
    lazy: Mapping[str, Any] = field(default_factory=dict)


_SMALL = ((0.01, 0.1, 1.0, 10.0, 100.0), (0.01, 0.1, 1.0, 10.0), (0.1, 1.0, 10.0), (0.05, 0.1))
_MNIST = ((0.01, 0.1, 1.0, 10.0, 100.0), (0.01, 0.1, 1.0), (0.1, 1.0, 10.0), (0.05, 0.1))
_CIFAR = ((0.01, 1.0, 10.0, 100.0), (0.01, 0.1, 1.0), (0.1, 1.0, 10.0), (2 / 255, 8 / 255))
_SHORT = {"steps": 60, "batch_size": 100, "copies": 0}
TASKS = (
    Task("digits 0 v 1", "digits", (0, 1), 200, 200, 10, 0.1, _SMALL),
    Task("digits 3 v 8", "digits", (3, 8), 200, 200, 10, 0.1, _SMALL),
    Task("MNIST 3 v 8", "mnist", (3, 8), 300, 400, 5, 0.1, _MNIST, _SHORT),
    Task("CIFAR-10 airplane v automobile", "cifar10", (0, 1), 300, 400, 5, 4 / 255, _CIFAR, _SHORT),
)


def split(task: Task, data: lm.data.Dataset, seed: int) -> tuple[np.ndarray, ...]:
    """Training and test rows of both classes, flat and in float64."""
    rng, labels = np.random.default_rng(seed), np.asarray(data.classes)[list(task.classes)]
    rows = rng.permutation(np.flatnonzero(np.isin(data.y, labels)))
    train, rest = rows[: task.n], rows[task.n :][: task.n_test]
    parts = [data.x[train], data.y[train], data.x[rest], data.y[rest]]
    if data.x_test is not None and data.y_test is not None:
        rows = rng.permutation(np.flatnonzero(np.isin(data.y_test, labels)))[: task.n_test]
        parts[2:] = [data.x_test[rows], data.y_test[rows]]
    return tuple(part.reshape(len(part), -1).astype(np.float64) if part.ndim > 1 else part for part in parts)


@functools.lru_cache(1)
def read(source: str, folder: str | None) -> lm.data.Dataset:
    """A data set, once for all machines of a task."""
    return lm.data.load(source, folder)


def measure(task: Task, family: str, value: float, seed: int, folder: str | None) -> dict[str, float]:
    """Accuracies and radii of one machine."""
    print(f"{task.name}, {family} {value:.3g}, split {seed}", flush=True)
    x, y, x_test, y_test = split(task, read(task.source, folder), seed)
    start = time.process_time()
    clf = FAMILIES[family](value, task.lazy).fit(x, y)
    fitted = time.process_time()
    right = clf.predict(x_test) == y_test
    robust = right.copy()
    robust[right] = ~PGD(steps=20)(clf, x_test[right], y_test[right], task.eps, bounds=BOX, key=seed).success
    some = slice(0, task.n_certified)
    attacked = lm.attacks.minimal(clf, x_test[some], y_test[some], bounds=BOX, key=seed).radius
    certified = lm.certify.radius(clf, x_test[some], bounds=BOX, tolerance=0.05, shells=12).radius * right[some]
    return {
        "accuracy": float(right.mean()),
        "robust accuracy": float(robust.mean()),
        "certified radius": float(certified.mean()),
        "attacked radius": float(attacked.mean()),
        "certificates above an attack": int(np.sum(certified > attacked)),
        "CPU seconds, fit": round(fitted - start, 2),
        "CPU seconds": round(time.process_time() - start, 2),
    }


Found = Mapping[str, Mapping[float, Sequence[Mapping[str, float]]]]
"""Figures by family, setting and split."""


def values(machines: Sequence[Mapping[str, float]], name: str) -> np.ndarray:
    """One figure over splits."""
    return np.array([machine[name] for machine in machines])


def best(settings: Mapping[float, Sequence[Mapping[str, float]]]) -> float:
    """The setting of the largest certified radius among those of equal accuracy, the best of the family."""
    accuracy = {value: values(machines, "accuracy").mean() for value, machines in settings.items()}
    equal = [value for value in settings if accuracy[value] >= max(accuracy.values()) - POINT - 1e-9]
    return max(equal, key=lambda value: values(settings[value], "certified radius").mean())


def shown(figures: np.ndarray, digits: int = 4) -> str:
    """Mean and standard error over splits."""
    error = figures.std(ddof=1) / len(figures) ** 0.5 if len(figures) > 1 else 0.0
    return f"{figures.mean():.{digits}f} ± {error:.{digits}f}"


def rows(task: Task, found: Found) -> list[common.Row]:
    """A row for the plain machine, and one for the best setting of each family, compared with it."""
    smallest = min(found[PLAIN])
    plain = found[PLAIN][smallest]
    made = [_row(task, f"{PLAIN} {smallest:.3g} (plain)", plain, plain)]
    for family, settings in found.items():
        value = best(settings)
        if settings[value] is not plain:
            made.append(_row(task, f"{family} {value:.3g}", settings[value], plain))
    return made


def _row(task: Task, words: str, machines: Sequence[Mapping[str, float]], plain: Any) -> common.Row:
    radius = values(machines, "certified radius")
    accuracy: dict[str, Any] = {
        name: shown(values(machines, name)) for name in ("accuracy", "robust accuracy", "certified radius")
    }
    accuracy["attacked radius"] = shown(values(machines, "attacked radius"))
    if machines is not plain:
        for name in ("accuracy", "certified radius", "attacked radius"):
            accuracy[f"{name}, difference to plain"] = shown(values(machines, name) - values(plain, name))
    accuracy["certificates above an attack"] = int(values(machines, "certificates above an attack").sum())
    detail = {"splits": len(machines), "CPU seconds of a fit": float(values(machines, "CPU seconds, fit").mean())}
    ratio = float(radius.mean() / values(plain, "certified radius").mean())
    case = f"{task.name}, {task.n} rows, {words}"
    return common.Row(case, round(ratio, 3), "certified radius / that of the plain machine", accuracy, detail)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all machines and write the results."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--data", type=Path, help="folder with mnist/ and cifar-10-batches-py/")
    parser.add_argument("--store", type=Path, default=Path("runs/certified_training"), help="folder of finished ones")
    parser.add_argument("--seeds", type=int, default=3, help="number of splits (default 3)")
    parser.add_argument("--jobs", type=int, default=1, help="machines at a time, a process each (default 1)")
    parser.add_argument("--only", default="", help="tasks whose name begins so (default: all)")
    options = parser.parse_args(arguments)
    tasks = [task for task in TASKS if task.source == "digits" or options.data is not None]
    tasks = [task for task in tasks if task.name.startswith(options.only)]
    if options.quick:
        tasks = [Task("digits 3 v 8", "digits", (3, 8), 40, 20, 2, 0.1, ((0.1, 1.0), (1.0,), (1.0,)))]
    folder = str(options.data) if options.data is not None else None
    works = {
        (task.name, family, value, seed): (
            f"{task.name}, {task.n}, {family} {value:.4g}, {seed}",
            functools.partial(measure, task, family, value, seed, folder),
        )
        for task in tasks
        for family, grid in zip(FAMILIES, task.grids, strict=False)
        for value in grid
        for seed in range(options.seeds)
    }
    if options.jobs > 1:
        common.keep_all(options.store, dict(works.values()), options.jobs)
    made, metrics = [], {}
    for task in tasks:
        found: dict[str, dict[float, list[dict[str, float]]]] = {}
        for (name, family, value, _), work in works.items():
            if name == task.name:
                found.setdefault(family, {}).setdefault(value, []).append(common.kept(options.store, *work))
        made += rows(task, found)
        metrics[task.name] = {
            family: {f"{value:.4g}": machines for value, machines in settings.items()}
            for family, settings in found.items()
        }
    common.report("certified_training", (__doc__ or "").splitlines()[0], made, options, metrics=metrics)


if __name__ == "__main__":
    main()

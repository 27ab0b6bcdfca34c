"""Adversarial training in the lazy limit against that of a finite network: the same images, the same attack.

    python benchmarks/lazy_limit.py --data DIR

MNIST (2,000 training images, l-inf 0.1) and CIFAR-10 (10,000, 8/255), 10,000 test images, three seeds: clean accuracy,
and accuracy under the worse of PGD-20 on cross-entropy and on the margin. Both methods have their defaults, both train
on standardised images and choose their stops on held-out ones; the plain kernel is at t = infinity. Differences are
paired by image within a seed; their standard error is over seeds. CPU seconds are those of a fit on all its threads;
they are not known for one that was interrupted and went on from its checkpoint.
"""

import itertools
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import common
import limes as lm
from limes.attacks import PGD

BOX = (0.0, 1.0)
TASKS = {"mnist": (2_000, 0.1, "MNIST, l-inf 0.1"), "cifar10": (10_000, 8 / 255, "CIFAR-10, l-inf 8/255")}
METHODS = ("lazy limit", "finite network", "plain kernel")


def fit(method: str, eps: float, seed: int, x: np.ndarray, y: np.ndarray, checkpoint: Path, quick: bool) -> Any:
    """One model of a method."""
    threat: dict[str, Any] = {"eps": eps, "bounds": BOX, "random_state": seed, "scale": "standard"}
    if method == "plain kernel":
        return lm.NTKClassifier(scale="standard").fit(x, y)
    if method == "finite network":
        return lm.robust.FiniteATClassifier(**threat, steps=100 if quick else 3000).fit(x, y)
    return lm.LazyATClassifier(**threat, steps=20 if quick else None).fit(x, y, checkpoint=checkpoint)


def standing(model: Any, x: np.ndarray, y: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Whether each image is classified correctly, and still is under attack."""
    clean = model.predict(x) == y
    robust = clean.copy()
    for loss in ("ce", "margin"):
        rows = np.flatnonzero(robust)
        robust[rows] &= ~PGD(steps=20, loss=loss)(model, x[rows], y[rows], eps, bounds=BOX, key=1).success
    return clean, robust


def measure(task: str, method: str, seed: int, data: lm.data.Dataset, store: Path, quick: bool) -> Mapping[str, Any]:
    """Accuracies of one model, from the store where they are known already."""
    n, eps, _ = TASKS[task]
    n, n_test = (n // 10, 200) if quick else (n, len(data.y_test))
    name = f"{task}-{method.replace(' ', '-')}-{seed}"
    path = store / f"{name}.npz"
    if not path.exists():
        rows = np.random.default_rng(seed).permutation(len(data.y))[:n]
        start, resumed = time.process_time(), (store / f"{name}-fit.npz").exists()
        model = fit(method, eps, seed, data.x[rows], data.y[rows], store / f"{name}-fit.npz", quick)
        seconds = math.nan if resumed else time.process_time() - start
        clean, robust = standing(model, data.x_test[:n_test], data.y_test[:n_test], eps)
        np.savez(path, clean=clean, robust=robust, cpu_seconds=seconds, stop=getattr(model, "stop_", 0))
        print(f"{name}: clean {clean.mean():.4f}, robust {robust.mean():.4f}, {seconds:.0f} CPU seconds", flush=True)
    with np.load(path) as found:
        return {key: found[key] for key in found.files}


def mean(values: list[float]) -> str:
    """Mean and standard error over seeds."""
    error = np.std(values, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{np.mean(values):.4f} ± {error:.4f}"


def compare(task: str, found: Mapping[str, list[Mapping[str, Any]]], n: int) -> common.Row:
    """The row of a data set."""
    accuracy: dict[str, Any] = {}
    for method, models in found.items():
        for kind in ("clean", "robust"):
            accuracy[f"{kind}, {method}"] = mean([float(m[kind].mean()) for m in models])
    pairs = [*zip(found["lazy limit"], found["finite network"], strict=True)]
    for kind in ("clean", "robust"):
        difference = [float(a[kind].mean() - b[kind].mean()) for a, b in pairs]
        accuracy[f"{kind}, lazy limit minus finite network"] = mean(difference)
    times = {method: [float(m.get("cpu_seconds", math.nan)) for m in models] for method, models in found.items()}
    seconds = {method: [None if math.isnan(t) else round(t) for t in values] for method, values in times.items()}
    stops = {method: [int(m["stop"]) for m in models] for method, models in found.items() if method != "plain kernel"}
    ratio = np.mean([a["robust"].mean() for a, _ in pairs]) / np.mean([b["robust"].mean() for _, b in pairs])
    case = f"{TASKS[task][2]}, {n:,} training images, {len(pairs)} seeds"
    detail = {"cpu_seconds": json.dumps(seconds), "stops": json.dumps(stops)}
    return common.Row(case, round(float(ratio), 3), "robust accuracy, lazy limit / finite network", accuracy, detail)


def main() -> None:
    """Measure all, or what is asked for."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--data", required=True, help="folder of official data files")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds (default 3)")
    parser.add_argument(
        "--store", type=Path, default=Path("runs/lazy_limit"), help="folder of finished models' figures"
    )
    parser.add_argument("--task", choices=TASKS, help="measure models of this data set only, and write no results")
    options = parser.parse_args()
    store = options.store / ("quick" if options.quick else "full")
    store.mkdir(parents=True, exist_ok=True)
    rows = []
    for task in TASKS if options.task is None else [options.task]:
        n = TASKS[task][0]
        data = lm.data.load(task, options.data)
        found: dict[str, list[Mapping[str, Any]]] = {method: [] for method in METHODS}
        for seed, method in itertools.product(range(options.seeds), METHODS):
            found[method].append(measure(task, method, seed, data, store, options.quick))
        rows.append(compare(task, found, n // 10 if options.quick else n))
    if options.task is not None:
        return
    common.report("lazy_limit", (__doc__ or "").splitlines()[0], rows, options)


if __name__ == "__main__":
    main()

"""Certified radii of a saved model on data, beside the distances at which an attack succeeds."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from limes.attacks import minimal
from limes.attacks.threat import require_norm
from limes.certify import radius
from limes.certify.machine import machine_of
from limes.core.errors import InputError
from limes.core.progress import Muted, Progress, Quiet
from limes.core.types import Norm
from limes.data import check_bounds, data_hash, load
from limes.jobs.inputs import tell
from limes.jobs.rows import remarks_on, rows_to_test
from limes.machines import load as load_model
from limes.report import RunFolder, default_run_path, format_seconds, open_run, render, save_figure, to_svg
from limes.report.certify_page import certify_figures, certify_page

_CHUNK = 10  # points between two that are stored


def certify(
    model: str | Path,
    data: str | None = None,
    *,
    out: str | Path | None = None,
    norm: Norm = "linf",
    bounds: tuple[float, float] | None = None,
    n_test: int = 100,
    methods: Sequence[str] | None = None,
    seed: int = 0,
    data_dir: str | None = None,
    target: str | int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Certify a saved classifier on the test part of the data where there is one, and attack the same points.

    Results are stored every ten points: the same call continues an interrupted run.

    Args:
        model: a file that `fit` or ``robustify`` wrote.
        data: what `limes.data.load` reads.
        out: folder for ``metrics.json``, ``report.html``, figures and the radii of each point; None for
            ``runs/certify-<data>-<hash of the settings>``.
        norm: see `limes.certify.radius`.
        bounds: box of valid inputs; None for the data's own.
        n_test: rows at most, drawn with `seed`.
        methods: see `limes.certify.radius`.
        seed: of the draw and of the attack.
        data_dir: see `limes.data.load`.
        target: the same.
        force: replace another run in `out`.
        progress: told of every ten points.

    Returns:
        folder, n_points, clean_accuracy, certified and attacked radii (mean, median) over the points that are predicted
        right, accuracies at a grid of radii, the number of points with a certificate above an attack (an error of the
        proof).

    Raises:
        InputError, FormatError: for a model, data or options that cannot be used.
        RunFolderError: for an output folder of another run.
    """
    machine, dataset = load_model(model), load(data, data_dir, target)
    if not hasattr(machine, "classes_"):
        raise InputError(f"{model} holds a {type(machine).__name__}, but certificates are about classifiers")
    require_norm(norm, Norm)
    machine_of(machine)  # refused before there is a folder
    x, y, _ = rows_to_test(machine, dataset, n_test, seed)
    box = dataset.bounds if bounds is None else bounds
    if box is not None:
        check_bounds(x, box)
    notes = remarks_on(machine, x)
    tell(progress, notes)
    config = {
        "model": data_hash(machine.centres_, machine.coef_),
        "data": data_hash(x, y),
        "norm": norm,
        "bounds": None if box is None else list(box),
        "methods": "all" if methods is None else list(methods),
        "seed": seed,
    }
    options: dict[str, Any] = {"norm": norm, "bounds": box}
    with open_run(out or default_run_path("certify", dataset.name, config), "certify", config, force) as run:
        if not run.finished:
            found = _radii(run, machine, x, y, options, methods, seed, progress or Quiet())
            about = {"model": str(model), "data": dataset.name, "net": str(machine.net_), "seed": seed, "notes": notes}
            metrics = describe_radii(found, y, about | {"norm": norm, "bounds": None if box is None else list(box)})
            run.write_json("metrics.json", metrics)
            metrics = run.read_json("metrics.json")
            figures = certify_figures(metrics, x, found["x_adv"], y, found["label"], found["label_adv"])
            for name, figure in figures.items():
                save_figure(figure, run.path(f"figures/{name}.svg"))
            page = certify_page(metrics, {name: to_svg(figure) for name, figure in figures.items()})
            run.write_text("report.html", render(page))
            run.finish()
        return {"folder": str(run.folder), **run.read_json("metrics.json")}


def both_radii(
    machine: Any, x: np.ndarray, y: np.ndarray, options: dict[str, Any], key: int, progress: Progress
) -> dict[str, Any]:
    """Certificates of some points, and the nearest inputs with another label that an attack finds.

    Args:
        machine: a classifier that `limes.certify.radius` takes.
        x: points.
        y: their labels.
        options: norm, bounds and more for `limes.certify.radius`.
        key: of the attack.
        progress: told of every point.
    """
    since = time.perf_counter()
    found = radius(machine, x, progress=Muted(progress), **options)
    seconds = time.perf_counter() - since
    threat = {name: options[name] for name in ("norm", "bounds")}
    attacked = minimal(machine, x, found.label, key=key, progress=Muted(progress), **threat)
    return {
        "radius": found.radius,
        "method": found.method,
        "label": found.label.astype(str),
        "attack": attacked.radius,
        "x_adv": attacked.x_adv,
        "label_adv": machine.predict(attacked.x_adv).astype(str),
        "right": found.label == y,
        "seconds": seconds,
    }


def _radii(
    run: RunFolder,
    machine: Any,
    x: np.ndarray,
    y: np.ndarray,
    options: dict[str, Any],
    methods: Sequence[str] | None,
    seed: int,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Certificates and attacks, a few points at a time."""
    parts, taken, chunks = [], 0.0, range(0, len(x), _CHUNK)
    for number, start in enumerate(chunks):
        part = slice(start, start + _CHUNK)

        def compute(part: slice = part) -> dict[str, Any]:
            return both_radii(machine, x[part], y[part], options | {"methods": methods}, seed, progress)

        since = time.perf_counter()
        parts.append(run.stage(f"points{start}", compute))
        taken += time.perf_counter() - since
        left = taken / (number + 1) * (len(chunks) - number - 1)
        mean = float(np.mean(np.concatenate([one["radius"] for one in parts])))
        progress.note(
            f"[{min(start + _CHUNK, len(x))}/{len(x)}] mean certified radius {mean:.4g}; "
            f"about {format_seconds(left)} left"
        )
    names = ("radius", "method", "label", "attack", "x_adv", "label_adv", "right")
    found = {name: np.concatenate([np.asarray(one[name]) for one in parts]) for name in names}
    return found | {"seconds": np.array([float(one["seconds"]) for one in parts])}


def describe_radii(found: dict[str, Any], y: np.ndarray, about: dict[str, Any]) -> dict[str, Any]:
    """Figures over points: radii of those that are predicted right, accuracies of all."""
    right, certified, attacked = (np.asarray(found[name]) for name in ("right", "radius", "attack"))
    largest = float(np.max(attacked[right & np.isfinite(attacked)], initial=0.0)) or 1.0
    grid = np.linspace(0, largest, 25)

    def accuracy(radii: np.ndarray, strict: bool) -> list[float]:
        beyond = radii[None] > grid[:, None] if strict else radii[None] >= grid[:, None]
        return np.mean(right & (beyond | (grid[:, None] == 0)), axis=1).tolist()

    def described(radii: np.ndarray) -> dict[str, float]:
        some = radii[right & np.isfinite(radii)]
        if not len(some):
            return {"mean": 0.0, "standard_error": 0.0, "median": 0.0}
        error = float(np.std(some, ddof=1) / len(some) ** 0.5) if len(some) > 1 else 0.0
        return {"mean": float(some.mean()), "standard_error": error, "median": float(np.median(some))}

    methods, counts = np.unique(found["method"], return_counts=True)
    return about | {
        "n_points": len(y),
        "clean_accuracy": float(right.mean()),
        "certified_radius": described(certified),
        "attacked_radius": described(attacked),
        "curve": {
            "eps": grid.tolist(),
            "certified": accuracy(certified, strict=False),
            "attacked": accuracy(attacked, strict=True),
        },
        "methods": dict(zip(methods.tolist(), counts.tolist(), strict=True)),
        "points": {
            "label": [str(label) for label in y],
            "predicted": [str(label) for label in found["label"]],
            "certified": certified.tolist(),
            "attacked": attacked.tolist(),
        },
        "violations": int(np.sum(certified > attacked)),
        "seconds_per_point": float(np.sum(found["seconds"]) / len(y)),
    }

"""The worst-case accuracy of a saved model on data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from limes.attacks import EvaluationReport, evaluate
from limes.attacks.threat import require_norm
from limes.core.arrays import save_npz
from limes.core.errors import InputError
from limes.core.progress import Progress
from limes.core.types import Norm
from limes.data import check_bounds, data_hash, load
from limes.jobs.inputs import radius_of, tell
from limes.jobs.rows import remarks_on, rows_to_test
from limes.machines import load as load_model
from limes.report import RunFolder, open_run, render, save_figure, to_svg
from limes.report.attack_page import attack_figures, attack_page


def attack(
    model: str | Path,
    data: str | None = None,
    *,
    eps: Sequence[float | str] | None = None,
    norm: Norm = "linf",
    bounds: tuple[float, float] | None = None,
    out: str | Path | None = None,
    n_test: int = 1000,
    steps: int = 20,
    restarts: int = 1,
    queries: int = 200,
    seed: int = 0,
    data_dir: str | None = None,
    target: str | int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Evaluate a saved classifier under attack, on the test part of the data where there is one.

    With `out` every attack at every radius is stored when it is done: the same call continues an interrupted run.

    Args:
        model: a file that `fit` or ``robustify`` wrote.
        data: what `limes.data.load` reads.
        eps: radii in the units of the data; None for one that is chosen from them, as ``robustify`` does.
        norm: see `limes.attacks.evaluate`.
        bounds: box of valid inputs; None for the data's own.
        out: folder for ``report.html``, ``metrics.json``, figures and ``adversarial.npz``; None writes nothing.
        n_test: rows attacked at most, drawn with `seed`.
        steps: see `limes.attacks.evaluate`.
        restarts: the same.
        queries: the same.
        seed: of the draw and of the attacks.
        data_dir: see `limes.data.load`.
        target: the same.
        force: replace another run in `out`.
        progress: told of every step.

    Returns:
        clean_accuracy, eps, robust_accuracy, standard_error, first_broken_by (the number of points that each attack was
        the first to break at each radius), n_points, audit, and what was attacked.

    Raises:
        InputError, FormatError: for a model, data or radii that cannot be used.
        RunFolderError: for an output folder of another run.
    """
    require_norm(norm, Norm)
    machine, dataset = load_model(model), load(data, data_dir, target)
    x, y, rows = rows_to_test(machine, dataset, n_test, seed)
    if not hasattr(machine, "classes_"):
        raise InputError(f"{model} holds a {type(machine).__name__}, but attacks are made on classifiers")
    box = dataset.bounds if bounds is None else bounds
    if box is not None:
        check_bounds(x, box)
    notes = remarks_on(machine, x)
    eps = [radius_of(dataset, one, norm, box, notes) for one in eps or (None,)]
    tell(progress, notes)
    options = {"norm": norm, "steps": steps, "restarts": restarts, "queries": queries}

    def compute(state: Path | None = None) -> tuple[dict[str, Any], EvaluationReport]:
        found = evaluate(machine, x, y, eps, bounds=box, key=seed, state=state, progress=progress, **options)
        metrics = {
            "model": str(model),
            "data": dataset.name,
            "n_points": len(x),
            "clean_accuracy": found.clean_accuracy,
            "eps": found.eps.tolist(),
            "robust_accuracy": found.robust_accuracy.tolist(),
            "standard_error": found.standard_error.tolist(),
            "first_broken_by": {name: count.tolist() for name, count in found.per_attack.items()},
            "audit": [vars(check) for check in found.audit],
            "bounds": None if box is None else list(box),
            "seed": seed,
            "notes": notes,
            **options,
        }
        return metrics, found

    if out is None:
        return compute()[0]
    config = {
        "model": data_hash(machine.centres_, machine.coef_),
        "data": data_hash(x, y),
        "eps": eps,
        "bounds": None if box is None else list(box),
        "seed": seed,
        **options,
    }
    with open_run(out, "attack", config, force) as run:
        if not run.finished:
            metrics, found = compute(run.path("stages/evaluation.npz"))
            kept = {"x_adv": found.x_adv, "y": y, "rows": rows, "smallest_eps": found.smallest_eps}
            save_npz(run.path("adversarial.npz"), kept, {"what": "adversarial points"})
            run.write_json("metrics.json", metrics)
            _write_report(run, machine, x, y, metrics, found)
            run.finish()
        return run.read_json("metrics.json")


def _write_report(
    run: RunFolder, machine: Any, x: np.ndarray, y: np.ndarray, metrics: dict[str, Any], found: EvaluationReport
) -> None:
    read, misread = machine.predict(x), machine.predict(found.x_adv)
    figures = attack_figures(metrics, x, found.x_adv, y, read, misread, found.smallest_eps)
    for name, figure in figures.items():
        save_figure(figure, run.path(f"figures/{name}.svg"))
    page = attack_page(metrics, {name: to_svg(figure) for name, figure in figures.items()})
    run.write_text("report.html", render(page))

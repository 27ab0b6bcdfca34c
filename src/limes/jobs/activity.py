"""``limes measure activity``: how little of a wide network is enough, in three ways; an interrupted run continues."""

import math
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from limes.core.progress import Progress, Quiet
from limes.core.types import Affine
from limes.data import Dataset, Split, split, summarise
from limes.jobs.activity_settings import CHANNELS, ActivityOptions, ActivitySettings, plan_activity, prepare_activity
from limes.jobs.estimates import estimate, estimate_any
from limes.jobs.folder import RunResult, run_in_folder
from limes.machines.scaling import fit_affine
from limes.measure.activity import Thin, inactive, local, masked
from limes.report import RunFolder, activity_curves, activity_page, format_seconds, render, save_figure, to_svg

_VERB = "measure-activity"
_FIGURES = ("share", "weights", "products", "loss")


def measure_activity(
    data: str | Dataset | ActivitySettings | None = None,
    *,
    out: str | Path | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: ActivityOptions | None = None,
    force: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
) -> RunResult:
    """Train networks with inactive units, masked weights and local connections beside whole ones; write a report.

    Each network is stored when it is done; the same call continues an interrupted run, and does nothing to a finished
    one.

    Args:
        data: what `limes.data.load` reads, a `Dataset`, or what `prepare_activity` returned; None for digits.
        out: folder of the run; None for ``runs/measure-activity-<data>-<hash of the settings>``.
        data_dir: folder of official files; else ``$LIMES_DATA``.
        target: label column of a table.
        options: see `ActivityOptions`.
        force: replace a run with other settings in `out`.
        progress: told of every network.
        command: the command line to print in the report.

    Raises:
        InputError, FormatError, DtypeError: for data or options that cannot be used.
        NumericalError: if a training diverges.
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
        MemoryRefused: if the run would not fit.

    Cost: printed by ``limes measure activity --dry-run``.
    """
    if isinstance(data, ActivitySettings):
        settings = data
    else:
        settings = prepare_activity(data, data_dir=data_dir, target=target, options=options)
    progress, command = progress or Quiet(), command or f"limes measure activity {settings.data.name}"
    return run_in_folder(
        _VERB,
        settings,
        lambda folder: _execute(folder, settings, progress, command),
        remark=lambda: f"about {format_seconds(plan_activity(settings)['seconds'])} in all",
        out=out,
        force=force,
        progress=progress,
    )


@dataclass
class _Seed:
    """The rows of a seed, and the networks trained on them."""

    settings: ActivitySettings
    seed: int

    @cached_property
    def rows(self) -> Split:
        s = self.settings
        return split(s.data, self.seed, s.n_train, 0, s.n_test)

    @cached_property
    def standardised(self) -> Affine | None:
        return fit_affine(self.rows.x_train, self.settings.data.scale)

    @cached_property
    def unit(self) -> Affine:
        """Centred, and scaled to a mean norm of 1 behind the data's own scaling: what thresholds are in units of."""
        own = self.standardised
        x = np.asarray(self.rows.x_train if own is None else own(self.rows.x_train), np.float64)
        mean = x.mean(0)
        scale = 1 / float(np.linalg.norm((x - mean).reshape(len(x), -1), axis=1).mean())
        if own is None:
            return Affine(mean, np.full(x.shape[1:], scale))
        return Affine(own.shift + mean / own.scale, np.broadcast_to(own.scale * scale, x.shape[1:]).copy())

    def train(self, kind: str, setting: float | str) -> Thin:
        """One network."""
        s, classes = self.settings, self.settings.data.classes
        x, y = self.rows.x_train, np.searchsorted(classes, self.rows.y_train)
        if kind == "inactive":
            return inactive(x, y, classes, float(setting), s.width, s.steps, affine=self.unit, seed=self.seed)
        if kind == "local":
            sight: Any = setting
            return local(x, y, classes, sight, CHANNELS, s.epochs, affine=self.standardised, seed=self.seed)
        criterion: Any = setting if isinstance(setting, str) else "random"
        keep = s.shares[-1] if isinstance(setting, str) else setting
        return masked(
            *(x, y, classes, keep, s.width // 4, s.epochs),
            criterion=criterion,
            affine=self.standardised,
            seed=self.seed,
        )

    def measured(self, kind: str, setting: float | str) -> dict[str, Any]:
        """What a network of this kind is worth."""
        since, s = time.perf_counter(), self.settings
        thin = self.train(kind, setting)
        x, y = self.rows.x_test, self.rows.y_test
        found = s.attack(thin.predictor, x, y, s.eps, bounds=s.bounds, key=self.seed)
        return {
            "accuracy": float(np.mean(thin.predictor.predict(x) == y)),
            "robust": found.robust_accuracy,
            "training_seconds": thin.seconds,
            "seconds": time.perf_counter() - since,
        } | {name: float(getattr(thin, name)) for name in _FIGURES}


def _execute(run: RunFolder, s: ActivitySettings, progress: Progress, command: str) -> None:
    networks = list(s.networks())
    found: list[list[dict[str, Any]]] = [[] for _ in networks]
    progress.start("networks", len(networks) * len(s.seeds))
    for seed in s.seeds:
        work = _Seed(s, seed)
        for k, (kind, _, setting) in enumerate(networks):
            stage = f"{kind}{k}-seed{seed}"
            found[k].append(run.stage(stage, lambda w=work, a=kind, b=setting: w.measured(a, b)))
            progress.step()
    rows = [_row(s, kind, name, runs) for (kind, name, _), runs in zip(networks, found, strict=True)]
    run.write_json("metrics.json", _metrics(s, rows, command))
    metrics = run.read_json("metrics.json")  # as a reader will see it
    figure = activity_curves(metrics)
    save_figure(figure, run.path("figures/activity.svg"))
    run.write_text("report.html", render(activity_page(metrics, to_svg(figure))))


def _row(s: ActivitySettings, kind: str, name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    accuracies = {key: estimate([r[key] for r in runs], s.n_test) for key in ("accuracy", "robust")}
    others = {key: estimate_any([r[key] for r in runs]) for key in (*_FIGURES, "training_seconds")}
    return {"kind": kind, "name": name, **accuracies, **others, "seconds": math.fsum(r["seconds"] for r in runs)}


def _metrics(s: ActivitySettings, rows: list[dict[str, Any]], command: str) -> dict[str, Any]:
    plain = ("width", "steps", "epochs", "eps", "norm", "n_train", "n_test")
    return {
        "data": summarise(s.data) | {"notes": list(s.notes)},
        "settings": {name: getattr(s, name) for name in plain}
        | {"bounds": None if s.bounds is None else list(s.bounds), "seeds": list(s.seeds)}
        | {"attack": "PGD of 20 steps", "channels": CHANNELS},
        "networks": rows,
        "seconds": math.fsum(row["seconds"] for row in rows),
        "command": command,
    }

"""``limes measure bounds``: train a network, follow norm bounds on its generalisation gap, report."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from limes.core.arrays import save_npz
from limes.core.progress import Muted, Progress, Quiet
from limes.data import Dataset, split, summarise
from limes.jobs.bound_settings import BoundOptions, BoundSettings, plan_bounds, prepare_bounds
from limes.jobs.folder import RunResult, run_in_folder
from limes.machines.scaling import fit_affine
from limes.measure import NormBounds, bound_course, data_norms
from limes.measure.bound_course import BOUNDS
from limes.measure.norm_bounds import at_sample, rows_needed
from limes.report import RunFolder, bound_curves, bounds_page, format_seconds, render, save_figure, to_svg

_VERB = "measure-bounds"


def measure_bounds(
    data: str | Dataset | BoundSettings | None = None,
    *,
    out: str | Path | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: BoundOptions | None = None,
    force: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
) -> RunResult:
    """Train a network with local connections and compute norm bounds on its generalisation gap after every epoch.

    The training is stored on the way; the same call continues an interrupted run, and does nothing to a finished one.

    Args:
        data: what `limes.data.load` reads, a `Dataset`, or what `prepare_bounds` returned; None for digits.
        out: folder of the run; None for ``runs/measure-bounds-<data>-<hash of the settings>``.
        data_dir: folder of official files; else ``$LIMES_DATA``.
        target: label column of a table.
        options: see `BoundOptions`.
        force: replace a run with other settings in `out`.
        progress: told of every step.
        command: the command line to print in the report.

    Raises:
        InputError, FormatError: for data or options that cannot be used.
        NumericalError: if the training diverges.
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
        MemoryRefused: if the run would not fit.

    Cost: printed by ``limes measure bounds --dry-run``.
    """
    if isinstance(data, BoundSettings):
        settings = data
    else:
        settings = prepare_bounds(data, data_dir=data_dir, target=target, options=options)
    progress, command = progress or Quiet(), command or f"limes measure bounds {settings.data.name}"
    return run_in_folder(
        _VERB,
        settings,
        lambda folder: _execute(folder, settings, progress, command),
        remark=lambda: f"about {format_seconds(plan_bounds(settings)['seconds'])} in all",
        out=out,
        force=force,
        progress=progress,
    )


@dataclass
class _Work:
    """A training, made when its bounds are not there yet."""

    folder: RunFolder
    settings: BoundSettings
    progress: Progress

    @property
    def checkpoint(self) -> Path:
        return self.folder.path("stages/training-steps.npz")

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        s = self.settings
        parts = split(s.data, s.training.seed, s.n_train, 0, s.n_test)
        affine = fit_affine(parts.x_train, s.data.scale) if s.standardised else None
        x, x_test = (a if affine is None else affine(a) for a in (parts.x_train, parts.x_test))
        y, y_test = (np.searchsorted(s.data.classes, labels) for labels in (parts.y_train, parts.y_test))
        return x.astype(np.float32), y, x_test.astype(np.float32), y_test

    def measure(self) -> dict[str, Any]:
        """Curves, and what the last bounds are made of."""
        since, s = time.perf_counter(), self.settings
        x, y, x_test, y_test = self.rows
        self.progress.note("training, and bounds of every epoch")
        muted = Muted(self.progress)
        run, layers = s.training.run(x, y, s.data.n_classes, checkpoint=self.checkpoint, progress=muted)
        found = bound_course(run, layers, data_norms(x), (x, y), (x_test, y_test))
        channel = data_norms(x, "channel").node
        seconds = time.perf_counter() - since
        return found.arrays() | {"losses": run.losses, "last": _last(found.last, channel), "seconds": seconds}


def _last(bounds: NormBounds, channel: float) -> dict[str, Any]:
    """The last bounds, their parts, and what other conventions would make of them."""
    n, node = bounds.data.n, bounds.data.node
    fewer = n * 5 // 6
    return {
        **{name: getattr(bounds, name) for name in (*BOUNDS, "rho", "first", "additive", "depth")},
        "degrees": list(bounds.degrees),
        "node_per_row": node / n,
        "rows": {name: rows_needed(bounds, name) for name in ("sparse", "complete")},
        "channel": sum(at_sample(bounds, n, channel)),
        "mixture": sum(at_sample(bounds, fewer, node)),
        "assumptions": list(bounds.assumptions),
    }


def _execute(folder: RunFolder, s: BoundSettings, progress: Progress, command: str) -> None:
    work = _Work(folder, s, progress)
    found = folder.stage("bounds", work.measure)
    work.checkpoint.unlink(missing_ok=True)
    curves = {name: value for name, value in found.items() if isinstance(value, np.ndarray) and name != "losses"}
    save_npz(folder.path("bounds.npz"), curves | {"losses": found["losses"]}, {"net": s.training.kind})
    folder.write_json("metrics.json", _metrics(s, found, curves, command))
    metrics = folder.read_json("metrics.json")  # as a reader will see it
    figure = bound_curves(curves["epochs"], {n: curves[n] for n in (*BOUNDS, "train_error", "test_error", "gap")})
    save_figure(figure, folder.path("figures/bounds.svg"))
    folder.write_text("report.html", render(bounds_page(metrics, {"bounds": to_svg(figure)})))


def _metrics(s: BoundSettings, found: dict[str, Any], curves: dict[str, Any], command: str) -> dict[str, Any]:
    t = s.training
    names = ("kind", "depth", "channels", "epochs", "learning_rate", "weight_decay", "seed")
    return {
        "data": summarise(s.data) | {"notes": list(s.notes)},
        "settings": {
            "net": str(t.network(s.data.shape)),
            **{name: getattr(t, name) for name in names},
            "n_train": s.n_train,
            "n_test": s.n_test,
            "standardised": s.standardised,
        },
        "curves": {name: np.asarray(value).tolist() for name, value in curves.items()},
        "last": found["last"],
        "seconds": found["seconds"],
        "command": command,
    }

"""``limes measure widths``: finite networks of growing width beside the infinitely wide one; stored step by step."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from limes.attacks import AttackResult
from limes.core.progress import Muted, Progress, Quiet
from limes.core.types import Predictor
from limes.data import Dataset, split, summarise
from limes.finite import FinitePredictor, Recipe, empirical_ntk, outputs, since_start, train
from limes.jobs.estimates import estimate, estimate_any
from limes.jobs.folder import RunResult, run_in_folder
from limes.jobs.width_settings import WidthOptions, WidthSettings, plan_widths, prepare_widths
from limes.machines import NTKClassifier
from limes.machines.flow import time_of_share
from limes.measure import kernel_distance, relative_change
from limes.report import (
    RunFolder,
    format_seconds,
    render,
    save_figure,
    to_svg,
    width_curves,
    widths_page,
)

_VERB = "measure-widths"
_RATE = 0.7  # over the largest eigenvalue of the limit's kernel; networks of small width have larger ones
_ACCURACIES = ("accuracy", "robust")
_DISTANCES = ("start_distance", "kernel_distance", "kernel_change", "scores_distance")


def measure_widths(
    data: str | Dataset | WidthSettings | None = None,
    *,
    out: str | Path | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: WidthOptions | None = None,
    force: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
) -> RunResult:
    """Compare finite networks of several widths with the infinitely wide one, and write a report.

    Networks in the NTK parametrisation are trained by gradient descent on the squared error, from a function of 0 (what
    they start as is taken away), until a share of the first loss is left; the infinitely wide network is read off at
    the time when its flow has the same share left. Every network is stored when it is done; the same call continues an
    interrupted run, and does nothing to a finished one.

    Args:
        data: what `limes.data.load` reads, a `Dataset`, or what `prepare_widths` returned; None for digits.
        out: folder of the run; None for ``runs/measure-widths-<data>-<hash of the settings>``.
        data_dir: folder of official files; else ``$LIMES_DATA``.
        target: label column of a table.
        options: see `WidthOptions`.
        force: replace a run with other settings in `out`.
        progress: told of every step.
        command: the command line to print in the report.

    Raises:
        InputError, FormatError, NetError, DtypeError: for data or options that cannot be used.
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
        MemoryRefused: if the run would not fit.

    Cost: printed by ``limes measure widths --dry-run``.
    """
    if isinstance(data, WidthSettings):
        settings = data
    else:
        settings = prepare_widths(data, data_dir=data_dir, target=target, options=options)
    progress, command = progress or Quiet(), command or f"limes measure widths {settings.data.name}"
    return run_in_folder(
        _VERB,
        settings,
        lambda folder: _execute(folder, settings, progress, command),
        remark=lambda: f"about {format_seconds(plan_widths(settings)['seconds'])} in all, or more on hard tasks",
        out=out,
        force=force,
        progress=progress,
    )


@dataclass
class _Comparison:
    """The rows, the infinitely wide network, and what is measured of each finite one."""

    settings: WidthSettings
    progress: Progress

    @cached_property
    def parts(self) -> Any:
        s = self.settings
        return split(s.data, s.seeds[0], s.n_train, 0, s.n_test)

    @cached_property
    def machine(self) -> NTKClassifier:
        s = self.settings
        machine = NTKClassifier(s.net, scale=s.data.scale, solver="eigh")
        return machine.fit_path(self.parts.x_train, self.parts.y_train, (), Muted(self.progress))

    def limit(self, share: float) -> Any:
        """The machine at the time when this share of the first loss is left."""
        return self.machine.at(time_of_share(self.machine.spectrum(), self.machine.targets_, share))

    @cached_property
    def probes(self) -> np.ndarray:
        return self.inside(self.parts.x_test[: self.settings.n_probe])

    @cached_property
    def kernel(self) -> np.ndarray:
        """The infinitely wide network's, between the probes."""
        return np.asarray(self.settings.net.kernel(self.probes, get="ntk").ntk)

    def inside(self, x: np.ndarray) -> np.ndarray:
        """Inputs as the net takes them."""
        affine = self.machine.affine_
        return np.asarray(x if affine is None else affine(x), np.float32)

    def infinite(self) -> dict[str, Any]:
        since = time.perf_counter()
        return self._accuracies(self.limit(self.settings.share)) | {"seconds": time.perf_counter() - since}

    def finite(self, width: int, seed: int) -> dict[str, Any]:
        """One network: trained, attacked, its kernel compared."""
        since, s = time.perf_counter(), self.settings
        start = s.net.init(seed, s.data.shape, width, s.data.n_classes)
        network, targets = since_start(s.net.apply, start), self.machine.targets_
        first = 0.5 * float(np.mean(np.sum(targets**2, axis=1)))
        x = self.inside(self.parts.x_train)

        def left(params: Any) -> float:
            residual = outputs(network, params, x) - targets
            return 0.5 * float(np.mean(np.sum(residual**2, axis=1))) / first

        # Without momentum, which takes another way through the eigenvectors than the flow does.
        rate = _RATE * len(x) / float(self.machine.spectrum().values[-1])
        recipe = Recipe(s.steps, None, rate, 0.0, loss="mse", seed=seed)
        run = train(
            network,
            start,
            x,
            targets.astype(np.float32),
            recipe,
            at=range(s.steps + 1),
            until=lambda moment: left(moment.params) <= s.share,
        )
        predictor = FinitePredictor(network, run.params, self.machine.classes_, self.machine.affine_)
        before, after = (empirical_ntk(s.net.apply, w, self.probes) for w in (start, run.params))
        share = left(run.params)
        scores = [p.scores(self.parts.x_test) for p in (predictor, self.limit(share))]  # both at the very same loss
        return self._accuracies(predictor) | {
            "start_distance": kernel_distance(before, self.kernel),
            "kernel_distance": kernel_distance(after, self.kernel),
            "kernel_change": relative_change(before, after),
            "scores_distance": float(np.linalg.norm(scores[0] - scores[1]) / np.linalg.norm(scores[1])),
            "left": share,
            "reached": share <= s.share,
            "steps": len(run.losses),
            "seconds": time.perf_counter() - since,
        }

    def _accuracies(self, predictor: Any) -> dict[str, float]:
        assert isinstance(predictor, Predictor)
        s, (x, y) = self.settings, (self.parts.x_test, self.parts.y_test)
        found: AttackResult = s.attack(predictor, x, y, s.eps, bounds=s.bounds, key=s.seeds[0])
        clean = self.machine.classes_[predictor.scores(x).argmax(axis=1)]
        return {"accuracy": float(np.mean(clean == y)), "robust": found.robust_accuracy}


def _execute(run: RunFolder, s: WidthSettings, progress: Progress, command: str) -> None:
    comparison = _Comparison(s, progress)
    infinite = run.stage("infinite", comparison.infinite)
    found: dict[int, list[dict[str, Any]]] = {width: [] for width in s.widths}
    progress.start("finite networks", len(s.widths) * len(s.seeds))
    for width in s.widths:
        for seed in s.seeds:
            name = f"width{width}-seed{seed}"
            found[width].append(run.stage(name, lambda w=width, r=seed: comparison.finite(w, r)))
            progress.step()
    run.write_json("metrics.json", _metrics(s, infinite, found, command))
    metrics = run.read_json("metrics.json")  # as a reader will see it
    figure = width_curves(metrics)
    save_figure(figure, run.path("figures/widths.svg"))
    run.write_text("report.html", render(widths_page(metrics, to_svg(figure))))


def _metrics(
    s: WidthSettings, infinite: dict[str, Any], found: dict[int, list[dict[str, Any]]], command: str
) -> dict[str, Any]:
    rows = [
        {"width": width, "steps": [r["steps"] for r in runs], "reached": all(r["reached"] for r in runs)}
        | {name: estimate([r[name] for r in runs], s.n_test) for name in _ACCURACIES}
        | {name: estimate_any([r[name] for r in runs]) for name in _DISTANCES}
        for width, runs in found.items()
    ]
    return {
        "data": summarise(s.data) | {"notes": list(s.notes)},
        "settings": {
            "net": str(s.net),
            "net_name": s.name,
            "eps": s.eps,
            "norm": s.norm,
            "bounds": None if s.bounds is None else list(s.bounds),
            "attack": f"PGD of {s.attack_steps} steps",
            "n_train": s.n_train,
            "n_test": s.n_test,
            "n_probe": s.n_probe,
            "share": s.share,
            "steps": s.steps,
            "seeds": list(s.seeds),
        },
        "infinite": {name: infinite[name] for name in _ACCURACIES},
        "widths": rows,
        "seconds": infinite["seconds"] + sum(r["seconds"] for runs in found.values() for r in runs),
        "command": command,
    }

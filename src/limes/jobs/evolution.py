"""``limes measure evolution``: train a network, follow its kernel, report; an interrupted training continues."""

import functools
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jax.tree_util import Partial

from limes.core.arrays import save_npz
from limes.core.progress import Muted, Progress, Quiet
from limes.core.types import Affine
from limes.data import Dataset, Split, split, summarise
from limes.finite import Run, train
from limes.jobs.evolution_settings import EvolutionOptions, EvolutionSettings, plan_evolution, prepare_evolution
from limes.jobs.folder import RunResult, run_in_folder
from limes.machines.scaling import fit_affine
from limes.measure import Evolution, activation_pattern, evolution
from limes.report import (
    RunFolder,
    distance_map,
    evolution_page,
    format_seconds,
    polar_curve,
    render,
    save_figure,
    shape_curves,
    to_svg,
    velocity_curves,
)

_VERB = "measure-evolution"
_DISTANCES = ("kernel", "function", "weights", "pattern")
_CURVES = ("alignment", "top_mass", "effective_rank", "size", "radius", "angle", "top_radius", "top_angle", "accuracy")


def measure_evolution(
    data: str | Dataset | EvolutionSettings | None = None,
    *,
    out: str | Path | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: EvolutionOptions | None = None,
    force: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
) -> RunResult:
    """Train a finite network and measure after every epoch how its tangent kernel has changed; write a report.

    The training is stored on the way, and each measurement when it is done; the same call continues an interrupted run,
    and does nothing to a finished one.

    Args:
        data: what `limes.data.load` reads, a `Dataset`, or what `prepare_evolution` returned; None for digits.
        out: folder of the run; None for ``runs/measure-evolution-<data>-<hash of the settings>``.
        data_dir: folder of official files; else ``$LIMES_DATA``.
        target: label column of a table.
        options: see `EvolutionOptions`.
        force: replace a run with other settings in `out`.
        progress: told of every step.
        command: the command line to print in the report.

    Raises:
        InputError, FormatError, NetError, DtypeError: for data or options that cannot be used.
        NumericalError: if the training diverges.
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
        MemoryRefused: if the run would not fit.

    Cost: printed by ``limes measure evolution --dry-run``.
    """
    if isinstance(data, EvolutionSettings):
        settings = data
    else:
        settings = prepare_evolution(data, data_dir=data_dir, target=target, options=options)
    progress, command = progress or Quiet(), command or f"limes measure evolution {settings.data.name}"
    return run_in_folder(
        _VERB,
        settings,
        lambda folder: _execute(folder, settings, progress, command),
        remark=lambda: f"about {format_seconds(plan_evolution(settings)['seconds'])} in all",
        out=out,
        force=force,
        progress=progress,
    )


@dataclass
class _Work:
    """A training, made when a measurement is not there yet."""

    folder: RunFolder
    settings: EvolutionSettings
    progress: Progress

    @cached_property
    def rows(self) -> Split:
        s = self.settings
        return split(s.data, s.seed, s.n_train, 0, s.n_probe)

    @cached_property
    def affine(self) -> Affine | None:
        return fit_affine(self.rows.x_train, self.settings.data.scale)

    @property
    def checkpoint(self) -> Path:
        return self.folder.path("stages/training-steps.npz")

    @cached_property
    def run(self) -> Run:
        s = self.settings
        start = s.net.init(s.seed, s.data.shape, s.width, s.data.n_classes)
        apply = s.net.apply
        if self.affine is not None:  # inside the function, so that attacks stay in the units of the data
            shift, scale = (np.asarray(a, np.float32) for a in (self.affine.shift, self.affine.scale))
            apply = Partial(functools.partial(_mapped, s.net), shift, scale)
        x, y = self.rows.x_train.astype(np.float32), self.labels(self.rows.y_train)
        return train(
            apply, start, x, y, s.recipe, snapshots=True, checkpoint=self.checkpoint, progress=Muted(self.progress)
        )

    def labels(self, y: np.ndarray) -> np.ndarray:
        """Class numbers."""
        return np.searchsorted(self.settings.data.classes, y)

    def measure(self, moving: bool) -> dict[str, Any]:
        """The evolution on fixed or on moving probes."""
        since, s = time.perf_counter(), self.settings
        self.progress.note("adversarial probes" if moving else "training, and fixed probes")
        run = self.run
        x, y = self.rows.x_test.astype(np.float32), self.labels(self.rows.y_test)
        pattern = self._pattern if _rectified(s) else None
        adversary = s.adversary if moving else None
        found = evolution(run, x, y, pattern=pattern, adversary=adversary, progress=Muted(self.progress))
        return _plain(found) | {"losses": run.losses, "seconds": time.perf_counter() - since}

    def _pattern(self, params: Any, x: np.ndarray) -> np.ndarray:
        return activation_pattern(self.settings.net, params, x if self.affine is None else self.affine(x))


def _mapped(net: Any, shift: Any, scale: Any, params: Any, x: Any) -> Any:
    return net.apply(params, (x - shift) * scale)


def _rectified(s: EvolutionSettings) -> bool:
    return any(layer["layer"] in ("relu", "leaky_relu", "abs", "shifted_relu") for layer in s.net.to_spec())


def _plain(found: Evolution) -> dict[str, Any]:
    """The arrays of an evolution by name."""
    distances = {f"{n}_distance": getattr(found, n) for n in _DISTANCES if getattr(found, n) is not None}
    curves = {name: getattr(found, name) for name in _CURVES}
    pairs = {f"{a}-{b}": value for (a, b), value in found.correlations().items()}
    return distances | curves | {"epochs": found.epochs, "velocity": found.velocity(), "correlations": pairs}


def _execute(folder: RunFolder, s: EvolutionSettings, progress: Progress, command: str) -> None:
    work = _Work(folder, s, progress)
    found = {"fixed": folder.stage("fixed", lambda: work.measure(False))}
    if s.eps:
        found["moving"] = folder.stage("moving", lambda: work.measure(True))
    work.checkpoint.unlink(missing_ok=True)
    arrays = {
        f"{probe}_{name}": value
        for probe, one in found.items()
        for name, value in one.items()
        if isinstance(value, np.ndarray)
    }
    save_npz(folder.path("evolution.npz"), arrays, {"net": str(s.net)})
    folder.write_json("metrics.json", _metrics(s, found, command))
    metrics = folder.read_json("metrics.json")  # as a reader will see it
    figures = {
        "velocity": velocity_curves({probe: (one["epochs"], one["velocity"]) for probe, one in found.items()}),
        "polar": polar_curve({probe: (one["radius"], one["angle"]) for probe, one in found.items()}),
        "distances": distance_map(found["fixed"]["epochs"], found["fixed"]["kernel_distance"]),
        "shape": shape_curves(found["fixed"]["epochs"], *(found["fixed"][name] for name in _SHAPE)),
    }
    for name, figure in figures.items():
        save_figure(figure, folder.path(f"figures/{name}.svg"))
    folder.write_text("report.html", render(evolution_page(metrics, {n: to_svg(f) for n, f in figures.items()})))


_SHAPE = ("alignment", "top_mass", "accuracy", "effective_rank")


def _metrics(s: EvolutionSettings, found: dict[str, Any], command: str) -> dict[str, Any]:
    probes = {}
    for probe, one in found.items():
        steps = {n: np.diagonal(one[f"{n}_distance"], 1).tolist() for n in _DISTANCES if f"{n}_distance" in one}
        by_epoch = {name: np.asarray(one[name]).tolist() for name in ("epochs", "velocity", *_CURVES)}
        whole = {n: float(one[f"{n}_distance"][0, -1]) for n in _DISTANCES if f"{n}_distance" in one}
        correlations = {name: None if np.isnan(v) else float(v) for name, v in one["correlations"].items()}
        probes[probe] = by_epoch | {"steps": steps, "from_start": whole, "correlations": correlations}
    return {
        "data": summarise(s.data) | {"notes": list(s.notes)},
        "settings": {
            "net": str(s.net),
            "eps": s.eps,
            "norm": s.norm,
            "bounds": None if s.bounds is None else list(s.bounds),
            **{n: getattr(s, n) for n in ("width", "epochs", "learning_rate", "n_train", "n_probe", "seed")},
        },
        "loss": float(np.mean(found["fixed"]["losses"][-s.recipe.per_epoch(s.n_train) :])),
        "probes": probes,
        "seconds": sum(one["seconds"] for one in found.values()),
        "command": command,
    }

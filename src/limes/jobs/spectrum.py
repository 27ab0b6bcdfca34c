"""``limes measure spectrum``: eigenvalues of kernels, and what bounds the smallest; stored kernel by kernel."""

import math
import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from limes.core.arrays import save_npz
from limes.core.progress import Progress, Quiet
from limes.data import Dataset, summarise
from limes.jobs.folder import RunResult, run_in_folder
from limes.jobs.spectrum_settings import (
    EXACT,
    POWERS,
    WIDTH,
    SpectrumOptions,
    SpectrumSettings,
    plan_spectrum,
    prepare_spectrum,
)
from limes.machines.scaling import scaled
from limes.measure import (
    EigenvalueBound,
    KernelSpectrum,
    active_fraction,
    ball_term,
    bias_kernel,
    confidence_term,
    hermite_bound,
    kernel_spectrum,
    localised_term,
    matrix_bounds,
    power_floors,
    region_bound,
    sampled_bias_kernel,
    term_without_sparsity,
    unit_rows,
    worst_case_bound,
)
from limes.report import (
    RunFolder,
    bounds_figure,
    format_seconds,
    render,
    save_figure,
    spectrum_figure,
    spectrum_page,
    to_svg,
)

_VERB = "measure-spectrum"


def measure_spectrum(
    data: str | Dataset | SpectrumSettings | None = None,
    *,
    out: str | Path | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: SpectrumOptions | None = None,
    force: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
) -> RunResult:
    """Decompose the kernel matrix of a net, or of two-layer networks over their biases, and write a report.

    Every kernel is stored when it is done; the same call continues an interrupted run, and does nothing to a finished
    one.

    Args:
        data: what `limes.data.load` reads, a `Dataset`, or what `prepare_spectrum` returned; None for digits.
        out: folder of the run; None for ``runs/measure-spectrum-<data>-<hash of the settings>``.
        data_dir: folder of official files; else ``$LIMES_DATA``.
        target: label column of a table.
        options: see `SpectrumOptions`.
        force: replace a run with other settings in `out`.
        progress: told of every step.
        command: the command line to print in the report.

    Raises:
        InputError, FormatError, NetError, DtypeError: for data or options that cannot be used.
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
        MemoryRefused: if the run would not fit.

    Cost: printed by ``limes measure spectrum --dry-run``.
    """
    if isinstance(data, SpectrumSettings):
        settings = data
    else:
        settings = prepare_spectrum(data, data_dir=data_dir, target=target, options=options)
    progress, command = progress or Quiet(), command or f"limes measure spectrum {settings.data.name}"
    return run_in_folder(
        _VERB,
        settings,
        lambda folder: _execute(folder, settings, progress, command),
        remark=lambda: f"about {format_seconds(plan_spectrum(settings)['seconds'])} in all",
        out=out,
        force=force,
        progress=progress,
    )


@dataclass
class _Work:
    """The rows, and what is measured of each kernel on them."""

    settings: SpectrumSettings

    @cached_property
    def rows(self) -> np.ndarray:
        s = self.settings
        return np.random.default_rng(s.seed).permutation(len(s.data.x))[: s.n_train]

    @cached_property
    def signs(self) -> np.ndarray:
        """(n, k) labels 1 and -1: of two classes the one, else each class against the rest."""
        classes, y = self.settings.data.classes, self.settings.data.y[self.rows]
        return np.where(y[:, None] == (classes[1:] if len(classes) == 2 else classes), 1.0, -1.0)

    @property
    def floors(self) -> dict[str, np.ndarray]:
        x = unit_rows(self.settings.data.x[self.rows])
        return {"floors": power_floors(np.clip(x @ x.T, -1.0, 1.0), POWERS, EXACT)}

    def of_net(self) -> dict[str, Any]:
        """The kernel of the net that was asked for, on rows as a machine's kernel sees them."""
        since, s = time.perf_counter(), self.settings
        assert s.net is not None
        x = np.asarray(scaled(s.data.x[self.rows], s.data.scale), np.float64)
        kernel = np.asarray(s.net.kernel(x, get="ntk").ntk)
        spectrum = kernel_spectrum(kernel)
        return self._found(spectrum, matrix_bounds(kernel)) | {"seconds": time.perf_counter() - since}

    def of_bias(self, bias: float, floors: np.ndarray) -> dict[str, Any]:
        """The kernel of two-layer networks with this bias, on rows of length 1."""
        since, s, trainable = time.perf_counter(), self.settings, not self.settings.frozen
        x = s.data.x[self.rows]
        kernel = bias_kernel(x, bias)
        ntk = kernel.ntk(trainable)
        spectrum = kernel_spectrum(ntk)
        bounds = [hermite_bound(bias, floors, trainable), *matrix_bounds(ntk), worst_case_bound(bias, kernel.gram)]
        if trainable:  # the region's bound rests on the term that trained thresholds add
            bounds.append(region_bound(kernel, spectrum.bottom))
        return self._found(spectrum, bounds) | {
            "bias": bias,
            "active": active_fraction(bias),
            "scaled": spectrum.smallest * math.exp(0.5 * bias * bias),
            "other": _smallest(kernel.ntk(not trainable)),
            "network": _smallest(sampled_bias_kernel(x, bias, WIDTH, s.seed).ntk(trainable)),
            "without_sparsity": self._mean(lambda y: term_without_sparsity(spectrum, y)),
            "seconds": time.perf_counter() - since,
        }

    def _found(self, spectrum: KernelSpectrum, bounds: list[EigenvalueBound]) -> dict[str, Any]:
        local = None if spectrum.singular else self._mean(lambda y: np.divide(*localised_term(spectrum, y)))
        return {
            "values": spectrum.values,
            "largest": spectrum.largest,
            "smallest": spectrum.smallest,
            "noise": spectrum.noise,
            "condition": _or_none(spectrum.condition),
            "effective_rank": spectrum.effective_rank,
            "trace": spectrum.trace,
            "bounds": [asdict(bound) for bound in bounds],
            "generalisation": self._mean(lambda y: ball_term(spectrum, y)),
            "localised": local,
        }

    def _mean(self, term: Any) -> float | None:
        """Over the labels of all classes; None where it is infinite."""
        return _or_none(float(np.mean([term(y) for y in self.signs.T])))


def _smallest(kernel: np.ndarray) -> float:
    return max(float(np.linalg.eigvalsh(kernel)[0]), 0.0)


def _or_none(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def _execute(folder: RunFolder, s: SpectrumSettings, progress: Progress, command: str) -> None:
    work, found = _Work(s), {}
    progress.start("kernels", len(s.kernels))
    if s.biases:
        floors = folder.stage("powers", lambda: work.floors)["floors"]
        for name, bias in zip(s.kernels, s.biases, strict=True):
            found[name] = folder.stage(f"bias{bias:g}", lambda b=bias: work.of_bias(b, floors))
            progress.step()
    else:
        found[s.name] = folder.stage("net", work.of_net)
        progress.step()
    save_npz(
        folder.path("spectrum.npz"),
        {f"values_{i}": r["values"] for i, r in enumerate(found.values())},
        {"kernels": [*found]},
    )
    folder.write_json("metrics.json", _metrics(s, found, command))
    metrics = folder.read_json("metrics.json")  # as a reader will see it
    figures = {
        "eigenvalues": spectrum_figure({name: r["values"] for name, r in found.items()}),
        "bounds": bounds_figure(metrics),
    }
    for name, figure in figures.items():
        save_figure(figure, folder.path(f"figures/{name}.svg"))
    folder.write_text("report.html", render(spectrum_page(metrics, {n: to_svg(f) for n, f in figures.items()})))


def _metrics(s: SpectrumSettings, found: dict[str, dict[str, Any]], command: str) -> dict[str, Any]:
    kernels = [
        {"name": name} | {key: value for key, value in r.items() if key not in ("values", "seconds")}
        for name, r in found.items()
    ]
    return {
        "data": summarise(s.data) | {"notes": list(s.notes)},
        "settings": {
            "net": None if s.net is None else str(s.net),
            "biases": list(s.biases),
            "frozen": s.frozen,
            "n_train": s.n_train,
            "n_classes": s.data.n_classes,
            "width": WIDTH,
            "delta": s.delta,
            "seed": s.seed,
        },
        "confidence": confidence_term(s.n_train, s.delta),
        "kernels": kernels,
        "seconds": sum(r["seconds"] for r in found.values()),
        "command": command,
    }

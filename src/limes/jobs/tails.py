"""``limes measure tails``: heavy tails of a network's weights, and what may be pruned because of them."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from limes.beyond.tails import LayerTails, layer_vectors, pruning_errors
from limes.core.progress import Progress, Quiet
from limes.jobs.folder import RunResult, run_in_folder
from limes.jobs.tail_settings import TailOptions, TailSettings, plan_tails, prepare_tails
from limes.jobs.weight_files import WeightFile
from limes.report import (
    RunFolder,
    format_seconds,
    pruning_curves,
    render,
    save_figure,
    survival_curves,
    tails_page,
    to_svg,
)

_VERB = "measure-tails"
_RATIOS = tuple(round(0.02 * k, 2) for k in range(51))
_POINTS = 60  # of a survival curve, at most


def measure_tails(
    model: str | Path | WeightFile | TailSettings,
    *,
    out: str | Path | None = None,
    options: TailOptions | None = None,
    force: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
) -> RunResult:
    """Measure tails and prunable shares of every layer of a network, and write a report.

    Args:
        model: what `read_weights` reads, a `WeightFile`, or what `prepare_tails` returned.
        out: folder of the run; None for ``runs/measure-tails-<model>-<hash of the settings>``.
        options: see `TailOptions`.
        force: replace a run with other settings in `out`.
        progress: told of every step.
        command: the command line to print in the report.

    Raises:
        InputError, FormatError: for a file or options that cannot be used, and a network without a layer to measure.
        MissingPackage: for a file of torch without PyTorch.
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
        MemoryRefused: if the run would not fit.

    Cost: printed by ``limes measure tails MODEL --dry-run``.
    """
    settings = model if isinstance(model, TailSettings) else prepare_tails(model, options)
    progress, command = progress or Quiet(), command or f"limes measure tails {settings.data.source}"
    plan = plan_tails(settings)
    return run_in_folder(
        _VERB,
        settings,
        lambda folder: _execute(folder, settings, progress, command),
        remark=lambda: f"about {format_seconds(plan['seconds'])} in all",
        out=out,
        force=force,
        progress=progress,
    )


def _execute(folder: RunFolder, s: TailSettings, progress: Progress, command: str) -> None:
    layers, found = layer_vectors(s.data.arrays, s.layout, last=s.last), []
    progress.start("layers", len(layers))
    for i, (name, rows) in enumerate(layers.items()):
        found.append(folder.stage(f"layer{i}", lambda name=name, rows=rows: _measured(s, name, rows)))
        progress.step()
    folder.write_json("metrics.json", _metrics(s, found, command))
    metrics = folder.read_json("metrics.json")  # as a reader will see it
    figures = {"survival": survival_curves(metrics["layers"]), "pruning": pruning_curves(metrics["layers"], s.error)}
    for name, figure in figures.items():
        save_figure(figure, folder.path(f"figures/{name}.svg"))
    folder.write_text("report.html", render(tails_page(metrics, {n: to_svg(f) for n, f in figures.items()})))


def _measured(s: TailSettings, name: str, rows: np.ndarray) -> dict[str, Any]:
    """Figures and curves of one layer."""
    since, shape = time.perf_counter(), s.data.arrays[name].shape
    layer = LayerTails.measure(name, shape, rows, error=s.error, top=s.top, key=s.seed)
    indices = {kind: asdict(getattr(layer, kind)) for kind in ("heaviness", "entries", "hill")}
    lengths, shares = _survival(rows)
    return {
        "name": name,
        "shape": list(shape),
        "vectors": list(rows.shape),
        **indices,
        "prunable": layer.prunable,
        "lengths": lengths,
        "shares": shares,
        "ratios": list(_RATIOS),
        "errors": {kind: pruning_errors(rows, _RATIOS, kind).tolist() for kind in layer.prunable},
        "seconds": time.perf_counter() - since,
    }


def _survival(rows: np.ndarray) -> tuple[list[float], list[float]]:
    """Lengths of centred vectors over their median, and the shares of vectors that are at least as long."""
    rows = np.asarray(rows, float)  # squares of small weights underflow in float32
    lengths = np.sort(np.linalg.norm(rows - np.median(rows, axis=0), axis=1))[::-1]
    ranks = np.unique(np.geomspace(1, len(lengths), _POINTS).round().astype(int))
    return (lengths[ranks - 1] / (np.median(lengths) or 1.0)).tolist(), (ranks / len(lengths)).tolist()


def _metrics(s: TailSettings, layers: list[dict[str, Any]], command: str) -> dict[str, Any]:
    weights = [np.prod(layer["shape"]) for layer in layers]
    indices = [layer["heaviness"]["value"] for layer in layers]
    left_out = [name for name in s.data.arrays if name not in {layer["name"] for layer in layers}]
    return {
        "model": {
            "name": s.data.name,
            "kind": s.data.kind,
            "weights": int(sum(a.size for a in s.data.arrays.values())),
            "measured": int(sum(weights)),
            "left_out": left_out,
            "notes": list(s.notes),
        },
        "settings": {"layout": s.layout, "last": s.last, "error": s.error, "top": s.top, "seed": s.seed},
        "layers": [{name: value for name, value in layer.items() if name != "seconds"} for layer in layers],
        "overall": {
            "mean": float(np.mean(indices)),
            "median": float(np.median(indices)),
            "smallest": float(np.min(indices)),
            "prunable": float(np.average([layer["prunable"]["magnitude"] for layer in layers], weights=weights)),
        },
        "seconds": sum(layer["seconds"] for layer in layers),
        "command": command,
    }

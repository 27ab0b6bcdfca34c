"""``limes measure features``: fit, split into features, measure each, report; each step is stored when it is done."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from limes.attacks.losses import margin
from limes.core.arrays import save_npz
from limes.core.progress import Muted, Progress, Quiet
from limes.data import Dataset, split, summarise
from limes.jobs.feature_settings import FeatureOptions, FeatureSettings, plan_features, prepare_features
from limes.jobs.folder import RunResult, run_in_folder
from limes.machines import NTKClassifier
from limes.measure import FeatureBasis, Singles, agreement, cumulative, feature_basis, singles
from limes.report import (
    RunFolder,
    cumulative_curves,
    feature_pictures,
    feature_scatter,
    features_page,
    format_seconds,
    render,
    save_figure,
    spectrum_figure,
    to_svg,
)

_VERB = "measure-features"
_PICTURES, _PICTURED = 5, (0, 1, 2, 5, 10, 50)  # inputs shown, and the features whose gradients are
_ROWS = ("ranks", "clean", "clean_balanced", "clean_error", "robust", "robust_balanced")


def measure_features(
    data: str | Dataset | FeatureSettings | None = None,
    *,
    out: str | Path | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: FeatureOptions | None = None,
    force: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
) -> RunResult:
    """Measure how useful and how robust the features of one to three kernels are, and write a report.

    Every step is stored as soon as it is done; the same call continues an interrupted run, and does nothing to a
    finished one.

    Args:
        data: what `limes.data.load` reads, a `Dataset`, or what `prepare_features` returned; None for digits.
        out: folder of the run; None for ``runs/measure-features-<data>-<hash of the settings>``.
        data_dir: folder of official files; else ``$LIMES_DATA``.
        target: label column of a table.
        options: see `FeatureOptions`.
        force: replace a run with other settings in `out`.
        progress: told of every step.
        command: the command line to print in the report.

    Raises:
        InputError, FormatError, NetError, DtypeError: for data or options that cannot be used.
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
        MemoryRefused: if the run would not fit.

    Cost: printed by ``limes measure features --dry-run``.
    """
    if isinstance(data, FeatureSettings):
        settings = data
    else:
        settings = prepare_features(data, data_dir=data_dir, target=target, options=options)
    progress, command = progress or Quiet(), command or f"limes measure features {settings.data.name}"
    return run_in_folder(
        _VERB,
        settings,
        lambda folder: _execute(folder, settings, progress, command),
        remark=lambda: f"about {format_seconds(plan_features(settings)['seconds'])} in all",
        out=out,
        force=force,
        progress=progress,
    )


@dataclass
class _NetRun:
    """One net: its machine, made when a stage is not there yet, and its stages."""

    run: RunFolder
    settings: FeatureSettings
    index: int
    progress: Progress

    @cached_property
    def parts(self) -> Any:
        s = self.settings
        return split(s.data, s.seed, s.n_train, 0, s.n_test)

    @cached_property
    def basis(self) -> FeatureBasis:
        s = self.settings
        machine = NTKClassifier(s.nets[self.index], kind=s.kind, scale=s.data.scale, solver="eigh")
        machine.fit_path(self.parts.x_train, self.parts.y_train, (), Muted(self.progress))
        return feature_basis(machine, s.centred)

    def stages(self) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
        """Features alone, in blocks; features together; gradients at a few inputs."""
        s, name = self.settings, f"net{self.index}"
        rows = (self.parts.x_test, self.parts.y_test, s.eps)
        common: dict[str, Any] = {"attack": s.attack, "bounds": s.bounds, "progress": Muted(self.progress)}

        def alone(ranks: np.ndarray) -> dict[str, Any]:
            since = time.perf_counter()
            found = singles(self.basis, *rows, ranks=ranks, **common)
            return {f.name: getattr(found, f.name) for f in fields(Singles) if f.name != "settings"} | _took(since)

        def together() -> dict[str, Any]:
            since = time.perf_counter()
            found = cumulative(self.basis, *rows, time=s.time, **common)
            return {f.name: getattr(found, f.name) for f in fields(found) if f.name != "settings"} | _took(since)

        blocks = []
        for i, ranks in enumerate(s.blocks):
            blocks.append(self.run.stage(f"{name}-features{i}", lambda ranks=ranks: alone(ranks)))
            self.progress.note(f"{s.names[self.index]}: features {ranks[0]} to {ranks[-1]}")
        top = self.run.stage(f"{name}-together", together)
        return blocks, top, self.run.stage(f"{name}-gradients", self._gradients)

    def _gradients(self) -> dict[str, Any]:
        """Of the loss of some features at the first test rows of different classes."""
        since, s = time.perf_counter(), self.settings
        if s.data.kind != "images":
            return _took(since)
        y = np.asarray(self.parts.y_test)
        first = [int(np.flatnonzero(y == label)[0]) for label in np.unique(y)]
        chosen = np.array([*first, *(i for i in range(len(y)) if i not in first)][:_PICTURES])
        ranks = np.array([rank for rank in _PICTURED if rank < len(self.basis)])
        x, columns = self.parts.x_test[chosen], np.unique(self.parts.y_train).searchsorted(y[chosen])
        singly = [self.basis.single(int(rank)) for rank in ranks]
        gradients = np.stack([one.scores_vjp(x, margin(one.scores(x), columns)[1]) for one in singly])
        return {"inputs": x, "labels": y[chosen].astype(str), "gradients": gradients, "ranks": ranks} | _took(since)


def _execute(run: RunFolder, s: FeatureSettings, progress: Progress, command: str) -> None:
    found = [_NetRun(run, s, i, progress).stages() for i in range(len(s.nets))]
    joined = [_join(blocks, s) for blocks, _, _ in found]
    arrays: dict[str, np.ndarray] = {}
    for i, (one, (_, top, _)) in enumerate(zip(joined, found, strict=True)):
        arrays |= {f"net{i}_{name}": getattr(one, name) for name in (*_ROWS, "eigenvalues")}
        arrays |= {f"net{i}_top_{name}": top[name] for name in ("counts", "clean", "robust")}
    save_npz(run.path("features.npz"), arrays, {"nets": [str(net) for net in s.nets]})
    run.write_json("metrics.json", _metrics(s, joined, found, command))
    metrics = run.read_json("metrics.json")  # as a reader will see it
    figures = _figures(s, joined, found)
    for name, figure in figures.items():
        save_figure(figure, run.path(f"figures/{name}.svg"))
    run.write_text("report.html", render(features_page(metrics, {n: to_svg(f) for n, f in figures.items()})))


def _join(blocks: list[dict[str, Any]], s: FeatureSettings) -> Singles:
    """The blocks of a net as one result."""
    parts = {name: np.concatenate([np.atleast_1d(block[name]) for block in blocks]) for name in _ROWS}
    same = {f.name: blocks[0][f.name] for f in fields(Singles) if f.name not in (*_ROWS, "settings")}
    return Singles(**parts, **same, settings={"attack": str(s.attack)})


def _metrics(s: FeatureSettings, joined: list[Singles], found: list[Any], command: str) -> dict[str, Any]:
    nets = []
    for i, (one, (blocks, top, _)) in enumerate(zip(joined, found, strict=True)):
        entry = {
            "name": s.names[i],
            "net": str(s.nets[i]),
            "order": one.order,
            "useful": int(one.useful.sum()),
            "useful_not_robust": one.ranks[one.useful_not_robust].tolist(),
            "machine": {"clean": float(top["clean"][-1]), "robust": float(top["robust"][-1])},
            "top": {name: np.asarray(top[name]).tolist() for name in ("counts", "clean", "robust")},
            "features": [
                {name: float(getattr(one, name)[j]) if name != "ranks" else int(one.ranks[j]) for name in _ROWS}
                | {"eigenvalue": float(one.eigenvalues[one.ranks[j]])}
                for j in range(len(one.ranks))
            ],
            "below_rounding": int((one.eigenvalues <= one.noise).sum()),
            "seconds": sum(block["seconds"] for block in blocks) + top["seconds"],
        }
        nets.append(entry)
    metrics: dict[str, Any] = {
        "data": summarise(s.data) | {"notes": list(s.notes)},
        "settings": {
            "kind": s.kind,
            "eps": s.eps,
            "norm": s.norm,
            "bounds": None if s.bounds is None else list(s.bounds),
            "attack": f"PGD of {s.steps} steps" if s.steps else "FGSM",
            "n_train": s.n_train,
            "n_test": s.n_test,
            "n_classes": s.data.n_classes,
            "time": s.time,
            "centred": s.centred,
            "seed": s.seed,
        },
        "nets": nets,
        "command": command,
    }
    if len(joined) > 1:
        same = agreement(dict(zip(s.names, joined, strict=True)))
        metrics["agreement"] = {"names": list(same.names), "robust": same.robust.tolist(), "clean": same.clean.tolist()}
    return metrics


def _figures(s: FeatureSettings, joined: list[Singles], found: list[Any]) -> Mapping[str, Any]:
    figures = {
        f"features-{i}": feature_scatter(one.ranks, one.clean_balanced, one.robust_balanced, one.chance)
        for i, one in enumerate(joined)
    }
    tops = [top for _, top, _ in found]
    names = s.names
    figures["together"] = cumulative_curves(
        {n: (t["counts"], t["clean"], t["robust"]) for n, t in zip(names, tops, strict=True)}
    )
    figures["spectrum"] = spectrum_figure({n: one.eigenvalues for n, one in zip(names, joined, strict=True)})
    for i, (_, _, shown) in enumerate(found):
        if "gradients" in shown:
            labels, ranks = [str(v) for v in shown["labels"]], [int(r) for r in shown["ranks"]]
            figures[f"gradients-{i}"] = feature_pictures(shown["inputs"], labels, shown["gradients"], ranks)
    return figures


def _took(since: float) -> dict[str, float]:
    return {"seconds": time.perf_counter() - since}

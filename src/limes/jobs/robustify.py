"""The main job: fit, attack, choose the stopping time that withstands most, and report."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from limes.core.progress import Progress, Quiet
from limes.data import Dataset, load
from limes.jobs.certify import both_radii, describe_radii
from limes.jobs.defences import DEFENCES
from limes.jobs.folder import RunResult, run_in_folder
from limes.jobs.metrics import STOPPED, LeftOut, SeedResult, compose
from limes.jobs.plan import CERTIFICATE_TOLERANCE, certificate_seconds, plan
from limes.jobs.settings import Options, Settings, resolve
from limes.jobs.stages import SeedRun, default_times
from limes.report import (
    RunFolder,
    class_balance,
    format_seconds,
    gallery,
    metric_figures,
    render,
    robustify_page,
    save_figure,
    to_svg,
)


def prepare(
    data: str | Dataset | None = None,
    *,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: Options | None = None,
) -> Settings:
    """Read the data and make every choice that is left open.

    Raises:
        InputError, FormatError, NetError: for data or options that cannot be used.
    """
    dataset = data if isinstance(data, Dataset) else load(data, data_dir, target)
    return resolve(dataset, options or Options())


def robustify(
    data: str | Dataset | Settings | None = None,
    *,
    out: str | Path | None = None,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: Options | None = None,
    force: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
) -> RunResult:
    """Fit the infinite-width network to data, attack it at several stopping times, and write a report and a model.

    Every step is stored as soon as it is done; the same call continues an interrupted run, and does nothing to a
    finished one.

    Args:
        data: what `limes.data.load` reads, a `Dataset`, or what `prepare` returned; None for scikit-learn's digits.
        out: folder of the run; None for ``runs/robustify-<data>-<hash of the settings>``.
        data_dir: folder of official files for "mnist" and "cifar10"; else ``$LIMES_DATA``.
        target: label column of a table.
        options: see `Options`.
        force: replace a run with other settings in `out`.
        progress: told of every step.
        command: the command line to print in the report.

    Raises:
        InputError, FormatError, NetError, DtypeError: for data or options that cannot be used.
        RunFolderError: for a folder of another run, or a full disk (DiskFullError).
        MemoryRefused: if the run would not fit.

    Cost: printed by ``limes robustify --dry-run``; digits take two to three minutes on two cores.
    """
    if isinstance(data, Settings):
        settings = data
    else:
        settings = prepare(data, data_dir=data_dir, target=target, options=options)
    progress, command = progress or Quiet(), command or _default_command(settings)

    def remark() -> str:
        expected = plan(settings)
        return f"solver: {expected['solver']}, about {format_seconds(expected['seconds'])} in all"

    return run_in_folder(
        "robustify",
        settings,
        lambda folder: _Robustify(folder, settings, progress, command).execute(),
        remark=remark,
        out=out,
        force=force,
        progress=progress,
        unfinished=lambda folder: not folder.finished or _has_more_time(folder, settings),
    )


class _Robustify:
    """The steps over all seeds and defences, and what is made of their results."""

    def __init__(self, run: RunFolder, settings: Settings, progress: Progress, command: str) -> None:
        self.run, self.settings, self.progress, self.command = run, settings, progress, command
        self.done, self.new, self.new_seconds = 0, 0, 0.0
        self.total = len(settings.seeds) * (1 + 2 * settings.n_times + 3 * len(settings.defences))
        self.spent = 0.0

    def execute(self) -> None:
        found = self.run.stage("times", lambda: {"times": list(self.settings.times or default_times(self.settings))})
        self.times = tuple(float(t) for t in found["times"])
        results = [self._seed(seed) for seed in self.settings.seeds]
        left_out = [out for key in self.settings.defences if (out := self._defence(key, results)) is not None]
        metrics = compose(self.settings, self.times, results, left_out, self.command)
        metrics["certificates"] = self._certificates(results[0], metrics["model"]["key"])
        self.run.write_json("metrics.json", metrics)
        metrics = self.run.read_json("metrics.json")  # as a reader will see it
        self._save_model(results[0], metrics["model"]["key"])
        self._report(metrics, results[0])

    def _seed(self, seed: int) -> SeedResult:
        one = SeedRun(self.run, self.settings, self.times, seed, self.progress)
        count = range(len(self.times))
        fit = self._step(f"seed {seed}: fit", one.fit, lambda r: f"solver {r['solver']}")
        validation = [self._step(f"seed {seed}: validate t = {self._t(i)}", lambda i=i: one.validate(i)) for i in count]
        chosen = max(count, key=lambda i: (validation[i]["robust"][0], validation[i]["clean"]))
        full = {chosen, len(self.times) - 1}
        test = [self._step(f"seed {seed}: test t = {self._t(i)}", lambda i=i: one.test(i, i in full)) for i in count]
        return SeedResult(seed, one, fit, validation, test, chosen)

    def _defence(self, key: str, results: list[SeedResult]) -> LeftOut | None:
        """Train and attack a defence with every seed, or say why not."""
        defence, seeds = DEFENCES[key], len(results)
        attacks = max(test["seconds"] for result in results for test in result.test) * 1.5
        expected = seeds * (defence.seconds(self.settings) + attacks)
        known = all((self.run.folder / f"stages/seed{r.seed}-{key}-test-radii.npz").exists() for r in results)
        if not known and self.spent + expected > self.settings.budget:
            self.total -= 3 * seeds
            self.progress.note(
                f"left out: {defence.name}, about {format_seconds(expected)} beyond the {format_seconds(self.spent)} "
                f"spent, of a budget of {format_seconds(self.settings.budget)} (--budget)"
            )
            return LeftOut(key, defence.name, expected)
        for result in results:
            label, one = f"seed {result.seed}: {defence.name}", result.run
            fit = self._step(f"{label}, training", lambda one=one: one.defend(key), _took)
            validation = self._step(f"{label}, validation", lambda one=one: one.attack_defence(key, "val"))
            test = self._step(f"{label}, test", lambda one=one: one.attack_defence(key, "test"))
            result.defences[key] = (fit, validation, test)
        return None

    def _t(self, index: int) -> str:
        return f"{self.times[index]:.3g}"

    def _step(self, label: str, work: Callable[[], dict], describe: Callable[[dict], str] | None = None) -> dict:
        since = time.perf_counter()
        result = work()
        self.done += 1
        taken = time.perf_counter() - since
        self.new_seconds += taken
        self.spent += result["seconds"]
        self.new += taken > 0.05  # steps that were read back say nothing about those to come
        rest = self.new_seconds / max(self.new, 1) * (self.total - self.done)
        known = self.new and rest and (self.done > 1 or "robust" in result)  # a fit says nothing about attacks
        left = f"; about {format_seconds(rest)} left" if known else ""
        at_eps = self._at_eps(result) if "robust" in result else 0.0
        what = describe(result) if describe else f"clean {result['clean']:.3f}, worst case {at_eps:.3f}"
        self.progress.note(f"[{self.done}/{self.total}] {label}: {what}{left}")
        return result

    def _at_eps(self, result: dict[str, Any]) -> float:
        return float(np.asarray(result["robust"])[list(result["eps"]).index(self.settings.eps)])

    def _certificates(self, first: SeedResult, key: str) -> dict[str, Any] | None:
        """Certified radii of some test points: of the model that is saved, or of the best stop where that is finite."""
        s = self.settings
        if not s.certify:
            return None
        of_stop = key in ("stop", "finite-at")
        expected = s.certify * certificate_seconds(s)
        name = f"stages/seed{first.seed}-certificates.npz"
        if not (self.run.folder / name).exists() and self.spent + expected > s.budget:
            self.progress.note(f"left out: certificates, about {format_seconds(expected)} (--budget)")
            return None
        machine = first.run.machine.stopped_at(self.times[first.chosen]) if of_stop else first.run.defence(key)
        x, y = first.run.parts.x_test[: s.certify], first.run.parts.y_test[: s.certify]
        options = {"norm": s.norm, "bounds": s.bounds, "tolerance": CERTIFICATE_TOLERANCE}
        self.progress.note(f"certificates of {len(x)} points, about {format_seconds(expected)}")
        found = self.run.stage(
            f"seed{first.seed}-certificates",
            lambda: both_radii(machine, x, y, options, first.seed, self.progress),
        )
        about = {"defence": STOPPED if of_stop else DEFENCES[key].name, "norm": s.norm, "eps": s.eps}
        return describe_radii(found, y, about)

    def _save_model(self, first: SeedResult, key: str) -> None:
        """The first seed's model of the defence that validation chose."""
        machine = first.run.machine.stopped_at(self.times[first.chosen]) if key == "stop" else first.run.defence(key)
        machine.save(self.run.path("model.npz"))

    def _report(self, metrics: dict[str, Any], first: SeedResult) -> None:
        s, figures = self.settings, metric_figures(metrics)
        samples = None
        if s.data.kind == "images":
            samples = {str(c): s.data.x[np.flatnonzero(s.data.y == c)[:4]] for c in s.data.classes[:20]}
        figures["data"] = class_balance(metrics["data"]["classes"], samples, s.bounds)
        shown = first.shown(metrics["model"]["key"])
        if "gallery_clean" in shown:
            clean, adversarial, labels, before, after = (
                np.asarray(shown[f"gallery_{name}"])
                for name in ("clean", "adversarial", "labels", "predicted_clean", "predicted_adversarial")
            )
            figures["gallery"] = gallery(clean, adversarial, labels, before, after, s.bounds)
        for name, figure in figures.items():
            save_figure(figure, self.run.path(f"figures/{name}.svg"))
        page = robustify_page(metrics, {name: to_svg(figure) for name, figure in figures.items()})
        self.run.write_text("report.html", render(page))


def _took(result: dict[str, Any]) -> str:
    return f"{format_seconds(result['seconds'])}"


def _has_more_time(run: RunFolder, settings: Settings) -> bool:
    """Whether a finished run left defences out that now fit into the budget."""
    left_out = run.read_json("metrics.json").get("left_out", [])
    return any(settings.budget > entry["needed_budget"] for entry in left_out)


def _default_command(settings: Settings) -> str:
    source = settings.data.name if settings.data.source == "scikit-learn" else settings.data.source
    box = "" if settings.bounds is None else f" --bounds {settings.bounds[0]:g} {settings.bounds[1]:g}"
    return (
        f"limes robustify {source} --eps {settings.eps:g} --norm {settings.norm}{box} "
        f"--seed {settings.seeds[0]} --seeds {len(settings.seeds)} --n-train {settings.n_train}"
    )

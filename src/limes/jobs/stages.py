"""The steps of `robustify` for one seed. Each is stored when it is done and read back when the run continues."""

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.attacks import EvaluationReport, evaluate
from limes.core.errors import PrecisionWarning
from limes.core.progress import Muted, Progress
from limes.data import Split, split
from limes.jobs.defences import DEFENCES
from limes.jobs.settings import Settings
from limes.machines import NTKClassifier, load
from limes.report import RunFolder

_GALLERY = 6


def default_times(settings: Settings) -> tuple[float, ...]:
    """Stopping times that span the training, from soon after its first eigenvector to its mean one, and infinity.

    The largest eigenvalue of a kernel matrix grows in proportion to its rows, so it is read off a part of them.
    """
    x = settings.data.x[np.random.default_rng(0).permutation(len(settings.data.x))[: min(500, settings.n_train)]]
    probe = NTKClassifier(settings.net, kind=settings.kind, scale=settings.data.scale)
    gram = probe.gram(x).astype(np.float64)
    top = float(np.linalg.eigvalsh(gram)[-1]) * settings.n_train / len(x)
    mean = float(np.mean(np.diagonal(gram)))
    grid = np.geomspace(10 / top, 3 / mean, settings.n_times - 1)
    return (*(float(f"{t:.3g}") for t in grid), math.inf)


@dataclass
class SeedRun:
    """One seed of a run: its rows, its machine, and the attacks on it at each time."""

    run: RunFolder
    settings: Settings
    times: tuple[float, ...]
    seed: int
    progress: Progress

    def __post_init__(self) -> None:
        s = self.settings
        self.parts: Split = split(s.data, self.seed, s.n_train, s.n_validation, s.n_test)

    def fit(self) -> dict[str, Any]:
        """Fit the flow at every time and store the machine."""

        def compute() -> dict[str, Any]:
            since = time.perf_counter()
            s = self.settings
            machine = NTKClassifier(s.net, kind=s.kind, scale=s.data.scale, random_state=self.seed)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", PrecisionWarning)
                machine.fit_path(self.parts.x_train, self.parts.y_train, self.times, self.progress)
            seconds = time.perf_counter() - since
            machine.save(self.run.path(self._model_name))
            notes = [str(w.message) for w in caught if issubclass(w.category, PrecisionWarning)]
            return {"seconds": seconds, "solver": machine.solver_, "jitter": machine.jitter_, "notes": notes}

        stored = self.run.stage(f"seed{self.seed}-fit", compute)
        self.machine: NTKClassifier = load(self.run.folder / self._model_name)
        return stored

    @property
    def _model_name(self) -> str:
        return f"stages/seed{self.seed}-machine.npz"

    def validate(self, index: int) -> dict[str, Any]:
        """Clean and worst-case accuracy on validation rows at one time."""
        return self._attack(f"seed{self.seed}-validation{index}", self._at(index), "val", False)

    def test(self, index: int, full: bool) -> dict[str, Any]:
        """The same on test rows; `full`: at every radius, with the audit and examples for the gallery."""
        name = f"seed{self.seed}-test{index}{'-radii' if full else ''}"
        return self._attack(name, self._at(index), "test", full)

    def defend(self, key: str) -> dict[str, Any]:
        """Train a defence and store its model; a fit that was interrupted goes on from its last step."""

        def compute() -> dict[str, Any]:
            since = time.perf_counter()
            checkpoint = self.run.path(f"stages/seed{self.seed}-{key}-steps.npz")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PrecisionWarning)
                machine = DEFENCES[key].fit(self.settings, self.seed, self.parts, checkpoint, self.progress)
            machine.save(self.run.path(self._defence_name(key)))
            checkpoint.unlink(missing_ok=True)
            return {"seconds": time.perf_counter() - since}

        return self.run.stage(f"seed{self.seed}-{key}-fit", compute)

    def defence(self, key: str) -> Any:
        """The model that `defend` stored."""
        return load(self.run.folder / self._defence_name(key))

    def attack_defence(self, key: str, part: str) -> dict[str, Any]:
        """Accuracy of a trained defence on validation rows, or on test rows at every radius with the audit."""
        name = f"seed{self.seed}-{key}-{'validation' if part == 'val' else 'test-radii'}"
        return self._attack(name, lambda: self.defence(key), part, part == "test")

    def _defence_name(self, key: str) -> str:
        return f"stages/seed{self.seed}-{key}.npz"

    def _at(self, index: int) -> Callable[[], Any]:
        return lambda: self.machine.at(self.times[index])

    def _attack(self, name: str, make: Callable[[], Any], part: str, full: bool) -> dict[str, Any]:
        s = self.settings
        x, y = getattr(self.parts, f"x_{part}"), getattr(self.parts, f"y_{part}")
        radii = s.radii if full else [s.eps]

        def compute() -> dict[str, Any]:
            since = time.perf_counter()
            predictor = make()
            report = evaluate(
                predictor,
                x,
                y,
                radii,
                norm=s.norm,
                bounds=s.bounds,
                key=self.seed,
                steps=s.steps,
                restarts=s.restarts,
                queries=s.queries,
                audit=full,
                progress=Muted(self.progress),
            )
            result = {
                "seconds": time.perf_counter() - since,
                "eps": radii,
                "clean": report.clean_accuracy,
                "robust": report.robust_accuracy,
                "audit": [vars(check) for check in report.audit],
            }
            return result | (_examples(report, x, y, predictor, s.eps) if full else {})

        return self.run.stage(name, compute)


def _examples(report: EvaluationReport, x: np.ndarray, y: np.ndarray, predictor: Any, eps: float) -> dict[str, Any]:
    """A few points that were right and fell within eps, for the gallery."""
    fell = np.flatnonzero((report.smallest_eps > 0) & (report.smallest_eps <= eps))
    classes = np.asarray(y)[fell]
    first = [fell[classes == c][0] for c in np.unique(classes)][:_GALLERY]  # one of each class, as far as they go
    chosen = np.array(sorted({*first, *fell[: _GALLERY - len(first)]}), dtype=int)
    if not len(chosen):
        return {}
    return {
        "gallery_clean": x[chosen],
        "gallery_adversarial": report.x_adv[chosen],
        "gallery_labels": np.asarray(y)[chosen].astype(str),
        "gallery_predicted_clean": predictor.predict(x[chosen]).astype(str),
        "gallery_predicted_adversarial": predictor.predict(report.x_adv[chosen]).astype(str),
    }

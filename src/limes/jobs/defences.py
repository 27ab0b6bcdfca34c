"""The trained defences of `robustify`, beside the plain flow and its best stopping time: names, fits, expected time."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limes.core.progress import Progress
from limes.data import Split
from limes.jobs.settings import Settings
from limes.jobs.speed import flops, seconds_per_pair
from limes.robust import AdvNTKClassifier, FiniteATClassifier, LazyATClassifier
from limes.robust.lazy_at import default_steps

_SMALL = 0.15  # share of a matrix product's speed that products with a few columns reach: they wait for memory
_RUNS = 1.6  # the second run, on all rows, goes to the stop that the first has chosen
_PASSES = 2.5  # forward passes that a gradient of a prediction costs, with the pass itself


@dataclass(frozen=True)
class Defence:
    """A way to train a model that withstands attacks.

    Attributes:
        name: in tables and figures.
        fit: (settings, seed, rows, checkpoint, progress) -> a fitted classifier that can be saved.
        seconds: about what a fit takes on this machine.
    """

    name: str
    fit: Callable[[Settings, int, Split, Path, Progress], Any]
    seconds: Callable[[Settings], float]


def _adv_ntk(s: Settings, seed: int, rows: Split, checkpoint: Path, progress: Progress) -> AdvNTKClassifier:
    machine = AdvNTKClassifier(s.net, s.eps, s.norm, s.bounds, random_state=seed, kind=s.kind, scale=s.data.scale)
    return machine.fit(rows.x_train, rows.y_train, checkpoint=checkpoint, progress=progress)


def _lazy_at(s: Settings, seed: int, rows: Split, checkpoint: Path, progress: Progress) -> LazyATClassifier:
    machine = LazyATClassifier(  # without copies of the rows, with which a step takes twice as long
        s.net, s.eps, s.norm, s.bounds, seed, batch_size=_lazy_batch(s), copies=0, kind=s.kind, scale=s.data.scale
    )
    return machine.fit(rows.x_train, rows.y_train, checkpoint=checkpoint, progress=progress)


def _finite_at(s: Settings, seed: int, rows: Split, checkpoint: Path, progress: Progress) -> FiniteATClassifier:
    machine = FiniteATClassifier(
        s.net, s.eps, s.norm, s.bounds, seed, _width(s), steps=_finite_steps(s), scale=s.data.scale
    )
    return machine.fit(rows.x_train, rows.y_train, progress=progress)


def _finite_steps(s: Settings) -> int:
    """Sixty passes over the rows, as far as 3000 steps go, which is what such networks are trained for elsewhere."""
    return int(min(3000, max(300, 60 * s.n_train / FiniteATClassifier().batch_size)))


def _lazy_batch(s: Settings) -> int:
    return int(min(LazyATClassifier().batch_size, max(64, s.n_train // 8)))


def _width(s: Settings) -> int:
    """Channels of the finite network: convolutions cost as many times more as there are positions."""
    return 64 if s.net.needs_positions else 512


def _adv_ntk_seconds(s: Settings) -> float:
    default, n, c = AdvNTKClassifier(), s.n_train, s.data.n_classes
    attacks = default.batch_size * (default.attack_steps + 1) * _PASSES * n * seconds_per_pair(s)
    spaces = 2 * 8 * 2 * n * n * c / (_SMALL * flops("float64"))
    return default.steps * (attacks + spaces)


def _lazy_at_seconds(s: Settings) -> float:
    default, n, c = LazyATClassifier(), s.n_train, s.data.n_classes
    attacks = _lazy_batch(s) * (default.attack_steps + 1) * _PASSES * n * seconds_per_pair(s)
    solve = 2 * n * n * c / (_SMALL * flops("float64"))
    return _RUNS * (default_steps(n) * (attacks + solve) + n**3 / flops("float64"))


def _finite_at_seconds(s: Settings) -> float:
    default, width = FiniteATClassifier(), _width(s)
    size, layers = math.prod(s.data.shape), len(s.net.layers) // 2
    weights = width * (size + layers * width)
    if s.net.needs_positions:
        weights = math.prod(s.data.shape[:-1]) * 9 * width * width * layers
    passes = _RUNS * _finite_steps(s) * (default.attack_steps + 1) * default.batch_size
    return 6 * passes * weights / (0.5 * flops("float32"))


DEFENCES = {
    "lazy-at": Defence("adversarial training, lazy limit", _lazy_at, _lazy_at_seconds),
    "adv-ntk": Defence("Adv-NTK", _adv_ntk, _adv_ntk_seconds),
    "finite-at": Defence("adversarial training, finite network", _finite_at, _finite_at_seconds),
}
"""By the keys of `limes.jobs.settings.DEFENCES`, in the order in which they are trained."""

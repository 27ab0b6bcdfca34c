"""What a run of ``limes measure activity`` is asked to do, and what that means for the data at hand."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from limes.attacks import PGD
from limes.attacks.threat import require_norm
from limes.core import memory as mem
from limes.core.errors import InputError
from limes.core.types import Norm
from limes.data import Dataset
from limes.jobs.inputs import box_of, describe, radius_of, read, row_numbers
from limes.jobs.speed import flops

BIASES, SHARES = (0.0, 1.0, 1.5, 2.0), (1.0, 0.3, 0.1, 0.03)
CHANNELS = 16
_SLOW = 6.0  # times the time of the matrix products that everything else takes, about


@dataclass(frozen=True)
class ActivityOptions:
    """What the caller of `measure_activity` may choose; None leaves the choice to the data.

    Attributes:
        biases: thresholds of the two-layer networks; 0 is always among them.
        shares: of hidden weights that stay; 1 is always among them.
        width: units of the two-layer networks, an even number; a quarter of it in masked layers.
        steps: of descent of the two-layer networks.
        epochs: of training of the others.
        eps, norm, bounds: of the attack, as for `FeatureOptions`.
        classes: labels to keep, as text; None for all.
        n_train, n_test: rows.
        seed: first of the seeds.
        seeds: how many.
    """

    biases: Sequence[float] = BIASES
    shares: Sequence[float] = SHARES
    width: int = 2000
    steps: int = 300
    epochs: int = 20
    eps: float | str | None = None
    norm: Norm = "linf"
    bounds: tuple[float, float] | None = None
    classes: Sequence[str] | None = None
    n_train: int | None = None
    n_test: int | None = None
    seed: int = 0
    seeds: int = 3


@dataclass(frozen=True)
class ActivitySettings:
    """`ActivityOptions` with every choice made; what decides the result of a run, and nothing else."""

    data: Dataset
    biases: tuple[float, ...]
    shares: tuple[float, ...]
    width: int
    steps: int
    epochs: int
    eps: float
    norm: Norm
    bounds: tuple[float, float] | None
    n_train: int
    n_test: int
    seeds: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def attack(self) -> PGD:
        """On the margin, from random starts."""
        return PGD(self.norm, steps=20)

    def networks(self) -> Iterator[tuple[str, str, float | str]]:
        """Kind, name and setting of each network; the first of a kind is the whole one."""
        for bias in self.biases:
            yield "inactive", f"threshold {bias:g}", bias
        for share in self.shares:
            yield "masked", "all weights" if share == 1 else f"random, {share:.2g} kept", share
        yield "masked", f"magnitude, {self.shares[-1]:.2g} kept", "magnitude"
        if len(self.data.shape) == 3:
            yield "local", "all pixels", "all"
            yield "local", "3 x 3, own weights", "own"
            yield "local", "3 x 3, shared weights", "shared"

    def config(self) -> dict[str, Any]:
        """The settings as plain values, for ``config.toml`` and to tell runs apart."""
        plain = ("width", "steps", "epochs", "eps", "norm", "n_train", "n_test")
        lists = {name: list(getattr(self, name)) for name in ("biases", "shares", "seeds")}
        box = None if self.bounds is None else list(self.bounds)
        return {"data": describe(self.data), "bounds": box, **lists, **{name: getattr(self, name) for name in plain}}


def prepare_activity(
    data: str | Dataset | None = None,
    *,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: ActivityOptions | None = None,
) -> ActivitySettings:
    """Read the data and make every choice that is left open.

    Raises:
        InputError, FormatError: for data or options that cannot be used.
    """
    options = options or ActivityOptions()
    dataset = read(data, data_dir, target, options.classes)
    notes = list(dataset.notes)
    require_norm(options.norm, Norm)
    bounds = box_of(dataset, options.bounds)
    eps = radius_of(dataset, options.eps, options.norm, bounds, notes)
    if not all(math.isfinite(bias) and bias >= 0 for bias in options.biases):
        raise InputError(f"thresholds must be numbers of at least 0, not {list(options.biases)}")
    if not all(0 < share <= 1 for share in options.shares):
        raise InputError(f"shares of weights lie above 0 and at 1 at most, not {list(options.shares)}")
    if options.width < 8 or options.width % 8:
        raise InputError(f"width must be a multiple of 8, not {options.width}")
    if min(options.steps, options.epochs, options.seeds) < 1 or options.seed < 0:
        raise InputError("steps, epochs and seeds must be at least 1, seed at least 0")
    n_train, n_test = row_numbers(dataset, options.n_train, options.n_test, notes)
    if len(dataset.shape) != 3:
        notes.append(f"rows of shape {dataset.shape} are no images, so locality is left out")
    return ActivitySettings(
        data=dataset,
        biases=tuple(sorted({0.0, *map(float, options.biases)})),
        shares=tuple(sorted({1.0, *map(float, options.shares)}, reverse=True)),
        width=options.width,
        steps=options.steps,
        epochs=options.epochs,
        eps=eps,
        norm=options.norm,
        bounds=bounds,
        n_train=n_train,
        n_test=n_test,
        seeds=tuple(range(options.seed, options.seed + options.seeds)),
        notes=tuple(notes),
    )


def plan_activity(settings: ActivitySettings) -> dict[str, Any]:
    """Bytes that a run will take at most, and seconds, about: those of its matrix products, several times over.

    Raises:
        MemoryRefused: if the run would not fit.
    """
    s, features = settings, math.prod(settings.data.shape)
    wide = 4.0 * s.n_train * s.width * features * s.steps * len(s.biases)
    hidden = s.width // 4
    narrow = 6.0 * s.n_train * hidden * (hidden + features) * s.epochs * (len(s.shares) + 1)
    attacks = 20 * 6.0 * s.n_test * s.width * features * len(list(s.networks()))
    seconds = len(s.seeds) * (_SLOW * (wide + narrow + attacks) / flops("float32") + 1.5 * len(list(s.networks())))
    peak = 24 * s.width * features + 8 * s.n_train * s.width + 3 * s.data.x.nbytes + 300_000_000
    mem.require(peak, "training the two-layer network", "ask for a smaller --width or fewer rows (--n-train)")
    return {
        "networks": [name for _, name, _ in s.networks()],
        "seeds": list(s.seeds),
        "rows": {"train": s.n_train, "test": s.n_test},
        "peak_bytes": int(peak),
        "memory_limit_bytes": mem.limit(),
        "seconds": round(seconds, 1),
    }

"""What a run is asked to do, and what that means for the data at hand."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from limes.attacks.threat import require_norm
from limes.certify import supports
from limes.core.errors import InputError
from limes.core.types import Kind, Norm
from limes.data import Dataset
from limes.jobs.inputs import box_of, describe, radius_of, require_kind
from limes.machines.flow import check_times
from limes.nets import Net
from limes.nets.names import parse_net

DEFENCES = ("lazy-at", "adv-ntk", "finite-at")
"""Keys of the trained defences; see `limes.jobs.defences`."""
_MOST_TRAIN, _MOST_VALIDATION, _MOST_TEST = 10_000, 500, 1_000
_SMALL = 3_000  # training rows up to which a run is cheap enough for three seeds


@dataclass(frozen=True)
class Options:
    """What the caller of `robustify` may choose; None leaves the choice to the data.

    Attributes:
        eps: radius of the attack in the units of the data, a number or "8/255".
        norm: "linf" or "l2".
        bounds: (low, high) of valid inputs.
        seed: first seed; seeds are consecutive.
        seeds: number of seeds.
        net: see `limes.nets.names.parse_net`.
        kind: "ntk" or "nngp".
        times: stopping times, in units of 1 / learning rate; infinity is always added.
        n_times: number of stopping times where `times` is None, infinity included.
        n_train, n_validation, n_test: rows.
        steps, restarts, queries: strength of the attack suite, see `limes.attacks.evaluate`.
        defences: keys of `DEFENCES` to train beside the plain flow; None for all.
        certify: test points whose radii are certified, 0 for none; for nets that certificates are known for.
        budget: seconds, or a text such as "20min": a defence that would go beyond it is left out, and the report says
            so; the same run with a larger budget adds it.
    """

    eps: float | str | None = None
    norm: Norm = "linf"
    bounds: tuple[float, float] | None = None
    seed: int = 0
    seeds: int | None = None
    net: str | Net | None = None
    kind: Kind = "ntk"
    times: Sequence[float] | None = None
    n_times: int | None = None
    n_train: int | None = None
    n_validation: int | None = None
    n_test: int | None = None
    steps: int = 20
    restarts: int = 1
    queries: int = 200
    defences: Sequence[str] | None = None
    certify: int = 10
    budget: float | str = "15min"


@dataclass(frozen=True)
class Settings:
    """`Options` with every choice made; what decides the result of a run, and nothing else."""

    data: Dataset
    net: Net
    kind: Kind
    eps: float
    norm: Norm
    bounds: tuple[float, float] | None
    seeds: tuple[int, ...]
    times: tuple[float, ...] | None
    n_times: int
    n_train: int
    n_validation: int
    n_test: int
    steps: int
    restarts: int
    queries: int
    defences: tuple[str, ...]
    certify: int
    budget: float
    notes: tuple[str, ...]

    @property
    def radii(self) -> list[float]:
        """Radii of the accuracy curve: 0, fractions and a multiple of eps."""
        return [0.0, *(self.eps * share for share in (0.25, 0.5, 1.0, 1.5, 2.0))]

    def config(self) -> dict[str, Any]:
        """The settings as plain values, for ``config.toml`` and to tell runs apart."""
        return {
            "data": describe(self.data),
            "net": self.net.to_spec(),
            "kind": self.kind,
            "attack": {
                "eps": self.eps,
                "norm": self.norm,
                "bounds": None if self.bounds is None else list(self.bounds),
                "steps": self.steps,
                "restarts": self.restarts,
                "queries": self.queries,
            },
            "seeds": list(self.seeds),
            "times": "auto" if self.times is None else list(self.times),
            "n_times": self.n_times,
            "n_train": self.n_train,
            "n_validation": self.n_validation,
            "n_test": self.n_test,
            "defences": list(self.defences),
            "certify": self.certify,
        }


def resolve(data: Dataset, options: Options) -> Settings:
    """Make every choice that the options leave open, and check those they make.

    Raises:
        InputError: for values that do not fit the data or each other.
        NetError: for a net that does not fit the data.
    """
    notes = list(data.notes)
    require_norm(options.norm, Norm)
    require_kind(options.kind)
    for name in ("steps", "restarts", "queries"):
        if getattr(options, name) < 1:
            raise InputError(f"{name} must be at least 1, not {getattr(options, name)}")
    bounds = box_of(data, options.bounds)
    eps = radius_of(data, options.eps, options.norm, bounds, notes)
    if eps == 0:
        raise InputError("eps is 0, an attack that changes nothing: give a radius above 0, or none to have one chosen")
    n_train, n_validation, n_test = _sizes(data, options, notes)
    net = parse_net(options.net, data.shape)
    n_seeds = (3 if n_train <= _SMALL else 1) if options.seeds is None else options.seeds
    if n_seeds < 1 or options.seed < 0:
        raise InputError(f"a run needs at least one seed of at least 0, not {n_seeds} from {options.seed}")
    times = None if options.times is None else _with_infinity(options.times)
    n_times = 6 if options.n_times is None else options.n_times
    if n_times < 2:
        raise InputError(f"n_times must be at least 2 (one stopping time and infinity), not {n_times}")
    return Settings(
        data=data,
        net=net,
        kind=options.kind,
        eps=eps,
        norm=options.norm,
        bounds=bounds,
        seeds=tuple(range(options.seed, options.seed + n_seeds)),
        times=times,
        n_times=n_times if times is None else len(times),
        n_train=n_train,
        n_validation=n_validation,
        n_test=n_test,
        steps=options.steps,
        restarts=options.restarts,
        queries=options.queries,
        defences=_defences(options.defences),
        certify=_certified_points(net, options.certify, n_test, notes),
        budget=parse_duration(options.budget),
        notes=tuple(notes),
    )


def parse_duration(text: float | str) -> float:
    """Seconds from a number, or a text with a unit: "90", "90s", "15min", "2h".

    Raises:
        InputError: for anything else.

    Example:
        >>> parse_duration("1.5min"), parse_duration(20)
        (90.0, 20.0)
    """
    match = re.fullmatch(r"\s*([0-9.]+)\s*(s|min|h)?\s*", str(text).lower())
    try:
        value = float(match[1]) if match else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"budget must be a duration such as 90s, 15min or 2h, not {text!r}")
    assert match is not None
    return value * {"s": 1, "min": 60, "h": 3600, None: 1}[match[2]]


def _defences(asked: Sequence[str] | None) -> tuple[str, ...]:
    if asked is None:
        return DEFENCES
    wanted = [key for key in asked if key != "none"]
    if unknown := [key for key in wanted if key not in DEFENCES]:
        raise InputError(f"unknown defence {unknown[0]!r}: known ones are {', '.join(DEFENCES)}, or none")
    return tuple(key for key in DEFENCES if key in wanted)


def _certified_points(net: Net, asked: int, n_test: int, notes: list[str]) -> int:
    if asked < 0:
        raise InputError(f"certify is a number of test points, at least 0, not {asked}")
    if asked and not supports(net):
        notes.append(
            "no certificates: they are for fully connected nets of relu, leaky_relu, abs or erf, and for convolutional "
            "ones that end in flatten, of relu, leaky_relu or abs"
        )
        return 0
    return min(asked, n_test)


def _with_infinity(times: Sequence[float]) -> tuple[float, ...]:
    values = check_times(tuple(times))
    if any(t == 0 for t in values):
        raise InputError("a stopping time of 0 is the untrained network: give positive times")
    return tuple(sorted({*values, math.inf}))


def _sizes(data: Dataset, options: Options, notes: list[str]) -> tuple[int, int, int]:
    """Rows for training, validation and test: as asked, else all up to a limit that keeps the run to minutes."""
    n = len(data.x)
    if options.n_test is not None:
        n_test = options.n_test
    else:
        n_test = min(_MOST_TEST, max(1, round(n / 5)) if data.x_test is None else len(data.x_test))
    left = n - (n_test if data.x_test is None else 0)
    if options.n_validation is not None:
        n_validation = options.n_validation
    else:
        n_validation = min(_MOST_VALIDATION, max(1, round(left / 6)))
    left -= n_validation
    n_train = min(left, _MOST_TRAIN) if options.n_train is None else options.n_train
    if min(n_train, n_validation, n_test) < 1 or n_train > left:
        raise InputError(
            f"{data.name} has {n} rows to draw from, too few for {n_train} training, {n_validation} validation and "
            f"{n_test} test rows: ask for fewer (n_train, n_validation, n_test)"
        )
    if n_train < data.n_classes:
        raise InputError(
            f"{data.name} has {data.n_classes} classes, each of which needs a row to train on, but {n_train} training "
            "rows: ask for fewer validation and test rows, give more rows, or see whether y holds the labels"
        )
    if n_train < left:
        notes.append(f"{n_train} of {left} available training rows are used (--n-train changes it)")
    return n_train, n_validation, n_test

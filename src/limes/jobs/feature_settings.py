"""What a run of ``limes measure features`` is asked to do, and what that means for the data at hand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.attacks import FGSM, PGD
from limes.attacks.threat import require_norm
from limes.core import memory as mem
from limes.core.errors import InputError
from limes.core.types import Kind, Norm
from limes.data import Dataset
from limes.jobs.inputs import box_of, describe, radius_of, read, require_kind, row_numbers
from limes.jobs.speed import pair_seconds
from limes.kernels import estimate_bytes
from limes.machines.flow import check_times, require_memory
from limes.measure import spread_ranks
from limes.nets import Net
from limes.nets.names import parse_net

MOST_NETS = 3
_BLOCK = 32  # features of a stage
_GRADIENT = {"vector": 3.0, "position": 10.0, "pairs": 10.0}  # what a gradient costs, in kernels


@dataclass(frozen=True)
class FeatureOptions:
    """What the caller of `measure_features` may choose; None leaves the choice to the data.

    Attributes:
        nets: one to three architectures, see `limes.nets.names.parse_net`; their features are compared.
        kind: "ntk" or "nngp".
        eps: radius of the attack in the units of the data, a number or "8/255".
        norm: "linf" or "l2".
        bounds: (low, high) of valid inputs.
        classes: labels to keep, as text; None for all.
        n_train, n_test: rows.
        n_features: features measured alone; the first ones, and then fewer and fewer down the spectrum.
        time: of training, for features together.
        centred: whether the kernel is centred.
        steps: of the attack; 0 for a single one of length eps (FGSM).
        seed: of the draw of rows.
    """

    nets: Sequence[str | Net] = ("mlp-3",)
    kind: Kind = "ntk"
    eps: float | str | None = None
    norm: Norm = "linf"
    bounds: tuple[float, float] | None = None
    classes: Sequence[str] | None = None
    n_train: int | None = None
    n_test: int | None = None
    n_features: int = 96
    time: float = float("inf")
    centred: bool = False
    steps: int = 0
    seed: int = 0


@dataclass(frozen=True)
class FeatureSettings:
    """`FeatureOptions` with every choice made; what decides the result of a run, and nothing else."""

    data: Dataset
    nets: tuple[Net, ...]
    names: tuple[str, ...]
    kind: Kind
    eps: float
    norm: Norm
    bounds: tuple[float, float] | None
    n_train: int
    n_test: int
    n_features: int
    time: float
    centred: bool
    steps: int
    seed: int
    notes: tuple[str, ...]

    @property
    def attack(self) -> FGSM | PGD:
        """One step, or several from the clean point."""
        return PGD(self.norm, steps=self.steps, random_start=False) if self.steps else FGSM(self.norm)

    @property
    def ranks(self) -> np.ndarray:
        """Features measured alone."""
        return spread_ranks(self.n_train, self.n_features)

    @property
    def blocks(self) -> list[np.ndarray]:
        """The ranks in parts, each a stage of the run."""
        return np.array_split(self.ranks, -(-len(self.ranks) // _BLOCK))

    def config(self) -> dict[str, Any]:
        """The settings as plain values, for ``config.toml`` and to tell runs apart."""
        return {
            "data": describe(self.data),
            "nets": [net.to_spec() for net in self.nets],
            "kind": self.kind,
            "attack": {
                "eps": self.eps,
                "norm": self.norm,
                "bounds": None if self.bounds is None else list(self.bounds),
                "steps": self.steps,
            },
            "n_train": self.n_train,
            "n_test": self.n_test,
            "ranks": self.ranks.tolist(),
            "time": self.time,
            "centred": self.centred,
            "seed": self.seed,
        }


def prepare_features(
    data: str | Dataset | None = None,
    *,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: FeatureOptions | None = None,
) -> FeatureSettings:
    """Read the data and make every choice that is left open.

    Raises:
        InputError, FormatError, NetError: for data or options that cannot be used.
    """
    options = options or FeatureOptions()
    require_norm(options.norm, Norm)
    require_kind(options.kind)
    dataset = read(data, data_dir, target, options.classes)
    notes = list(dataset.notes)
    bounds = box_of(dataset, options.bounds)
    eps = radius_of(dataset, options.eps, options.norm, bounds, notes)
    if not 1 <= len(options.nets) <= MOST_NETS:
        raise InputError(f"features of 1 to {MOST_NETS} nets are compared, not of {len(options.nets)}")
    nets = tuple(parse_net(net, dataset.shape) for net in options.nets)
    if len(set(nets)) < len(nets):
        raise InputError("the nets are compared with each other: name different ones")
    if options.n_features < 2 or options.steps < 0 or options.seed < 0:
        raise InputError("n_features must be at least 2, steps and seed at least 0")
    check_times((options.time,))
    n_train, n_test = row_numbers(dataset, options.n_train, options.n_test, notes)
    names = tuple(net if isinstance(net, str) else f"net {i + 1}" for i, net in enumerate(options.nets))
    return FeatureSettings(
        data=dataset,
        nets=nets,
        names=tuple(name if len(name) <= 24 else f"net {i + 1}" for i, name in enumerate(names)),
        kind=options.kind,
        eps=eps,
        norm=options.norm,
        bounds=bounds,
        n_train=n_train,
        n_test=n_test,
        n_features=min(options.n_features, n_train),
        time=float(options.time),
        centred=options.centred,
        steps=options.steps,
        seed=options.seed,
        notes=tuple(notes),
    )


def plan_features(settings: FeatureSettings) -> dict[str, Any]:
    """Bytes and seconds that a run will take.

    Seconds come from a matrix product timed for a moment on this machine, and operation counts; expect a factor of two.

    Raises:
        MemoryRefused: if the run would not fit.
    """
    s, n = settings, settings.n_train
    require_memory(n, "eigh")
    dtype = s.data.x.dtype
    share = 2 / s.data.n_classes if s.data.n_classes > 2 else 0.7  # of the test rows that a feature gets right
    seconds, peak = 0.0, 0
    for net in s.nets:
        inner = s.data.shape if net.needs_positions else (math.prod(s.data.shape),)
        pair = pair_seconds(net, s.data.shape, dtype)
        gradient = _GRADIENT[net.layout] * max(s.steps, 1)
        points = s.n_test * (len(s.ranks) * share + 12)
        seconds += pair * n * (n / 2 + points * (1 + gradient)) + 3e-11 * n**3 + 3.0
        peak = max(peak, estimate_bytes(net, n, n, inner, (s.kind,), dtype))
    return {
        "nets": [str(net) for net in s.nets],
        "rows": {"train": n, "test": s.n_test},
        "features": len(s.ranks),
        "attack": f"PGD of {s.steps} steps" if s.steps else "FGSM",
        "peak_bytes": int(peak + 40 * n * n + 2 * s.data.x.nbytes),
        "memory_limit_bytes": mem.limit(),
        "seconds": round(seconds, 1),
    }

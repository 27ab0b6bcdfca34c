"""What a run of ``limes measure widths`` is asked to do, and what that means for the data at hand."""

import math
from collections.abc import Sequence
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
from limes.machines.flow import require_memory
from limes.nets import Net
from limes.nets.names import parse_net

WIDTHS = (64, 256, 1024)
_PROBES = 50  # test rows between which kernels are compared


@dataclass(frozen=True)
class WidthOptions:
    """What the caller of `measure_widths` may choose; None leaves the choice to the data.

    Attributes:
        net: see `limes.nets.names.parse_net`.
        widths: of the finite networks.
        eps, norm, bounds: of the attack, as for `FeatureOptions`.
        classes: labels to keep, as text; None for all.
        n_train, n_test: rows.
        share: of the first training loss, at which networks and the machine are compared.
        steps: of gradient descent at most.
        attack_steps: of projected gradient ascent.
        seed: first of the seeds of weights.
        seeds: networks of each width.
    """

    net: str | Net = "mlp-3"
    widths: Sequence[int] = WIDTHS
    eps: float | str | None = None
    norm: Norm = "linf"
    bounds: tuple[float, float] | None = None
    classes: Sequence[str] | None = None
    n_train: int | None = None
    n_test: int | None = None
    share: float = 0.05
    steps: int = 2000
    attack_steps: int = 20
    seed: int = 0
    seeds: int = 3


@dataclass(frozen=True)
class WidthSettings:
    """`WidthOptions` with every choice made; what decides the result of a run, and nothing else."""

    data: Dataset
    net: Net
    name: str
    widths: tuple[int, ...]
    eps: float
    norm: Norm
    bounds: tuple[float, float] | None
    n_train: int
    n_test: int
    share: float
    steps: int
    attack_steps: int
    seeds: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def attack(self) -> PGD:
        """On the margin, from random starts."""
        return PGD(self.norm, steps=self.attack_steps)

    @property
    def n_probe(self) -> int:
        """Test rows between which kernels are compared."""
        return min(_PROBES, self.n_test)

    def config(self) -> dict[str, Any]:
        """The settings as plain values, for ``config.toml`` and to tell runs apart."""
        return {
            "data": describe(self.data),
            "net": self.net.to_spec(),
            "widths": list(self.widths),
            "attack": {
                "eps": self.eps,
                "norm": self.norm,
                "bounds": None if self.bounds is None else list(self.bounds),
                "steps": self.attack_steps,
            },
            "n_train": self.n_train,
            "n_test": self.n_test,
            "share": self.share,
            "steps": self.steps,
            "seeds": list(self.seeds),
        }


def prepare_widths(
    data: str | Dataset | None = None,
    *,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: WidthOptions | None = None,
) -> WidthSettings:
    """Read the data and make every choice that is left open.

    Raises:
        InputError, FormatError, NetError: for data or options that cannot be used.
    """
    options = options or WidthOptions()
    dataset = read(data, data_dir, target, options.classes)
    notes = list(dataset.notes)
    require_norm(options.norm, Norm)
    bounds = box_of(dataset, options.bounds)
    eps = radius_of(dataset, options.eps, options.norm, bounds, notes)
    widths = tuple(sorted({int(width) for width in options.widths}))
    if not widths or widths[0] < 1:
        raise InputError(f"widths must be whole numbers of at least 1, not {list(options.widths)}")
    if not 0 < options.share < 1:
        raise InputError(f"share is a part of the first training loss, between 0 and 1, not {options.share!r}")
    if min(options.steps, options.attack_steps, options.seeds) < 1 or options.seed < 0:
        raise InputError("steps, attack_steps and seeds must be at least 1, seed at least 0")
    n_train, n_test = row_numbers(dataset, options.n_train, options.n_test, notes)
    return WidthSettings(
        data=dataset,
        net=parse_net(options.net, dataset.shape),
        name=options.net if isinstance(options.net, str) and len(options.net) <= 24 else "a net of its own",
        widths=widths,
        eps=eps,
        norm=options.norm,
        bounds=bounds,
        n_train=n_train,
        n_test=n_test,
        share=options.share,
        steps=options.steps,
        attack_steps=options.attack_steps,
        seeds=tuple(range(options.seed, options.seed + options.seeds)),
        notes=tuple(notes),
    )


def plan_widths(settings: WidthSettings) -> dict[str, Any]:
    """Bytes that a run will take at most, and seconds, with a tenth of the steps.

    Seconds are those of the products of training and attacks at the rate of a matrix product here. How many steps it
    takes to the share of the loss is not known before; a tenth of those that are allowed is what easy tasks need.

    Raises:
        MemoryRefused: if the run would not fit.
    """
    s = settings
    require_memory(s.n_train, "eigh")
    sizes = [weights_of(s, width) for width in s.widths]
    spread = math.prod(s.data.shape[:-1]) if s.net.needs_positions else 1  # positions that share a weight, at most
    passes = 3 * (s.n_train * s.steps / 10 + s.n_test * s.attack_steps)
    seconds = len(s.seeds) * sum(2 * size * spread * passes for size in sizes) / flops("float32")
    peak = 24 * max(sizes) + 8 * max(s.widths) * spread * s.n_train + 60 * s.n_train**2 + 2 * s.data.x.nbytes
    mem.require(peak, "training at the largest width", "ask for smaller --width or fewer rows (--n-train)")
    return {
        "net": str(s.net),
        "widths": list(s.widths),
        "weights": sizes,
        "seeds": list(s.seeds),
        "rows": {"train": s.n_train, "test": s.n_test},
        "peak_bytes": int(peak),
        "memory_limit_bytes": mem.limit(),
        "seconds": round(seconds + 3.0 * len(s.widths) * len(s.seeds), 1),
    }


def weights_of(settings: WidthSettings, width: int) -> int:
    """Number of weights of a finite network."""
    import jax

    def draw() -> Any:
        return settings.net.init(0, settings.data.shape, width, settings.data.n_classes)

    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(jax.eval_shape(draw)))

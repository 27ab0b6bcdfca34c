"""What a run of ``limes measure spectrum`` is asked to do, and what that means for the data at hand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from limes.core import memory as mem
from limes.core.errors import InputError
from limes.data import Dataset
from limes.jobs.inputs import describe, read
from limes.jobs.speed import flops, pair_seconds
from limes.measure import bias_net, unit_rows
from limes.nets import Net
from limes.nets.names import parse_net

MOST_BIASES = 6
POWERS, EXACT = 400, 12
"""Of the cosines, in the Hermite bound; the first ones are decomposed."""
WIDTH = 4_096
"""Of the finite network whose kernel is looked at beside the limit."""
_MOST_ROWS = 1_000


@dataclass(frozen=True)
class SpectrumOptions:
    """What the caller of `measure_spectrum` may choose; None leaves the choice to the data.

    Attributes:
        net: see `limes.nets.names.parse_net`; None for mlp-3, or where biases are given.
        biases: thresholds B of two-layer networks, in place of a net; at most six, none below 0.
        frozen: whether these thresholds are frozen in training.
        classes: labels to keep, as text; None for all.
        n_train: rows.
        delta: the generalisation bound holds with probability 1 - delta.
        seed: of the rows.
    """

    net: str | Net | None = None
    biases: Sequence[float] = ()
    frozen: bool = False
    classes: Sequence[str] | None = None
    n_train: int | None = None
    delta: float = 0.05
    seed: int = 0


@dataclass(frozen=True)
class SpectrumSettings:
    """`SpectrumOptions` with every choice made; what decides the result of a run, and nothing else."""

    data: Dataset
    net: Net | None
    name: str
    biases: tuple[float, ...]
    frozen: bool
    n_train: int
    delta: float
    seed: int
    notes: tuple[str, ...]

    @property
    def kernels(self) -> tuple[str, ...]:
        """Names of the kernels that are measured."""
        return tuple(f"B = {bias:g}" for bias in self.biases) or (self.name,)

    def config(self) -> dict[str, Any]:
        """The settings as plain values, for ``config.toml`` and to tell runs apart."""
        return {
            "data": describe(self.data),
            "net": None if self.net is None else self.net.to_spec(),
            "biases": list(self.biases),
            "frozen": self.frozen,
            "n_train": self.n_train,
            "delta": self.delta,
            "seed": self.seed,
        }


def prepare_spectrum(
    data: str | Dataset | None = None,
    *,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: SpectrumOptions | None = None,
) -> SpectrumSettings:
    """Read the data and make every choice that is left open.

    Raises:
        InputError, FormatError, NetError: for data or options that cannot be used.
    """
    options = options or SpectrumOptions()
    dataset = read(data, data_dir, target, options.classes)
    biases = tuple(sorted({float(bias) for bias in options.biases}))
    if biases and options.net is not None:
        raise InputError("the spectrum is that of a net or of networks with biases: give --net or --bias, not both")
    if not all(0 <= bias < math.inf for bias in biases) or len(biases) > MOST_BIASES:
        raise InputError(f"biases are up to {MOST_BIASES} finite numbers of at least 0, not {list(options.biases)}")
    if options.frozen and not biases:
        raise InputError("frozen thresholds are those of networks with biases: give --bias")
    if not 0 < options.delta < 1:
        raise InputError(f"delta is a probability between 0 and 1, not {options.delta!r}")
    if options.seed < 0:
        raise InputError(f"seed must be at least 0, not {options.seed}")
    n_rows, notes = len(dataset.x), list(dataset.notes)
    n_train = min(n_rows, _MOST_ROWS) if options.n_train is None else options.n_train
    if not max(3, dataset.n_classes) <= n_train <= n_rows:
        raise InputError(f"{dataset.name} has {n_rows} rows, of which {n_train} cannot be measured: ask for others")
    if n_train < n_rows:
        notes.append(f"{n_train} of {n_rows} rows are used (--n-train changes it)")
    if biases:
        unit_rows(dataset.x)  # refuses rows that are zero, before anything is written
        notes = [note for note in notes if not note.startswith("channels are")]  # scaled in another way here
        notes.append("rows are scaled to length 1, as the theory of networks with biases has them")
    return SpectrumSettings(
        data=dataset,
        net=None if biases else parse_net(options.net or "mlp-3", dataset.shape),
        name=_name(options.net),
        biases=biases,
        frozen=options.frozen,
        n_train=n_train,
        delta=options.delta,
        seed=options.seed,
        notes=tuple(notes),
    )


def _name(net: str | Net | None) -> str:
    if net is None:
        return "mlp-3"
    return net if isinstance(net, str) and len(net) <= 24 else "a net of its own"


def plan_spectrum(settings: SpectrumSettings) -> dict[str, Any]:
    """Bytes that a run will take at most, and seconds: of kernels and of eigenvalue problems.

    Raises:
        MemoryRefused: if the run would not fit.
    """
    s, n = settings, settings.n_train
    net = s.net if s.net is not None else bias_net(1.0)
    peak = 80 * n**2 + 2 * s.data.x.nbytes + 300_000_000
    mem.require(peak, f"the eigenvectors of {n} rows", "use fewer rows (--n-train)")
    cubes = 18 * len(s.kernels) + (3 * (EXACT + 1) if s.biases else 0)
    pairs = n * n / 2 * pair_seconds(net, s.data.shape, "float64") * (20 if s.biases else 1) * len(s.kernels)
    passes = 3 * POWERS * n * n * 1e-9 if s.biases else 0.0
    passes += len(s.kernels) * 2 * n * n * WIDTH / flops("float32") if s.biases else 0.0
    return {
        "kernels": list(s.kernels),
        "rows": {"train": n},
        "peak_bytes": int(peak),
        "memory_limit_bytes": mem.limit(),
        "seconds": round(3.0 * len(s.kernels) + pairs + passes + 2 * cubes * n**3 / flops("float64"), 1),
    }

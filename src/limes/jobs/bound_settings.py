"""What a run of ``limes measure bounds`` is asked to do, and what that means for the data at hand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax

from limes.core import memory as mem
from limes.data import Dataset
from limes.jobs.inputs import describe, read, row_numbers
from limes.measure import BoundTraining
from limes.measure.bound_training import BoundKind
from limes.nets.conv import Conv

_FLOPS = 1e10  # a second, of small networks on two cores


@dataclass(frozen=True)
class BoundOptions:
    """What the caller of `measure_bounds` may choose; None leaves the choice to the data.

    Attributes:
        kind: "conv", "local" (no weight sharing) or "dense".
        depth, channels, epochs, learning_rate, weight_decay: see `limes.measure.BoundTraining`.
        classes: labels to keep, as text; None for all.
        n_train, n_test: rows; by default at most 1000 and 300.
        seed: of rows, weights and batches.
    """

    kind: BoundKind = "conv"
    depth: int = 2
    channels: int = 16
    epochs: int = 30
    learning_rate: float = 0.1
    weight_decay: float = 3e-3
    classes: Sequence[str] | None = None
    n_train: int | None = None
    n_test: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class BoundSettings:
    """`BoundOptions` with every choice made; what decides the result of a run, and nothing else."""

    data: Dataset
    training: BoundTraining
    n_train: int
    n_test: int
    notes: tuple[str, ...]

    @property
    def standardised(self) -> bool:
        """Whether inputs are standardised, for the network and in D alike: tables are, what lies in a box is not."""
        return self.data.scale is not None and self.data.bounds is None

    def config(self) -> dict[str, Any]:
        """The settings as plain values, for ``config.toml`` and to tell runs apart."""
        plain = ("kind", "depth", "channels", "epochs", "learning_rate", "weight_decay", "seed")
        return {
            "data": describe(self.data),
            **{name: getattr(self.training, name) for name in plain},
            "n_train": self.n_train,
            "n_test": self.n_test,
        }


def prepare_bounds(
    data: str | Dataset | None = None,
    *,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: BoundOptions | None = None,
) -> BoundSettings:
    """Read the data and make every choice that is left open.

    Raises:
        InputError, FormatError: for data or options that cannot be used, such as convolutions on a table.
    """
    o = options or BoundOptions()
    dataset = read(data, data_dir, target, o.classes)
    rates = (float(o.learning_rate), float(o.weight_decay))
    training = BoundTraining(o.kind, o.depth, o.channels, o.epochs, *rates, seed=o.seed)
    training.network(dataset.shape)  # refuses what does not fit
    notes = [note for note in dataset.notes if "inside the model" not in note]
    n_train, n_test = row_numbers(dataset, o.n_train, o.n_test, notes)
    return BoundSettings(dataset, training, n_train, n_test, tuple(notes))


def plan_bounds(settings: BoundSettings) -> dict[str, Any]:
    """Bytes and seconds that a run will take; seconds from counts of operations, within a factor of three or so.

    Raises:
        MemoryRefused: if the run would not fit.
    """
    s, t = settings, settings.training
    net = t.network(s.data.shape)
    shapes = jax.eval_shape(lambda: net.init(0, s.data.shape, t.channels, s.data.n_classes))
    weights = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))
    shared = math.prod(s.data.shape[:-1]) if isinstance(net.layers[0], Conv) and t.kind == "conv" else 1
    peak = 4 * weights * (t.epochs + 8) + 3 * s.data.x.nbytes
    mem.require(peak, "the weights of all epochs", "use fewer epochs, layers or channels")
    work = 2.0 * weights * shared * t.epochs * (3 * s.n_train + s.n_train + s.n_test)
    return {
        "net": str(net),
        "weights": weights,
        "rows": {"train": s.n_train, "test": s.n_test},
        "moments": t.epochs + 1,
        "peak_bytes": int(peak),
        "memory_limit_bytes": mem.limit(),
        "seconds": round(6.0 + work / _FLOPS, 1),
    }

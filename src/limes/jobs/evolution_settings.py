"""What a run of ``limes measure evolution`` is asked to do, and what that means for the data at hand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from limes.attacks.threat import require_norm
from limes.core import memory as mem
from limes.core.errors import InputError
from limes.core.types import Norm
from limes.data import Dataset
from limes.finite import Adversary, Recipe
from limes.jobs.inputs import box_of, describe, radius_of, read
from limes.nets import Net, standard
from limes.nets.names import parse_net

BATCH, MOMENTUM, ATTACK_STEPS = 64, 0.9, 7
_MOST_TRAIN = 2_000
_FLOPS = 2e10  # a second, of small networks on two cores


@dataclass(frozen=True)
class EvolutionOptions:
    """What the caller of `measure_evolution` may choose; None leaves the choice to the data.

    Attributes:
        net: architecture, see `limes.nets.names.parse_net`; trained in the standard parametrisation.
        width: of its hidden layers.
        epochs: of training; the kernel is measured after each.
        learning_rate: of gradient descent with momentum 0.9 in batches of 64.
        eps: radius of adversarial training in the units of the data, a number or "8/255"; 0 for standard training.
        norm: "linf" or "l2".
        bounds: (low, high) of valid inputs.
        classes: labels to keep, as text; None for all.
        n_train: training rows.
        n_probe: held-out rows between which the kernel is measured.
        seed: of rows, weights and batches.
    """

    net: str | Net = "mlp-3"
    width: int = 256
    epochs: int = 20
    learning_rate: float = 0.05
    eps: float | str = 0.0
    norm: Norm = "linf"
    bounds: tuple[float, float] | None = None
    classes: Sequence[str] | None = None
    n_train: int | None = None
    n_probe: int = 100
    seed: int = 0


@dataclass(frozen=True)
class EvolutionSettings:
    """`EvolutionOptions` with every choice made; what decides the result of a run, and nothing else."""

    data: Dataset
    net: Net
    width: int
    epochs: int
    learning_rate: float
    eps: float
    norm: Norm
    bounds: tuple[float, float] | None
    n_train: int
    n_probe: int
    seed: int
    notes: tuple[str, ...]

    @property
    def adversary(self) -> Adversary | None:
        """The attack in training and on the moving probe: from the clean input, so that it is the same each time."""
        if not self.eps:
            return None
        return Adversary(self.eps, self.norm, ATTACK_STEPS, random_start=False, bounds=self.bounds)

    @property
    def recipe(self) -> Recipe:
        """How the network is trained."""
        return Recipe(self.epochs, BATCH, self.learning_rate, MOMENTUM, adversary=self.adversary, seed=self.seed)

    def config(self) -> dict[str, Any]:
        """The settings as plain values, for ``config.toml`` and to tell runs apart."""
        plain = ("width", "epochs", "learning_rate", "eps", "norm", "n_train", "n_probe", "seed")
        return {
            "data": describe(self.data),
            "net": self.net.to_spec(),
            "bounds": None if self.bounds is None else list(self.bounds),
            **{name: getattr(self, name) for name in plain},
        }


def prepare_evolution(
    data: str | Dataset | None = None,
    *,
    data_dir: str | None = None,
    target: str | int | None = None,
    options: EvolutionOptions | None = None,
) -> EvolutionSettings:
    """Read the data and make every choice that is left open.

    Raises:
        InputError, FormatError, NetError: for data or options that cannot be used.
    """
    options = options or EvolutionOptions()
    require_norm(options.norm, Norm)
    dataset = read(data, data_dir, target, options.classes)
    bounds = box_of(dataset, options.bounds)
    for name, least in (("width", 1), ("epochs", 2), ("n_probe", 2), ("seed", 0)):
        if getattr(options, name) < least:
            raise InputError(f"{name} must be at least {least}, not {getattr(options, name)}")
    if not (math.isfinite(options.learning_rate) and options.learning_rate > 0):
        raise InputError(f"learning_rate must be above 0, not {options.learning_rate}")
    left = len(dataset.x) - (options.n_probe if dataset.x_test is None else 0)
    n_train = min(left, _MOST_TRAIN) if options.n_train is None else options.n_train
    probes = left if dataset.x_test is None else len(dataset.x_test)
    if not dataset.n_classes <= n_train <= left or options.n_probe > probes:
        raise InputError(
            f"{dataset.name} has {len(dataset.x)} rows to draw from, which cannot be {max(n_train, 0)} training rows, "
            f"at least {dataset.n_classes}, and {options.n_probe} others to probe with: change n_train or n_probe"
        )
    notes = list(dataset.notes)
    if n_train < left:
        notes.append(f"{n_train} of {left} available training rows are used (--n-train changes it)")
    return EvolutionSettings(
        data=dataset,
        net=standard(parse_net(options.net, dataset.shape), dataset.shape, options.width),
        width=options.width,
        epochs=options.epochs,
        learning_rate=float(options.learning_rate),
        eps=radius_of(dataset, options.eps, options.norm, bounds, notes),
        norm=options.norm,
        bounds=bounds,
        n_train=n_train,
        n_probe=options.n_probe,
        seed=options.seed,
        notes=tuple(notes),
    )


def plan_evolution(settings: EvolutionSettings) -> dict[str, Any]:
    """Bytes and seconds that a run will take; seconds from counts of operations, within a factor of three or so.

    Raises:
        MemoryRefused: if the run would not fit.
    """
    s = settings
    weights = sum(int(np.prod(leaf.shape)) for leaf in _leaves(s))
    shared = math.prod(s.data.shape[:-1]) if s.net.needs_positions else 1  # uses of a weight in one pass, at most
    moments, probes = s.epochs + 1, 1 + bool(s.eps)
    passes = 3 + (2 * ATTACK_STEPS if s.eps else 0)
    training = 2.0 * weights * shared * s.n_train * s.epochs * passes
    kernels = 2.0 * weights * (s.n_probe * s.data.n_classes) ** 2 / s.data.n_classes * moments * probes
    peak = 16 * moments * s.n_probe**2 + 4 * weights * (moments + 4 + s.n_probe) + 2 * s.data.x.nbytes
    mem.require(peak, "the weights and kernels of all epochs", "use fewer epochs, a smaller width or n_probe")
    return {
        "net": str(s.net),
        "weights": weights,
        "rows": {"train": s.n_train, "probe": s.n_probe},
        "moments": moments,
        "peak_bytes": int(peak),
        "memory_limit_bytes": mem.limit(),
        "seconds": round(10.0 + (training + kernels) / _FLOPS, 1),
    }


def _leaves(s: EvolutionSettings) -> list[Any]:
    """The weights by shape."""
    return jax.tree.leaves(jax.eval_shape(lambda: s.net.init(0, s.data.shape, s.width, s.data.n_classes)))

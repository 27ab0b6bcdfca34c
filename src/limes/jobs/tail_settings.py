"""What a run of ``limes measure tails`` is asked to do, and what that means for the weights at hand."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from limes.beyond.tails import Layout, last_layer, layer_vectors, weight_vectors
from limes.core import memory as mem
from limes.core.errors import InputError
from limes.data import data_hash
from limes.jobs.speed import flops
from limes.jobs.weight_files import SORTED, WeightFile, read_weights


@dataclass(frozen=True)
class TailOptions:
    """What the caller of `measure_tails` may choose.

    Attributes:
        layout: "in_out" for weights (..., in, out), "out_in" for (out, in, ...); None for that of the kind of file.
        error: relative l2 error of pruning.
        top: share of the vectors of a layer that Hill's index uses.
        seed: of the permutations.
        last: name of the last layer, which is read by its inputs; None for the last one in the file.
    """

    layout: Layout | None = None
    error: float = 0.1
    top: float = 0.1
    seed: int = 0
    last: str | None = None


@dataclass(frozen=True)
class TailSettings:
    """`TailOptions` with every choice made; what decides the result of a run, and nothing else."""

    data: WeightFile
    layout: Layout
    error: float
    top: float
    seed: int
    last: str | None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on the weights."""
        return self.data.notes

    def config(self) -> dict[str, Any]:
        """The settings as plain values, for ``config.toml`` and to tell runs apart."""
        return {
            "model": self.data.source,
            "sha256": data_hash(np.array(list(self.data.arrays)), *self.data.arrays.values()),  # reports show names
            "layout": self.layout,
            "last": self.last or "",
            "error": self.error,
            "top": self.top,
            "seed": self.seed,
        }


def prepare_tails(model: str | Path | WeightFile, options: TailOptions | None = None) -> TailSettings:
    """Read the weights and make every choice that is left open.

    Raises:
        InputError, FormatError: for a file or options that cannot be used, and a network without a layer to measure.
        MissingPackage: for a file of torch without PyTorch.
    """
    options = options or TailOptions()
    file = model if isinstance(model, WeightFile) else read_weights(model)
    layout = options.layout or file.layout
    if layout not in get_args(Layout):
        raise InputError(f"layout must be one of {', '.join(get_args(Layout))}, not {layout!r}")
    for name in ("error", "top"):
        if not 0 < getattr(options, name) < 1:
            raise InputError(f"{name} is a share between 0 and 1, not {getattr(options, name)!r}")
    if options.seed < 0:
        raise InputError(f"seed must be at least 0, not {options.seed}")
    layer_vectors(file.arrays, layout, last=options.last)  # refuses weights before anything is written
    last = last_layer(file.arrays, options.last)
    if last and options.last is None and file.kind in SORTED:
        note = f"{last} is taken for the last layer, as it is the last one in the file, and is read by its inputs. "
        note += "Some writers sort names: if another layer is the last one, name it with --last."
        file = replace(file, notes=(*file.notes, note))
    return TailSettings(file, layout, options.error, options.top, options.seed, last)


def plan_tails(settings: TailSettings) -> dict[str, Any]:
    """Bytes that a run will take at most, and seconds: of sorting, sums over blocks, and singular values.

    Raises:
        MemoryRefused: if the run would not fit.
    """
    matrices = [a for a in settings.data.arrays.values() if a.ndim >= 2]
    sizes = [a.size for a in matrices]
    peak = 60 * max(sizes, default=0) + sum(a.nbytes for a in settings.data.arrays.values()) + 200_000_000
    mem.require(peak, f"the largest layer of {settings.data.name}", "measure a smaller model, or on a larger machine")
    products = sum(4.0 * a.size * min(weight_vectors(a, settings.layout).shape) for a in matrices)
    return {
        "model": settings.data.name,
        "arrays": len(matrices),
        "weights": sum(sizes),
        "peak_bytes": int(peak),
        "memory_limit_bytes": mem.limit(),
        "seconds": round(2.0 + 4e-6 * sum(sizes) + 4 * products / flops("float64"), 1),
    }

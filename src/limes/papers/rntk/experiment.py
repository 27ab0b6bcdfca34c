"""The steps of the experiment on the recurrent NTK at each size."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from limes.data import Dataset, data_hash
from limes.papers.claim import Size
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.rntk import finite, phases, recursion, ucr
from limes.papers.rntk.archive import data_sets
from limes.papers.rntk.sensitivity import sensitivity
from limes.papers.steps import seeded


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        networks: seeds of claims 1 and 3.
        widths: of claim 1.
        wide: seeds of its widest networks, and their widths.
        stacks: seeds of claim 4, and its widths.
        start_width: of the networks of claim 3.
        pairs: pairs of series of claim 2.
        seeds: of claims 2, 5, 6 and 7.
        n_test: test series of claims 5 and 6.
        n_train: training series of claim 6.
    """

    networks: int
    widths: tuple[int, ...]
    wide: tuple[int, tuple[int, ...]]
    stacks: tuple[int, tuple[int, ...]]
    start_width: int
    pairs: int
    seeds: int
    n_test: int
    n_train: int


SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(5, (64, 256), (0, ()), (5, (64, 256)), 256, 20, 3, 120, 200),
    "full": Sizes(20, (64, 256, 1024), (5, (1024, 4096)), (10, (64, 256, 1024)), 1024, 50, 10, 500, 200),
}
WIDE = ("relu last", "erf mean")
"""Nets of claim 1 that are measured at the widest networks too."""


def plan(request: Request) -> Plan:
    """All steps at a size; a part for each data set of the archive.

    Raises:
        FormatError: for a data folder that was named and has no UCR data.
    """
    sizes = SIZES[request.size]
    sets, notes = data_sets(request)
    hashes = {name: data_hash(d.x, d.y, d.x_test, d.y_test) for name, d in sets.items()}
    steps = [*_finite(request, sizes), *_series(request, sizes)]
    for name, data in sets.items():
        part = {"data": hashes[name], **protocol()}
        steps += seeded(f"ucr-{name}", request.seed_range(1), _on(data), _seconds(data), part)
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds, "ucr": {"sets": list(sets), "hashes": hashes}}
    settings["ucr"] |= protocol() if sets else {}
    return Plan(settings, steps, notes, _peak_bytes(sizes, [*sets.values()]))


def protocol() -> dict[str, Any]:
    """Plain values that decide the table of claim 8."""
    return {
        "grid": {r: {a: [list(p) for p in points] for a, points in grid.items()} for r, grid in ucr.GRID.items()},
        "penalties": list(ucr.PENALTIES),
        "folds": ucr.N_FOLDS,
        "depths": list(ucr.DEPTHS),
        "gammas": list(ucr.GAMMAS),
        "most_steps": ucr.MOST_STEPS,
    }


def _finite(request: Request, sizes: Sizes) -> Iterator[Step]:
    each = partial(seeded, settings=plain(asdict(sizes)))
    draws, (n_wide, wide), (n_stacks, stacks) = request.seed_range(sizes.networks), sizes.wide, sizes.stacks
    cost = sum(width**2 for width in sizes.widths) * 3e-6
    yield from each("limit", draws, lambda s: finite.deviations(s, finite.SINGLE, sizes.widths), cost)
    if n_wide:
        some = {name: finite.SINGLE[name] for name in WIDE}
        seeds = request.seed_range(n_wide)
        yield from each("wide", seeds, lambda s: finite.deviations(s, some, wide), 25.0)
    cost = sum(width**2 for width in stacks) * 7e-6
    yield from each("stacks", request.seed_range(n_stacks), lambda s: finite.deviations(s, finite.STACKS, stacks), cost)
    yield from each("starts", draws, lambda s: finite.starts(s, sizes.start_width), 1.0)


def _series(request: Request, sizes: Sizes) -> Iterator[Step]:
    each, seeds = partial(seeded, settings=plain(asdict(sizes))), request.seed_range(sizes.seeds)
    longest = 60
    yield from each("recursion", seeds, lambda s: recursion.differences(s, sizes.pairs, longest), 0.03 * sizes.pairs)
    yield from each("phases", seeds, lambda s: phases.hard(s, sizes.n_test), 5.0)
    yield from each("easy", seeds, lambda s: phases.easy(s, sizes.n_train, sizes.n_test), 0.05 * sizes.n_train)
    yield from each("sensitivity", seeds, lambda s: sensitivity(s, 20, 30), 1.0)


def _on(data: Dataset) -> Callable[[int], dict[str, Any]]:
    return lambda seed: ucr.measure(data, seed)


def _seconds(data: Dataset) -> float:
    """Compilation, recursions, machines by pairs of classes, and time warping; measured on a few sets."""
    assert data.x_test is not None
    n, m, time = len(data.x), len(data.x_test), data.shape[0]
    pairs = n * n * time * 44 * 4e-9 + (n * n / 2 * 6 + n * m) * (time / ucr.block_length(n, time)) ** 2 * 8e-9
    machines = 1250 * (1e-3 + 2e-8 * n * n + 6e-6 * data.n_classes**2)
    return 8.0 + pairs + machines + n * (n + m) * time**2 * 2e-10


def _peak_bytes(sizes: Sizes, sets: list[Dataset]) -> int:
    largest = max([sizes.widths[-1], *sizes.wide[1]])
    network = 8 * 4 * largest**2 * 4
    table = [(len(d.x) + len(d.x_test)) * len(d.x) * 40 for d in sets if d.x_test is not None]
    return 600_000_000 + max([network, *table]) + sum(2 * d.x.nbytes for d in sets)

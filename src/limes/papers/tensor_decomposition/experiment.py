"""The steps of the experiment on tensor decomposition at each size."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from limes.papers.claim import Size
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.steps import lone
from limes.papers.tensor_decomposition import explicit, lazy, moving, rounds

RANK = 2
PERIODS = (None, 500, 1000)
"""After which a component is drawn again, of claim 3."""


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        seeds: of the lazy fits, of alternating least squares and of the smallest numbers of components.
        descents: seeds of descent, of claims 2 and 9.
        many: seeds of success rates, of claims 3 and 6.
        lazy: dimension, order and numbers of components of claim 1.
        moving: dimension, order and numbers of components of claim 2.
        steps: of descent.
        growth: dimensions of claim 4.
        times: dimensions in which steps are counted, also of claim 4.
        ranks: of claim 8.
        rounds: dimensions and numbers of components of claim 7.
    """

    seeds: int
    descents: int
    many: int
    lazy: tuple[tuple[int, int, tuple[int, ...]], ...]
    moving: tuple[tuple[int, int, tuple[int, ...]], ...]
    steps: int
    growth: tuple[int, ...]
    times: tuple[int, ...]
    ranks: tuple[int, ...]
    rounds: tuple[tuple[int, ...], tuple[int, ...]]


SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        seeds=5,
        descents=5,
        many=10,
        lazy=((8, 3, (4, 8, 12, 16)), (8, 4, (4, 8, 16, 32))),
        moving=((8, 3, (4, 8)), (8, 4, (4, 8))),
        steps=3000,
        growth=(6, 8, 10, 12),
        times=(8, 16, 32),
        ranks=(1, 2, 3),
        rounds=((16, 32), (3, 4, 8, 16, 40)),
    ),
    "full": Sizes(
        seeds=10,
        descents=20,
        many=100,
        lazy=(
            (8, 3, (2, 4, 6, 8, 10, 12, 14, 16, 20)),
            (8, 4, (4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44)),
            (10, 3, (4, 8, 12, 16, 18, 20, 22, 24)),
        ),
        moving=((8, 3, (2, 3, 4, 6, 8, 12, 16)), (8, 4, (2, 3, 4, 6, 8, 12, 16, 32)), (10, 3, (2, 3, 4, 6, 8, 12, 16))),
        steps=3000,
        growth=(6, 8, 10, 12, 14, 16, 20),
        times=(8, 16, 32, 64, 128),
        ranks=(1, 2, 3, 4),
        rounds=((16, 32, 64), (2, 3, 4, 8, 16, 80)),
    ),
}
_TRIED = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16)
"""Numbers of components among which the smallest is looked for."""


def plan(request: Request) -> Plan:
    """All steps at a size; no data files are needed."""
    sizes = SIZES[request.size]
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds}
    steps = [*_lazy(request, sizes), *_moving(request, sizes), *_growth(request, sizes), *_others(request, sizes)]
    return Plan(settings, steps, (), 300_000_000)


def _lazy(request: Request, sizes: Sizes) -> Iterator[Step]:
    for d, order, widths in sizes.lazy:
        settings = {"d": d, "order": order, "rank": RANK, "widths": widths}
        for seed in request.seed_range(sizes.seeds):
            yield lone(f"lazy-{d}-{order}", seed, partial(lazy.curve, seed, **settings), 0.02 * len(widths), settings)


def _moving(request: Request, sizes: Sizes) -> Iterator[Step]:
    seeds = [*request.seed_range(sizes.descents)]
    for d, order, widths in sizes.moving:
        settings = {"d": d, "order": order, "rank": RANK, "widths": widths, "steps": sizes.steps, "seeds": seeds}
        yield lone(f"moving-{d}-{order}", 0, partial(moving.curve, **settings), 0.3 * len(widths), settings)
    seeds = [*request.seed_range(sizes.many)]
    settings = {"d": 8, "order": 3, "rank": RANK, "m": 4, "steps": 2 * sizes.steps, "seeds": seeds}
    settings["periods"] = PERIODS
    yield lone("rescued", 0, partial(moving.rescued, **settings), 3.0, settings)
    settings = {"d": 8, "order": 3, "rank": 4, "steps": sizes.steps, "seeds": seeds}
    yield lone("exact", 0, partial(moving.exact, **settings), 1.5, settings)


def _growth(request: Request, sizes: Sizes) -> Iterator[Step]:
    cases = {("growth", d, RANK) for d in sizes.growth} | {("rank", 8, rank) for rank in sizes.ranks}
    for name, d, rank in sorted(cases):
        settings = {"seeds": [*request.seed_range(sizes.seeds)], "d": d, "order": 3, "rank": rank}
        moves = settings | {"widths": _TRIED, "steps": 3 * sizes.steps, "period": 1000}
        yield lone(f"{name}-{d}-{rank}", 0, partial(_smallest, moves), 2.0 + (d / 10) ** 6, moves)
    for order, steps in ((3, 2000), (4, 4000)):
        settings = {"seeds": [*request.seed_range(5 * sizes.descents)], "dimensions": sizes.times, "order": order}
        settings |= {"rank": RANK, "m": 8, "steps": steps}
        yield lone(f"times-{order}", 0, partial(moving.times, **settings), 1e-3 * steps, settings)


def _smallest(settings: dict[str, Any]) -> dict[str, Any]:
    found = moving.smallest(**settings)
    about = {name: settings[name] for name in ("d", "order", "rank")}
    return found | {"lazy": [lazy.smallest(seed, **about) for seed in settings["seeds"]]}


def _others(request: Request, sizes: Sizes) -> Iterator[Step]:
    dimensions, components = sizes.rounds
    for seed in request.seed_range(sizes.seeds):
        settings = {"d": 6, "orders": (3, 4), "m": 9, "rank": 3}
        yield lone("gram", seed, partial(explicit.errors, seed, **settings), 0.5, settings)
        settings = {"dimensions": dimensions, "ranks": components, "rank": RANK, "most": 20}
        yield lone("rounds", seed, partial(rounds.measured, seed, **settings), 0.4, settings)

"""The steps at each size, and the data that they need."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from limes.measure.bound_training import BoundKind
from limes.papers.claim import Size
from limes.papers.norm_bounds import conventions, course
from limes.papers.norm_bounds.course import Task
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.sources import content_hash, dataset
from limes.papers.steps import lone, seeded

DECAY = 3e-3
Case = tuple[BoundKind, int, int, float]
"""Kind, hidden layers, channels and weight decay of a network."""


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        task: data and training.
        seeds: of every quantity.
        cases: networks that are followed, with the number of seeds of those that take fewer.
        copies: hidden layers and channels of claim 7 (i).
        units: hidden units of claim 6, in units of `course.DENSE`.
    """

    task: Task
    seeds: int
    cases: tuple[tuple[Case, int], ...]
    copies: tuple[int, int]
    units: int


def _cases(seeds: int, depths: tuple[int, ...], channels: tuple[int, ...], local: Any, large: Any) -> Any:
    convs = [(("conv", d, c, DECAY), seeds) for d in depths for c in channels]
    plain_ones = [(("conv", 3, c, 0.0), seeds) for c in channels]
    layers = [((kind, d, c, DECAY), seeds) for d, c in local for kind in ("local", "dense")]
    return (*convs, *plain_ones, *large, *layers)


SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        task=Task("digits", 1, 1000, 500, 500, 15, 0.1),
        seeds=2,
        cases=_cases(2, (2, 3), (8, 16), ((2, 8),), ()),
        copies=(2, 8),
        units=4,
    ),
    "full": Sizes(
        task=Task("mnist", 2, 2000, 2000, 1000, 20, 0.1),
        seeds=3,
        cases=_cases(3, (2, 3, 4), (16, 32), ((2, 8), (2, 16), (3, 8), (3, 16)), ((("conv", 3, 64, DECAY), 2),)),
        copies=(2, 16),
        units=8,
    ),
}


def plan(request: Request) -> Plan:
    """All steps at a size; at full size, those whose files are there.

    Raises:
        FormatError: for a data folder that was named and lacks MNIST or CIFAR-10, or holds damaged files.
    """
    sizes = SIZES[request.size]
    notes: list[str] = []
    steps = [*_steps(request, sizes, notes)]
    return Plan({"sizes": plain(asdict(sizes)), "seeds": request.seeds}, steps, tuple(notes), 1_500_000_000)


def name_of(case: Case) -> str:
    """Of a quantity."""
    kind, depth, channels, decay = case
    return f"{kind}-{depth}-{channels}{'' if decay else '-plain'}"


def _steps(request: Request, sizes: Sizes, notes: list[str]) -> Iterator[Step]:
    task = sizes.task
    data = dataset(task.name, request, notes)
    colour = dataset("cifar10", request, notes) if request.size == "full" else None
    if data is not None:
        rows = {"task": asdict(task), "data": content_hash(data)}
        for case, count in sizes.cases:
            settings: dict[str, Any] = dict(zip(("kind", "depth", "channels", "decay"), case, strict=True))
            yield from seeded(
                name_of(case),
                request.seed_range(count),
                partial(course.followed, task, data, **settings),
                _seconds(case, task),
                settings | rows,
            )
        seeds = request.seed_range(sizes.seeds)
        depth, channels = sizes.copies
        settings = {"depth": depth, "channels": channels}
        seconds = _seconds(("conv", depth, channels, DECAY), task)
        yield from seeded("copies", seeds, partial(course.copies, task, data, **settings), seconds, settings | rows)
        units = {"units": sizes.units}
        yield from seeded("nodes", seeds, partial(conventions.nodes, task, data, **units), 5.0, units | rows)
        yield from seeded("read-out", seeds, partial(conventions.read_out, task, data), 1.0, rows)
        yield lone("samples", 0, partial(conventions.samples, data), 2.0, rows)
    if colour is not None:
        yield lone("colours", 0, partial(conventions.colours, colour), 2.0, {"data": content_hash(colour)})


def _seconds(case: Case, task: Task) -> float:
    kind, depth, channels, _ = case
    side = (8 if task.name == "digits" else 28) // task.pooled
    weights = depth * 4 * channels**2 * (side - depth) ** 2
    if kind == "dense":
        weights = depth * (16 * channels) ** 2
    return 3.0 + 4e-10 * weights * task.n_train * task.epochs

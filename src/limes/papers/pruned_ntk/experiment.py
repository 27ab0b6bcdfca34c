"""The steps at each size, and the data that they need."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

from limes.papers.claim import Size
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.pruned_ntk import input_mask, scale, training
from limes.papers.pruned_ntk.training import Task
from limes.papers.sources import content_hash, dataset
from limes.papers.steps import seeded


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        draws: seeds of the factors.
        widths: of the factors.
        seeds: of all other quantities.
        gap: shares and widths of claim 4.
        masks: cases (dimension, share) and widths of claim 3; a share of 1 is the unmasked network beside them.
        task: data and training of claim 5.
        others: share and width of the comparison with other ways of pruning.
    """

    draws: int
    widths: tuple[int, ...]
    seeds: int
    gap: tuple[tuple[float, ...], tuple[int, ...]]
    masks: tuple[tuple[tuple[int, float], ...], tuple[int, ...]]
    task: Task
    others: tuple[float, int]


_MASKS = ((30, 0.5), (30, 0.1), (300, 0.5), (300, 0.1), (30, 1.0))
_SHARES = (1.0, 0.5, 0.25, 0.125)
SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        draws=4,
        widths=(250, 1000),
        seeds=2,
        gap=(_SHARES, (250, 1000)),
        masks=(_MASKS, (1000, 16000)),
        task=Task("digits", 800, 500, (64, 256), (0.5, 0.1), 15),
        others=(0.1, 256),
    ),
    "full": Sizes(
        draws=8,
        widths=(1000, 4000),
        seeds=5,
        gap=(_SHARES, (250, 500, 1000, 2000, 4000)),
        masks=(_MASKS, (4000, 64000)),
        task=Task("mnist", 2000, 2000, (32, 128, 512), (0.5, 0.2, 0.1), 20),
        others=(0.1, 256),
    ),
}


def plan(request: Request) -> Plan:
    """All steps at a size; at full size, claim 5 only where MNIST is there.

    Raises:
        FormatError: for a data folder that was named and lacks MNIST, or holds damaged files.
    """
    sizes = SIZES[request.size]
    notes: list[str] = []
    steps = [*_kernels(request, sizes), *_training(request, sizes, notes)]
    return Plan({"sizes": plain(asdict(sizes)), "seeds": request.seeds}, steps, tuple(notes), 1_500_000_000)


def _kernels(request: Request, sizes: Sizes) -> Iterator[Step]:
    for width in sizes.widths:
        settings = {"width": width}
        seconds = 1.0 + 6e-7 * width**2
        yield from seeded(
            f"factors-{width}", request.seed_range(sizes.draws), partial(scale.factors, **settings), seconds, settings
        )
    seeds = request.seed_range(sizes.seeds)
    keeps, widths = sizes.gap
    seconds = 1.0 + 2e-7 * len(keeps) * sum(w**2 for w in widths)
    settings = {"keeps": keeps, "widths": widths}
    yield from seeded("gaps", seeds, partial(scale.gaps, **settings), seconds, settings)
    cases, widths = sizes.masks
    settings = {"cases": cases, "widths": widths}
    yield from seeded("input-mask", seeds, partial(input_mask.errors, **settings), 8.0, settings)


def _training(request: Request, sizes: Sizes, notes: list[str]) -> Iterator[Step]:
    data = dataset(sizes.task.name, request, notes)
    if data is None:
        return
    task, (keep, width) = sizes.task, sizes.others
    seeds = request.seed_range(sizes.seeds)
    rows = {"task": asdict(task), "data": content_hash(data)}
    weights = {m: data.x[0].size * m + m**2 for m in {*task.widths, width}}
    work = 3e-10 * task.epochs * task.n_train
    train, compare = partial(training.at_width, task, data), partial(training.criteria, task, data)
    for m in task.widths:
        seconds = 5.0 + work * weights[m] * (1 + 2 * len(task.keeps))
        yield from seeded(f"training-{m}", seeds, partial(train, width=m), seconds, {"width": m} | rows)
    seconds = 8.0 + work * weights[width] * len(training.CRITERIA)
    settings = {"keep": keep, "width": width}
    yield from seeded("criteria", seeds, partial(compare, **settings), seconds, settings | rows)

"""The steps of the experiment on feature learning at each size, and the data that claim 11 needs."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from limes.core.progress import Progress
from limes.papers.claim import Size
from limes.papers.feature_learning import descents, hidden, samples, stages
from limes.papers.feature_learning.descents import Setting
from limes.papers.feature_learning.hidden import Task
from limes.papers.paper import Part, Plan, Request, Step, plain
from limes.papers.sources import content_hash, dataset
from limes.papers.steps import seeded

SMALL = 0.1
"""Size of both layers at the small start."""


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        seeds: of claims 1 to 3 and 6.
        others: seeds of everything else.
        setting: of the descents.
        penalties: of claim 4, and the steps at each.
        samples: of claim 7.
        task: of claim 11.
    """

    seeds: int
    others: int
    setting: Setting
    penalties: tuple[tuple[float, ...], int]
    samples: int
    task: Task


_PENALTIES = (0.1, 0.056, 0.032, 0.018, 0.01)
SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        seeds=5,
        others=5,
        setting=Setting(steps=3000, learning_rate=0.05),
        penalties=(_PENALTIES, 10_000),
        samples=200_000,
        task=Task("digits", 2, 64, (250, 500), 300, 600, 64, 1000),
    ),
    "full": Sizes(
        seeds=10,
        others=5,
        setting=Setting(),
        penalties=(_PENALTIES, 30_000),
        samples=1_000_000,
        task=Task("mnist", 4, 196, (250, 500, 1000, 2000), 1000, 2000, 64, 2000),
    ),
}


def plan(request: Request) -> Plan:
    """All steps at a size; at full size, claim 11 only where MNIST is there.

    Raises:
        FormatError: for a data folder that was named and lacks MNIST, or holds damaged files.
    """
    sizes = SIZES[request.size]
    notes: list[str] = []
    steps = [*_descents(request, sizes), *_samples(request, sizes), *_hidden(request, sizes, notes)]
    return Plan({"sizes": plain(asdict(sizes)), "seeds": request.seeds}, steps, tuple(notes), 1_200_000_000)


def _descents(request: Request, sizes: Sizes) -> Iterator[Step]:
    setting, seeds, others = sizes.setting, [*request.seed_range(sizes.seeds)], [*request.seed_range(sizes.others)]
    whole = setting.steps * len(setting.penalties)
    cases: tuple[tuple[str, Callable[..., dict[str, Any]], list[int], dict[str, Any], int], ...] = (
        ("annealed", descents.annealed, seeds, {}, whole),
        ("none", descents.unpenalised, seeds, {"size": 1.0}, whole),
        ("small", descents.unpenalised, seeds, {"size": SMALL}, whole),
        ("constant", descents.constant, others, {}, whole),
        ("resting", descents.resting, others, {}, whole),
        ("stages", stages.measured, others, {}, 2 * whole),
    )
    for name, measure, some, more, steps in cases:
        yield _step(name, measure, {"seeds": some} | more, setting, 3.0 + 3e-5 * steps * len(some))
    penalties, steps = sizes.penalties
    more = {"seeds": others, "penalties": penalties, "steps": steps}
    yield _step("penalties", descents.at_penalties, more, setting, 3.0 + 3e-5 * steps * len(penalties) * len(others))


def _step(
    name: str, measure: Callable[..., dict[str, Any]], more: dict[str, Any], setting: Setting, seconds: float
) -> Step:
    def compute(found: Any, progress: Progress) -> dict[str, Any]:
        return measure(setting, progress=progress, **more)

    return Step(name, 0, compute, seconds, Part(name, plain({"setting": asdict(setting)} | more)), small=True)


def _samples(request: Request, sizes: Sizes) -> Iterator[Step]:
    settings = {"n": sizes.samples, "m": 8, "r": sizes.setting.r, "d": sizes.setting.d}
    yield from seeded(
        "samples", request.seed_range(sizes.others), partial(samples.errors, **settings), 1e-6 * sizes.samples, settings
    )


def _hidden(request: Request, sizes: Sizes, notes: list[str]) -> Iterator[Step]:
    data = dataset(sizes.task.name, request, notes)
    if data is None:
        return
    for n in sizes.task.rows:
        settings = {"task": asdict(sizes.task), "data": content_hash(data), "n": n}
        measure = partial(hidden.measured, task=sizes.task, data=data, n=n)
        seconds = 1.0 + 1e-3 * sizes.task.steps + 5e-10 * n**3
        yield from seeded(f"hidden-{n}", request.seed_range(sizes.others), measure, seconds, settings)

"""The steps of the experiment on fast training at each size."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from limes.data import Dataset
from limes.papers.claim import Size
from limes.papers.fast_training import deep, exactness, index, speed, worse
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.sources import content_hash, dataset
from limes.papers.steps import seeded

SKINS = [0.25, 0.5, 1.0]
"""Of lists that are never renewed, claim 2."""
_each = partial(seeded, small=False)


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        seeds: of everything that is drawn and not timed.
        exact: neurons of claims 1 and 2, and steps.
        renewal: thresholds and neurons of claim 3, and steps.
        grid: features, neurons and shares of active pairs that are timed, of claims 4 to 6 and 8.
        rows: examples at which they are.
        hasty: features, neurons and shares that are timed in a training in which lists run out, and steps.
        dimensions: of claim 7, with shares, neurons and queries.
        digits, mnist, cifar10: rows, test rows, neurons, thresholds and steps of claims 9 to 11.
        deep: of claim 12, depths with rates, width, passes and seeds.
    """

    seeds: int
    exact: tuple[int, int]
    renewal: tuple[tuple[float, ...], tuple[int, ...], int]
    grid: tuple[tuple[int, int, float], ...]
    rows: tuple[int, ...]
    hasty: tuple[tuple[tuple[int, int, float], ...], int]
    dimensions: tuple[tuple[int, ...], tuple[float, ...], int, int]
    digits: tuple[int, int, int, tuple[float, ...], int] | None
    mnist: tuple[int, int, int, tuple[float, ...], int] | None
    cifar10: tuple[int, int, int, tuple[float, ...], int] | None
    deep: tuple[tuple[tuple[int, tuple[float, ...]], ...], int, int, int]


_SHARES = (0.01, 0.02, 0.05)
SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        seeds=2,
        exact=(10_000, 20),
        renewal=((1.0, 2.0), (20_000,), 15),
        grid=((64, 20_000, 0.01), (64, 20_000, 0.05), (64, 20_000, 0.2), (784, 4_000, 0.01)),
        rows=(1000,),
        hasty=(((64, 20_000, 0.01),), 10),
        dimensions=((2, 16), (0.01,), 10_000, 50),
        digits=(300, 300, 1000, (0.0, 1.0, 2.0), 150),
        mnist=None,
        cifar10=None,
        deep=(((8, (0.03,)), (20, (0.01,))), 128, 10, 2),
    ),
    "full": Sizes(
        seeds=5,
        exact=(20_000, 60),
        renewal=((1.0, 1.5, 2.0), (20_000, 100_000), 60),
        grid=(
            *((d, 20_000, share) for d in (64, 784) for share in (*_SHARES, 0.1, 0.15, 0.25)),
            *((64, 100_000, 0.1), (64, 1_000_000, 0.01), (64, 1_000_000, 0.063)),
        ),
        rows=(1000,),
        hasty=(((64, 200_000, 0.01), (784, 20_000, 0.01)), 100),
        dimensions=((2, 4, 8, 16, 32, 64), (0.01, 0.05), 20_000, 200),
        digits=(300, 300, 1000, (0.0, 1.0, 2.0), 400),
        mnist=(500, 500, 2000, (0.0, 0.5, 1.0, 1.5, 2.0), 600),
        cifar10=(300, 500, 2000, (0.0, 0.5, 1.0, 1.5, 2.0), 260),
        deep=(((8, (0.01, 0.03)), (20, (0.003, 0.01))), 256, 30, 3),
    ),
}


def plan(request: Request) -> Plan:
    """All steps at a size; images need their files."""
    sizes = SIZES[request.size]
    notes: list[str] = []
    names = [name for name in ("digits", "mnist", "cifar10") if getattr(sizes, name) is not None]
    images = {name: data for name in names if (data := dataset(name, request, notes)) is not None}
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds}
    settings["data"] = {name: content_hash(data) for name, data in images.items()}
    steps = [*_exactness(request, sizes), *_speed(sizes), *_index(request, sizes)]
    steps += [*_worse(request, sizes, images), *_deep(request, sizes, images)]
    return Plan(settings, steps, tuple(notes), 2_500_000_000 if request.size == "full" else 500_000_000)


def _exactness(request: Request, sizes: Sizes) -> Iterator[Step]:
    seeds = request.seed_range(sizes.seeds)
    m, steps = sizes.exact
    settings: dict[str, Any] = {"n": 200, "d": 64, "m": m, "bias": 1.5, "steps": steps}
    yield from _each("exact", seeds, partial(exactness.exact, **settings), 1e-5 * m * steps, settings)
    stale = settings | {"skins": SKINS}
    yield from _each("stale", seeds, partial(exactness.stale, **stale), 2e-5 * m * steps, stale)
    biases, widths, steps = sizes.renewal
    for m in widths:
        for bias in biases:
            settings = {"n": 200, "d": 64, "m": m, "bias": bias, "steps": steps}
            yield from _each(
                f"renewal-{m}-{bias:g}", seeds, partial(exactness.renewal, **settings), 3e-6 * m * steps, settings
            )


def _speed(sizes: Sizes) -> Iterator[Step]:
    cases, steps = sizes.hasty
    timed = [(case, 5, speed.SLOW) for case in sizes.grid] + [(case, steps, 0.1) for case in cases]
    for n in sizes.rows:
        for (d, m, share), count, haste in timed:
            name = f"speed-{n}-{d}-{m}-{share * 1000:g}" + ("-training" if haste > speed.SLOW else "")
            settings = {"n": n, "d": d, "m": m, "share": share, "steps": count, "haste": haste}
            yield from _each(
                name.replace(".", "p"),
                range(1),
                partial(speed.step_times, **settings),
                1e-10 * n * m * d * 10,
                settings,
            )


def _index(request: Request, sizes: Sizes) -> Iterator[Step]:
    dimensions, shares, m, queries = sizes.dimensions
    for d in dimensions:
        for share in shares:
            settings = {"d": d, "m": m, "share": share, "queries": queries}
            name = f"index-{d}-{share * 1000:g}"
            yield from _each(name, request.seed_range(sizes.seeds), partial(index.scanned, **settings), 2.0, settings)


def _worse(request: Request, sizes: Sizes, images: Mapping[str, Dataset]) -> Iterator[Step]:
    for data, whole in images.items():
        n, n_test, m, biases, steps = getattr(sizes, data)
        settings = {"data": data, "n": n, "n_test": n_test, "m": m, "biases": biases, "steps": steps}
        seconds = 6e-11 * n * m * (whole.x[0].size + 100) * steps * len(biases)
        measure = partial(worse.trained, whole=whole)
        yield from _each(
            f"worse-{data}", request.seed_range(sizes.seeds), partial(measure, **settings), seconds, settings
        )


def _deep(request: Request, sizes: Sizes, images: Mapping[str, Dataset]) -> Iterator[Step]:
    cases, width, epochs, seeds = sizes.deep
    for data in (name for name in ("digits", "mnist") if name in images):
        for depth, rates in cases:
            settings = {"data": data, "n": 1000, "width": width, "depth": depth, "rates": rates, "epochs": epochs}
            seconds = 1e-6 * width * epochs * len(rates) * depth * 100
            measure = partial(deep.trained, whole=images[data])
            yield from _each(
                f"deep-{data}-{depth}", request.seed_range(seeds), partial(measure, **settings), seconds, settings
            )

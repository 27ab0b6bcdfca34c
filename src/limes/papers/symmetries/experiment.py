"""The steps of the experiment on symmetries at each size."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from limes.core.errors import InputError
from limes.papers.claim import Size
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.steps import lone
from limes.papers.symmetries import digits, drift, exact, limit, search

SCALES, ANGLES = (0.25, 1.0, 4.0), (4, 8, 16, 32, 64)
"""Of claim 9, averages over angles."""
_ALL = (5, 10, 50, 100)
_FEW = (5, 10, 50)
_LEAST = (5, 10)

Runs = tuple[tuple[str, str, tuple[int, ...]], ...]
"""Teacher, scheme, numbers of particles."""


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        seeds: of everything but what follows.
        few: seeds of two-layer units, digits and single numbers.
        swap, plane, two_layer: runs of each case, from E^G.
        wide: particles of one more run of the swap, WI and SI teachers; none for 0.
        fine: particles of averages over 32 angles.
        limit: numbers of particles of claim 5.
        search: particles of claim 7.
        digits: neurons and steps of claim 11.
        leaving: numbers of neurons, times and N times the step of claim 11.
    """

    seeds: int
    few: int
    swap: Runs
    plane: Runs
    two_layer: Runs
    wide: int
    fine: tuple[int, ...]
    limit: tuple[int, ...]
    search: int
    digits: tuple[int, int]
    leaving: tuple[tuple[int, ...], tuple[float, ...], float]


def _runs(teachers: tuple[str, ...], **widths: tuple[int, ...]) -> Runs:
    return tuple((teacher, scheme, numbers) for teacher in teachers for scheme, numbers in widths.items())


SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        seeds=5,
        few=5,
        swap=_runs(("WI", "SI", "arbitrary"), vanilla=_ALL, augmented=_ALL, averaged=_FEW, equivariant=_FEW)
        + _runs(("WI",), orbit=_FEW),
        plane=_runs(("WI", "arbitrary"), vanilla=_ALL, averaged=_LEAST, equivariant=_FEW),
        two_layer=_runs(("WI", "arbitrary"), vanilla=_FEW) + _runs(("WI",), averaged=_LEAST, equivariant=_LEAST),
        wide=0,
        fine=(),
        limit=_ALL,
        search=100,
        digits=(50, 1500),
        leaving=((25, 50, 100), (2.0, 20.0), 2.0),
    ),
    "full": Sizes(
        seeds=10,
        few=5,
        swap=_runs(("WI", "SI", "arbitrary"), vanilla=_ALL, augmented=_ALL, averaged=_ALL, equivariant=_ALL)
        + _runs(("WI", "SI", "arbitrary"), orbit=_ALL),
        plane=_runs(("WI", "SI", "arbitrary"), vanilla=_ALL, augmented=_ALL, equivariant=_ALL)
        + _runs(("WI",), averaged=_ALL)
        + _runs(("SI", "arbitrary"), averaged=_FEW),
        two_layer=_runs(("WI", "arbitrary"), vanilla=_ALL, averaged=_ALL, equivariant=_ALL),
        wide=500,
        fine=_LEAST,
        limit=(*_ALL, 200),
        search=100,
        digits=(100, 3000),
        leaving=((25, 50, 100, 200), (2.0, 20.0), 2.0),
    ),
}


def plan(request: Request) -> Plan:
    """All steps at a size; digits come with scikit-learn, so that no data files are needed.

    Raises:
        InputError: for too few seeds.
    """
    if request.seeds is not None and request.seeds < limit.LEAST_SEEDS:
        raise InputError(
            f"symmetries compares seeds with each other: give {limit.LEAST_SEEDS} or more, not {request.seeds}"
        )
    sizes = SIZES[request.size]
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds}
    steps = [*_drifts(request, sizes), *_laws(request, sizes), *_digits(request, sizes)]
    return Plan(settings, steps, (), 600_000_000)


def _drifts(request: Request, sizes: Sizes) -> Iterator[Step]:
    for name, runs in (("swap", sizes.swap), ("plane", sizes.plane), ("two-layer", sizes.two_layer)):
        seeds = [*request.seed_range(sizes.few if name == "two-layer" else sizes.seeds)]
        for teacher, scheme, widths in runs:
            yield _drift(f"{name}-{teacher}-{scheme}", seeds, name=name, teacher=teacher, scheme=scheme, widths=widths)
    seeds = [*request.seed_range(sizes.seeds)]
    if sizes.wide:
        for teacher in ("WI", "SI"):
            more = {"name": "swap", "teacher": teacher, "scheme": "vanilla", "widths": (sizes.wide,)}
            yield _drift(f"wide-{teacher}", seeds, **more)
    if sizes.fine:
        more = {"name": "plane", "teacher": "WI", "scheme": "averaged", "widths": sizes.fine, "angles": 32}
        yield _drift("fine-WI-averaged", seeds, **more)


def _drift(quantity: str, seeds: list[int], **settings: Any) -> Step:
    settings = settings | {"seeds": seeds}
    turns = settings.get("angles", 16) if (settings["name"], settings["scheme"]) == ("plane", "averaged") else 1
    work = len(seeds) * sum(n**2 for n in settings["widths"])
    return lone(quantity, 0, partial(drift.drift, **settings), 1.0 + 1.5e-5 * turns * work, settings)


def _laws(request: Request, sizes: Sizes) -> Iterator[Step]:
    for teacher in ("WI", "arbitrary"):
        widths = tuple(n for n in sizes.limit if teacher == "WI" or n <= 100)
        settings = {"teacher": teacher, "widths": widths, "seeds": [*request.seed_range(sizes.seeds)]}
        seconds = 5.0 + 5e-5 * len(settings["seeds"]) * sum(n**2 for n in widths)
        yield lone(f"limit-{teacher}", 0, partial(limit.limit, **settings), seconds, settings)
        for seed in request.seed_range(sizes.seeds):
            about: dict[str, Any] = {"teacher": {"arbitrary": "SI"}.get(teacher, teacher), "n": sizes.search}
            yield lone(f"search-{about['teacher']}", seed, partial(search.search, seed=seed, **about), 0.6, about)
    for seed in request.seed_range(sizes.few):
        yield lone("equivariance", seed, partial(drift.equivariance, "two-layer", seed), 0.3, {})
        yield lone("shortcut", seed, partial(exact.shortcut, 500, seed), 0.5, {"n": 500})
        about = {"scales": SCALES, "angles": ANGLES}
        yield lone("quadrature", seed, partial(exact.quadrature, seed=seed, **about), 2.0, about)


def _digits(request: Request, sizes: Sizes) -> Iterator[Step]:
    n, steps = sizes.digits
    widths, times, alpha = sizes.leaving
    for seed in request.seed_range(sizes.few):
        about: dict[str, Any] = {"n": n, "steps": steps, "chosen": ("vanilla", "augmented", "averaged", "equivariant")}
        seconds = 2.0 + 1e-5 * n * steps
        yield lone("digits", seed, partial(digits.schemes, seed=seed, **about), seconds, about)
        about = {"widths": widths, "times": times, "alpha": alpha}
        seconds = 1.0 + 3e-6 * sum(times) * sum(widths) / alpha * max(widths)
        yield lone("leaving", seed, partial(digits.leaving, seed=seed, **about), seconds, about)

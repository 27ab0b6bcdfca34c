"""The steps of the experiment on convergence at each size. No data files are needed."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

from limes.core.types import Norm
from limes.papers.claim import Size
from limes.papers.convergence_at import capacity, lazy_limit, training, width_law
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.steps import seeded


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        seeds: of all quantities but the last.
        widths: of claims 1, 2, 3 and 5.
        training: steps T and training points of these.
        capacity: numbers of points and dimensions, and widths to try, of claim 4.
        law: dimensions, rho and random layers of claim 6.
        trained: dimension, rho, widths beyond the law, steps and starts of its trained networks.
        lazy: norms, widths, training rows, test rows, steps and batch of claim 7.
        lazy_seeds: of claim 7.
    """

    seeds: int
    widths: tuple[int, ...]
    training: tuple[int, int]
    capacity: tuple[tuple[tuple[int, int], ...], tuple[int, ...]]
    law: tuple[tuple[int, ...], tuple[float, ...], int]
    trained: tuple[int, tuple[float, ...], tuple[int, ...], int, int]
    lazy: tuple[tuple[Norm, ...], tuple[int, ...], int, int, int, int]
    lazy_seeds: int


RATIOS = (0.3, 0.5, 0.7, 0.9)
SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        seeds=2,
        widths=(128, 512),
        training=(150, 100),
        capacity=(((20, 16),), (2, 4, 8, 16, 32)),
        law=((16,), RATIOS, 20),
        trained=(8, (0.7,), (-1, 2), 300, 4),
        lazy=(("linf",), (64, 512), 150, 200, 15, 30),
        lazy_seeds=2,
    ),
    "full": Sizes(
        seeds=5,
        widths=(128, 512, 2048, 4096),
        training=(150, 100),
        capacity=(((20, 16), (40, 16), (80, 16), (20, 64), (40, 64), (80, 64)), (2, 4, 8, 16, 32, 64, 128)),
        law=((16, 32, 64), RATIOS, 200),
        trained=(16, RATIOS[1:], (-1, 0, 2, 4), 500, 4),
        lazy=(("linf", "l2"), (64, 256, 1024, 4096, 16384), 300, 400, 50, 50),
        lazy_seeds=3,
    ),
}


def plan(request: Request) -> Plan:
    """All steps at a size."""
    sizes = SIZES[request.size]
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds}
    steps = [*_convergence(request, sizes), *_widths(request, sizes), *_lazy(request, sizes)]
    return Plan(settings, steps, (), 800_000_000)


def _convergence(request: Request, sizes: Sizes) -> Iterator[Step]:
    steps, n = sizes.training
    seeds = request.seed_range(sizes.seeds)
    for width in sizes.widths:
        settings = {"width": width, "steps": steps, "n": n}
        seconds = 3.0 + 4e-5 * width * steps
        yield from seeded(f"training-{width}", seeds, partial(training.measured, **settings), seconds, settings)


def _widths(request: Request, sizes: Sizes) -> Iterator[Step]:
    seeds = request.seed_range(sizes.seeds)
    problems, widths = sizes.capacity
    for n, d in problems:
        settings = {"n": n, "d": d, "widths": widths}
        yield from seeded(f"capacity-{n}-{d}", seeds, partial(capacity.smallest_widths, **settings), 5.0, settings)
    dimensions, ratios, count = sizes.law
    for d in dimensions:
        settings = {"d": d, "ratios": ratios, "count": count}
        yield from seeded(
            f"law-{d}", range(1), partial(width_law.random_layers, **settings), 2e-6 * count * d**2, settings
        )
    d, some, beyond, steps, starts = sizes.trained
    for rho in some:
        first = [width_law.law(d, rho) + more for more in beyond]
        settings = {"d": d, "rho": rho, "widths": first, "steps": steps, "starts": starts}
        yield from seeded(
            f"trained-{round(100 * rho)}", seeds, partial(width_law.trained, **settings), 2.0 * len(first), settings
        )


def _lazy(request: Request, sizes: Sizes) -> Iterator[Step]:
    norms, widths, n, n_test, steps, size = sizes.lazy
    seconds = 8.0 + 3e-7 * sum(widths) * steps * size
    for norm in norms:
        settings = {"norm": norm, "widths": widths, "n": n, "n_test": n_test, "steps": steps, "size": size}
        seeds = request.seed_range(sizes.lazy_seeds)
        yield from seeded(f"lazy-{norm}", seeds, partial(lazy_limit.compared, **settings), seconds, settings)

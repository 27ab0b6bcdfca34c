"""The steps of the experiment on epistemic uncertainty at each size."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from limes.beyond.posterior.chains import require_blackjax
from limes.papers.claim import Size
from limes.papers.epistemic import chambers, cones, ensembles, posterior, toy
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.steps import lone


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        seeds: of every sampled quantity.
        chains: a seed.
        posterior: inputs, numbers of examples, warm-up and draws of claims 1 to 3 and 5.
        cones: inputs, numbers of examples, warm-up and draws of claim 4.
        chambers: chains, warm-up and draws of claim 6.
        ensembles: numbers of examples of claim 7; members, how many are continued, steps, warm-up and draws.
        data: the same on data sets, all members continued, and steps of Langevin dynamics by tens.
        toy: numbers of examples of claim 8.
        nets: draws of product nets without data.
    """

    seeds: int
    chains: int
    posterior: tuple[tuple[int, tuple[int, ...], int, int], ...]
    cones: tuple[tuple[int, tuple[int, ...], int, int], ...]
    chambers: tuple[int, int, int]
    ensembles: tuple[tuple[int, ...], int, int, int, int, int]
    data: tuple[tuple[int, ...], int, int, int, int, int]
    toy: tuple[int, ...]
    nets: int


_POWERS = (2**8, 2**11, 2**14)
SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        seeds=5,
        chains=4,
        posterior=((3, _POWERS, 150, 150),),
        cones=((3, (2**11,), 150, 250),),
        chambers=(10, 100, 100),
        ensembles=((2**8,), 16, 4, 1000, 100, 100),
        data=((2**8,), 4, 500, 50, 50, 200),
        toy=(0, *_POWERS),
        nets=100_000,
    ),
    "full": Sizes(
        seeds=5,
        chains=4,
        posterior=((2, (2**14,), 400, 800), (3, _POWERS, 400, 1200), (5, (2**14,), 400, 800)),
        cones=((2, (2**14,), 300, 600), (3, (2**14,), 300, 600), (5, (2**14,), 300, 600)),
        chambers=(10, 200, 300),
        ensembles=((2**8, 2**10, 2**12), 16, 6, 12_000, 200, 300),
        data=((2**8,), 8, 1500, 150, 200, 2000),
        toy=(0, *(2**k for k in range(0, 21, 2))),
        nets=1_000_000,
    ),
}


def plan(request: Request) -> Plan:
    """All steps at a size; no data files are needed.

    Raises:
        MissingPackage: without blackjax.
    """
    require_blackjax()
    sizes = SIZES[request.size]
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds}
    steps = [*_shares(request, sizes), *_symmetries(request, sizes), *_toy(request, sizes)]
    return Plan(settings, steps, (), 1_000_000_000)


def _shares(request: Request, sizes: Sizes) -> Iterator[Step]:
    seeds = [*request.seed_range(sizes.seeds)]
    for inputs, numbers, warmup, draws in sizes.posterior:
        for n in numbers:
            settings = {"seeds": seeds, "inputs": inputs, "n": n, "chains": sizes.chains}
            settings |= {"warmup": warmup, "draws": draws, "doublings": 10}
            seconds = 4 + 5e-5 * (warmup + draws) * (60 + 2 * n**0.5)
            yield lone(f"posterior-{inputs}-{n}", 0, partial(posterior.measured, **settings), seconds, settings)
    for inputs, numbers, warmup, draws in sizes.cones:
        for n in numbers:
            for width in cones.half_angles(n):
                settings = {"seeds": seeds, "inputs": inputs, "n": n, "width": width, "chains": sizes.chains}
                settings |= {"warmup": warmup, "draws": draws}
                seconds = 3 + 0.012 * (warmup + draws)
                yield lone(f"cone-{inputs}-{n}-{width}", 0, partial(cones.measured, **settings), seconds, settings)


def _symmetries(request: Request, sizes: Sizes) -> Iterator[Step]:
    seeds = [*request.seed_range(sizes.seeds)]
    chains, warmup, draws = sizes.chambers
    settings = {"seeds": seeds, "inputs": 3, "neurons": 3, "n": 2**10}
    settings |= {"chains": chains, "warmup": warmup, "draws": draws}
    yield lone("chambers", 0, partial(chambers.measured, **settings), 6 + 0.03 * (warmup + draws), settings)
    numbers, members, continued, steps, warmup, draws = sizes.ensembles
    about = {"seeds": seeds, "inputs": 3, "served": 2, "neurons": 4}
    for n in numbers:
        settings = about | {"n": n, "members": members, "continued": continued}
        settings |= {"steps": steps, "warmup": warmup, "draws": draws}
        seconds = 4 + 0.001 * steps + 0.006 * continued * (warmup + draws)
        yield lone(f"ensembles-{n}", 0, partial(ensembles.population, **settings), seconds, settings)
    numbers, members, steps, warmup, draws, langevin = sizes.data
    for n in numbers:
        settings = about | {"n": n, "members": members}
        settings |= {"steps": steps, "warmup": warmup, "draws": draws, "langevin": langevin}
        seconds = 8 + 5e-5 * n * members * (warmup + draws)
        yield lone(f"data-{n}", 0, partial(ensembles.data, **settings), seconds, settings)


def _toy(request: Request, sizes: Sizes) -> Iterator[Step]:
    settings: dict[str, Any] = {"inputs": 10, "depth": 3, "numbers": sizes.toy}
    yield lone("gated", 0, partial(toy.gated, **settings), 0.2, settings)
    for seed in request.seed_range(sizes.seeds):
        settings = {"depths": (3, 10), "draws": sizes.nets}
        yield lone("chain", seed, partial(toy.chain, seed, **settings), 0.2, settings)

"""The steps of the experiment on neural temporal differences at each size."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from limes.papers.claim import Size
from limes.papers.neural_td import bounds, control, environments, runs
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.steps import lone

STEPS = (2000, 8000, 32000)
_NO_ENVIRONMENTS = "claim 8 is left out, since Gymnasium is not installed: pip install 'limes[beyond]'"


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        seeds: of random chains, networks and samples.
        widths: of claims 1, 2 and 5.
        bounds: steps of claim 3.
        monotone: widths of claim 4.
        draws: of claim 4.
        control: widths of claim 7.
        played: seeds of claim 8.
        environments: steps of claim 8.
        environment_width: m of claim 8.
    """

    seeds: int
    widths: tuple[int, ...]
    bounds: tuple[int, ...]
    monotone: tuple[int, ...]
    draws: int
    control: tuple[int, ...]
    played: int
    environments: tuple[int, ...]
    environment_width: int = 64


SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        seeds=5,
        widths=(16, 64, 256, 1024),
        bounds=(250, 1000),
        monotone=(64,),
        draws=1000,
        control=(64, 256),
        played=5,
        environments=STEPS,
    ),
    "full": Sizes(
        seeds=10,
        widths=(16, 64, 256, 1024, 4096),
        bounds=(500, 2000, 8000),
        monotone=(64, 1024),
        draws=1000,
        control=(64, 256, 1024),
        played=5,
        environments=(*STEPS, 128_000, 512_000),
    ),
}
ENVIRONMENTS = ("FrozenLake-v1", "CliffWalking-v1")
RADII = (1.0, 2.0, 4.0, 10.0)
STAYS = (0.0, 0.5, 0.9, 0.99)


def plan(request: Request) -> Plan:
    """All steps at a size; no data files are needed, for claim 8 Gymnasium is."""
    sizes = SIZES[request.size]
    notes = () if environments.available() else (_NO_ENVIRONMENTS,)
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds, "environments": not notes}
    steps = [*_chains(request, sizes), *_control(request, sizes), *(() if notes else _environments(request, sizes))]
    return Plan(settings, steps, notes, 400_000_000)


def _chains(request: Request, sizes: Sizes) -> Iterator[Step]:
    for seed in request.seed_range(sizes.seeds):
        for width in sizes.widths:
            settings: dict[str, Any] = {"width": width, "steps": STEPS}
            yield lone(f"scan-{width}", seed, partial(runs.scan, seed, **settings), 0.15 + width / 900, settings)
        settings = {"width": 256, "steps": STEPS[-1], "radii": RADII}
        yield lone("balls", seed, partial(runs.balls, seed, **settings), 1.2, settings)
        settings = {"width": 256, "steps": STEPS, "stays": STAYS}
        yield lone("markov", seed, partial(runs.markov, seed, **settings), 1.4, settings)
        settings = {"width": 1024, "steps": sizes.bounds, "radii": RADII}
        yield lone("bounds", seed, partial(bounds.sides, seed, **settings), 0.5 + 1.2e-3 * max(sizes.bounds), settings)
        for width in sizes.monotone:
            settings = {"width": width, "draws": sizes.draws}
            yield lone(
                f"monotone-{width}",
                seed,
                partial(runs.monotonicity, seed, **settings),
                0.2 + 1.2e-6 * width * sizes.draws,
                settings,
            )


def _control(request: Request, sizes: Sizes) -> Iterator[Step]:
    for seed in request.seed_range(sizes.seeds):
        for width in sizes.control:
            settings = {"width": width, "steps": STEPS, "states": 20, "actions": 4}
            yield lone(
                f"control-{width}", seed, partial(control.q_learning, seed, **settings), 0.2 + width / 400, settings
            )


def _environments(request: Request, sizes: Sizes) -> Iterator[Step]:
    for seed in request.seed_range(sizes.played):
        for name, cost in zip(ENVIRONMENTS, (14e-6, 24e-6), strict=True):
            settings = {"name": name, "width": sizes.environment_width, "steps": sizes.environments}
            seconds = 0.2 + cost * sum(sizes.environments)
            yield lone(
                f"environment-{name.partition('-')[0]}",
                seed,
                partial(environments.measured, seed, **settings),
                seconds,
                settings,
            )

"""The steps of the experiment on heavy tails at each size, and the data that they need."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from limes.data import Dataset
from limes.papers.claim import Size
from limes.papers.heavy_tails import networks, noise, regression, synthetic
from limes.papers.heavy_tails.networks import Task
from limes.papers.heavy_tails.reading import chain_name, network_name
from limes.papers.heavy_tails.regression_claims import DIVERGED, SAME
from limes.papers.heavy_tails.regression_claims import TABLE as CHAINS
from limes.papers.heavy_tails.synthetic_claims import TABLE as STABLE
from limes.papers.paper import Found, Part, Plan, Request, Step, plain
from limes.papers.sources import content_hash, dataset
from limes.papers.steps import lone

DIMENSION = 10
"""Of linear regression."""
_SETTINGS = list(dict.fromkeys((*CHAINS, DIVERGED, *SAME)))
_RATES = tuple(round(0.05 * k, 2) for k in range(2, 41))
_NEAR = (0.58, 0.6, 0.61, 0.62, 0.63, 0.64, 0.66)
"""Rates around the one of infinite variance."""


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        seeds: of everything.
        entries: of the stable samples of the table.
        curve: arrays of the synthetic figure, and their side.
        chains: number and steps.
        draws: batches of Monte Carlo.
        digits: what is trained on digits, and at which (learning rate, batch size).
        mnist: the same on MNIST; no settings to leave it out.
        noise: indices and widths, rate, scale and steps of training with noise.
    """

    seeds: int
    entries: int
    curve: tuple[int, int]
    chains: tuple[int, int]
    draws: int
    digits: tuple[Task, tuple[tuple[float, int], ...]]
    mnist: tuple[Task, tuple[tuple[float, int], ...]]
    noise: tuple[tuple[float, ...], tuple[int, ...], float, float, int]


SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        seeds=5,
        entries=50_000,
        curve=(8, 250),
        chains=(1000, 150),
        draws=50_000,
        digits=(Task("digits", None, None, 256, 21, 90, 5e-3), ((0.02, 5), (0.1, 5))),
        mnist=(Task("mnist", 1000, 1000, 128, 0, 0, 5e-4), ()),
        noise=((1.6, 2.0), (64, 512), 0.1, 0.1, 200),
    ),
    "full": Sizes(
        seeds=5,
        entries=200_000,
        curve=(50, 500),
        chains=(4000, 250),
        draws=400_000,
        digits=(Task("digits", None, None, 256, 21, 400, 5e-4), ((0.02, 5), (0.05, 5), (0.1, 5), (0.2, 5))),
        mnist=(Task("mnist", 1000, 1000, 128, 0, 200, 5e-4), ((0.05, 5), (0.1, 5), (0.2, 5), (0.1, 10), (0.2, 10))),
        noise=((1.6, 1.8, 2.0), (64, 256, 1024), 0.1, 0.1, 400),
    ),
}


def plan(request: Request) -> Plan:
    """All steps at a size; those on MNIST need its files."""
    sizes, notes = SIZES[request.size], []
    digits = dataset("digits", request, notes)
    mnist = dataset("mnist", request, notes) if sizes.mnist[1] else None
    assert digits is not None
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds, "digits": content_hash(digits)}
    settings["mnist"] = None if mnist is None else content_hash(mnist)
    steps = [*_random(request, sizes), *_noise(request, sizes, digits)]
    for data, (task, some) in ((digits, sizes.digits), (mnist, sizes.mnist)):
        if data is not None:
            steps += _networks(request, sizes, task, some, data)
    return Plan(settings, steps, tuple(notes), 600_000_000)


def _random(request: Request, sizes: Sizes) -> Iterator[Step]:
    about: dict[str, Any] = {"settings": _SETTINGS, "dimension": DIMENSION, "rates": _RATES, "batches": (5, 10, 20)}
    yield lone("theory", 0, partial(regression.theory, **about), 1.0, about)
    for seed in request.seed_range(sizes.seeds):
        about = {"alphas": tuple(STABLE), "n": sizes.entries}
        yield lone("table", seed, partial(synthetic.table, seed, **about), 1.2e-5 * sizes.entries, about)
        draws, side = sizes.curve
        about = {"draws": draws, "side": side, "low": 1.75, "high": 2.0}
        yield lone("curve", seed, partial(synthetic.curve, seed, **about), 1.5e-6 * draws * side**2, about)
        about = {"settings": SAME, "dimension": DIMENSION, "draws": sizes.draws}
        yield lone("drawn", seed, partial(regression.drawn, seed, **about), 6e-6 * sizes.draws, about)
        about = {"batch_size": 5, "dimension": DIMENSION, "rates": _NEAR, "draws": sizes.draws}
        yield lone("threshold", seed, partial(regression.threshold, seed, **about), 1e-5 * sizes.draws, about)
        n_chains, steps = sizes.chains
        for rate, b in _SETTINGS:
            about = {"learning_rate": rate, "batch_size": b, "dimension": DIMENSION, "n_chains": n_chains}
            about |= {"steps": steps}
            yield lone(
                chain_name(rate, b), seed, partial(regression.chains, seed, **about), 2e-7 * n_chains * steps * b, about
            )


def _noise(request: Request, sizes: Sizes, digits: Dataset) -> Iterator[Step]:
    alphas, widths, rate, scale, steps = sizes.noise
    rows = networks.rows_of(sizes.digits[0], digits)
    for alpha in alphas:
        about = {"seeds": [*request.seed_range(sizes.seeds)], "alpha": alpha, "widths": widths, "rate": rate}
        about |= {"scale": scale, "steps": steps}
        name = f"noise-{alpha:g}".replace(".", "p")
        yield lone(name, 0, partial(noise.noisy, rows=rows, **about), 3.0 + 1.5e-5 * sum(widths) * steps, about)


def _networks(
    request: Request, sizes: Sizes, task: Task, some: tuple[tuple[float, int], ...], data: Dataset
) -> Iterator[Step]:
    seeds = [*request.seed_range(sizes.seeds)]
    for rate, b in some:
        settings = {"task": asdict(task), "learning_rate": rate, "batch_size": b, "seeds": seeds}
        name = network_name(task.name, rate, b)

        def compute(found: Found, progress: Any, rate: float = rate, b: int = b) -> dict[str, Any]:
            return networks.trained(task, data, rate, b, seeds, progress)

        yield Step(name, 0, compute, 8.0 + task.loss**-0.5 / rate / 50, Part(name, plain(settings)), small=True)

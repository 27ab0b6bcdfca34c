"""The steps of the experiment on stability at each size."""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from limes.papers.claim import Size
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.stability_at import curvature
from limes.papers.stability_at.problems import digits, sphere
from limes.papers.stability_at.runs import against, measured
from limes.papers.steps import seeded
from limes.robust import Descent, RobustLoss, weak_convexity

N, EPS, WIDTH, RATE = 60, 0.2, 400, 2.0
"""Of the recorded table: rows, l2 radius, hidden units, rate."""
MUS = (1.0, 4.0)
INSIDE = 0.99
"""How much of the longest time eta T that the width condition allows is used."""
DIGITS = {"l2": RobustLoss(0.05), "linf": RobustLoss(0.01, "linf")}
"""Radii for digits whose longest has length 1; .01 in each of 64 pixels is .08 in l2."""


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        seeds, swaps: of the twins.
        times: numbers of steps T, rising; the last is the end of the table.
        widths: inside of the width condition, with a rate for each T.
        wide: networks inside of it at the table's rate: width, T, seeds, exchanges.
        curved: widths of claim 1, and examples along which steps are tried.
        rows: numbers of examples n, and T.
        inner: steps of the inner problem.
        tested: rows to test on.
        digits: rows, steps and exchanges.
    """

    seeds: int
    swaps: int
    times: tuple[int, ...]
    widths: tuple[int, ...]
    wide: tuple[tuple[int, int, int, int], ...]
    curved: tuple[tuple[int, ...], int]
    rows: tuple[tuple[int, ...], int]
    inner: int
    tested: int
    digits: tuple[int, int, int]


SIZES: dict[Size, Sizes] = {
    "smoke": Sizes(
        seeds=2,
        swaps=2,
        times=(25, 100),
        widths=(100, 400),
        wide=(),
        curved=((25, 100), 4),
        rows=((30, 60, 120), 50),
        inner=3,
        tested=500,
        digits=(40, 100, 2),
    ),
    "full": Sizes(
        seeds=5,
        swaps=5,
        times=(25, 100, 400),
        widths=(100, 400, 1600),
        wide=((5184, 100, 5, 5), (20736, 200, 3, 1)),
        curved=((25, 100, 400), 20),
        rows=((30, 60, 120, 240), 100),
        inner=4,
        tested=2000,
        digits=(80, 200, 2),
    ),
}


def plan(request: Request) -> Plan:
    """All steps at a size. No data files are needed."""
    sizes = SIZES[request.size]
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds}
    return Plan(settings, [*_steps(request, sizes)], (), 600_000_000)


def _steps(request: Request, sizes: Sizes) -> Iterator[Step]:
    seeds = request.seed_range(sizes.seeds)

    def each(quantity: str, seeds: range, measure: Callable[[int], dict[str, Any]], seconds: float) -> Iterator[Step]:
        return seeded(quantity, seeds, measure, math.ceil(seconds), asdict(sizes))

    run = 1.2e-6 * (sizes.swaps + 1)  # seconds a hidden unit, step and attacked gradient, of 60 rows
    units, inner, last = sum(sizes.widths), 3 + 2 * sizes.inner, sizes.times[-1]
    yield from each("curvature", seeds, lambda s: curvature.measured(s, *sizes.curved), 4.0)
    yield from each("inside", seeds, lambda s: inside(s, sizes), run * units * sum(sizes.times))
    yield from each("table", seeds, lambda s: compared(s, sizes, RATE, last), run * WIDTH * last * inner)
    slow = rate_inside(WIDTH, 100)
    yield from each("slow", seeds, lambda s: compared(s, sizes, slow, 100), run * WIDTH * 100 * inner)
    for width, steps, count, swaps in sizes.wide:
        cost = 1.2e-6 * (swaps + 1) * width * steps
        some = request.seed_range(count)
        yield from each(f"wide-{width}", some, lambda s, a=(width, steps, swaps): wide(s, sizes, *a), cost)
    shares = 2 * sum(sizes.rows[0]) / N
    yield from each("rows", seeds, lambda s: by_rows(s, sizes), run * WIDTH * sizes.rows[1] * shares)
    n, steps, swaps = sizes.digits
    for norm in DIGITS:
        cost = 1.8e-6 * n / N * (swaps + 1) * WIDTH * steps * (2 + sizes.inner)
        yield from each(f"digits-{norm}", seeds, lambda s, norm=norm: on_digits(s, sizes, norm), cost)


def marks_to(steps: int) -> tuple[int, ...]:
    """0, then numbers of steps that double, among them 25, 100 and 400; the last is `steps`."""
    return (0, *(t for t in (3, 6, 12, 25, 50, 100, 200) if t < steps), steps)


def rate_inside(width: int, steps: int) -> float:
    """The rate at which `steps` steps come to `INSIDE` of the time that the width condition allows.

    Fresh examples have length 1 as all others, so that the reach of the attack is 1 + eps.
    """
    return INSIDE / (weak_convexity(width, 1 + EPS) * steps)


def inside(seed: int, sizes: Sizes) -> dict[str, Any]:
    """Plain descent by width and T, each at its own rate, so that eta T is as long as the width condition allows."""
    problem = sphere(seed, N, sizes.swaps, sizes.tested)
    return {
        "widths": list(sizes.widths),
        "times": list(sizes.times),
        "runs": [
            [
                measured(problem, RobustLoss(EPS), Descent(rate_inside(m, t)), m, t, marks_to(t), seed)
                for t in sizes.times
            ]
            for m in sizes.widths
        ],
    }


def compared(seed: int, sizes: Sizes, rate: float, steps: int) -> dict[str, Any]:
    """Plain descent and both envelopes on the same twins: "runs" by mu, "0" being the loss itself, and "against"."""
    problem, loss, marks = sphere(seed, N, sizes.swaps, sizes.tested), RobustLoss(EPS), marks_to(steps)
    plain = Descent(rate)
    methods = {"0": plain} | {f"{mu:g}": Descent(rate, mu, sizes.inner) for mu in MUS}
    runs = {name: measured(problem, loss, d, WIDTH, steps, marks, seed) for name, d in methods.items()}
    return {
        "rate": rate,
        "runs": runs,
        "against": {
            name: against(problem, loss, plain, WIDTH, seed, runs["0"], run)
            for name, run in runs.items()
            if name != "0"
        },
    }


def wide(seed: int, sizes: Sizes, width: int, steps: int, swaps: int) -> dict[str, Any]:
    """Plain descent at the table's rate, by a network as wide as the condition asks for."""
    problem = sphere(seed, N, swaps, sizes.tested)
    return measured(problem, RobustLoss(EPS), Descent(RATE), width, steps, (0, steps), seed)


def by_rows(seed: int, sizes: Sizes) -> dict[str, Any]:
    """Distance by the number of examples, at the table's rate and at one inside of the width condition."""
    counts, steps = sizes.rows
    found: dict[str, Any] = {"n": list(counts)}
    for name, rate in (("table", RATE), ("inside", rate_inside(WIDTH, steps))):
        runs = [
            measured(sphere(seed, n, sizes.swaps, 2), RobustLoss(EPS), Descent(rate), WIDTH, steps, (0, steps), seed)
            for n in counts
        ]
        found[name] = [run["distance"][-1] for run in runs]
        found[f"{name} linear"] = [run["linear"][-1] for run in runs]
        found[f"{name} ratio"] = max(run["ratio"] for run in runs)
    return found


def on_digits(seed: int, sizes: Sizes, norm: str) -> dict[str, Any]:
    """Digits: plain descent inside of the width condition, and long runs of it and of the envelope with mu = 4."""
    n, steps, swaps = sizes.digits
    problem, loss = digits(seed, n, swaps), DIGITS[norm]
    weak = weak_convexity(WIDTH, 1.0 + loss.eps * (8.0 if norm == "linf" else 1.0))
    short = Descent(INSIDE / (weak * 100))
    plain, smoothed = Descent(RATE), Descent(RATE, MUS[-1], sizes.inner)
    marks = marks_to(steps)
    run, other = (measured(problem, loss, d, WIDTH, steps, marks, seed) for d in (plain, smoothed))
    return {
        "inside": measured(problem, loss, short, WIDTH, 100, marks_to(100), seed),
        "runs": {"0": run, f"{MUS[-1]:g}": other},
        "against": {f"{MUS[-1]:g}": against(problem, loss, plain, WIDTH, seed, run, other)},
    }

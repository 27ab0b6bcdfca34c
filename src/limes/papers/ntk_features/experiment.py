"""The steps of the experiment on NTK features at each size, and the data that they need."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from typing import Any

from limes.data import Dataset, data_hash, load
from limes.papers.claim import Size
from limes.papers.ntk_features import derivatives, filters, transfer, worth
from limes.papers.ntk_features.finite_steps import finite_steps
from limes.papers.ntk_features.finite_steps import settings as finite_settings
from limes.papers.ntk_features.problems import Problem, draw
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.sources import dataset
from limes.papers.steps import seeded

DIGITS: dict[Size, Problem] = {
    "smoke": Problem("digits", (3, 8), 240, 117, "0.1", 5, ("fc", "conv"), 240, "float64"),
    "full": Problem("digits", (3, 8), 240, 117, "0.1", 5, ("fc", "conv", "myrtle"), 240, "float64"),
}
CIFAR: dict[Size, Problem] = {
    "smoke": Problem("cifar10", (0, 1), 400, 200, "8/255", 2, ("fc",), 40, "float32"),
    "full": Problem("cifar10", (0, 1), 2000, 1000, "8/255", 3, ("fc",), 40, "float32"),
}
WIDTHS: dict[tuple[str, Size], tuple[int, ...]] = {
    ("digits", "smoke"): (128, 1024),
    ("digits", "full"): (128, 1024, 8192),
    ("cifar10", "smoke"): (128, 1024),
    ("cifar10", "full"): (128, 1024),
}
STEPS: dict[Size, int] = {"smoke": 150, "full": 300}
_THEORY_SEEDS: dict[Size, int] = {"smoke": 3, "full": 5}
_SECONDS = {
    ("digits", "fc"): 3.0,
    ("digits", "conv"): 8.0,
    ("digits", "myrtle"): 30.0,
    ("cifar10", "fc"): 100.0,
}
_GIVE = "need its files, which were not given: pass --data DIR, or set $LIMES_DATA"
_MISSING = {
    "cifar10": f"claim 3 and the figures of claims 4 to 7 on CIFAR-10 {_GIVE}",
    "mnist": f"the figures of claims 7 and 8 on MNIST {_GIVE}",
}


def plan(request: Request) -> Plan:
    """All steps at a size; those on CIFAR-10 and MNIST where their files are.

    Raises:
        FormatError: for a data folder that was named and has no CIFAR-10, or damaged files.
    """
    size = request.size
    notes: list[str] = []
    cifar = dataset("cifar10", request, notes, _MISSING["cifar10"])
    sources: dict[str, Callable[[], Dataset]] = {"digits": _digits}
    if cifar is not None:
        sources["cifar10"] = lambda: cifar
    if size == "full":
        mnist = dataset("mnist", request, notes, _MISSING["mnist"], optional=True)  # most of the claims do without
        if mnist is not None:
            sources["mnist"] = lambda: mnist
    theory = request.seed_range(_THEORY_SEEDS[size])
    problems = [DIGITS[size], *([] if cifar is None else [CIFAR[size]])]
    settings: dict[str, Any] = {"seeds": request.seeds, "steps": STEPS[size]}
    settings["problems"] = {p.name: plain(asdict(p)) for p in problems}
    settings["widths"] = {p.name: list(WIDTHS[p.name, size]) for p in problems}
    if cifar is not None:
        settings["cifar10"] = data_hash(cifar.x, cifar.y, cifar.x_test, cifar.y_test)
    steps = [*seeded("derivatives", theory, derivatives.errors, 3.0, {})]
    steps += seeded("one-eigh", theory, lambda seed: _filters(DIGITS[size], seed), 2.0, {})
    for problem in problems:
        source = _digits if problem.name == "digits" else lambda: _given(cifar)
        known = {"problem": settings["problems"][problem.name], "cifar10": settings.get("cifar10")}
        steps += _on(problem, source, request, known)
    settings["finite"] = finite_settings(size, sources)
    steps += finite_steps(request, sources)
    n = max(problem.n_train for problem in problems)
    standing = 2 * sum(source().x.nbytes for name, source in sources.items() if name != "digits")
    return Plan(settings, steps, tuple(notes), standing + 60 * n**2 + 900_000_000)


def _on(problem: Problem, source: Callable[[], Dataset], request: Request, known: dict[str, Any]) -> Iterator[Step]:
    """What is measured on one data set."""
    size, large = request.size, problem.n_train > 1000
    for name in problem.nets:
        few = problem.few(name)
        seeds = request.seed_range(few.seeds)
        cost = _SECONDS[problem.name, name] * (1.0 if large or problem.name == "digits" else 0.1)

        def compute(seed: int, few: Problem = few, name: str = name) -> dict[str, Any]:
            rows = draw(few, source(), seed)
            return worth.measure(few.net(name), rows, few.eps, few.ranks, name != "fc")

        yield from seeded(f"{problem.name}-{name}", seeds, compute, cost, known, small=not large)
    widths, n_steps = WIDTHS[problem.name, size], STEPS[size]

    def trained(seed: int) -> dict[str, Any]:
        return transfer.measure(problem.net("fc"), draw(problem, source(), seed), problem.eps, widths, n_steps, seed)

    seeds = request.seed_range(3 if size == "full" else 2)
    cost = n_steps * sum(widths) * (6e-6 if problem.name == "digits" else 1e-4)
    known = known | {"widths": list(widths), "steps": n_steps}
    yield from seeded(f"{problem.name}-transfer", seeds, trained, cost + 2, known, small=False)


def _filters(problem: Problem, seed: int) -> dict[str, Any]:
    return filters.differences(problem.net("fc"), draw(problem, _digits(), seed))


@cache
def _digits() -> Dataset:
    return load("digits")


def _given(data: Dataset | None) -> Dataset:
    assert data is not None
    return data

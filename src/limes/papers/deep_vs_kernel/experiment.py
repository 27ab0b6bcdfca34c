"""The steps at each size, and the data that they need."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, astuple
from functools import partial
from typing import Any

from limes.data import Dataset
from limes.papers.deep_vs_kernel import basin, cone, motion, switch
from limes.papers.deep_vs_kernel.cases import CASES, Case
from limes.papers.deep_vs_kernel.problems import Problem, Rows, draw
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.sources import content_hash, dataset
from limes.papers.steps import seeded


def plan(request: Request) -> Plan:
    """All steps at a size; at full size, those whose files are there.

    Raises:
        FormatError: for a data folder that was named and lacks MNIST or CIFAR-10, or holds damaged files.
    """
    case = CASES[request.size]
    sources: dict[str, Dataset] = {}
    notes: list[str] = []
    for name in {case.mlp.name: None, case.cnn.name: None}:
        found = dataset(name, request, notes)
        if found is not None:
            sources[name] = found
    settings: dict[str, Any] = {"seeds": request.seeds, "case": plain(asdict(case))}
    hashes = {name: content_hash(data) for name, data in sources.items()}
    steps: list[Step] = []
    for quantity, problem, measure in _quantities(case):
        if problem.name in sources:
            decides = {"problem": list(astuple(problem)), "data": hashes[problem.name], "case": settings["case"]}
            seeds, on_rows = request.seed_range(problem.seeds), partial(_drawn, measure, problem, sources[problem.name])
            steps += seeded(quantity, seeds, on_rows, case.seconds[quantity], decides, request.size == "smoke")
    standing = 2 * sum(data.x.nbytes for data in sources.values())
    kernels = 24 * (10 * case.mlp.n_probe) ** 2 * round(case.mlp.epochs / motion.DT + 4)
    return Plan(settings, steps, tuple(notes), standing + kernels + 900_000_000)


Measure = Callable[[Rows, int], dict[str, Any]]


def _quantities(case: Case) -> Iterator[tuple[str, Problem, Measure]]:
    mlp, cnn = case.mlp, case.cnn
    yield "soundness", mlp, lambda rows, seed: motion.soundness(mlp, rows, seed)
    yield "motion", mlp, lambda rows, seed: motion.motion(mlp, rows, seed)
    yield "widths", mlp, lambda rows, seed: motion.widths(mlp, rows, case.widths, case.width_epochs, seed)
    yield "rates", mlp, lambda rows, seed: motion.rates(mlp, rows, case.rates, seed)
    yield "cone", mlp, lambda rows, seed: cone.growth(mlp, rows, case.changes, case.horizon, seed)
    yield "children", cnn, lambda rows, seed: basin.children(cnn, rows, case.spawns, seed)
    yield "thresholds", cnn, lambda rows, seed: basin.thresholds(cnn, rows, case.cnn_rates, seed)
    yield "frozen", cnn, lambda rows, seed: switch.frozen(cnn, rows, case.spawns, case.small_rate, seed)


def _drawn(measure: Measure, problem: Problem, data: Dataset, seed: int) -> dict[str, Any]:
    return measure(draw(problem, data, seed), seed)

"""The steps of claims 7 to 10, which train finite networks, beside those of `experiment`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from limes.data import Dataset, data_hash
from limes.papers.claim import Size
from limes.papers.ntk_features import evolution, lazy, transfer
from limes.papers.ntk_features.evolution_cases import EVOLUTION
from limes.papers.ntk_features.problems import Problem, draw
from limes.papers.ntk_features.transfer_cases import CASES, LAZY
from limes.papers.paper import Request, Step
from limes.papers.steps import seeded

Sources = Mapping[str, Callable[[], Dataset]]
"""Data sets by name, those that are there."""


def settings(size: Size, sources: Sources) -> dict[str, Any]:
    """What decides the results, as plain values, by quantity."""
    return {quantity: known for quantity, known, _ in _known(size, sources)}


def finite_steps(request: Request, sources: Sources) -> Iterator[Step]:
    """One step for each case and seed whose data are there."""
    for quantity, known, case in _known(request.size, sources):
        seeds, small = request.seed_range(case.problem.seeds), quantity.startswith("evolution")
        yield from seeded(
            quantity, seeds, partial(_measure, request.size, quantity, sources), case.seconds, known, small
        )


def _measure(size: Size, quantity: str, sources: Sources, seed: int) -> dict[str, Any]:
    kind, _, name = quantity.partition("-")
    if kind == "transfer":
        case = CASES[size][name]
        net, rows = case.problem.net(case.net), _rows(case.problem, sources, seed)
        return transfer.measure(net, rows, case.problem.eps, case.widths, case.steps, seed)
    if kind == "evolution":
        case = EVOLUTION[size][name]
        return evolution.measure(case, _rows(case.problem, sources, seed), seed)
    case = LAZY[size][name]
    net, rows = case.problem.net("fc"), _rows(case.problem, sources, seed)
    return lazy.measure(net, rows, case.problem.eps, case.width, case.alphas, case.steps, seed)


def _rows(problem: Problem, sources: Sources, seed: int) -> Any:
    return draw(problem, sources[problem.name](), seed)


def _known(size: Size, sources: Sources) -> Iterator[tuple[str, dict[str, Any], Any]]:
    hashes: dict[str, str] = {}
    for kind, cases in (("transfer", CASES[size]), ("lazy", LAZY[size]), ("evolution", EVOLUTION[size])):
        for name, case in cases.items():
            data = case.problem.name
            if data not in sources:
                continue
            if data not in hashes:
                found = sources[data]()
                parts = (a for a in (found.x, found.y, found.x_test, found.y_test) if a is not None)
                hashes[data] = data_hash(*parts)
            plain = {k: v for k, v in asdict(case).items() if k not in ("words", "seconds")}
            yield f"{kind}-{name}", plain | {"data": hashes[data]}, case

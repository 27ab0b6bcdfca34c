"""A claim from the results of all seeds."""

from collections.abc import Callable
from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.reading import Result, over

Runs = dict[int, dict[str, Any]]
REPLICATION = "a public replication of Fort et al. 2020"


def make(
    runs: Runs,
    size: Size,
    number: str,
    statement: str,
    source: str,
    quantity: str,
    expected: Expected,
    value: Callable[[Result], float],
    **more: Any,
) -> Claim:
    """The claim whose figure `value` reads from the result of a seed."""
    return Claim(number, statement, source, quantity, expected, **over(runs, value), size=size, **more)


def mean(runs: Runs, name: str, place: int | None = None) -> float:
    """Mean over seeds of a figure, or of one of a list."""
    return float(np.mean([run[name] if place is None else run[name][place] for run in runs.values()]))


def by_place(runs: Runs, axis: str, name: str, digits: int = 3) -> str:
    """Means over seeds by place, for a note: ``at 0: 0.100, at 1: 0.050``."""
    places = next(iter(runs.values()))[axis]
    return ", ".join(f"at {t:g}: {mean(runs, name, i):.{digits}f}" for i, t in enumerate(places))

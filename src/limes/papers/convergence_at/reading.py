"""What claims and curves read of a run's results: quantities of a family, figures by seed and width, exponents."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from limes.papers.paper import Found

Result = dict[str, Any]


def family(found: Found, prefix: str) -> list[dict[int, Result]]:
    """The results by seed of each quantity whose name starts with `prefix`, in the order of the run."""
    return [by_seed for quantity, by_seed in found.items() if quantity.startswith(prefix)]


def over(results: Sequence[dict[int, Result]], figure: Callable[[list[Result]], float]) -> dict[str, Any]:
    """The `values` and `seeds` of a claim: for each seed a figure of that seed's results of all quantities."""
    seeds = tuple(results[0])
    return {"values": tuple(float(figure([r[seed] for r in results])) for seed in seeds), "seeds": seeds}


def exponent(x: Sequence[float], values: Sequence[float]) -> float:
    """Of x in the values, a least-squares line in log-log."""
    return float(np.polyfit(np.log(x), np.log(values), 1)[0])


def mean(results: dict[int, Result], figure: Callable[[Result], float]) -> float:
    """Of a figure over seeds."""
    return float(np.mean([figure(r) for r in results.values()]))

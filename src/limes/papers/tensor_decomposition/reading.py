"""What claims and curves read of a run's results."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from limes.papers.paper import Found

Result = dict[str, Any]


def family(found: Found, prefix: str) -> list[dict[int, Result]]:
    """The results by seed of each quantity whose name starts with `prefix`, in the order of the run."""
    return [by_seed for quantity, by_seed in found.items() if quantity.startswith(prefix)]


def over(by_seed: dict[int, Result], figure: Callable[[Result], float]) -> dict[str, Any]:
    """The `values` and `seeds` of a claim, of steps with one seed each."""
    return {"values": tuple(float(figure(r)) for r in by_seed.values()), "seeds": tuple(by_seed)}


def within(values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """The `values` and `seeds` of a claim, of a step that holds all seeds."""
    return {"values": tuple(float(v) for v in values), "seeds": tuple(range(len(values)))}


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Of log y in log x, by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def by_case(found: Found, prefix: str) -> list[Result]:
    """Results of steps that hold all seeds, in order of dimension and rank."""
    return sorted((by_seed[0] for by_seed in family(found, prefix)), key=lambda r: (r["d"], r["rank"]))

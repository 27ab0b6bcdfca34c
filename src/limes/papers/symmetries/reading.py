"""What claims and curves read of a run's results."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from limes.papers.paper import Found

Result = dict[str, Any]


def over(by_seed: dict[int, Result], figure: Callable[[Result], float]) -> dict[str, Any]:
    """The `values` and `seeds` of a claim, of steps with one seed each."""
    return {"values": tuple(float(figure(r)) for r in by_seed.values()), "seeds": tuple(by_seed)}


def within(values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """The `values` and `seeds` of a claim, of a step that holds all seeds."""
    return {"values": tuple(float(v) for v in values), "seeds": tuple(range(len(values)))}


def table(result: Result, name: str = "rmd") -> np.ndarray:
    """(widths, seeds)."""
    return np.array(result[name], float)


def at(result: Result, n: int, name: str = "rmd") -> np.ndarray:
    """(seeds,) with n particles."""
    return table(result, name)[result["widths"].index(n)]


def slopes(result: Result, name: str = "rmd") -> np.ndarray:
    """(seeds,): of log RMD^2 in log N, by least squares."""
    return np.polyfit(np.log(result["widths"]), np.log(table(result, name)), 1)[0]


def drifts(found: Found, case: str, scheme: str, least: int = 1, most: int = 10**9) -> np.ndarray:
    """(seeds,): the largest RMD^2 to E^G over teachers and numbers of particles in a range, of one case and scheme."""
    chosen = []
    for quantity, by_seed in found.items():
        result = by_seed.get(0, {})
        if quantity.startswith(f"{case}-") and result.get("scheme") == scheme:
            kept = [row for n, row in zip(result["widths"], result["rmd"], strict=True) if least <= n <= most]
            chosen += kept
    return np.max(np.array(chosen, float), axis=0)


def told(result: Result, name: str = "rmd") -> str:
    """Means by number of particles, in words."""
    means = table(result, name).mean(1)
    return ", ".join(f"{n}: {mean:.2g}" for n, mean in zip(result["widths"], means, strict=True))

"""What claims and curves read of a run's results: families of quantities, a figure for each seed, exponents."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from limes.papers.paper import Found

Result = dict[str, Any]
"""Of one quantity and seed."""
BySeed = Mapping[int, Result]
Values = dict[str, Any]
"""The `values` and `seeds` of a claim."""


def family(found: Found, prefix: str) -> list[dict[int, Result]]:
    """The results by seed of each quantity whose name starts with `prefix`, in the order of the run."""
    return [by_seed for quantity, by_seed in found.items() if quantity.startswith(prefix)]


def first(by_seed: BySeed) -> Result:
    """One of them, for what does not depend on the seed."""
    return next(iter(by_seed.values()))


def over(by_seed: BySeed, figure: Callable[[Result], float]) -> Values:
    """A figure of each seed's result.

    Example:
        >>> over({0: {"gap": 0.5}, 1: {"gap": 0.25}}, lambda r: r["gap"])
        {'values': (0.5, 0.25), 'seeds': (0, 1)}
    """
    return {"values": tuple(float(figure(r)) for r in by_seed.values()), "seeds": tuple(by_seed)}


def across(some: Sequence[BySeed], figure: Callable[[list[Result]], float]) -> Values:
    """A figure of each seed's results of several quantities, which have the same seeds."""
    seeds = tuple(some[0])
    return {"values": tuple(float(figure([by_seed[seed] for by_seed in some])) for seed in seeds), "seeds": seeds}


def within(values: Sequence[float] | np.ndarray) -> Values:
    """Figures of a step that holds all seeds."""
    return {"values": tuple(float(v) for v in values), "seeds": tuple(range(len(values)))}


def mean(by_seed: BySeed, figure: Callable[[Result], float]) -> float:
    """Of a figure over seeds."""
    return float(np.mean([figure(r) for r in by_seed.values()]))


def means(by_seed: BySeed, name: str) -> list[float]:
    """Over seeds, of each entry of a list of figures."""
    return np.mean([r[name] for r in by_seed.values()], axis=0).tolist()


def slope(x: ArrayLike, y: ArrayLike) -> float:
    """Exponent of x in y: of log y in log x, by least squares.

    Example:
        >>> round(slope([1, 2, 4], [1.0, 4.0, 16.0]), 6)
        2.0
    """
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])

"""What claims and curves read of a run's results."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from limes.papers.paper import Found

PAPER = "Cai et al. 2019 (arXiv 1905.10027)"
RECORDED = f"{PAPER}, which has no experiments; figures as first measured here"
Result = dict[str, Any]
BySeed = dict[int, Result]


def by_width(found: Found, prefix: str) -> list[BySeed]:
    """The results by seed of each quantity of a family, in order of the width."""
    family = [by_seed for quantity, by_seed in found.items() if quantity.startswith(prefix)]
    return sorted(family, key=lambda by_seed: first(by_seed)["width"])


def first(by_seed: BySeed) -> Result:
    """One of them, for what does not depend on the seed."""
    return next(iter(by_seed.values()))


def over(by_seed: BySeed, figure: Callable[[Result], float]) -> dict[str, Any]:
    """The `values` and `seeds` of a claim."""
    return {"values": tuple(float(figure(r)) for r in by_seed.values()), "seeds": tuple(by_seed)}


def across(family: Sequence[BySeed], figure: Callable[[list[Result]], float]) -> dict[str, Any]:
    """The same for a figure of one seed's results at all widths."""
    seeds = tuple(family[0])
    return {"values": tuple(float(figure([by_seed[s] for by_seed in family])) for s in seeds), "seeds": seeds}


def fall(values: Sequence[float]) -> float:
    """The last over the first."""
    return float(values[-1] / values[0])


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Of log y in log x, by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def told(by_seed: BySeed, figure: Callable[[Result], Sequence[float]]) -> str:
    """Means of a list of figures, for a note."""
    return ", ".join(f"{v:.3g}" for v in np.mean([figure(r) for r in by_seed.values()], axis=0))

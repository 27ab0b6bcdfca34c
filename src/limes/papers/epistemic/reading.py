"""What claims and curves read of a run's results."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from limes.papers.paper import Found
from limes.papers.reading import Result, family


def cases(found: Found, prefix: str, **asked: Any) -> list[Result]:
    """Results of steps that hold all seeds, whose quantity starts with `prefix`, with some settings; in order of n."""
    results = [by_seed[0] for by_seed in family(found, prefix)]
    chosen = [r for r in results if all(r[name] == value for name, value in asked.items())]
    return sorted(chosen, key=lambda r: (r.get("inputs", 0), r["n"]))


def mixed(entry: Result) -> str:
    """A certificate in words."""
    words = "certified" if entry["certified"] else "not certified"
    return f"{words}: R-hat {entry['rhat']:.3f}, {entry['ess']:.0f} effective draws"


def slope_near_0(histogram: list[float], low: float, high: float) -> float:
    """e of a density c^e between `low` and `high` by maximum likelihood, of a histogram of c or 1 - c over (0, 1).

    From the whole bins in between, both ends folded together; c to the power e alone, so that it is a local slope.
    """
    edges = np.linspace(0, 1, len(histogram) + 1)
    folded = np.add(histogram, histogram[::-1])
    inside = (edges[:-1] >= low - 1e-9) & (edges[1:] <= high + 1e-9)
    begin, end, counts = edges[:-1][inside], edges[1:][inside], folded[inside]

    def negative(e: float) -> float:
        # relative to the first edge, so that no power is large; e = -1 itself is the logarithm
        a, b = begin / begin[0], end / begin[0]
        masses = np.log(b / a) if abs(e + 1) < 1e-9 else (b ** (e + 1) - a ** (e + 1)) / (e + 1)
        return float(-(counts @ np.log(masses / masses.sum())))

    found: Any = minimize_scalar(negative, bounds=(-6, 12), method="bounded")
    return float(found.x)

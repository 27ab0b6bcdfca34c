"""What claims and curves read of a run's results."""

import numpy as np

from limes.papers.paper import Found
from limes.papers.reading import Result, family


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
    for result in _of(found, case, scheme):
        chosen += [row for n, row in zip(result["widths"], result["rmd"], strict=True) if least <= n <= most]
    return np.max(np.array(chosen, float), axis=0)


def largest(found: Found, case: str, scheme: str, which: str = "all N") -> str:
    """What `drifts` measures, in words: the teachers are those that were run."""
    names = [result["teacher"] for result in _of(found, case, scheme)]
    return f"RMD^2 to E^G, the largest over {which}; teacher{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _of(found: Found, case: str, scheme: str) -> list[Result]:
    results = [by_seed.get(0, {}) for by_seed in family(found, f"{case}-")]
    return [result for result in results if result.get("scheme") == scheme]


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """(seeds,): pseudo-values of the jackknife over seeds for the mean of `above` over that of `below`.

    Both hold distances between the cloud of seed i and that of i + 1, in a ring. Without one seed two of them are gone,
    so that the error counts that neighbours share a cloud, and that the mean of `below` has an error as well.
    """
    n = len(above)
    whole = above.mean() / below.mean()
    left = np.array([np.roll(above, -k)[: n - 2].sum() / np.roll(below, -k)[: n - 2].sum() for k in range(1, n + 1)])
    return n * whole - (n - 1) * left


def window(values: np.ndarray, low: float, high: float) -> str:
    """How a mean stands to the window of a recorded figure, and how far seeds are apart, in words."""
    mean = float(np.mean(values))
    inside = "inside" if low <= mean <= high else "outside"
    return (
        f"The verdict widens the window, {low:.3g} to {high:.3g}, by two standard errors; the mean, {mean:.3g}, lies "
        f"{inside} of the window itself. Median over seeds {np.median(values):.2g}, largest over smallest "
        f"{np.max(values) / np.min(values):.2g}."
    )


def told(result: Result, name: str = "rmd") -> str:
    """Means by number of particles, in words."""
    means = table(result, name).mean(1)
    return ", ".join(f"{n}: {mean:.2g}" for n, mean in zip(result["widths"], means, strict=True))

"""Claim 1: indices and prunable shares of stable arrays, with independent entries and with common scales."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond.tails import elliptical_stable, heaviness_index, prunable_ratio, symmetric_stable

CASES = ("independent", "columns", "layer")
"""Independent entries; a random scale for each column; one for the whole array."""


def table(seed: int, alphas: Sequence[float], n: int) -> dict[str, Any]:
    """Index and prunable share at 10 % error of n independent draws, by index."""
    found: dict[str, Any] = {"alphas": list(alphas), "n": n, "index": [], "prunable": []}
    for i, alpha in enumerate(alphas):
        x = symmetric_stable(alpha, n, (seed, 1, i))
        found["index"].append(heaviness_index(x, key=seed).value)
        found["prunable"].append(prunable_ratio(x))
    return found


def curve(seed: int, draws: int, side: int, low: float, high: float) -> dict[str, Any]:
    """Arrays of side x side entries with indices drawn uniformly between two ends.

    Returns:
        `alphas` (draws,), and by case `index` and `prunable` (draws,): of the entries where they are independent or
        share one scale, and of the columns as vectors where these have scales of their own.
    """
    rng = np.random.default_rng((seed, 2))
    alphas = np.sort(rng.uniform(low, high, draws))
    found: dict[str, Any] = {"alphas": alphas.tolist(), "side": side}
    for case in CASES:
        made = [_array(case, alpha, side, rng) for alpha in alphas]
        indices = [heaviness_index(a if case == "columns" else a.ravel(), permutations=1, key=seed) for a in made]
        found[case] = {"index": [i.value for i in indices], "prunable": [prunable_ratio(a) for a in made]}
    return found


def _array(case: str, alpha: float, side: int, rng: np.random.Generator) -> np.ndarray:
    """(side, side), a row for each of what shares a scale."""
    if case == "independent":
        return symmetric_stable(alpha, (side, side), rng)
    return elliptical_stable(alpha, side, side, rng, common=case == "layer")

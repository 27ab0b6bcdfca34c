"""Claims 4, 7 and 10: when the basin is decided."""

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from limes.papers.claim import Claim, Expected, Size
from limes.papers.deep_vs_kernel.making import REPLICATION, Runs, by_place, make, mean
from limes.papers.paper import Found

_SOURCE = "Fort et al. 2020, section 2 (parent-child spawning)"
_BARRIER = "largest training error on the line between two children above the mean of their own"
MEASURES = ("velocity", "barrier", "pattern", "function", "weights")


def basin_claims(found: Found, size: Size) -> list[Claim]:
    """Those whose quantities were measured."""
    made: list[Claim] = []
    if runs := found.get("children"):
        made += _barriers(runs, size)
        made += _correlated(runs, size)
    if runs := found.get("thresholds"):
        made += _thresholds(runs, size)
    return made


def _barriers(runs: Runs, size: Size) -> list[Claim]:
    last = next(iter(runs.values()))["times"][-1]
    told = f"By epoch of the spawn, training error: {by_place(runs, 'times', 'barrier')}; test error: "
    told += f"{by_place(runs, 'times', 'barrier_test')}. {_gone(runs)}"
    return [
        make(
            runs,
            size,
            "4a",
            "Children that part at the start end in different basins",
            _SOURCE,
            _BARRIER,
            Expected.at_least(0.05, refuted_below=0.01),
            lambda r: r["barrier"][0],
            note=told,
        ),
        make(
            runs,
            size,
            "4b",
            "Children that part after a few epochs end in one basin",
            _SOURCE,
            f"{_BARRIER}: spawned at epoch {last:g} over spawned at the start",
            Expected.at_most(0.2, refuted_above=0.8),
            lambda r: r["barrier"][-1] / max(r["barrier"][0], 1e-3),
            headline=True,
            note="Of the paper: 2 to 3 epochs of 390 steps. Epochs here are shorter, see the settings.",
        ),
    ]


def _gone(runs: Runs) -> str:
    """When the barrier is first within two standard errors of 0."""
    heights = np.array([run["barrier"] for run in runs.values()])
    if len(heights) < 2:
        return "One seed was run, so that no standard error is known."
    errors = heights.std(axis=0, ddof=1) / np.sqrt(len(heights))
    times = next(iter(runs.values()))["times"]
    gone = [t for t, m, e in zip(times, heights.mean(axis=0), errors, strict=True) if m <= 2 * e]
    return (
        f"First within two standard errors of 0 at epoch {gone[0]:g}." if gone else "Above two standard errors always."
    )


def pair_correlations(run: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Rank correlation over the moments of spawning of each two measures."""
    found = {}
    for i, a in enumerate(MEASURES):
        for b in MEASURES[i + 1 :]:
            first, second = np.asarray(run[a]), np.asarray(run[b])
            constant = np.ptp(first) == 0 or np.ptp(second) == 0
            correlated: Any = None if constant else spearmanr(first, second)
            found[a, b] = 0.0 if correlated is None else float(correlated.statistic)
    return found


def _correlated(runs: Runs, size: Size) -> list[Claim]:
    each = [pair_correlations(run) for run in runs.values()]
    means = {pair: float(np.mean([one[pair] for one in each])) for pair in each[0]}
    worst = min(means, key=lambda pair: means[pair])
    told = ", ".join(f"{a} and {b} {value:.2f}" for (a, b), value in means.items())
    return [
        make(
            runs,
            size,
            "7",
            "Velocity of the kernel, barrier, activation patterns, functions and weights tell the same story",
            "Fort et al. 2020, figure 1 (joint measures)",
            f"rank correlation over moments of spawning of the pair that agrees least, {worst[0]} and {worst[1]}",
            Expected.at_least(0.0),
            lambda r: pair_correlations(r)[worst],
            note=f"Means over seeds: {told}. Barrier, patterns (Hamming distance), functions and weights: between the "
            "children; velocity: of the parent's kernel at the moment of spawning.",
        ),
    ]


def _thresholds(runs: Runs, size: Size) -> list[Claim]:
    rates = next(iter(runs.values()))["rates"]
    low = max(i for i, rate in enumerate(rates) if rate <= 0.02)
    told = f"Barriers by rate: {by_place(runs, 'rates', 'barrier')}; training errors of the children: "
    told += f"{by_place(runs, 'rates', 'error')}. In {REPLICATION}: below .003 up to rate .03, .26 at .1."
    high = max(range(len(rates)), key=lambda i: mean(runs, "barrier", i))
    return [
        make(
            runs,
            size,
            "10a",
            "Below a threshold of the learning rate there is no barrier, even from the start",
            f"{REPLICATION}: trap 6",
            f"{_BARRIER}, both from the start, at rate {rates[low]:g}",
            Expected.at_most(0.01, refuted_above=0.05),
            lambda r: r["barrier"][low],
            note=told,
        ),
        make(
            runs,
            size,
            "10b",
            "Above the threshold there is one",
            f"{REPLICATION}: trap 6",
            f"{_BARRIER}, both from the start, at rate {rates[high]:g} minus at rate {rates[low]:g}",
            Expected.at_least(0.02, refuted_below=0.0),
            lambda r: r["barrier"][high] - r["barrier"][low],
        ),
    ]

"""Claims 5, 6 and 9: what the kernel of a later moment learns, and what the controls say to it."""

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from limes.papers.claim import Claim, Expected, Size
from limes.papers.deep_vs_kernel.making import REPLICATION, Runs, by_place, make, mean
from limes.papers.paper import Found

_SOURCE = "Fort et al. 2020, section 4 (data-dependent kernel)"
_ERROR = "test error, stops chosen on validation rows"


def switch_claims(found: Found, size: Size) -> list[Claim]:
    """Those whose quantities were measured."""
    if not (runs := found.get("frozen")):
        return []
    made = [*_better(runs, size), *_controls(runs, size)]
    if children := found.get("children"):
        both = {seed: runs[seed] | {"barrier": children[seed]["barrier"]} for seed in runs if seed in children}
        made += _advantage(both, size) if both else []
    return made


def _better(runs: Runs, size: Size) -> list[Claim]:
    times = next(iter(runs.values()))["times"]
    place = max(i for i, t in enumerate(times) if t <= 4)
    told = "; ".join(
        f"{words}: {by_place(runs, 'times', name)}"
        for name, words in (
            *(("net", "network at that epoch"), ("linear", "linearised"), ("nonlinear", "network at the small rate")),
            *(("probe", "linear probe"), ("linear_test", "linearised, stopped on the test rows as published")),
        )
    )
    factor = mean(runs, "linear", 0) / mean(runs, "linear", place)
    return [
        make(
            runs,
            size,
            "5",
            "The kernel of a network that has trained for a few epochs learns better than that of the start",
            _SOURCE,
            f"{_ERROR}: linearised at the start minus linearised at epoch {times[place]:g}",
            Expected.at_least(0.02, refuted_below=0.0),
            lambda r: r["linear"][0] - r["linear"][place],
            headline=True,
            note=f"A factor of {factor:.2f}; 3 in the paper, 2.5 in {REPLICATION}, at full data. Test errors by epoch "
            f"of the switch: {told}; parent at the end {mean(runs, 'parent'):.3f}.",
        ),
    ]


def _advantage(runs: Runs, size: Size) -> list[Claim]:
    def agreement(run: dict[str, Any]) -> float:
        gap = np.subtract(run["linear"], run["nonlinear"])
        if np.ptp(gap) == 0 or np.ptp(run["barrier"]) == 0:
            return 0.0
        found: Any = spearmanr(gap, run["barrier"])
        return float(found.statistic)

    return [
        make(
            runs,
            size,
            "6",
            "The advantage of training all of the network disappears with the barrier",
            "Fort et al. 2020, figure 9",
            "rank correlation over epochs of the switch between the barrier and the test "
            "error of the linearised network minus that of the network at the same small rate",
            Expected.at_least(0.7, refuted_below=0.3),
            agreement,
        ),
    ]


def _controls(runs: Runs, size: Size) -> list[Claim]:
    times = next(iter(runs.values()))["times"]
    later = [i for i, t in enumerate(times) if t >= 1]

    def worst(run: dict[str, Any], low: str, high: str) -> float:
        return float(np.mean([run[high][i] - run[low][i] for i in later]))

    return [
        make(
            runs,
            size,
            "9a",
            "Training the network itself at the small rate is no worse than training its linearisation",
            f"{REPLICATION}: mandatory controls",
            f"{_ERROR}: linearised minus network at the same rate, mean over switches from epoch 1 on",
            Expected.at_least(0.0),
            lambda r: worst(r, "nonlinear", "linear"),
            headline=True,
        ),
        make(
            runs,
            size,
            "9b",
            "The linearisation is no worse than a linear probe of the features",
            f"{REPLICATION}: mandatory controls",
            f"{_ERROR}: linear probe minus linearised, mean over switches from epoch 1 on",
            Expected.at_least(0.0),
            lambda r: worst(r, "linear", "probe"),
        ),
        make(
            runs,
            size,
            "9c",
            "The kernel of the start is no better than a linear probe of random features",
            f"{REPLICATION}: mandatory controls",
            f"{_ERROR}: linear probe minus linearised, both at the start",
            Expected.about(0.0, 0.03),
            lambda r: r["probe"][0] - r["linear"][0],
        ),
        make(
            runs,
            size,
            "9d",
            "The small rate alone beats the parent at its large one",
            f"{REPLICATION}: trap 4",
            f"{_ERROR}: parent minus network at the small rate, the smallest difference over switches",
            Expected.at_least(0.0),
            lambda r: r["parent"] - max(r["nonlinear"]),
            note="So 'matches full training' is in part the effect of a smaller rate.",
        ),
    ]

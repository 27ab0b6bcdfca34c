"""Claim 8: the table over sets of the UCR archive.

The paper's figures could not be verified, so that none of them stands here: what is expected is limes' own, the
direction that the paper claims.
"""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import family
from limes.papers.rntk.archive import SETS
from limes.papers.rntk.limit_claims import PAPER
from limes.papers.tables.summary import lead, paired, ranks, summary

METHODS = ("rntk", "ntk", "rbf", "euclidean", "dtw")
"""Of the table."""
KERNELS = ("rntk", "ntk", "rbf")
VARIANTS = ("rntk-last", "rntk-mean_per_step", "rntk-mean_shared")
_SOURCE = f"{PAPER}, UCR table; no verified figure, the direction is what is checked"


def accuracies(found: Found, methods: tuple[str, ...], seed: int) -> tuple[list[str], np.ndarray]:
    """Names of the sets that were measured, and test accuracies (sets, methods)."""
    names = [name for name in SETS if seed in found.get(f"ucr-{name}", {})]
    rows = [[found[f"ucr-{name}"][seed]["methods"][m]["accuracy"] for m in methods] for name in names]
    return names, np.array(rows)


def seeds(found: Found) -> tuple[int, ...]:
    """Seeds of the folds; empty without the archive."""
    measured = family(found, "ucr-")
    return tuple(sorted(set.intersection(*(set(results) for results in measured)))) if measured else ()


def table_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 8a to 8h; none without the archive."""
    if not (draws := seeds(found)):
        return []
    names, _ = accuracies(found, METHODS, draws[0])
    setting = f"{len(names)} sets of the UCR archive, official split, all choices on the training part"
    small = " Three small sets show that all of it runs, and decide nothing." if size == "smoke" else ""
    common: dict[str, Any] = {"seeds": draws, "size": size}
    tables = [accuracies(found, METHODS, seed)[1] for seed in draws]
    among = [accuracies(found, KERNELS, seed)[1] for seed in draws]

    def against(
        letter: str,
        statement: str,
        first: str,
        second: str,
        expected: Expected,
        note: str = "",
        headline: bool = False,
    ) -> Claim:
        pairs = [paired(*accuracies(found, (first, second), seed)[1].T) for seed in draws]
        wins = f"Better on {pairs[0]['wins']} sets, worse on {pairs[0]['losses']}."
        return Claim(
            f"8{letter}",
            statement,
            _SOURCE,
            f"mean test accuracy of {_words(first)} minus that of {_words(second)}; {setting}; the error is that over "
            "sets",
            expected,
            tuple(pair["mean"] for pair in pairs),
            sampling_error=pairs[0]["standard_error"],
            headline=headline,
            note=f"{wins} {note}{small}".strip(),
            **common,
        )

    leads = [lead(table) for table in among]
    p90 = [summary(table)["p90"] for table in among]
    better = Expected.at_least(0.0)
    last = accuracies(found, ("rntk-last", *KERNELS[1:]), draws[0])[1]
    grids = "The grids are smaller than the paper's, and kernels are normalised."
    return [
        Claim(
            "8a",
            "With its read-out chosen on the training part, the recurrent NTK has the best mean rank among kernels",
            _SOURCE,
            f"Friedman rank of the recurrent NTK minus the best of NTK and RBF; {setting}; the error is that over sets",
            Expected.at_most(0.0),
            tuple(value for value, _ in leads),
            sampling_error=leads[0][1],
            headline=True,
            note=f"Ranks {_told(ranks(among[0]).mean(axis=0), KERNELS, 2)}; with the last step alone, the paper's "
            f"read-out, {_told(ranks(last).mean(axis=0), ('rntk-last', *KERNELS[1:]), 2)}. {grids}{small}",
            **common,
        ),
        against("b", "It is more accurate than the NTK of fully connected nets", "rntk", "ntk", better, grids),
        against("c", "It is more accurate than radial basis functions", "rntk", "rbf", better, grids),
        Claim(
            "8d",
            "It more often comes within 90 % of the best kernel",
            _SOURCE,
            f"P90 of the recurrent NTK minus the larger of those of NTK and RBF; {setting}",
            better,
            tuple(row[0] - max(row[1:]) for row in p90),
            note=f"P90 {_told(p90[0], KERNELS, 3)}. A single data set counts for {1 / len(names):.3f}.{small}",
            sampling_error=1 / len(names),
            **common,
        ),
        against("e", "It is more accurate than the nearest series by Euclidean distance", "rntk", "euclidean", better),
        against(
            "f",
            "It is more accurate than the nearest series under time warping, which the paper does not compare with",
            "rntk",
            "dtw",
            better,
            f"Ranks among all five {_told(ranks(tables[0]).mean(axis=0), METHODS, 2)}.",
        ),
        against(
            "g",
            "With the last step alone, the paper's read-out, the recurrent NTK is more accurate than the NTK",
            "rntk-last",
            "ntk",
            better,
            grids,
            headline=True,
        ),
        against(
            "h",
            "The mean over all pairs of steps is a better read-out than the last step",
            "rntk-mean_shared",
            "rntk-last",
            better,
            "Long series of large sets are averaged over windows for this read-out, whose cost is the square of time.",
        ),
    ]


def _words(method: str) -> str:
    names = {
        "rntk": "the recurrent NTK",
        "ntk": "the NTK",
        "rbf": "RBF",
        "euclidean": "1-NN",
        "dtw": "1-NN under time warping",
        "rntk-last": "the last step",
        "rntk-mean_shared": "the mean over pairs of steps",
    }
    return names[method]


def _told(values: Any, methods: tuple[str, ...], digits: int) -> str:
    return ", ".join(f"{name} {value:.{digits}f}" for name, value in zip(methods, values, strict=True))

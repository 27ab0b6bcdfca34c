"""Claim 11: a target of few directions hidden in noise, where its data were given."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import Result, family, over

_OURS = "ours: does feature learning separate from kernels on data?"


def hidden_claims(found: Found, size: Size) -> list[Claim]:
    """Claim 11."""
    by_rows = family(found, "hidden-")
    if not by_rows:
        return []
    rows = [next(iter(by_seed.values()))["n"] for by_seed in by_rows]
    last = by_rows[-1]
    case = next(iter(last.values()))
    where = f"{case['task']} images in {case['dimension']} coordinates, {rows[-1]:,} rows"
    about: dict[str, Any] = {"size": size}
    made = [
        Claim(
            f"11{letter}",
            f"Networks with annealed weight decay err less than the best kernel: {words}",
            f"{_OURS}; expected is what would be worth the name",
            f"test error over that of the best kernel ridge regression; {where}",
            Expected.at_most(0.8, refuted_above=1.0),
            **over(last, lambda r, t=target: r[t]["annealed"]["test"] / r[t]["kernel"]["test"]),
            note=_errors(by_rows, target),
            **about,
        )
        for letter, target, words in (
            ("a", "projections", "a function of three directions"),
            ("b", "parity", "odd or even digits"),
        )
    ]
    half = by_rows[-2]
    return [
        *made,
        Claim(
            "11c",
            "Half of the rows suffice: a function of three directions",
            _OURS,
            f"test error with {rows[-2]:,} rows over that of the best kernel with {rows[-1]:,}",
            Expected.at_most(1.0),
            values=tuple(
                half[s]["projections"]["annealed"]["test"] / last[s]["projections"]["kernel"]["test"] for s in last
            ),
            seeds=tuple(last),
            **about,
        ),
        Claim(
            "11d",
            "Annealed weight decay lowers the error of networks: a function of three directions",
            _OURS,
            f"test error over that without weight decay; {where}",
            Expected.at_most(1.0),
            **over(last, lambda r: r["projections"]["annealed"]["test"] / r["projections"]["none"]["test"]),
            **about,
        ),
        Claim(
            "11e",
            "Because it brings the mass to the directions that matter",
            _OURS,
            f"share of the mass along the three directions, with annealed weight decay less without; {where}",
            Expected.at_least(0.0, refuted_below=0.0),
            **over(last, lambda r: r["projections"]["annealed"]["share"] - r["projections"]["none"]["share"]),
            note=f"Shares {_mean(last, 'projections', 'annealed', 'share'):.3g} and "
            f"{_mean(last, 'projections', 'none', 'share'):.3g}; three of {case['dimension']} directions are "
            f"{3 / case['dimension']:.3g} of a random one.",
            **about,
        ),
    ]


def _mean(by_seed: dict[int, Result], target: str, learner: str, name: str) -> float:
    return float(np.mean([r[target][learner][name] for r in by_seed.values()]))


def _errors(by_rows: list[dict[int, Result]], target: str) -> str:
    named = {"kernel": "kernel", "annealed": "annealed", "none": "no decay"}
    parts = [
        f"{words} " + ", ".join(f"{_mean(by_seed, target, learner, 'test'):.3f}" for by_seed in by_rows)
        for learner, words in named.items()
    ]
    rows = ", ".join(str(next(iter(by_seed.values()))["n"]) for by_seed in by_rows)
    chosen = sorted({r[target]["kernel"]["chosen"] for r in by_rows[-1].values()})
    return (
        f"Mean test errors by rows ({rows}): {'; '.join(parts)}. Kernels chosen at the most rows: {'; '.join(chosen)}."
    )

"""Claims 1, 2, 3 and 5: the surrogate loss, the regret, weak attacks, and how far weights move."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.convergence_at.sphere import EPS
from limes.papers.convergence_at.training import AMPLE, RADIUS
from limes.papers.paper import Found
from limes.papers.reading import Result, across, family, mean, over, slope

PAPER = "Gao et al. 2019 (arXiv 1906.07916)"
_SOURCE = f"{PAPER}, theorem on convergence"
_SETTING = f"digits 0 against 1 on the unit sphere, 100 points, l2 balls of radius {EPS:g}, two layers, erf"
_OPEN = "The paper states rates without constants: tolerances are ours."


def convergence_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1, 2, 3 and 5."""
    by_width = family(found, "training-")
    widths = [next(iter(r.values()))["width"] for r in by_width]
    return [
        *_comparator(by_width, widths, size),
        *_regret(by_width, widths, size),
        *_weak(by_width[-1], widths[-1], size),
        *_movement(by_width, widths, size),
    ]


def _listed(by_width: list[dict[int, Result]], widths: list[int], key: str) -> str:
    return ", ".join(f"{mean(r, lambda s: s[key]):.3g} at {w:,}" for r, w in zip(by_width, widths, strict=True))


def _comparator(by_width: list[dict[int, Result]], widths: list[int], size: Size) -> list[Claim]:
    gap = "min_t L_A(W_t) - L_*(W^)"
    best = np.unique([r["best"] for by_seed in by_width for r in by_seed.values()]).tolist()
    return [
        Claim(
            "1a",
            "Projected adversarial training reaches the best robust network in its ball",
            _SOURCE,
            f"{gap} at width {widths[-1]:,}, W^ the best of three networks found in the ball of radius {RADIUS:g}; "
            f"PGD-10; {_SETTING}",
            Expected.at_most(0.05),
            **over(by_width[-1], lambda r: r["gap"]),
            size=size,
            headline=True,
            note=f"L_*(W^) is {mean(by_width[-1], lambda r: min(r['candidates'].values())):.3g}, by PGD-50 from two "
            f"starts; W^ was found by: {', '.join(best)}. {_OPEN}",
        ),
        Claim(
            "1b",
            "The gap to it does not grow with the width",
            _SOURCE,
            f"{gap} at width {widths[-1]:,} less that at {widths[0]}; ball of radius {RADIUS:g}; {_SETTING}",
            Expected.at_most(0.0, 0.005),
            **across([by_width[0], by_width[-1]], lambda r: r[1]["gap"] - r[0]["gap"]),
            size=size,
            note=f"Gaps: {_listed(by_width, widths, 'gap')}. At a given number of steps most of it is what descent has "
            "not done yet, which no width changes; the theorem lets the number of steps grow as well.",
        ),
        Claim(
            "1c",
            "In a ball that is large enough the surrogate loss itself comes near 0",
            _SOURCE,
            f"min_t L_A(W_t) at width {widths[-1]:,}; ball of radius {AMPLE:g}; PGD-10; {_SETTING}",
            Expected.at_most(0.05),
            **over(by_width[-1], lambda r: r["surrogates"]["PGD-10"]),
            size=size,
        ),
    ]


def _regret(by_width: list[dict[int, Result]], widths: list[int], size: Size) -> list[Claim]:
    source = f"{PAPER}, proof by online gradient descent"

    last = next(iter(by_width[-1].values()))["times"]
    return [
        Claim(
            "2a",
            "The average regret against the best robust network falls as one over the root of the number of steps, or "
            "faster",
            source,
            f"exponent of T in the average regret, T = {last[0]} to {last[-1]}, width {widths[-1]:,}; {_SETTING}",
            Expected.at_most(-0.5, refuted_above=-0.4),
            **over(by_width[-1], lambda r: slope(r["times"], np.maximum(r["regret"], 1e-9).tolist())),
            size=size,
        ),
        Claim(
            "2b",
            "Wider networks are closer to linear between the iterates and the best robust network",
            source,
            f"exponent of the width in the largest remainder, widths {widths[0]} to {widths[-1]:,}; {_SETTING}",
            Expected.at_most(-0.25, refuted_above=0.0),
            **across(by_width, lambda r: slope(widths, [s["remainder"] for s in r])),
            size=size,
            note=f"-1/2 is expected of networks with random weights. Remainders: "
            f"{_listed(by_width, widths, 'remainder')}; largest distance from the linearisation at the start: "
            f"{_listed(by_width, widths, 'curvature')}.",
        ),
        Claim(
            "2c",
            "The regret stays below the bound of its proof, the remainder included",
            source,
            "largest quotient of the average regret and the bound over all steps, widths and seeds",
            Expected.at_most(1.0),
            **across(by_width, lambda r: max(s["over"] for s in r)),
            over="largest",
            size=size,
        ),
    ]


def _weak(results: dict[int, Result], width: int, size: Size) -> list[Claim]:
    def gap(name: str) -> Any:
        return lambda r: r["robust"][name] - r["surrogates"][name]

    told = {
        name: (mean(results, lambda r, n=name: r["surrogates"][n]), mean(results, lambda r, n=name: r["robust"][n]))
        for name in next(iter(results.values()))["surrogates"]
    }
    figures = "; ".join(f"{name} {a:.3f} and {b:.3f}" for name, (a, b) in told.items())
    quantity = f"L_* (PGD-50) less min L_A, width {width:,}, ball of radius {AMPLE:g}; {_SETTING}"
    made = [
        Claim(
            "3a",
            "Training converges under every attack, weak ones too",
            _SOURCE,
            f"the largest of min_t L_A over five attacks, width {width:,}, ball of radius {AMPLE:g}; {_SETTING}",
            Expected.at_most(0.05),
            **over(results, lambda r: max(r["surrogates"].values())),
            size=size,
            note=f"L_A and L_* by attack: {figures}.",
        )
    ]
    weak = {
        "b": ("none", "no attack in training", True),
        "c": ("noise", "random points in training", False),
        "d": ("FGSM", "FGSM in training", False),
        "e": ("PGD-1", "one step from a random start in training", False),
    }
    for letter, (name, words, headline) in weak.items():
        one_step = name in ("FGSM", "PGD-1")
        made.append(
            Claim(
                f"3{letter}",
                f"A small surrogate loss is not robustness: {words}",
                _SOURCE,
                quantity,
                Expected.at_least(0.1, refuted_below=0.05),
                **over(results, gap(name)),
                size=size,
                headline=headline,
                note="In the ball the network is nearly linear, where one step in l2 is nearly the best there is: this "
                "is no weak attack here."
                if one_step
                else "",
            )
        )
    return made


def _movement(by_width: list[dict[int, Result]], widths: list[int], size: Size) -> list[Claim]:
    movement = ", ".join(
        f"{mean(r, lambda s: s['movement']['PGD-10']):.3g} at {w:,}" for r, w in zip(by_width, widths, strict=True)
    )
    return [
        Claim(
            "5a",
            "How far weights move is bounded in the width",
            f"{_SOURCE}: its ball has a radius of order 1 / sqrt(m) in its parametrisation",
            f"exponent of the width in max_t |W_t - W_0|, NTK parametrisation, where the bound is free of m; ball of "
            f"radius {AMPLE:g}, PGD-10, widths {widths[0]} to {widths[-1]:,}; {_SETTING}",
            Expected.at_most(0.0, 0.05, refuted_above=0.1),
            **across(by_width, lambda r: slope(widths, [s["movement"]["PGD-10"] for s in r])),
            size=size,
            note=f"Distances: {movement}.",
        ),
        Claim(
            "5b",
            "In the larger ball no step has to be projected",
            _SOURCE,
            f"projected steps under PGD-10, all widths, ball of radius {AMPLE:g}",
            Expected.at_most(0.0),
            **across(by_width, lambda r: max(s["ample_hits"]["PGD-10"] for s in r)),
            over="largest",
            size=size,
            note=f"In the ball of radius {RADIUS:g}: {_listed(by_width, widths, 'hits')}.",
        ),
    ]

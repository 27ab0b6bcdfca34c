"""Claims 4 and 6: widths that robustness needs."""

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.convergence_at.capacity import RATIO
from limes.papers.convergence_at.width_law import BEHIND
from limes.papers.paper import Found
from limes.papers.reading import across, family, mean

_CAPACITY = "Gao et al. 2019 (arXiv 1906.07916), as given by Kim, Moon & Yun 2025, The Cost of Robustness"
_LAW = "a consequence of Kim, Moon & Yun 2025, derived and measured once here"


def width_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 4 and 6."""
    return [*_capacity(found, size), *_law(found, size), *_trained(found, size)]


def _capacity(found: Found, size: Size) -> list[Claim]:
    results = family(found, "capacity-")
    cases = [next(iter(r.values())) for r in results]
    told = "; ".join(
        f"n = {c['n']}, d = {c['d']}: {mean(r, lambda s: s['natural']):.3g} and {mean(r, lambda s: s['robust']):.3g}"
        for c, r in zip(cases, results, strict=True)
    )
    setting = f"random unit vectors with random labels, balls of {RATIO:g} times half the smallest distance"
    return [
        Claim(
            "4a",
            "To be right in balls round all points needs wider networks than to be right at the points",
            _CAPACITY,
            f"smallest robust width over smallest natural width, the least over {len(cases)} pairs of n and d; one "
            f"hidden relu layer; {setting}",
            Expected.at_least(1.5, refuted_below=1.1),
            **across(results, lambda r: min(s["robust"] / s["natural"] for s in r)),
            size=size,
            note=f"Widths found, natural and robust, on a grid of powers of two: {told}. Training bounds them from "
            "above only, and a direction is all that is claimed.",
        ),
        Claim(
            "4b",
            "On average over all pairs it takes twice the width or more",
            _CAPACITY,
            f"smallest robust width over smallest natural width, geometric mean over all pairs; {setting}",
            Expected.at_least(2.0, refuted_below=1.0),
            **across(results, lambda r: float(np.exp(np.mean([np.log(s["robust"] / s["natural"]) for s in r])))),
            size=size,
        ),
    ]


def _law(found: Found, size: Size) -> list[Claim]:
    results = family(found, "law-")
    cases = [next(iter(r.values())) for r in results]
    dimensions = ", ".join(str(c["d"]) for c in cases)
    setting = f"points e_j against 0, d = {dimensions}, rho = {', '.join(f'{r:g}' for r in cases[0]['ratios'])}"
    tried = sum(sum(c["tried"]) for c in cases)
    halves = "; ".join(f"d = {c['d']}: {', '.join(map(str, c['half']))}" for c in cases)
    laws = "; ".join(f"d = {c['d']}: {', '.join(map(str, c['law']))}" for c in cases)
    return [
        Claim(
            "6a",
            "No first layer of width rho^2 d or less tells all balls apart",
            _LAW,
            f"first layers without two colliding points, of {tried:,}: random ones and harmonic frames; {setting}",
            Expected.at_most(0.0),
            **across(results, lambda r: sum(sum(s["missed"]) for s in r)),
            over="largest",
            size=size,
            note=f"The first layer's outputs at colliding points differ by at most "
            f"{max(c['different'] for c in cases):.1g} of its norm.",
        ),
        Claim(
            "6b",
            "The harmonic frame does so from one unit more on",
            _LAW,
            f"largest difference of the frame's smallest width to floor(rho^2 d) + 1; {setting}",
            Expected.about(0.0, 0.0),
            **across(
                results,
                lambda r: max(abs(f - w) for s in r for f, w in zip(s["frame"], s["law"], strict=True)),
            ),
            over="largest",
            size=size,
            headline=True,
            note=f"Smallest widths: {laws}. Half of all random layers are free of collisions from: {halves}.",
        ),
        Claim(
            "6c",
            "At that width there is a network that is robust on all balls",
            _LAW,
            f"smallest margin of an explicit network over all balls, by exact bounds; {setting}",
            Expected.at_least(1e-12, refuted_below=0.0),
            **across(results, lambda r: min(v for s in r for v in s["explicit"])),
            over="smallest",
            size=size,
        ),
    ]


def _trained(found: Found, size: Size) -> list[Claim]:
    results = family(found, "trained-")
    cases = [next(iter(r.values())) for r in results]
    setting = f"relu, two hidden layers, the second of {BEHIND} units; d = {cases[0]['d']}"
    below = [
        sum(n for s in by_seed.values() for w, n in zip(s["widths"], s["unbroken"], strict=True) if w < s["law"])
        for by_seed in results
    ]
    total = [sum(s["starts"] for s in by_seed.values() for w in s["widths"] if w < s["law"]) for by_seed in results]
    smallest = "; ".join(
        f"rho = {c['rho']:g}: {', '.join(str(s['smallest']) for s in r.values())} (law {c['law']})"
        for c, r in zip(cases, results, strict=True)
    )
    return [
        Claim(
            "6d",
            "No trained network with a narrower first layer is robust",
            _LAW,
            f"smallest first width with a robust network less floor(rho^2 d) + 1, the least over rho; {setting}",
            Expected.at_least(0.0),
            **across(results, lambda r: min(s["smallest"] - s["law"] for s in r)),
            over="smallest",
            size=size,
            note=f"Smallest widths by seed: {smallest}; {2 * cases[0]['d']} stands for none. Robust means that attacks "
            f"break no ball and the colliding pair neither. Attacks alone would pass {sum(below)} of {sum(total)} "
            "networks that are too narrow.",
        )
    ]

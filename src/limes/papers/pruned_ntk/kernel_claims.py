"""Claims 1 to 4: the factor, its removal, pruned inputs, and the gap at finite width."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.pruned_ntk.network import D, N
from limes.papers.pruned_ntk.reading import constants, joint, plane, power, shared_exponent, words
from limes.papers.pruned_ntk.scale import CASES
from limes.papers.reading import Result, across, family, over

PAPER = "Yang & Wang 2023 (arXiv 2203.14328), abstract"
OWN = "measured once here"
_LETTERS = "abcdefghi"


def kernel_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1 to 4."""
    return [*_factors(found, size), *_inputs(found["input-mask"], size), *_gaps(found["gaps"], size)]


def _factors(found: Found, size: Size) -> list[Claim]:
    results = family(found, "factors-")
    widths = [next(iter(r.values()))["width"] for r in results]
    last, made = results[-1], []
    setting = f"{N} random unit vectors in {D} dimensions, width {widths[-1]:,}"
    for i, case in enumerate(CASES):
        slack = 0.1 if case[0] >= 2 and case[2] == 0.2 else 0.05
        made += [
            Claim(
                f"1{_LETTERS[i]}",
                f"The kernel of a pruned network is alpha^k times that of the whole one: {words(case)}",
                PAPER,
                f"fitted factor of the infinite-width kernel over alpha^k = {power(case):g}; {setting}",
                Expected.about(1.0, 0.08),
                **over(last, lambda r, i=i, case=case: r["raw"][i] / power(case)),
                size=size,
                headline=i == 5,
            ),
            Claim(
                f"2{_LETTERS[i]}",
                f"Rescaled by alpha^-1/2 the factor is 1: {words(case)}",
                PAPER,
                f"fitted factor of the infinite-width kernel; {setting}",
                Expected.about(1.0, slack),
                **over(last, lambda r, i=i: r["rescaled"][i]),
                size=size,
            ),
        ]
    apart = f"over the pairs of cases with alpha = .5 and .2, widths {widths[-1]:,}"
    made += [
        Claim(
            "1j",
            "The exponent of alpha is the number of pruned layers",
            PAPER,
            f"largest departure of the fitted exponent from it {apart}, means over draws",
            Expected.at_most(0.15, refuted_above=0.5),
            (shared_exponent({"raw": np.mean([r["raw"] for r in last.values()], axis=0)}, "raw"),),
            size=size,
        ),
        Claim(
            "2j",
            "No departure grows with the width",
            PAPER,
            f"mean of |factor - 1| over all cases at width {widths[-1]:,} over that at {widths[0]:,}, rescaled",
            Expected.at_most(1.0, refuted_above=1.5),
            **across(results, lambda r: _departure(r[-1]) / _departure(r[0])),
            size=size,
        ),
    ]
    return made


def _departure(result: Result) -> float:
    return float(np.mean(np.abs(np.asarray(result["rescaled"]) - 1)))


def _inputs(by_seed: dict[int, Result], size: Size) -> list[Claim]:
    first = next(iter(by_seed.values()))
    places = {tuple(case): i for i, case in enumerate(first["cases"])}
    narrow, wide = first["widths"][0], first["widths"][-1]
    few, many, whole = places[30, 0.1], places[300, 0.1], places[30, 1.0]
    part = "first layer's part of the kernel, rescaled, one hidden layer, relative in the Frobenius norm"
    recorded = (
        "Recorded once: .21, tolerance .04, at both widths, in a norm and for a number of points that were not kept; "
        "a relative error depends on both. Expected is the lower end of that."
    )

    def claim(id: str, statement: str, quantity: str, expected: Expected, figure: Any, **more: Any) -> Claim:
        return Claim(id, statement, OWN, quantity, expected, **over(by_seed, figure), size=size, **more)

    stays = Expected.at_least(0.17, refuted_below=0.1)
    return [
        claim(
            "3a",
            "With the inputs pruned, an error is left",
            f"error of the {part}; d = 30, alpha = .1, width {narrow:,}",
            stays,
            lambda r: r["arccosine"][few][0],
            note=recorded,
        ),
        claim(
            "3b",
            "No width removes it",
            f"as 3a at width {wide:,}",
            stays,
            lambda r: r["arccosine"][few][-1],
            note=recorded,
        ),
        claim(
            "3c",
            "Without that mask it vanishes with the width",
            f"error at width {wide:,} over that at {narrow:,}, d = 30, alpha = 1; {part}",
            Expected.at_most(0.35, refuted_above=0.7),
            lambda r: r["arccosine"][whole][-1] / r["arccosine"][whole][0],
        ),
        claim(
            "3d",
            "What is left is the mean over masks: the kernel tends to it",
            f"distance to the mean over masks at width {wide:,} over that to the unpruned kernel, d = 30, alpha = .1",
            Expected.at_most(0.15, refuted_above=0.5),
            lambda r: r["mixture"][few][-1] / r["arccosine"][few][-1],
        ),
        claim(
            "3e",
            "With many features it is small",
            f"error over that of d = 30; d = 300, alpha = .1, width {wide:,}; {part}",
            Expected.at_most(0.25, refuted_above=0.6),
            lambda r: r["arccosine"][many][-1] / r["arccosine"][few][-1],
        ),
    ]


def _gaps(by_seed: dict[int, Result], size: Size) -> list[Claim]:
    first = next(iter(by_seed.values()))
    grid = (
        f"L = 2, all layers but the first pruned and rescaled, alpha = {', '.join(f'{a:g}' for a in first['keeps'])}, "
        f"width m = {', '.join(map(str, first['widths']))}"
    )
    error = f"E, the largest entry of |kernel - limit| between {N} unit vectors; {grid}"
    mean = np.mean([constants(r) for r in by_seed.values()], axis=(0, 2))
    told = ", ".join(f"{value:.1f} at alpha = {keep:g}" for keep, value in zip(first["keeps"], mean, strict=True))
    return [
        Claim(
            "4a",
            "At finite width the gap is about C / sqrt(alpha m): C",
            OWN,
            f"E sqrt(alpha m), mean over the grid; {error}",
            Expected(8.0, 17.0, 4.0, 30.0),
            **over(by_seed, lambda r: constants(r).mean()),
            size=size,
            note=f"By share of weights: {told}.",
        ),
        Claim(
            "4b",
            "The gap falls as (alpha m)^-1/2: the width that a gap needs grows as 1 / alpha",
            PAPER,
            f"exponent of alpha m in E, {error}",
            Expected.about(-0.5, 0.1),
            **over(by_seed, joint),
            size=size,
            headline=True,
        ),
        Claim(
            "4c",
            "At one alpha it falls as m^-1/2",
            PAPER,
            f"exponent of m in E at one alpha, least squares in both; {error}",
            Expected.about(-0.5, 0.1),
            **over(by_seed, lambda r: plane(r)[0]),
            size=size,
        ),
        Claim(
            "4d",
            "At one width it grows as alpha^-1/2",
            PAPER,
            f"exponent of alpha in E at one width, least squares in both; {error}",
            Expected.about(-0.5, 0.1),
            **over(by_seed, lambda r: plane(r)[1]),
            size=size,
            note="A whole network has a gap too: with E^2 m = c_0 + c_1 / alpha the law is one of small alpha.",
        ),
    ]

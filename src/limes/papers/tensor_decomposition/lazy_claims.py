"""Claim 1: lazy training needs C(d + l - 1, l) / d components."""

import math

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import family, over

_SOURCE = "Wang et al. 2020 (arXiv 2010.11356): lazy training needs Omega(d^(l-1)) components; constant derived"
TABLE = {(8, 3): {4: 0.80, 8: 0.71, 16: 0.0}, (8, 4): {4: 0.96, 8: 0.90, 16: 0.75, 32: 0.36}}
"""Mean residuals of three draws, as first measured."""


def lazy_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1a and following: the threshold, the dimension behind it, and residuals below it."""
    made, letters = [], iter("abcdefghijklmnop")
    curves = family(found, "lazy-")
    for by_seed in curves:
        case = next(iter(by_seed.values()))
        least = math.ceil(case["threshold"])
        made.append(
            Claim(
                f"1{next(letters)}",
                f"Lazy training needs C(d+l-1, l)/d components, d = {case['d']}, l = {case['order']}",
                _SOURCE,
                f"least number of components whose tangent space holds the tensor (residual below 1e-4), "
                f"r = {case['rank']}; the bound is {case['threshold']:g}",
                Expected.about(least, 1.0),
                **over(by_seed, lambda r: r["smallest"]),
                size=size,
                headline=(case["d"], case["order"]) == (8, 4),
            )
        )
    exceptions = [[r["exceptions"] for r in by_seed.values()] for by_seed in curves]
    made.append(
        Claim(
            f"1{next(letters)}",
            "The tangent space has min(m d, C(d+l-1, l)) dimensions",
            "the theorem of Alexander & Hirschowitz, for random components",
            "tangent spaces with another number of dimensions, over all numbers of components",
            Expected.at_most(0.0),
            tuple(float(sum(column)) for column in zip(*exceptions, strict=True)),
            tuple(curves[0]),
            size=size,
            over="largest",
        )
    )
    for by_seed in curves:
        case = next(iter(by_seed.values()))
        for m, expected in TABLE.get((case["d"], case["order"]), {}).items():
            if m in case["widths"]:
                k = case["widths"].index(m)
                made.append(
                    Claim(
                        f"1{next(letters)}",
                        f"Best lazy fit of {m} components, d = {case['d']}, l = {case['order']}",
                        _SOURCE,
                        f"relative residual of the best fit in the tangent space, r = {case['rank']}",
                        Expected.about(expected, 0.08),
                        **over(by_seed, lambda r, k=k: r["residual"][k]),
                        size=size,
                        note="Expected is the mean of three draws as first measured.",
                    )
                )
    return made

"""Claim 1, and the part of claim 3 that follows from the formula."""

import math

from limes.measure.norm_bounds import additive_term, first_term
from limes.papers.claim import Claim, Expected, Size
from limes.papers.norm_bounds.reading import CLASSES, largest_rho

RELEASED = "Galanti et al. 2023 (arXiv 2301.12033), released code"
DERIVED = "derived from the released formula"


def formula_claims(size: Size) -> list[Claim]:
    """The released formula at recorded points, and the rho below which it is non-vacuous."""
    point = "n = 60,000, ten classes, D = .3 n, delta = .001"

    def first(rho: float, depth: int, side: int) -> float:
        data = 0.3 * 60_000 * side ** (2 * depth)
        return first_term(rho, depth * math.log(2 * side**2), CLASSES, data, 60_000)

    def claim(
        id: str, statement: str, quantity: str, expected: Expected, value: float, headline: bool = False
    ) -> Claim:
        return Claim(id, statement, DERIVED, quantity, expected, (value,), size=size, headline=headline)

    about = Expected.about
    return [
        claim(
            "1a",
            "The first term of the released formula at the recorded point",
            f"first term for four layers of degree 4, rho = 1; {point}",
            about(1.135, 0.002),
            first(1.0, 4, 2),
        ),
        claim(
            "1b",
            "The additive term there",
            f"additive term, rho = 1; {point}",
            about(0.0271, 1e-4),
            additive_term(1.0, 60_000),
        ),
        claim(
            "1c",
            "As rho + 1 enters, there is a floor however small the weights are",
            f"first term for four layers of degree 4, rho = 0; {point}",
            about(0.568, 0.001),
            first(0.0, 4, 2),
        ),
        claim(
            "1d",
            "Six layers of 3 x 3 are vacuous whatever the weights are",
            f"first term for six layers of degree 9, rho = 0; {point}",
            about(33.5, 0.1, refuted_below=1.0),
            first(0.0, 6, 3),
        ),
        claim(
            "3d",
            "With three convolutions 2 x 2 the bound is below 1 for small rho only, dark images",
            "rho at which it is 1, n = 50,000, D = .25 n, read-out left out as released",
            about(2.4, 0.1),
            largest_rho(0.25, 4),
        ),
        claim(
            "3e",
            "The same, bright images",
            "rho at which it is 1, n = 50,000, D = .5 n, read-out left out as released",
            about(1.4, 0.1),
            largest_rho(0.5, 4),
        ),
    ]

"""Claims 5 and 8: nodes of colour images, and one number of rows for n and D."""

import math
from typing import Any

from limes.papers.claim import Claim, Expected, Size
from limes.papers.norm_bounds.formula_claims import RELEASED
from limes.papers.norm_bounds.reading import released
from limes.papers.paper import Found


def convention_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 5 and 8, as far as their data were there."""
    made = []
    if "colours" in found:
        made += _colours(next(iter(found["colours"].values())), size)
    if "samples" in found:
        made += _samples(next(iter(found["samples"].values())), size)
    return made


def _colours(result: dict[str, Any], size: Size) -> list[Claim]:
    shown = ", ".join(f"{name} {value:.3g}" for name, value in result.items() if "," in name)
    made = []
    for id, name in (("5a", "raw"), ("5b", "standardised")):
        factor = result[f"{name}, pixel"] / result[f"{name}, channel"]
        made.append(
            Claim(
                id,
                f"Nodes of all channels, as the theorem has them, cost at most the root of three: {name} images",
                RELEASED,
                "first term with pixels over that with single channels as nodes, 5,000 images of CIFAR-10",
                Expected(1.0, math.sqrt(3), 1.0, math.sqrt(3) + 1e-9, 0.0),
                (factor,),
                size=size,
                note=f"First terms with rho = 1: {shown}." if id == "5a" else "",
            )
        )
    return made


def _samples(result: dict[str, Any], size: Size) -> list[Claim]:
    (some, whole), (part, node) = result["n"], result["node"]
    consistent = released(1.0, part, some, 4)[0]
    mixture = released(1.0, node, some, 4)[0]
    all_rows = released(1.0, node, whole, 4)[0]
    rows = f"n = {some:,} of {whole:,} rows"
    return [
        Claim(
            "8a",
            "The released mixture, n of some rows and D of all, is the root of 1.2 too large",
            RELEASED,
            f"first term with {rows} and D of all over that with D of the same rows",
            Expected.about(math.sqrt(1.2), 0.01),
            (mixture / consistent,),
            size=size,
        ),
        Claim(
            "8b",
            "With all rows for both the first term is the root of 5/6 of that with some",
            RELEASED,
            f"first term of all {whole:,} rows over that of {some:,}",
            Expected.about(math.sqrt(5 / 6), 0.01),
            (all_rows / consistent,),
            size=size,
        ),
    ]

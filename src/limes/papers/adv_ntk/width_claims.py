"""Claim 14: finite networks against linearised adversarial training, from the quantity "linearisation"."""

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import over, slope

_SOURCE = "Fu & Wang 2024 (arXiv 2310.06112), linearised dynamics; the comparison is one that its reviewers asked for"
_SETTING = "digits, 100 training images, one hidden layer, inner gradient flow, trained for 18 / largest eigenvalue"


def width_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 14a to 14c."""
    first = next(iter(found["linearisation"].values()))
    widths, strengths = first["widths"], first["strengths"]
    span, weakest = f"widths {widths[0]} to {widths[-1]}", strengths[1]
    expected = Expected.at_most(-0.25, refuted_above=0.0)
    note = (
        "Targets are moved by f_0 at the training points: with f_0 = 0 everywhere df/dx would vanish and nothing be "
        "attacked. The limit's regularisation kernel is its mean; that of one network scatters by sqrt(2 / d), d = 64, "
        "at every width, which leaves a distance under strong attacks."
    )
    return [
        Claim(
            "14a",
            "Adversarial training of a finite network approaches its linearisation as the network gets wider",
            _SOURCE,
            f"exponent of the width in the largest distance over time, attack a η S = {weakest:g}; {span}; {_SETTING}",
            expected,
            **over(found["linearisation"], lambda r: slope(widths, r["distance"][1])),
            size=size,
            headline=True,
            note=note,
        ),
        Claim(
            "14b",
            "So does standard training, at much the same speed",
            _SOURCE,
            f"exponent of the width in the largest distance over time, no attack; {span}; {_SETTING}",
            expected,
            **over(found["linearisation"], lambda r: slope(widths, r["distance"][0])),
            size=size,
        ),
        Claim(
            "14c",
            "The distance grows with the strength of the attack",
            _SOURCE,
            f"distance at a η S = {strengths[-1]:g} over that at {weakest:g}, width {widths[-1]}; {_SETTING}",
            Expected.at_least(1.0),
            **over(found["linearisation"], lambda r: r["distance"][-1][-1] / r["distance"][1][-1]),
            size=size,
        ),
    ]

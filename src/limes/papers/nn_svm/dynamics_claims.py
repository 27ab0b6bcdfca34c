"""Claims 1 to 3 and 9: networks and machines in training, and interval bounds over widths."""

import math
from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.nn_svm.regularisers import DECAY, D, N
from limes.papers.paper import Found
from limes.papers.reading import over, slope

PAPER = "Chen et al. 2021 (arXiv 2111.06063)"
CENTRED = "all, centred"
_SETTING = (
    f"two-layer relu, hinge loss, {N} normal inputs in {D} dimensions, lambda {DECAY:g}, steps of 0.2; outputs less "
    "initial outputs"
)
_DRAWN = "The recorded figures are one draw each, of inputs that are not recorded."


def dynamics_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1, 2, 3 and 9."""
    return [*_penalties(found, size), *_widths(found, size), *_dual(found, size), *_intervals(found, size)]


def _at(result: dict[str, Any], name: str, span: float) -> list[float]:
    """Gaps by width."""
    place = result["spans"].index(span)
    return [by_span[place] for by_span in result["gap"][name]]


def _penalties(found: Found, size: Size) -> list[Claim]:
    first = next(iter(found["penalties"].values()))
    widths = first["widths"]
    others = list(first["gap"])
    source = f"{PAPER}, section 3; the penalty is corrected"
    made = [
        Claim(
            "1a",
            "Of five penalties on the weights, four do not bring a wide network to the kernel machine",
            source,
            f"largest |f - g| on 5 test inputs at width {widths[-1]:,} and lambda T = 2, the least of the four: "
            f"{'; '.join(others)}; {_SETTING}",
            Expected.at_least(0.05, refuted_below=0.02),
            **over(found["penalties"], lambda r: min(_at(r, name, 2.0)[-1] for name in others)),
            size=size,
            headline=True,
            note="The published penalty (the last layer's weights over the root of the width) decays at the rate "
            "lambda / width, which is none.",
        ),
        Claim(
            "1b",
            "With those four the gap does not fall with the width",
            source,
            f"gap at width {widths[-1]:,} over that at {widths[0]:,}, geometric mean over the four; lambda T = 2",
            Expected.at_least(0.6, refuted_below=0.3),
            **over(
                found["penalties"],
                lambda r: math.exp(
                    float(np.mean([math.log(_at(r, name, 2.0)[-1] / _at(r, name, 2.0)[0]) for name in others]))
                ),
            ),
            size=size,
        ),
    ]
    all_widths = next(iter(found["centred"].values()))["widths"]
    for letter, width, recorded in (("c", 400, 0.056), ("d", 3200, 0.024)):
        place = all_widths.index(width)
        made.append(
            Claim(
                f"1{letter}",
                f"With the distance from the start in all weights as the penalty it is small at width {width:,}",
                "limes' own earlier measurement",
                f"largest |f - g| on 5 test inputs; lambda T = 2; {_SETTING}",
                Expected.about(recorded, 0.4 * recorded, refuted_above=4 * recorded),
                **over(found["centred"], lambda r, place=place: _at(r, CENTRED, 2.0)[place]),
                size=size,
                note=_DRAWN,
            )
        )
    return made


def _widths(found: Found, size: Size) -> list[Claim]:
    widths = next(iter(found["centred"].values()))["widths"]
    return [
        Claim(
            f"2{letter}",
            f"The gap falls as one over the root of the width at a fixed time, lambda T = {span:g}",
            f"{PAPER}, theorem 3.5",
            f"exponent of the width in the largest |f - g|; widths {widths[0]:,} to {widths[-1]:,}; all weights "
            f"penalised by their distance from the start; {_SETTING}",
            Expected.about(-0.5, 0.2, refuted_above=-0.25),
            **over(found["centred"], lambda r, span=span: slope(r["widths"], _at(r, CENTRED, span))),
            size=size,
            headline=span == 2.0,
        )
        for letter, span in (("a", 2.0), ("b", 0.2))
    ]


def _dual(found: Found, size: Size) -> list[Claim]:
    first = next(iter(found["dynamics"].values()))
    rows = ", ".join(first["distance"])
    return [
        Claim(
            "3a",
            "Descent on the coefficients ends at the machine of each loss",
            f"{PAPER}, table 1",
            f"largest relative distance on test rows to scikit-learn's solver or the closed form; {rows}; digits 0 "
            "against 1, 240 rows, no intercept",
            Expected.at_most(1e-3),
            **over(found["dynamics"], lambda r: max(r["distance"].values())),
            size=size,
            over="largest",
        ),
        Claim(
            "3b",
            "Along the flow the loss falls at least as exp(-2 lambda t)",
            f"{PAPER}, theorem 3.1",
            "largest (L - L*) / (exp(-2 lambda t) (L_0 - L*)) over 20 times up to lambda t = 2 and the five losses "
            "with lambda = 1; steps of 1e-4",
            Expected.at_most(1.0, refuted_above=1.02),
            **over(found["dynamics"], lambda r: max(r["rate"].values())),
            size=size,
            over="largest",
        ),
    ]


def _intervals(found: Found, size: Size) -> list[Claim]:
    widths = next(iter(found["intervals"].values()))["widths"]
    common: dict[str, Any] = {"size": size}
    quantity = f"exponent of the width in the mean radius; widths {widths[0]:,} to {widths[-1]:,}; digits 0 against 1"
    accuracy = min(min(r["accuracy"]) for r in found["intervals"].values())
    return [
        Claim(
            f"9{letter}",
            f"Interval bounds certify a finite network the less the wider it is, by one over the root of the "
            f"width ({norm})",
            f"{PAPER}, table 2 (l-inf, MNIST): slope -0.49 over widths 1e4 to 1e6",
            quantity,
            Expected.about(-0.49, 0.05, refuted_above=-0.3),
            **over(found["intervals"], lambda r, key=key: slope(r["widths"], r[key])),
            **common,
            note=f"Networks of two layers after 30 steps on the hinge loss; accuracy at least {accuracy:.3f}.",
        )
        for letter, key, norm in (("a", "linf", "l-inf"), ("b", "l2", "l2"))
    ]

"""Claims 3, 4 and 6: gaps along training and the stop, what smoothing saves, and all of it on digits."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import over
from limes.papers.signs import sign_claim
from limes.papers.stability_at.bound_claims import OWN, PAPER, SETTING
from limes.papers.stability_at.experiment import DIGITS, RATE, WIDTH

FROM = 25
"""Steps from which gaps are followed: before, they are what train and test rows happen to differ by."""
TABLE = f"m = {WIDTH}, eta = {RATE:g}"
_EARLY = "At the start the gap is what the rows happen to differ by, of expectation 0, and early on mostly that."


def training_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 3, 4 and 6."""
    return [*_gaps(found, size), *_smoothing(found, size), *_digits(found, size)]


def rank_correlation(run: Mapping[str, Any], name: str, start: int = FROM) -> float:
    """Spearman's correlation of a quantity with the steps from `start` on."""
    kept = [place for place, mark in enumerate(run["marks"]) if mark >= start]
    found: Any = stats.spearmanr([run["marks"][i] for i in kept], [run[name][i] for i in kept])
    return float(found.statistic)


def correlation(run: Mapping[str, Any], start: int = FROM) -> float:
    """Pearson's correlation of gap and distance over the steps from `start` on."""
    kept = [place for place, mark in enumerate(run["marks"]) if mark >= start]
    return float(np.corrcoef([run["distance"][i] for i in kept], [run["gap"][i] for i in kept])[0, 1])


def stop_of(run: Mapping[str, Any]) -> int:
    """Place of the mark with the least robust loss on the first half of the test rows."""
    return int(np.argmin(run["valid"]))


def _gaps(found: Found, size: Size) -> list[Claim]:
    def plain(result: dict[str, Any]) -> dict[str, Any]:
        return result["runs"]["0"]

    steps = plain(next(iter(found["table"].values())))["marks"][-1]
    common: dict[str, Any] = {"size": size}
    gap = f"robust test loss less robust training loss, T = {FROM} to {steps}; {TABLE}; {SETTING}"
    return [
        Claim(
            "3a",
            "The robust generalisation gap grows with the length of training",
            PAPER,
            f"rank correlation with T of the gap: {gap}",
            Expected.at_least(0.9, refuted_below=0.0),
            **over(found["table"], lambda r: rank_correlation(plain(r), "gap")),
            headline=True,
            note=_EARLY,
            **common,
        ),
        Claim(
            "3b",
            "It grows as the distance of twins does",
            PAPER,
            f"correlation over T with the distance of the gap: {gap}",
            Expected.at_least(0.9, refuted_below=0.0),
            **over(found["table"], lambda r: correlation(plain(r))),
            **common,
        ),
        Claim(
            "3c",
            "What an exchanged example gains by being trained on grows from the first step",
            PAPER,
            "rank correlation with T of its loss without less its loss with it among the training rows, which has the "
            f"expectation of the gap and is 0 at the start; {TABLE}; {SETTING}",
            Expected.at_least(0.9, refuted_below=0.0),
            **over(found["table"], lambda r: rank_correlation(plain(r), "exchanged", 1)),
            **common,
        ),
        Claim(
            "3d",
            "The gap is at most the Lipschitz constant of the loss times the distance of twins",
            PAPER,
            f"gap after {steps} steps over G times the mean distance; {TABLE}; {SETTING}",
            Expected.at_most(1.0),
            **over(found["table"], lambda r: _share(plain(r))),
            note="A statement about expectations: twins are the estimate of one side, test rows of the other.",
            **common,
        ),
        sign_claim(
            "3e",
            "Stopping early helps: where validation rows lose least, unseen ones lose less than at the end",
            PAPER,
            "robust loss on other test rows at the end, less that at the stop chosen on half of the test rows, T up to "
            f"{steps}; {TABLE}; {SETTING}",
            over(found["table"], lambda r: plain(r)["held"][-1] - plain(r)["held"][stop_of(plain(r))]),
            size,
        ),
        Claim(
            "3f",
            "At the stop the gap is a part of what it is at the end",
            PAPER,
            f"gap at the stop over gap after {steps} steps; as claim 3e",
            Expected.at_most(0.75, refuted_above=1.0),
            **over(found["table"], lambda r: plain(r)["gap"][stop_of(plain(r))] / plain(r)["gap"][-1]),
            **common,
        ),
    ]


def _share(run: Mapping[str, Any]) -> float:
    return run["gap"][-1] / (run["lipschitz"] * run["distance"][-1])


def _smoothing(found: Found, size: Size) -> list[Claim]:
    made: list[Claim] = []
    settings = (("table", "abcdefgh", TABLE), ("slow", "ijklmnop", f"m = {WIDTH}, T = 100, rate of claim 2a"))
    for quantity, letters, setting in settings:
        marks = next(iter(found[quantity].values()))["runs"]["0"]["marks"]
        shown = [i - 1 for i, mark in enumerate(marks) if mark in (25, 100, 400)]
        each = [f"4{letter}" for letter in letters]
        for i, mu in enumerate(("1", "4")):
            made += _saved(found, size, quantity, (each[i], each[2 + i], each[4 + i], each[6 + i]), mu, shown, setting)
    return made


def _saved(
    found: Found, size: Size, quantity: str, ids: tuple[str, ...], mu: str, shown: list[int], setting: str
) -> list[Claim]:
    """Distance and gap, at equal steps and at equal training loss."""
    where = f"mu = {mu}; {setting}; {SETTING}"
    times = "the mean over T = 25, 100, 400 as far as they were run"

    def value(name: str) -> dict[str, Any]:
        return over(found[quantity], lambda r: r["against"][mu][name])

    def mean(name: str) -> dict[str, Any]:
        return over(found[quantity], lambda r: math.fsum(r["against"][mu][name][i] for i in shown) / len(shown))

    table = quantity == "table"
    recorded = Expected(0.1, 4.0, 0.0, math.inf)
    unit = "in per cent of that of descent on the loss"
    statement = f"Smoothing with mu = {mu} brings twins closer, by little, after as many steps ({_place(table)})"
    reduction = f"reduction of the distance, {unit}, {times}; {where}"
    if table:
        saved = Claim(ids[0], statement, OWN, reduction, recorded, **mean("distance"), size=size, headline=mu == "4")
    else:
        saved = sign_claim(ids[0], statement, PAPER, reduction, mean("distance"), size)
    return [
        saved,
        sign_claim(
            ids[1],
            f"It also does at equal training loss, mu = {mu} ({_place(table)})",
            PAPER,
            f"reduction of the distance, {unit} stopped at the training loss that the envelope reached; {where}",
            value("equal distance"),
            size,
            headline=table and mu == "4",
        ),
        sign_claim(
            ids[2],
            f"Smoothing with mu = {mu} lowers the robust gap after as many steps ({_place(table)})",
            PAPER,
            f"gap of descent on the loss less that on the envelope, {times}; {where}",
            mean("gap"),
            size,
        ),
        sign_claim(
            ids[3],
            f"It also does at equal training loss, in the gap, mu = {mu} ({_place(table)})",
            PAPER,
            "gap of descent on the loss, stopped at the training loss that the envelope reached, less the latter's; "
            f"{where}",
            value("equal gap"),
            size,
        ),
    ]


def _place(table: bool) -> str:
    return "recorded setting" if table else "within the width condition"


def _digits(found: Found, size: Size) -> list[Claim]:
    first = next(iter(found["digits-l2"].values()))
    steps = first["runs"]["0"]["marks"][-1]
    made = []
    for letters, norm in (("abcd", "l2"), ("efgh", "linf")):
        quantity, eps = f"digits-{norm}", DIGITS[norm].eps
        setting = f"digits 3 against 8, lengths up to 1, {norm} radius {eps:g}, m = {WIDTH}"
        long = f"eta = {RATE:g}, T = {steps}; {setting}"
        made += [
            Claim(
                f"6{letters[0]}",
                f"On digits, {norm}, twins within the width condition stay within the bound",
                "limes",
                f"largest distance over the published form; T = 100 at the rate that the condition allows; {setting}",
                Expected.at_most(1.0),
                **over(found[quantity], lambda r: r["inside"]["ratio"]),
                size=size,
                over="largest",
            ),
            Claim(
                f"6{letters[1]}",
                f"On digits, {norm}, the robust gap grows with the length of training",
                "limes",
                f"rank correlation with T, from {FROM} on, of the robust gap; {long}",
                Expected.at_least(0.9, refuted_below=0.0),
                **over(found[quantity], lambda r: rank_correlation(r["runs"]["0"], "gap")),
                size=size,
            ),
            sign_claim(
                f"6{letters[2]}",
                f"On digits, {norm}, smoothing brings twins closer after as many steps",
                "limes",
                f"reduction of the distance in per cent after the last step; mu = 4; {long}",
                over(found[quantity], lambda r: r["against"]["4"]["distance"][-1]),
                size,
            ),
            sign_claim(
                f"6{letters[3]}",
                f"On digits, {norm}, it also does at equal training loss",
                "limes",
                f"reduction of the distance in per cent, descent stopped at the envelope's loss; mu = 4; {long}",
                over(found[quantity], lambda r: r["against"]["4"]["equal distance"]),
                size,
            ),
        ]
    return made

"""Claims 9 to 12 and 14: what bounds on the test error and on the smallest eigenvalue are worth."""

from collections.abc import Callable
from typing import Any

import numpy as np

from limes.papers.bias_ntk.reading import DERIVED, PAPER, RECORDED, at, rows_of
from limes.papers.claim import Claim, Expected, Over, Size
from limes.papers.paper import Found
from limes.papers.reading import over

_LABELS = ("teacher", "random")
_BALL = "2 sqrt(tr(H) yᵀ H⁻¹ y) / n"


def bound_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 9 to 12 and 14."""
    return [
        *_terms(found, size),
        *_lift(found, size),
        *_region(found, size),
        *_hermite(found, size),
        *_local(found, size),
    ]


def _terms(found: Found, size: Size) -> list[Claim]:
    n = rows_of(found)[-1]
    name = f"spectrum-{n}"
    setting = f"n = {n} on the sphere, labels of a linear teacher and random ones, B = 0 to 3"

    def term(kind: str, best: Callable[..., float]) -> Callable[[Any], float]:
        return lambda row: best(best(row[f"{kind} {labels}"]) for labels in _LABELS)

    def claim(
        key: str, statement: str, quantity: str, expected: Expected, values: Any, headline: bool = False
    ) -> Claim:
        words = f"{quantity}; {setting}"
        return Claim(
            key, statement, f"{PAPER}, generalisation", words, expected, **values, size=size, headline=headline
        )

    return [
        claim(
            "9a",
            "Even with the sparsity factor the generalisation term is above 1: it says nothing here",
            f"smallest {_BALL}",
            Expected.at_least(1.6, 0.1, refuted_below=1.0),
            over(found[name], term("with", min)),
        ),
        claim(
            "9b",
            "With the sparsity factor the generalisation term does not grow with the bias",
            f"largest {_BALL}",
            Expected.at_most(3.4, 0.1, refuted_above=4.0),
            over(found[name], term("with", max)),
            headline=True,
        ),
        claim(
            "9c",
            "At large B the term tends to 2 for all labels, as the kernel becomes a multiple of the identity",
            f"largest |{_BALL} - 2| at B = 3 over both kinds of labels",
            Expected.at_most(0.1),
            over(found[name], lambda r: max(abs(r[f"with {labels}"][-1] - 2.0) for labels in _LABELS)),
        ),
        claim(
            "9d",
            "Without the sparsity factor the term explodes",
            "smallest sqrt(2 yᵀ H⁻¹ y / n) at B = 3 over both kinds of labels",
            Expected.at_least(20.0, refuted_below=10.0),
            over(found[name], lambda r: min(r[f"without {labels}"][-1] for labels in _LABELS)),
        ),
    ]


def _lift(found: Found, size: Size) -> list[Claim]:
    n = rows_of(found)[-1]

    def ratio(*biases: float) -> Callable[[Any], float]:
        return lambda row: float(np.mean([at("smallest", b)(row) / at("frozen", b)(row) for b in biases]))

    quantity = f"lambda_min with trained over that with frozen thresholds; n = {n} on the sphere"
    return [
        Claim(
            "10a",
            "Trained thresholds lift the smallest eigenvalue",
            f"{PAPER}, role of the trainable bias",
            f"{quantity}, mean over B = 0, 0.5, 1",
            Expected(1.6, 1.75, 1.2, np.inf, 0.15),
            **over(found[f"spectrum-{n}"], ratio(0.0, 0.5, 1.0)),
            size=size,
        ),
        Claim(
            "10b",
            "At B = 3 trained thresholds nearly double the smallest eigenvalue",
            RECORDED,
            quantity,
            Expected.about(1.95, 0.15, refuted_below=1.2),
            **over(found[f"spectrum-{n}"], ratio(3.0)),
            size=size,
        ),
    ]


def _everywhere(found: Found, figure: Callable[[Any], float], worst: Callable[..., float]) -> dict[str, Any]:
    """The worst figure over the sizes, for each seed."""
    names = [f"spectrum-{n}" for n in rows_of(found)]
    seeds = sorted(set.intersection(*(set(found[name]) for name in names)))
    return {"values": tuple(worst(figure(found[name][s]) for name in names) for s in seeds), "seeds": tuple(seeds)}


def _region(found: Found, size: Size) -> list[Claim]:
    sizes = rows_of(found)
    cases = f"{7 * len(sizes)} cases: n = {', '.join(map(str, sizes))} on the sphere, B = 0 to 3"

    def small(row: Any) -> float:
        pairs = zip(row["biases"], row["region"], row["smallest"], strict=True)
        return float(np.mean([bound > value for bias, bound, value in pairs if bias <= 1.0]))

    def exceeds(row: Any) -> float:
        return float(np.sum(np.asarray(row["region"]) > np.asarray(row["smallest"])))

    n_exceed = sum(exceeds(found[f"spectrum-{n}"][next(iter(found[f"spectrum-{n}"]))]) for n in sizes)
    claims = [
        Claim(
            "11a",
            "In the data-dependent region no vector has a quadratic form below p0 - min p",
            f"{PAPER}, region; definition recalled, bound derived",
            f"largest 1 - aᵀHa / (p0 - min p) over unit vectors tried in the region; {cases}",
            Expected.at_most(0.0),
            **_everywhere(found, lambda r: max(r["violation"]), max),
            over="largest",
            size=size,
        ),
        Claim(
            "11b",
            "Not even at its smallest over the region is the form below p0 - min p",
            DERIVED,
            f"smallest ratio of the form's minimum over the region, found by duality, to p0 - min p; n = {sizes[0]}",
            Expected.at_least(1.0),
            **over(found[f"spectrum-{sizes[0]}"], lambda r: np.min(np.divide(r["minimum"], r["region"]))),
            over="smallest",
            size=size,
            note="The bound is not tight: the minimum over the region is about twice as large.",
        ),
        Claim(
            "11c",
            "The bottom eigenvector is not in the region, so that p0 - min p bounds no eigenvalue",
            RECORDED,
            f"share of cases in which it is; {cases}",
            Expected.at_most(0.0, refuted_above=0.5),
            **_everywhere(found, lambda r: float(np.mean(r["inside"])), max),
            over="largest",
            size=size,
            headline=True,
        ),
        Claim(
            "11d",
            "For B up to 1, p0 - min p is larger than the smallest eigenvalue",
            RECORDED,
            f"smallest share of biases up to 1 for which it is; n = {', '.join(map(str, sizes))}",
            Expected.at_least(1.0, refuted_below=0.5),
            **_everywhere(found, small, min),
            over="smallest",
            size=size,
            note=f"Over all B, in {n_exceed:.0f} of {7 * len(sizes)} cases of the first seed.",
        ),
    ]
    return claims


def _hermite(found: Found, size: Size) -> list[Claim]:
    sizes = rows_of(found)
    cases = f"n = {', '.join(map(str, sizes))} on the sphere, B = 0 to 3"

    def ratios(row: Any) -> np.ndarray:
        both = [np.divide(row["hermite"], row["smallest"]), np.divide(row["hermite_frozen"], row["frozen"])]
        return np.concatenate(both)

    def claim(key: str, statement: str, quantity: str, expected: Expected, values: Any, over: Over) -> Claim:
        source = f"{DERIVED}; a sum of the bounds of Oymak & Soltanolkotabi 2020"
        words = f"{quantity}; {cases}"
        return Claim(key, statement, source, words, expected, **values, over=over, size=size)

    return [
        claim(
            "12a",
            "The Hermite bound is never above the smallest eigenvalue",
            "largest ratio of the two, thresholds trained and frozen",
            Expected.at_most(1.0),
            _everywhere(found, lambda r: float(ratios(r).max()), max),
            "largest",
        ),
        claim(
            "12b",
            "The Hermite bound is close to the smallest eigenvalue",
            "smallest ratio of the two over the cases, trained thresholds",
            Expected.at_least(0.88, 0.03, refuted_below=0.75),
            _everywhere(found, lambda r: float(np.divide(r["hermite"], r["smallest"]).min()), min),
            "mean",
        ),
        claim(
            "12c",
            "The Hermite bound beats the worst-case bound from the separation of the data by many orders of magnitude",
            "smallest log10 of the ratio of the two bounds",
            Expected.at_least(6.0, 1.0, refuted_below=3.0),
            _everywhere(found, lambda r: float(np.log10(np.divide(r["hermite"], r["worst"])).min()), min),
            "mean",
        ),
    ]


def _local(found: Found, size: Size) -> list[Claim]:
    n = rows_of(found)[-1]
    quantity = f"of r* / psi(inf) over B = 0 to 3, labels of a teacher and random ones; n = {n} on the sphere"
    source = (
        f"{PAPER}, local complexity of its first version [recalled]; the form is the standard one for a kernel ball"
    )

    def steps(row: Any) -> float:
        return float(min(np.diff(row[f"local {labels}"]).min() for labels in _LABELS))

    return [
        Claim(
            "14a",
            "Localisation makes the generalisation term smaller",
            source,
            f"largest value {quantity}",
            Expected.at_most(1.0),
            **over(found[f"spectrum-{n}"], lambda r: max(max(r[f"local {labels}"]) for labels in _LABELS)),
            over="largest",
            size=size,
        ),
        Claim(
            "14b",
            "Localisation gains less the larger the bias is",
            source,
            f"smallest change, when B grows by a half, {quantity}",
            Expected.at_least(0.0),
            **over(found[f"spectrum-{n}"], steps),
            over="smallest",
            size=size,
        ),
    ]

"""Claims 6, 7, 8 and 10: certificates against each other and against attacks."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.nn_svm.dynamics_claims import PAPER
from limes.papers.nn_svm.mnist_table import TABLE
from limes.papers.paper import Found
from limes.papers.reading import over

TABLES = ("table-01", "table-38")
NAMES = {"table-01": "0 against 1", "table-38": "3 against 8"}
_RADIUS = "mean certified l-inf radius of test points that are classified right"
_DATA = "digits, 240 training rows, two layers, w_std 1"


def mean(result: dict[str, Any], model: str, column: str) -> float:
    """Mean radius of a model in a column."""
    return float(np.mean(result["radius"][model][column]))


def ratios(result: dict[str, Any], above: str, below: str) -> list[float]:
    """Quotients of mean radii of two columns, by model."""
    return [mean(result, model, above) / mean(result, model, below) for model in result["radius"]]


def quotient_error(above: Sequence[float], below: Sequence[float]) -> float:
    """Standard error of the quotient of two means over the same points, to first order."""
    a, b = np.asarray(above), np.asarray(below)
    off = a - a.mean() / b.mean() * b
    return float(off.std(ddof=1) / len(off) ** 0.5 / b.mean())


def _sampling(result: dict[str, Any], above: tuple[str, str], below: tuple[str, str]) -> float:
    """That of the mean radii of two models and columns."""
    columns = (result["radius"][model][column] for model, column in (above, below))
    return quotient_error(*columns)


def certificate_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 6, 7, 8 and, with MNIST, 10."""
    made = [*_sound(found, size), *_tighter(found, size), *_attacked(found, size)]
    if any(name.startswith("mnist-") and name != "mnist-bound" for name in found):
        made += _mnist(found, size)
    return made


def _both(found: Found, figure: Callable[[list[dict[str, Any]]], float]) -> dict[str, Any]:
    """Values by seed of a figure of the tables of both pairs of digits."""
    seeds = tuple(found[TABLES[0]])
    return {"values": tuple(figure([found[t][s] for t in TABLES]) for s in seeds), "seeds": seeds}


def _sound(found: Found, size: Size) -> list[Claim]:
    points = sum(len(columns["attack"]) for t in TABLES for r in found[t].values() for columns in r["radius"].values())
    sampled = sum(r["sampled"] for t in TABLES for r in found[t].values())
    common: dict[str, Any] = {"size": size, "over": "largest", "source": f"{PAPER}, section 5, and limes"}
    return [
        Claim(
            "6a",
            "No certificate reaches as far as a successful attack",
            quantity=f"certificates at or above the attack radius: published, interval, norm and joint; {points} "
            f"points and models; {_DATA}",
            expected=Expected.at_most(0.0),
            **_both(found, lambda rs: float(sum(r["violations"] for r in rs))),
            **common,
        ),
        Claim(
            "6b",
            "No input within a certified box has another label",
            quantity=f"of {sampled:,} random vertices of the largest certified boxes, cut to pixels in [0, 1]",
            expected=Expected.at_most(0.0),
            **_both(found, lambda rs: float(sum(r["escapes"] for r in rs))),
            **common,
        ),
    ]


def _tighter(found: Found, size: Size) -> list[Claim]:
    quotient = f"quotient of the {_RADIUS}; both pairs of digits, all models; {_DATA}"
    made = [
        Claim(
            "7a",
            "The bound by the function's norm certifies several times as far as the published one, for every model",
            "limes, against " + PAPER,
            f"least {quotient}",
            Expected.at_least(4.0, 1.2, refuted_below=2.0),
            **_both(found, lambda rs: min(min(ratios(r, "norm", "published")) for r in rs)),
            size=size,
            over="smallest",
        ),
        Claim(
            "7b",
            "At most about thirty times as far",
            "limes, against " + PAPER,
            f"largest {quotient}",
            Expected.at_most(32.0, 9.6, refuted_above=100.0),
            **_both(found, lambda rs: max(max(ratios(r, "norm", "published")) for r in rs)),
            size=size,
            over="largest",
        ),
        Claim(
            "7c",
            "The joint bound certifies ten times as far as the published one",
            "limes, against " + PAPER,
            f"geometric mean of the {quotient}",
            Expected.at_least(10.0, refuted_below=4.0),
            **_both(
                found,
                lambda rs: math.exp(float(np.mean([math.log(v) for r in rs for v in ratios(r, "joint", "published")]))),
            ),
            sampling_error=max(
                _sampling(r, (model, "joint"), (model, "published"))
                for t in TABLES
                for r in found[t].values()
                for model in r["radius"]
            ),
            size=size,
        ),
    ]
    for letter, name, least in (("d", "table-01", 0.7), ("e", "table-38", 0.6)):
        made.append(
            Claim(
                f"7{letter}",
                f"The joint bound certifies most of what no attack breaks ({NAMES[name]})",
                "limes",
                f"{_RADIUS} over the mean attack radius; ridge 1; {_DATA}",
                Expected.at_least(least, refuted_below=least - 0.1),
                **over(found[name], lambda r: mean(r, "KRR 1", "joint") / mean(r, "KRR 1", "attack")),
                size=size,
                headline=letter == "d",
                sampling_error=_sampling(next(iter(found[name].values())), ("KRR 1", "joint"), ("KRR 1", "attack")),
                note=f"Mean attack radius {_over_seeds(found, name, 'KRR 1', 'attack'):.3f}, certified "
                f"{_over_seeds(found, name, 'KRR 1', 'joint'):.3f} (joint), "
                f"{_over_seeds(found, name, 'KRR 1', 'norm'):.3f} (norm), "
                f"{_over_seeds(found, name, 'KRR 1', 'interval'):.3f} (interval), "
                f"{_over_seeds(found, name, 'KRR 1', 'published'):.4f} (published).",
            )
        )
    return made


def _over_seeds(found: Found, table: str, model: str, column: str) -> float:
    return float(np.mean([mean(r, model, column) for r in found[table].values()]))


def _attacked(found: Found, size: Size) -> list[Claim]:
    def quotient(column: str) -> dict[str, Any]:
        values = over(found["table-01"], lambda r: mean(r, "SVM 0.1", column) / mean(r, "KRR 0", column))
        first = next(iter(found["table-01"].values()))
        return values | {"sampling_error": _sampling(first, ("SVM 0.1", column), ("KRR 0", column))}

    setting = f"support vector machine (C 0.1) over regression without ridge; digits 0 against 1; {_DATA}"
    return [
        Claim(
            "8a",
            "By the published certificate a support vector machine is tens of times as robust as kernel regression",
            f"{PAPER}, tables 2 and 3",
            f"quotient of the {_RADIUS}: {setting}",
            Expected.about(39.0, 12.0, refuted_below=10.0),
            **quotient("published"),
            size=size,
        ),
        Claim(
            "8b",
            "Under attack it is hardly more robust: a quotient of certificates is none of robustness",
            f"limes, against {PAPER}, tables 2 and 3",
            f"quotient of mean attack radii: {setting}",
            Expected.about(1.17, 0.1, refuted_above=3.0),
            **quotient("attack"),
            size=size,
            headline=True,
        ),
    ]


def _rows(found: Found) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in TABLE:
        quantity = f"mnist-{name.lower().replace(' ', '-').replace('.', 'p')}"
        if quantity in found:
            yield name, next(iter(found[quantity].values()))


def _mnist(found: Found, size: Size) -> list[Claim]:
    rows = dict(_rows(found))
    off = {name: row["published"] / TABLE[name] - 1 for name, row in rows.items()}
    told = ", ".join(f"{name} {value:+.0%}" for name, value in off.items())
    gains = {name: row["norm"] / row["published, attacked"] for name, row in rows.items()}
    attacked = ", ".join(f"{name} {row['attack']:.3f}" for name, row in rows.items())
    return [
        Claim(
            "7m",
            "On MNIST 0 against 1 at full size the norm bound certifies further than the published one too",
            "limes, against " + PAPER,
            f"least quotient of mean certified l-inf radii over {len(rows)} models, 20 test points",
            Expected.at_least(4.0, refuted_below=2.0),
            (min(gains.values()),),
            size=size,
            note=", ".join(f"{name} {value:.1f}" for name, value in gains.items()),
        ),
        Claim(
            "10a",
            "The published certificates of kernel regression are reproduced",
            f"{PAPER}, table 3",
            "largest relative deviation of the mean radius over 100 random test points; MNIST 0 against 1",
            Expected.at_most(0.1, refuted_above=0.3),
            (max(abs(value) for name, value in off.items() if name != "SVM"),),
            size=size,
            note=told,
        ),
        Claim(
            "10b",
            "The models that these certificates call hundreds of times as robust are alike under attack",
            f"limes, against {PAPER}, table 3",
            "largest over least mean attack radius, pixels in [0, 1]",
            Expected.at_most(2.0, refuted_above=10.0),
            (max(r["attack"] for r in rows.values()) / min(r["attack"] for r in rows.values()),),
            size=size,
            note=f"{attacked}; published certificates differ by a factor of "
            f"{max(r['published'] for r in rows.values()) / min(r['published'] for r in rows.values()):.0f}.",
        ),
    ]

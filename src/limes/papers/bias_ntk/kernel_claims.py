"""Claims 1 to 5: closed forms, the limit of finite networks, and the spectrum over B."""

from typing import Any

import numpy as np

from limes.measure import active_fraction
from limes.papers.bias_ntk.closed_forms import BIASES, COSINES, FINE, LARGE
from limes.papers.bias_ntk.kernel_limit import BIASES as LIMIT_BIASES
from limes.papers.bias_ntk.kernel_limit import D, N
from limes.papers.bias_ntk.reading import DERIVED, PAPER, RECORDED, at, rows_of
from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import over, slope

_HITS = 1000
"""Pairs above both thresholds from which a standard error is worth something: products have heavy tails."""
_TABLE = {1_000: (0.052, 0.124, 0.316), 10_000: (0.0158, 0.0416, 0.0882), 100_000: (0.0044, 0.0132, 0.0282)}
"""Relative Frobenius distance for B = 0, 1, 2, one network each."""
CONDITIONS = {0.0: 1085.0, 1.0: 178.0, 2.0: 18.7, 3.0: 2.3}
"""For n = 1000, d = 100."""


def kernel_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 1 to 5."""
    return [*_forms(found, size), *_stable(found, size), *_limit(found, size), *_spectrum(found, size)]


def deviations(found: Found) -> dict[str, np.ndarray]:
    """Standard errors between closed forms and the draws of all seeds: `p` and `m`, NaN where there are few hits."""
    draws = sum(r["draws"] for r in found["draws"].values())
    hits, sums, squares = (sum(np.asarray(r[k]) for r in found["draws"].values()) for k in ("hits", "sums", "squares"))
    exact = found["forms"][0]
    p, m = np.asarray(exact["p"]), np.asarray(exact["m"])
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = {
            "p": (hits / draws - p) / np.sqrt(p * (1 - p) / draws),
            "m": (sums / draws - m) / np.sqrt((squares / draws - (sums / draws) ** 2) / draws),
        }
    return {name: np.where(np.asarray(hits) >= _HITS, score, np.nan) for name, score in scores.items()}


def _forms(found: Found, size: Size) -> list[Claim]:
    exact, scores = found["forms"][0], deviations(found)
    draws = sum(r["draws"] for r in found["draws"].values())
    cells = int(np.isfinite(scores["p"]).sum())
    grid = f"B = {BIASES[0]:g} to {BIASES[-1]:g}, cosines {COSINES[0]:g} to {COSINES[-1]:g}"
    words = {
        "p": "The probability that both of two units are active is the kernel's closed form",
        "m": "The mean product of two units above their thresholds is the kernel's closed form",
    }
    claims = [
        Claim(
            f"1{letter}",
            statement,
            f"{PAPER}, kernel" if name == "p" else DERIVED,
            f"largest deviation from {draws:,} draws in standard errors; {grid}",
            Expected.at_most(3.0, refuted_above=4.0),
            (float(np.nanmax(np.abs(scores[name]))),),
            size=size,
            note=f"{cells} cells with {_HITS} hits or more, the draws of all seeds together.",
        )
        for letter, (name, statement) in zip("ab", words.items(), strict=True)
    ]
    exactly = (
        (
            "1c",
            "The derivative of the mean product in the cosine is the probability",
            "derivative",
            "|dM - int p|",
            1e-9,
        ),
        ("1d", "Without bias both are the arc-cosine kernels", "arccosine", "absolute difference", 1e-12),
        (
            "1e",
            "Equal inputs have p = Phi(-B) and M = (1 + B²) Phi(-B) - B phi(B)",
            "diagonal",
            "relative difference",
            1e-11,
        ),
    )
    for key, statement, name, words_of, most in exactly:
        quantity = f"largest {words_of}; {grid}"
        claims.append(
            Claim(key, statement, DERIVED, quantity, Expected.at_most(most), (float(exact[name]),), size=size)
        )
    return claims


def _stable(found: Found, size: Size) -> list[Claim]:
    exact = found["forms"][0]
    grid = f"B = {LARGE[0]:g} to {LARGE[-1]:g}, cosines {FINE[0]:g} to {FINE[-1]:g}"
    return [
        Claim(
            "2a",
            "The kernel keeps its relative accuracy at large thresholds and negative cosines",
            DERIVED,
            f"largest relative difference of p from a quadrature of 400 nodes; {grid}",
            Expected.at_most(1e-8),
            (float(exact["relative"]),),
            size=size,
        ),
        Claim(
            "2b",
            "At B = 4 and cosine -0.6 the probability is 8.13e-21",
            RECORDED,
            "p",
            Expected.about(8.13e-21, 5e-24),
            (float(exact["at_four"]),),
            size=size,
        ),
        Claim(
            "2c",
            "Probability and mean product are never negative",
            DERIVED,
            f"smallest value; {grid}",
            Expected.at_least(0.0),
            (float(exact["smallest"]),),
            size=size,
        ),
        Claim(
            "2d",
            "The difference of Owen's T functions, the textbook form, is negative there",
            RECORDED,
            "that difference at B = 4 and cosine -0.6",
            Expected.at_most(0.0),
            (float(exact["owen_at_four"]),),
            size=size,
            note="Why the kernel is an integral of a positive function.",
        ),
    ]


def _limit(found: Found, size: Size) -> list[Claim]:
    results = [*found["limit"].values()]
    widths = results[0]["widths"]

    def mean_slope(row: Any) -> float:
        return float(np.mean([slope(widths, line) for line in np.asarray(row["distance"])]))

    def share(row: Any) -> float:
        return max(
            abs(float(line[-1]) / active_fraction(bias) - 1.0)
            for bias, line in zip(LIMIT_BIASES, np.asarray(row["active"]), strict=True)
        )

    mean = np.mean([np.asarray(r["distance"]) for r in results], axis=0)
    ratios = [mean[i, j] / _TABLE[w][i] for i in range(len(LIMIT_BIASES)) for j, w in enumerate(widths)]
    setting = f"n = {N}, d = {D}, B = 0, 1, 2"
    return [
        Claim(
            "3a",
            "The empirical kernel of finite networks approaches the limit as one over the root of the width",
            f"{PAPER}, kernel",
            f"exponent of the width in the relative Frobenius distance, mean over B; widths {widths[0]:,} to "
            f"{widths[-1]:,}; {setting}",
            Expected.about(-0.5, 0.05, refuted_above=-0.4),
            **over(found["limit"], mean_slope),
            size=size,
        ),
        Claim(
            "3b",
            "The distances are those that were recorded when this list was made",
            RECORDED,
            f"largest factor between the mean over networks and the recorded figure, minus 1; {setting}",
            Expected.at_most(0.3),
            (max(max(r, 1 / r) - 1 for r in ratios),),
            size=size,
        ),
        Claim(
            "3c",
            "A share Phi(-B) of units is active at the start",
            f"{PAPER}, sparsity at the start",
            f"largest |active / Phi(-B) - 1| over B at width {widths[-1]:,}; {setting}",
            Expected.at_most(0.01 if size == "full" else 0.05),
            **over(found["limit"], share),
            size=size,
        ),
        Claim(
            "3d",
            "The smallest eigenvalue of the empirical kernel approaches that of the limit from below",
            RECORDED,
            f"ratio of the two at B = 2 and width {widths[-1]:,}; {setting}",
            Expected(0.9 if size == "full" else 0.85, 1.02, 0.5, 1.1),
            **over(found["limit"], lambda r: np.asarray(r["smallest"])[2, -1] / np.asarray(r["limit"])[2]),
            size=size,
        ),
    ]


def _spectrum(found: Found, size: Size) -> list[Claim]:
    claims, sizes = [], rows_of(found)

    def scaled(row: Any) -> np.ndarray:
        return np.asarray(row["smallest"]) * np.exp(0.5 * np.square(row["biases"]))

    def recorded(key: str, n: int, figure: Any, low: float, high: float, statement: str, words: str) -> Claim:
        expected = Expected(low, high, low - 0.04, high + 0.04, 0.02)
        values = over(found[f"spectrum-{n}"], figure)
        return Claim(key, statement, RECORDED, f"{words}; n = 1000, d = 100", expected, **values, size=size)

    for letter, n in zip("abc", [sizes[0], sizes[-1]], strict=False):
        claims.append(
            Claim(
                f"4{letter}",
                f"The smallest eigenvalue falls with B as exp(-B²/2), so that lambda_0 hardly depends on B (n = {n})",
                f"{PAPER}, definition of lambda_0 [recalled]",
                f"largest over smallest lambda_min exp(B²/2) for B = 0 to 3; n = {n} points on the sphere",
                Expected.at_most(1.3),
                **over(found[f"spectrum-{n}"], lambda r: scaled(r).max() / scaled(r).min()),
                size=size,
            )
        )
    if sizes[-1] == 1000:
        low, high = "Its smallest value over B is that recorded", "Its largest value over B is that recorded"
        words = "lambda_min exp(B²/2), {} over B = 0 to 3"
        claims += [
            recorded("4c", 1000, lambda r: scaled(r).min(), 0.229, 0.233, low, words.format("smallest")),
            recorded("4d", 1000, lambda r: scaled(r).max(), 0.255, 0.258, high, words.format("largest")),
        ]
        for letter, (bias, value) in zip("abcd", CONDITIONS.items(), strict=True):
            claims.append(
                Claim(
                    f"5{letter}",
                    f"The condition number at B = {bias:g} is about {value:g}",
                    RECORDED,
                    "largest over smallest eigenvalue; n = 1000, d = 100, sphere",
                    Expected.about(value, 0.15 * value),
                    **over(found["spectrum-1000"], at("condition", bias)),
                    size=size,
                )
            )
    claims.append(
        Claim(
            "5e",
            "The larger the bias, the better the kernel is conditioned",
            DERIVED,
            "largest ratio of condition numbers when B grows by a half, B = 0 to 3, all sizes",
            Expected.at_most(1.0),
            **_worst(found, sizes, lambda r: float(np.exp(np.diff(np.log(r["condition"])).max()))),
            over="largest",
            size=size,
            headline=True,
        )
    )
    return claims


def _worst(found: Found, sizes: list[int], figure: Any) -> dict[str, Any]:
    seeds = [*found[f"spectrum-{sizes[0]}"]]
    values = [
        max(figure(found[f"spectrum-{n}"].get(s, found[f"spectrum-{n}"][seeds[0]])) for n in sizes) for s in seeds
    ]
    return {"values": tuple(values), "seeds": tuple(seeds)}

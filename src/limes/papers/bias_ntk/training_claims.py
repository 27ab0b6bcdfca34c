"""Claims 6, 7, 8 and 13: convergence, activation in training, the end of the lazy regime, and the remainder."""

from typing import Any

import numpy as np

from limes.papers.bias_ntk.reading import DERIVED, PAPER, RECORDED, at, widths_of
from limes.papers.bias_ntk.training import LATE, SHARE, D, N
from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import over

MOVED = {0.0: (48.0, 59.0), 1.0: (76.0, 94.0)}
"""Largest move of a unit's value times the root of the width, after 600 steps."""
_SETTING = f"n = {N}, d = {D}, random labels, step 1 / lambda_max"


def training_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 6, 7, 8 and 13."""
    widths = widths_of(found)
    return [
        *_convergence(found, size, widths[-1]),
        *_sparsity(found, size, widths),
        *_lazy(found, size, widths),
        *_remainder(found, size, widths[0]),
    ]


def _convergence(found: Found, size: Size, width: int) -> list[Claim]:
    name, setting = f"width-{width}", f"width {width:,}, {_SETTING}"

    def steps(row: Any, more: float, less: float) -> float:
        return at("steps", more)(row) / at("steps", less)(row)

    claims = [
        Claim(
            "6a",
            "Late in training the residual shrinks by 1 - eta lambda_min in a step",
            f"{PAPER}, convergence",
            f"its factor less 1 - eta lambda_min of the kernel at the start, mean over the last {LATE} steps; B = 0, "
            f"{setting}",
            Expected.about(0.0, 5e-4 if size == "full" else 3e-3),
            **over(found[name], lambda r: at("factor", 0.0)(r) - at("predicted", 0.0)(r)),
            size=size,
            note="With larger B the loss reaches its floor, or the network is no longer lazy, before it settles.",
        )
    ]
    for letter, more, less in (("b", 1.0, 0.0), ("c", 2.0, 1.0)):
        claims.append(
            Claim(
                f"6{letter}",
                f"With bias {more:g} training takes fewer steps than with bias {less:g}",
                f"{PAPER}, convergence as fast as that of the dense network",
                f"ratio of the steps to {SHARE:g} of the first loss; {setting}",
                Expected.at_most(1.0),
                **over(found[name], lambda r, more=more, less=less: steps(r, more, less)),
                size=size,
                headline=more == 1.0,
                note="With B = 0 that loss was not reached: all steps are counted, the true ratio is smaller."
                if less == 0.0
                else "",
            )
        )
    first = widths_of(found)[0]
    both = [s for s in found["frozen"] if s in found[f"width-{first}"]]
    values = [at("steps", 1.0)(found["frozen"][s]) / at("steps", 1.0)(found[f"width-{first}"][s]) for s in both]
    claims.append(
        Claim(
            "6d",
            "Frozen thresholds train faster still: the term that lifts the smallest eigenvalue lifts the largest more",
            DERIVED,
            f"steps to {SHARE:g} of the first loss, frozen over trained; B = 1, width {first:,}, {_SETTING}",
            Expected.at_most(1.0),
            tuple(values),
            tuple(both),
            size=size,
        )
    )
    return claims


def _sparsity(found: Found, size: Size, widths: list[int]) -> list[Claim]:
    claims, letters = [], iter("abcdefghijklmnop")
    for bias in (0.0, 1.0):
        for width in widths:
            claims.append(
                Claim(
                    f"7{next(letters)}",
                    f"In training the active share stays within a tenth of Phi(-B): B = {bias:g}, width {width:,}",
                    f"{PAPER}, sparsity in training",
                    f"largest |active / Phi(-B) - 1| over all steps; {_SETTING}",
                    Expected.at_most(0.1, 0.01, refuted_above=0.15),
                    **over(found[f"width-{width}"], at("drift", bias)),
                    size=size,
                )
            )
    if len(widths) > 1:
        seeds = [s for s in found[f"width-{widths[-1]}"] if s in found[f"width-{widths[0]}"]]
        first, last = ([at("drift", 1.0)(found[f"width-{w}"][s]) for s in seeds] for w in (widths[0], widths[-1]))
        claims.append(
            Claim(
                f"7{next(letters)}",
                "The drift becomes smaller with the width",
                f"{PAPER}, sparsity in training",
                f"drift at width {widths[-1]:,} over that at {widths[0]:,}; B = 1, {_SETTING}",
                Expected.at_most(1.0),
                tuple(b / a for a, b in zip(first, last, strict=True)),
                tuple(seeds),
                size=size,
            )
        )
    if size == "full":
        for bias, (low, high) in MOVED.items():
            for width in widths:
                claims.append(
                    Claim(
                        f"7{next(letters)}",
                        f"Units move by a constant over the root of the width: B = {bias:g}, width {width:,}",
                        RECORDED,
                        f"largest |z - z0| times sqrt(m) after 600 steps; {_SETTING}",
                        Expected(low, high, 0.75 * low, 1.3 * high, 5.0),
                        **over(found[f"width-{width}"], lambda r, b=bias, w=width: at("moved", b)(r) * w**0.5),
                        size=size,
                    )
                )
    claims.append(
        Claim(
            f"7{next(letters)}",
            f"With frozen thresholds the active share stays as well: B = 1, width {widths[0]:,}",
            DERIVED,
            f"largest |active / Phi(-B) - 1| over all steps; {_SETTING}",
            Expected.at_most(0.1, refuted_above=0.15),
            **over(found["frozen"], at("drift", 1.0)),
            size=size,
        )
    )
    return claims


def _lazy(found: Found, size: Size, widths: list[int]) -> list[Claim]:
    first, last = widths[0], widths[-1]
    claims = [
        Claim(
            "8a",
            f"With bias 2 and width {first:,} the network leaves the lazy regime",
            RECORDED,
            f"largest |z - z0| over B; {_SETTING}",
            Expected.at_least(1.0),
            **over(found[f"width-{first}"], lambda r: at("moved", 2.0)(r) / 2.0),
            over="smallest",
            size=size,
            note=f"Activation drifts by {_mean(found, first, 'drift', 2.0):.0%} of Phi(-B) there, by "
            f"{_mean(found, last, 'drift', 2.0):.0%} at width {last:,}.",
        )
    ]
    if last > first:
        claims.append(
            Claim(
                "8b",
                f"With bias 1 and width {last:,} the network stays lazy",
                DERIVED,
                f"largest |z - z0| over B; {_SETTING}",
                Expected.at_most(1.0),
                **over(found[f"width-{last}"], at("moved", 1.0)),
                over="largest",
                size=size,
            )
        )
    return claims


def _mean(found: Found, width: int, name: str, bias: float) -> float:
    return float(np.mean([at(name, bias)(row) for row in found[f"width-{width}"].values()]))


def _remainder(found: Found, size: Size, width: int) -> list[Claim]:
    results = [*found["teacher"].values()]
    told = "; ".join(
        f"B = {i}: test error {np.mean([r['error'][i] for r in results]):.3f}, term of the ball "
        f"{np.mean([r['term'][i] for r in results]):.2f}, remainder {np.mean([r['remainder'][i] for r in results]):.3g}"
        for i in range(3)
    )
    return [
        Claim(
            "13",
            "At these widths the remainder of linearisation is larger than any error: the bound of the linear class is "
            "not one of the network",
            DERIVED,
            f"smallest sqrt(m) R_w P(|z| <= 2 R_w) over B = 0, 1, 2, R_w the largest move of a unit; width {width:,}, "
            f"n = {N}, d = {D}, labels of a linear teacher",
            Expected.at_least(1.0),
            **over(found["teacher"], lambda r: min(r["remainder"])),
            over="smallest",
            size=size,
            note=f"{told}.",
        )
    ]

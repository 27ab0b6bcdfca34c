"""Claim 5: pruned, rescaled and whole networks in training, and other ways of pruning beside random."""

from collections.abc import Callable
from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.pruned_ntk.kernel_claims import PAPER
from limes.papers.reading import Result, across, family, over, slope

_LETTERS = "abc"


def training_claims(found: Found, size: Size) -> list[Claim]:
    """Claims on networks in training; none where their data were not there."""
    results = family(found, "training-")
    return [*_widths(results, size), *_others(found["criteria"], size)] if results else []


def gap(result: Result, i: int) -> float:
    """Accuracy of the whole network less that of the i-th rescaled one."""
    return result["unpruned"]["accuracy"] - result["rescaled"][i]["accuracy"]


def _widths(results: list[dict[int, Result]], size: Size) -> list[Claim]:
    first = next(iter(results[0].values()))
    keeps, widths = first["keeps"], [next(iter(r.values()))["width"] for r in results]
    last = results[-1]
    setting = f"two hidden layers of {widths[-1]:,} units, all layers but the first pruned, as many steps for all"
    told = _told(last)
    made = []
    for i, keep in enumerate(keeps):
        made.append(
            Claim(
                f"5{_LETTERS[i]}",
                f"A rescaled network with {keep:g} of its weights learns as well as the whole one",
                PAPER,
                f"test accuracy of the whole network less that of the pruned and rescaled one; {setting}",
                Expected.about(0.0, 0.0),
                **over(last, lambda r, i=i: gap(r, i)),
                size=size,
                headline=i == 0,
                note=told if i == 0 else "",
            )
        )
    few = len(keeps) - 1

    def claim(id: str, statement: str, quantity: str, expected: Expected, figure: Callable, **more: Any) -> Claim:
        return Claim(id, statement, PAPER, quantity, expected, **across(results, figure), size=size, **more)

    span = f"widths {widths[0]:,} to {widths[-1]:,}"
    return [
        *made,
        claim(
            "5d",
            "What pruning costs falls with the width",
            f"accuracy lost with alpha = {keeps[few]:g} at width {widths[-1]:,} less that at {widths[0]:,}",
            Expected.at_most(0.0),
            lambda r: gap(r[-1], few) - gap(r[0], few),
            headline=True,
        ),
        claim(
            "5e",
            "Rescaled networks approach kernel regression with the unpruned kernel as they grow wider",
            f"largest exponent over alpha of the width in the relative distance of the outputs on test rows; {span}",
            Expected.at_most(-0.1, refuted_above=0.0),
            lambda r: max(slope(widths, [s["rescaled"][i]["distance"] for s in r]) for i in range(len(keeps))),
        ),
        claim(
            "5f",
            "The fewer weights stay, the further from it they are",
            f"distance with alpha = {keeps[few]:g} over that of the whole network, width {widths[-1]:,}",
            Expected.at_least(1.0),
            lambda r: r[-1]["rescaled"][few]["distance"] / r[-1]["unpruned"]["distance"],
        ),
        claim(
            "5g",
            "Without rescaling the factor of the kernel is a slower training",
            f"training loss after as many steps at one rate, alpha = {keeps[few]:g}: pruned over rescaled, width "
            f"{widths[-1]:,}",
            Expected.at_least(2.0, refuted_below=1.0),
            lambda r: r[-1]["raw"][few]["loss"] / r[-1]["rescaled"][few]["loss"],
            note="A kernel alpha^2 times as large takes alpha^-2 times as many steps; also, pruned networks start from "
            "outputs alpha times as large.",
        ),
    ]


def _told(last: dict[int, Result]) -> str:
    def mean(figure: Callable[[Result], float]) -> str:
        return f"{np.mean([figure(r) for r in last.values()]):.3f}"

    def kept(i: int, keep: float) -> str:
        rescaled, raw = (mean(lambda r, name=name: r[name][i]["accuracy"]) for name in ("rescaled", "raw"))
        return f"alpha = {keep:g} rescaled {rescaled} and not {raw}"

    rows = [f"kernel regression {mean(lambda r: r['kernel'])}, whole {mean(lambda r: r['unpruned']['accuracy'])}"]
    rows += [kept(i, keep) for i, keep in enumerate(next(iter(last.values()))["keeps"])]
    return f"Test accuracies: {'; '.join(rows)}."


def _others(by_seed: dict[int, Result], size: Size) -> list[Claim]:
    first = next(iter(by_seed.values()))
    setting = f"alpha = {first['keep']:g} in each pruned layer, width {first['width']}"
    names = ("random", "magnitude", "snip", "grasp")
    told = "; ".join(
        f"{name} {np.mean([r[name]['accuracy'] for r in by_seed.values()]):.3f}, kernel "
        f"{np.mean([r[name]['factor'] for r in by_seed.values()]):.3g} times the limit and "
        f"{np.mean([r[name]['distance to limit'] for r in by_seed.values()]):.2g} from it in direction"
        for name in names
    )
    return [
        Claim(
            "5h",
            "Random pruning keeps the direction of the kernel best of four ways to prune at initialisation",
            "limes",
            "distance (1 - cosine) of the kernel before training to the infinite-width one: random over the least of "
            f"magnitude, SNIP and GraSP; {setting}",
            Expected.at_most(1.0),
            **over(
                by_seed,
                lambda r: r["random"]["distance to limit"] / min(r[n]["distance to limit"] for n in names[1:]),
            ),
            size=size,
            note=f"Test accuracies and kernels: {told}. Nothing is rescaled but the random mask.",
        )
    ]

"""Claim 9: the kernel of a network in standard and in adversarial training."""

from collections.abc import Callable
from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.ntk_features.evolution_cases import EVOLUTION, EvolutionCase
from limes.papers.paper import Found
from limes.papers.reading import BySeed, Result, mean, over

_SOURCE = "Tsilivis & Kempe 2022, section 5 and abstract (claim 8 of our description): direction only, no figures"
SHARE = 0.8  # of a kernel's way, whose end counts as the beginning of laziness
_CLEAR = 0.05  # in log 10: a difference of an eighth


def evolution_claims(found: Found, size: Size) -> list[Claim]:
    """For each data set: when the kernel comes to rest, and how concentrated it is, on both probes."""
    made = []
    for letter, name in zip("ab", EVOLUTION["full"], strict=True):
        if runs := found.get(f"evolution-{name}"):
            made += _claims(f"9{letter}", EVOLUTION[size][name], runs, size, name == "cifar10")
    return made


def _claims(prefix: str, case: EvolutionCase, runs: BySeed, size: Size, main: bool) -> list[Claim]:
    setting = (
        f"small convolutional network, kernel of all pairs of {len(case.problem.classes)} outputs on {case.probes} "
        f"test images, {case.epochs} epochs; {case.words}, eps {case.problem.eps}"
    )

    def end(training: str, name: str) -> float:
        return mean(runs, lambda r: r[training][name])

    told = "; ".join(
        f"{name} training ends at accuracy {end(name, 'clean'):.3f} clean, {end(name, 'robust'):.3f} "
        f"under PGD, loss {end(name, 'loss'):.2f}"
        for name in ("clean", "adversarial")
    )

    def claim(
        number: int, statement: str, quantity: str, expected: Expected, value: Callable[[Result], float], **more: Any
    ) -> Claim:
        words, what = f"{statement}, on {case.words}", f"{quantity}; {setting}"
        return Claim(f"{prefix}{number}", words, _SOURCE, what, expected, **over(runs, value), size=size, **more)

    made = []
    for first, probe, place in ((1, "fixed", "fixed images"), (6, "moving", "each network's adversarial images")):
        made += [
            claim(
                first,
                f"Adversarial training becomes lazy earlier ({place})",
                f"share of the training with which {SHARE:.0%} of the kernel's way (sum of the distances between "
                "neighbouring epochs) is behind, adversarial minus clean",
                Expected.at_most(-0.1, refuted_above=0.0),
                lambda run, probe=probe: rest(run["adversarial"][probe]) - rest(run["clean"][probe]),
                headline=main and probe == "fixed",
                note=f"{told}.",
            ),
            claim(
                first + 1,
                f"In its later half its kernel moves less ({place})",
                "kernel distance of neighbouring epochs, mean over the later half, adversarial over clean, log 10",
                Expected.at_most(-_CLEAR, refuted_above=0.0),
                lambda run, probe=probe: np.log10(late(run["adversarial"][probe]) / late(run["clean"][probe])),
            ),
            claim(
                first + 2,
                f"In its first quarter its kernel moves more ({place})",
                "kernel distance of neighbouring epochs, mean over the first quarter, adversarial over clean, log 10",
                Expected.at_least(_CLEAR, refuted_below=0.0),
                lambda run, probe=probe: np.log10(early(run["adversarial"][probe]) / early(run["clean"][probe])),
                note="Not claimed by the paper: tells a kernel that rests earlier from one that moves less throughout.",
            ),
            *(
                claim(
                    first + 3 + i,
                    f"Its kernel is more concentrated in the top {count} eigenvalues ({place})",
                    f"what the top {count} leave of the sum of squared eigenvalues after the last epoch, adversarial "
                    "over clean, log 10",
                    Expected.at_most(-_CLEAR, refuted_above=0.0),
                    lambda run, probe=probe, top=f"top{count}": np.log10(
                        left(run["adversarial"][probe], top) / left(run["clean"][probe], top)
                    ),
                )
                for i, count in enumerate((10, 20))
            ),
        ]
    return made


def rest(entry: Result) -> float:
    """Share of the training until `SHARE` of the way is behind, between epochs by interpolation.

    Example:
        >>> round(rest({"steps": [6.0, 3.0, 1.0, 0.0]}), 4)
        0.4167
    """
    way = np.concatenate([[0.0], np.cumsum(entry["steps"])])
    return float(np.interp(SHARE * way[-1], way, np.linspace(0.0, 1.0, len(way))))


def late(entry: Result) -> float:
    """Mean distance of neighbouring epochs in the later half."""
    steps = np.asarray(entry["steps"])
    return float(steps[len(steps) // 2 :].mean())


def early(entry: Result) -> float:
    """Mean distance of neighbouring epochs in the first quarter."""
    steps = np.asarray(entry["steps"])
    return float(steps[: max(1, len(steps) // 4)].mean())


def left(entry: Result, top: str) -> float:
    """What the top eigenvalues leave of the sum of squares, after the last epoch."""
    return float(1.0 - entry[top][-1])

"""Claim 9: the kernel of a network in standard and in adversarial training."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.ntk_features.evolution_cases import EVOLUTION, EvolutionCase
from limes.papers.paper import Found

_SOURCE = "Tsilivis & Kempe 2022, section 5 and abstract (claim 8 of our description): direction only, no figures"
SHARE = 0.8  # of a kernel's way, whose end counts as the beginning of laziness
_CLEAR = 0.05  # in log 10: a difference of an eighth
Run = Mapping[str, Any]


def evolution_claims(found: Found, size: Size) -> list[Claim]:
    """For each data set: when the kernel comes to rest, and how concentrated it is, on both probes."""
    made = []
    for letter, name in zip("ab", EVOLUTION["full"], strict=True):
        if runs := found.get(f"evolution-{name}"):
            made += _claims(f"9{letter}", EVOLUTION[size][name], runs, size, name == "cifar10")
    return made


def _claims(prefix: str, case: EvolutionCase, runs: Mapping[int, Run], size: Size, main: bool) -> list[Claim]:
    setting = (
        f"small convolutional network, kernel of all pairs of {len(case.problem.classes)} outputs on {case.probes} "
        f"test images, {case.epochs} epochs; {case.words}, eps {case.problem.eps}"
    )
    told = "; ".join(
        f"{name} training ends at accuracy {_mean(runs, name, 'clean'):.3f} clean, {_mean(runs, name, 'robust'):.3f} "
        f"under PGD, loss {_mean(runs, name, 'loss'):.2f}"
        for name in ("clean", "adversarial")
    )

    def claim(
        number: int, statement: str, quantity: str, expected: Expected, value: Callable[[Run], float], **more: Any
    ) -> Claim:
        values = tuple(float(value(run)) for run in runs.values())
        words = f"{statement}, on {case.words}"
        return Claim(
            f"{prefix}{number}",
            words,
            _SOURCE,
            f"{quantity}; {setting}",
            expected,
            values,
            tuple(runs),
            size,
            **more,
        )

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


def rest(entry: Run) -> float:
    """Share of the training until `SHARE` of the way is behind, between epochs by interpolation.

    Example:
        >>> round(rest({"steps": [6.0, 3.0, 1.0, 0.0]}), 4)
        0.4167
    """
    way = np.concatenate([[0.0], np.cumsum(entry["steps"])])
    return float(np.interp(SHARE * way[-1], way, np.linspace(0.0, 1.0, len(way))))


def late(entry: Run) -> float:
    """Mean distance of neighbouring epochs in the later half."""
    steps = np.asarray(entry["steps"])
    return float(steps[len(steps) // 2 :].mean())


def early(entry: Run) -> float:
    """Mean distance of neighbouring epochs in the first quarter."""
    steps = np.asarray(entry["steps"])
    return float(steps[: max(1, len(steps) // 4)].mean())


def left(entry: Run, top: str) -> float:
    """What the top eigenvalues leave of the sum of squares, after the last epoch."""
    return float(1.0 - entry[top][-1])


def _mean(runs: Mapping[int, Run], training: str, name: str) -> float:
    return float(np.mean([run[training][name] for run in runs.values()]))

"""Claim 10: what a network's kernel, frozen at an epoch, keeps of its adversarial training."""

from collections.abc import Callable
from typing import Any

from limes.papers.claim import Claim, Expected, Size
from limes.papers.ntk_features.evolution_cases import EVOLUTION, EvolutionCase
from limes.papers.paper import Found
from limes.papers.reading import BySeed, Result, mean, over

_SOURCE = "Loo et al. 2022, arXiv 2210.12030, abstract (claim 9 of our description)"


def frozen_claims(found: Found, size: Size) -> list[Claim]:
    """For each data set: training by the last kernels, benign and adversarial, and by those of earlier epochs."""
    made = []
    for letter, name in zip("ab", EVOLUTION["full"], strict=True):
        if runs := found.get(f"evolution-{name}"):
            made += _claims(f"10{letter}", EVOLUTION[size][name], runs, size, name == "cifar10")
    return made


def _claims(prefix: str, case: EvolutionCase, runs: BySeed, size: Size, main: bool) -> list[Claim]:
    setting = (
        f"small convolutional network, {case.epochs} epochs, then {case.second_epochs} on its centred kernel; "
        f"{case.words}, accuracy under PGD of 20 steps, eps {case.problem.eps}"
    )

    def claim(
        number: int, statement: str, quantity: str, expected: Expected, value: Callable[[Result], float], **more: Any
    ) -> Claim:
        text, what = f"{statement}, on {case.words}", f"{quantity}; {setting}"
        return Claim(f"{prefix}{number}", text, _SOURCE, what, expected, **over(runs, value), size=size, **more)

    told = "; ".join(
        f"kernel of {name} training: {mean(runs, lambda r, n=name: r[n]['frozen']['clean'][-1]):.3f} clean, "
        f"{mean(runs, lambda r, n=name: r[n]['frozen']['robust'][-1]):.3f} attacked after a benign second training, "
        f"{mean(runs, lambda r, n=name: r[n]['frozen']['adversarial']['clean']):.3f} and "
        f"{mean(runs, lambda r, n=name: hardened(r, n)):.3f} after an adversarial one; the network itself "
        f"{mean(runs, lambda r, n=name: r[n]['clean']):.3f} and {mean(runs, lambda r, n=name: r[n]['robust']):.3f}"
        for name in ("clean", "adversarial")
    )
    return [
        claim(
            1,
            "The frozen kernel of an adversarially trained network is robust without further attacks in training",
            "after a benign second training, kernel of adversarial minus kernel of clean training",
            Expected.at_least(0.1, refuted_below=0.02),
            lambda r: benign(r, "adversarial") - benign(r, "clean"),
            headline=main,
            note=f"{told}.",
        ),
        claim(
            2,
            "This robustness grows with the epoch at which the kernel is frozen",
            f"after a benign second training, kernel of epoch {case.moments[-1]} of adversarial training minus the "
            "kernel at the start",
            Expected.at_least(0.05, refuted_below=0.0),
            lambda r: benign(r, "adversarial") - r["adversarial"]["frozen"]["robust"][0],
        ),
        claim(
            3,
            "Adversarial training on a frozen kernel of clean training makes it more robust",
            "kernel of clean training, adversarial minus benign second training",
            Expected.at_least(0.0),
            lambda r: hardened(r, "clean") - benign(r, "clean"),
        ),
        claim(
            4,
            "It makes that of adversarial training as robust as the network itself",
            "kernel of adversarial training after an adversarial second training, minus the network that it is of",
            Expected.at_least(0.0, tolerance=0.05),
            lambda r: hardened(r, "adversarial") - r["adversarial"]["robust"],
            note="The companion reports 76.1 % for ResNet-18 on all of CIFAR-10, which is out of reach here.",
        ),
    ]


def benign(run: Result, training: str) -> float:
    """Robust accuracy of the last kernel of a training after a benign second one."""
    return float(run[training]["frozen"]["robust"][-1])


def hardened(run: Result, training: str) -> float:
    """The same after an adversarial second one."""
    return float(run[training]["frozen"]["adversarial"]["robust"])

"""Claim 7: adversarial examples of the kernel against finite networks, on every task."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.ntk_features.transfer_cases import CASES
from limes.papers.paper import Found
from limes.papers.reading import means

_SOURCE = "Tsilivis & Kempe 2022, section 3 (transfer); no verified figure, the protocol is ours"
_DATA = {"digits": ("7", "digits 3 and 8, eps 0.1"), "cifar10": ("7c", "CIFAR-10 airplanes and automobiles, eps 8/255")}


def transfer_claims(found: Found, size: Size) -> list[Claim]:
    """For each task: transfer against random signs and against white-box attacks; on pairs of images also by width."""
    made = []
    for data, (prefix, words) in _DATA.items():
        if runs := found.get(f"{data}-transfer"):
            letters = ("a", "b") if data == "digits" else ("1", "2")
            ids = tuple(f"{prefix}{letter}" for letter in letters)
            made += _two(ids, words, runs, size, headline=data == "cifar10")
    for letter, (name, case) in zip("defghij", CASES["full"].items(), strict=True):
        if not (runs := found.get(f"transfer-{name}")):
            continue
        ids = (f"7{letter}1", f"7{letter}2")
        made += _two(ids, f"{case.words}, eps {case.problem.eps}", runs, size)
        if name in ("mnist", "cifar10"):
            made.append(_by_width(f"7{letter}3", f"{case.words}, eps {case.problem.eps}", runs, size))
    return made


def _two(
    ids: tuple[str, ...], words: str, runs: dict[int, dict[str, Any]], size: Size, headline: bool = False
) -> list[Claim]:
    """Whether the kernel's examples do harm, and whether white-box attacks do more."""
    task = words.rpartition(", eps")[0]
    widths = list(next(iter(runs.values()))["widths"])
    common: dict[str, Any] = {"seeds": tuple(runs), "size": size}
    told = "; ".join(
        f"width {width}: " + ", ".join(f"{name.replace('_', '-')} {means(runs, name)[i]:.3f}" for name in _NAMES)
        for i, width in enumerate(widths)
    )
    return [
        Claim(
            ids[0],
            f"Adversarial examples of the kernel fool finite networks, on {task}",
            _SOURCE,
            f"accuracy of finite networks under the kernel's PGD examples minus that under random signs, mean over "
            f"widths {', '.join(map(str, widths))}; {words}",
            Expected.at_most(-0.1, refuted_above=0.0),
            tuple(float(np.mean(r["transfer"]) - np.mean(r["random"])) for r in runs.values()),
            headline=headline,
            note=f"Accuracies: {told}. The kernel itself: {_kernel(runs, 'clean'):.3f} clean, "
            f"{_kernel(runs, 'attacked'):.3f} attacked.",
            **common,
        ),
        Claim(
            ids[1],
            f"They are weaker than white-box attacks, on {task}",
            _SOURCE,
            "accuracy under the kernel's examples minus that under white-box PGD on the network itself, the "
            f"smallest over widths; {words}",
            Expected.at_least(0.0, tolerance=0.01),
            tuple(float(np.min(np.subtract(r["transfer"], r["white_box"]))) for r in runs.values()),
            **common,
        ),
    ]


def _by_width(number: str, words: str, runs: dict[int, dict[str, Any]], size: Size) -> Claim:
    """Width alone, under a training that moves features at every width."""
    widths = next(iter(runs.values()))["widths"]
    return Claim(
        number,
        f"Wider networks are fooled no less by the kernel's examples, on {words.rpartition(', eps')[0]}",
        _SOURCE,
        f"accuracy under the kernel's PGD examples at width {widths[-1]} minus that at width {widths[0]}; {words}",
        Expected.at_most(0.0, refuted_above=0.02),
        tuple(float(r["transfer"][-1] - r["transfer"][0]) for r in runs.values()),
        seeds=tuple(runs),
        size=size,
        note="All widths are trained by one rule, in the standard parametrisation with small weights at the start, "
        "where features move at every width: a wider network is a larger one, and not a lazier one. Claim 8 varies "
        "laziness alone.",
    )


_NAMES = ("clean", "transfer", "random", "white_box")


def _kernel(runs: dict[int, dict[str, Any]], name: str) -> float:
    return float(np.mean([run[f"kernel_{name}"] for run in runs.values()]))

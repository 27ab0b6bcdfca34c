"""Claim 7: adversarial examples of the kernel against finite networks."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found

_SOURCE = "Tsilivis & Kempe 2022, section 3 (transfer); no verified figure, the protocol is ours"
_DATA = {"digits": ("7", "digits 3 and 8, eps 0.1"), "cifar10": ("7c", "CIFAR-10 airplanes and automobiles, eps 8/255")}


def transfer_claims(found: Found, size: Size) -> list[Claim]:
    """For each data set: transfer against random signs, at the widest network, and the gain of width."""
    made = []
    for data, (prefix, words) in _DATA.items():
        if not (runs := found.get(f"{data}-transfer", {})):
            continue
        one = next(iter(runs.values()))
        widths = list(one["widths"])
        letters = ("a", "b") if data == "digits" else ("1", "2")
        common: dict[str, Any] = {"seeds": tuple(runs), "size": size}
        told = "; ".join(
            f"width {width}: " + ", ".join(f"{name.replace('_', '-')} {_mean(runs, name, i):.3f}" for name in _NAMES)
            for i, width in enumerate(widths)
        )
        made.append(
            Claim(
                f"{prefix}{letters[0]}",
                f"Adversarial examples of the kernel fool finite networks, on {words.split(',')[0]}",
                _SOURCE,
                f"accuracy of finite networks under the kernel's PGD examples minus that under random signs, mean over "
                f"widths {', '.join(map(str, widths))}; {words}",
                Expected.at_most(-0.1, refuted_above=0.0),
                tuple(float(np.mean(r["transfer"]) - np.mean(r["random"])) for r in runs.values()),
                headline=data == "cifar10",
                note=f"Accuracies: {told}. The kernel itself: {_kernel(runs, 'clean'):.3f} clean, "
                f"{_kernel(runs, 'attacked'):.3f} attacked.",
                **common,
            )
        )
        made.append(
            Claim(
                f"{prefix}{letters[1]}",
                f"They are weaker than white-box attacks, on {words.split(',')[0]}",
                _SOURCE,
                "accuracy under the kernel's examples minus that under white-box PGD on the network itself, the "
                f"smallest over widths; {words}",
                Expected.at_least(0.0, tolerance=0.01),
                tuple(float(np.min(np.subtract(r["transfer"], r["white_box"]))) for r in runs.values()),
                **common,
            )
        )
    return made


_NAMES = ("clean", "transfer", "random", "white_box")


def _mean(runs: dict[int, dict[str, Any]], name: str, place: int) -> float:
    return float(np.mean([run[name][place] for run in runs.values()]))


def _kernel(runs: dict[int, dict[str, Any]], name: str) -> float:
    return float(np.mean([run[f"kernel_{name}"] for run in runs.values()]))

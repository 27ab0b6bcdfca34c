"""Claim 8: transfer of the kernel's examples as networks go from lazy to learning features."""

from collections.abc import Callable
from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.ntk_features.transfer_cases import LAZY
from limes.papers.paper import Found
from limes.papers.reading import means, over

_SOURCE = "Tsilivis & Kempe 2022, section 3 (transfer); no verified figure, the protocol is ours (Chizat et al. 2019)"
_NAMES = ("clean", "transfer", "tangent", "random", "white_box")
_LAZIEST, _LAZY, _LEARNED = 0, 1, -1  # places in the scales of the output, which fall from 64 over 1


def lazy_claims(found: Found, size: Size) -> list[Claim]:
    """For each data set: that laziness varies, and what it does to either kernel's examples."""
    made = []
    for prefix, (name, case) in zip(("8a", "8b"), LAZY["full"].items(), strict=True):
        if runs := found.get(f"lazy-{name}"):
            made += _claims(prefix, f"{case.words}, eps {case.problem.eps}", runs, size, name == "mnist")
    return made


def _claims(prefix: str, words: str, runs: dict[int, dict[str, Any]], size: Size, headline: bool) -> list[Claim]:
    one = next(iter(runs.values()))
    setting = f"one hidden layer, all trained to a tenth of the first loss; {words}"
    task = words.rpartition(", eps")[0]

    def claim(
        letter: int, statement: str, quantity: str, expected: Expected, value: Callable[[Any], float], **more: Any
    ) -> Claim:
        text, what = f"{statement}, on {task}", f"{quantity}; {setting}"
        return Claim(f"{prefix}{letter}", text, _SOURCE, what, expected, **over(runs, value), size=size, **more)

    def gap(name: str, low: int) -> Callable[[Any], float]:
        return lambda r: r[name][_LEARNED] - r[name][low]

    told = "; ".join(
        f"scale {alpha:g}: kernel moved by {means(runs, 'moved')[i]:.3g}, "
        + ", ".join(f"{name.replace('_', '-')} {means(runs, name)[i]:.3f}" for name in _NAMES)
        for i, alpha in enumerate(one["alphas"])
    )
    first, last = one["alphas"][_LAZY], one["alphas"][_LEARNED]
    return [
        claim(
            1,
            "The smaller the scale of the output, the further the network's kernel moves",
            "relative change of the empirical kernel on test images, its smallest growth from one scale to the next "
            f"smaller one (scales {', '.join(f'{a:g}' for a in one['alphas'])})",
            Expected.at_least(2.0, refuted_below=1.0),
            lambda r: np.min(np.divide(r["moved"][1:], r["moved"][:-1])),
            note=f"Accuracies: {told}. Tangent: examples of the laziest network, that is of the finite network's own "
            f"kernel at the start. The infinitely wide network at the same loss: {_kernel(runs, 'clean'):.3f} clean, "
            f"{_kernel(runs, 'attacked'):.3f} attacked.",
        ),
        claim(
            2,
            "Examples of a network's own first kernel are nearly white-box attacks on the lazy network",
            f"accuracy under them minus that under white-box PGD, at scale {first:g}",
            Expected.at_most(0.1, refuted_above=0.2),
            lambda r: r["tangent"][_LAZY] - r["white_box"][_LAZY],
        ),
        claim(
            3,
            "They lose force as the network learns features",
            f"accuracy under them at scale {last:g} minus that at scale {first:g}",
            Expected.at_least(0.05, refuted_below=0.0),
            gap("tangent", _LAZY),
            headline=headline,
        ),
        claim(
            4,
            "Examples of the infinitely wide network lose force as the finite one learns features",
            f"accuracy under them at scale {last:g} minus that at scale {one['alphas'][_LAZIEST]:g}",
            Expected.at_least(0.05, refuted_below=0.0),
            gap("transfer", _LAZIEST),
            note="A lazy network of finite width has a kernel of its own, so that these examples are foreign to it "
            "too: they do to it what they do to the infinitely wide network, and not what its own examples do. "
            f"What learning features changes is measured by claim {prefix}3 without this difference.",
        ),
    ]


def _kernel(runs: dict[int, dict[str, Any]], name: str) -> float:
    return float(np.mean([run[f"kernel_{name}"] for run in runs.values()]))

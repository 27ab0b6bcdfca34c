"""Claim 8: stable noise in training, the statement of the follow-up, its direction only."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Size
from limes.papers.heavy_tails.noise import KEPT
from limes.papers.heavy_tails.reading import over
from limes.papers.paper import Found
from limes.papers.signs import sign_claim

_SOURCE = "Wan, Barsbey, Zaidi & Simsekli 2024 (arXiv 2306.08125), by a summary; direction only"


def noise_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 8a to 8d."""
    by_seed = found["noise"]
    case = next(iter(by_seed.values()))
    alphas, widths = case["alphas"], case["widths"]
    heavy, normal = f"alpha = {alphas[0]:g}", f"alpha = {alphas[-1]:g} (Gaussian)"

    def means(name: str, alpha: int) -> str:
        return ", ".join(f"{v:.3f}" for v in np.mean([r[name][alpha] for r in by_seed.values()], axis=0))

    def told(name: str) -> str:
        return f"By width: {means(name, 0)} with {heavy}; {means(name, -1)} with {normal}."

    def sign(id: str, statement: str, quantity: str, figure: Any, note: str) -> Claim:
        where = f"digits, one hidden layer of {widths[-1]:,} units, second layer fixed"
        return sign_claim(id, statement, _SOURCE, f"{quantity}; {where}", over(by_seed, figure), size, note=note)

    return [
        sign(
            "8a",
            "Stable noise in training makes a network compressible",
            f"prunable share at 10 % error with {heavy} less that with {normal}",
            lambda r: r["prunable"][0][-1] - r["prunable"][-1][-1],
            f"{told('prunable')} Test accuracies: {means('test', 0)} and {means('test', -1)}.",
        ),
        sign(
            "8b",
            "the wider the more",
            f"fall from {widths[0]} units on of the error of magnitude pruning to {KEPT:.0%} of the weights, {heavy}",
            lambda r: r["magnitude"][0][0] - r["magnitude"][0][-1],
            told("magnitude"),
        ),
        sign(
            "8c",
            "Whole units may go, too",
            f"error of keeping {KEPT:.0%} of the units with {normal} less that with {heavy}",
            lambda r: r["node"][-1][-1] - r["node"][0][-1],
            told("node"),
        ),
        sign(
            "8d",
            "Pruning costs less accuracy then",
            f"accuracy that is lost with {KEPT:.0%} of the weights, with {normal} less with {heavy}",
            lambda r: (r["test"][-1][-1] - r["after"][-1][-1]) - (r["test"][0][-1] - r["after"][0][-1]),
            told("after"),
        ),
    ]

"""Claim 8: stable noise in training, the statement of the follow-up, its direction only."""

import numpy as np

from limes.papers.claim import Claim, Size
from limes.papers.heavy_tails.noise import KEPT
from limes.papers.heavy_tails.reading import noises
from limes.papers.paper import Found
from limes.papers.reading import Result, within
from limes.papers.signs import sign_claim

_SOURCE = "Wan, Barsbey, Zaidi & Simsekli 2024 (arXiv 2306.08125), by a summary; direction only"


def noise_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 8a to 8d."""
    heavy, normal = noises(found)[0], noises(found)[-1]
    names = {"heavy": f"alpha = {heavy['alpha']:g}", "normal": f"alpha = {normal['alpha']:g} (Gaussian)"}
    widths = heavy["widths"]

    def at(result: Result, name: str, place: int = -1) -> np.ndarray:
        return np.array(result[name])[:, place]

    def means(name: str, result: Result) -> str:
        return ", ".join(f"{v:.3f}" for v in np.mean(result[name], axis=0))

    def told(name: str) -> str:
        return f"By width: {means(name, heavy)} with {names['heavy']}; {means(name, normal)} with {names['normal']}."

    def sign(id: str, statement: str, quantity: str, figures: np.ndarray, note: str) -> Claim:
        where = f"digits, one hidden layer of {widths[-1]:,} units, second layer fixed"
        return sign_claim(id, statement, _SOURCE, f"{quantity}; {where}", within(figures), size, note=note)

    return [
        sign(
            "8a",
            "Stable noise in training makes a network compressible",
            f"prunable share at 10 % error with {names['heavy']} less that with {names['normal']}",
            at(heavy, "prunable") - at(normal, "prunable"),
            f"{told('prunable')} Test accuracies: {means('test', heavy)} and {means('test', normal)}.",
        ),
        sign(
            "8b",
            "the wider the more",
            f"fall from {widths[0]} units on of the error of pruning to {KEPT:.0%} of the weights, {names['heavy']}",
            at(heavy, "magnitude", 0) - at(heavy, "magnitude"),
            told("magnitude"),
        ),
        sign(
            "8c",
            "Whole units may go, too",
            f"error of keeping {KEPT:.0%} of the units with {names['normal']} less that with {names['heavy']}",
            at(normal, "node") - at(heavy, "node"),
            told("node"),
        ),
        sign(
            "8d",
            "Pruning costs less accuracy then",
            f"accuracy that is lost with {KEPT:.0%} of the weights, with {names['normal']} less with {names['heavy']}",
            (at(normal, "test") - at(normal, "after")) - (at(heavy, "test") - at(heavy, "after")),
            told("after"),
        ),
    ]

"""Claim 12: whether a clip lets deep networks with few active neurons train."""

import math
from collections.abc import Mapping
from typing import Any

from limes.papers.claim import Claim, Expected, Size
from limes.papers.fast_training.deep import CLIP, INACTIVE
from limes.papers.paper import Found
from limes.papers.reading import Result, family, over
from limes.papers.sources import data_name

_SOURCE = "Price et al. 2024 (arXiv 2402.16184): a clip makes sparse deep networks trainable; depths are our own"
_WORDS = {
    "error": "Clipped, a sparse network learns what it does not without a clip",
    "plain": "Without a clip the variance grows with the layers",
    "clip": "With a clip it stays",
}
_DEEP = 12
"""Layers from which on the variance of a network without a clip has had room to grow."""


def deep_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 12a, b, ... for each data set and depth."""
    made = []
    for by_seed in family(found, "deep-"):
        deep = next(iter(by_seed.values()))["depth"] >= _DEEP
        for kind in ("error", "plain", "clip") if deep else ("error",):
            made.append(_claim(f"12{'abcdefghijkl'[len(made)]}", kind, by_seed, size))
    return made


def growth(result: Mapping[str, Any], name: str) -> float:
    """log10 of the variance in the last hidden layer over that in the first, at the start."""
    variances = result[name]["variance"]
    return math.log10(variances[-1] / variances[0])


def _claim(letter: str, kind: str, by_seed: dict[int, Result], size: Size) -> Claim:
    case = next(iter(by_seed.values()))
    about = f"{INACTIVE:.0%} of neurons inactive, clip at {CLIP:g}, width {case['width']}, edge of chaos"
    where = f"{case['depth']} layers, {data_name(case['data'])}"
    if kind == "error":
        quantity = f"test error without a clip less that with one; {about}"
        expected = Expected.at_least(0.1, refuted_below=0.0)
        measured = over(by_seed, lambda r: r["plain"]["error"] - r["clip"]["error"])
        note = "; ".join(
            f"errors {words}: {', '.join(format(r[name]['error'], '.3f') for r in by_seed.values())}"
            for name, words in (("plain", "without"), ("clip", "with"))
        )
        note += ". The rate with the lowest loss counts; if training diverged at every rate, the error of guessing."
    else:
        quantity = f"log10 of the variance in the last hidden layer over that in the first, at the start; {about}"
        expected = Expected.at_least(0.5, refuted_below=0.1) if kind == "plain" else Expected.about(0.0, 0.2)
        measured = over(by_seed, lambda r: growth(r, kind))
        active = ", ".join(format(r[kind]["active"][-1], ".1%") for r in by_seed.values())
        note = f"Active in the last layer: {active}."
    return Claim(letter, f"{_WORDS[kind]}, {where}", _SOURCE, quantity, expected, **measured, size=size, note=note)

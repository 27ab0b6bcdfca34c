"""Claims 2 to 5: descent on linear regression, its index in theory, by Monte Carlo and from its iterates."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond.tails import (
    growth_factors,
    growth_index,
    heaviness_index,
    hill_index,
    prunable_ratio,
    sgd_chains,
    theoretical_index,
)

MOST = 30.0
"""Indices above it are drawn there: such tails are light at any size that can be simulated."""


def theory(
    settings: Sequence[tuple[float, int]], dimension: int, rates: Sequence[float], batches: Sequence[int]
) -> dict[str, Any]:
    """The index in theory at each setting (learning rate, batch size), and curves over the rate by batch size."""
    curves = [[min(theoretical_index(rate, b, dimension), MOST) for rate in rates] for b in batches]
    about = {"settings": [list(s) for s in settings], "rates": list(rates), "batches": list(batches)}
    return about | {"index": [theoretical_index(*s, dimension) for s in settings], "curves": curves}


def chains(
    seed: int, learning_rate: float, batch_size: int, dimension: int, n_chains: int, steps: int
) -> dict[str, Any]:
    """What is seen of the tails in the last iterates of many chains."""
    with np.errstate(over="ignore"):
        w = sgd_chains(learning_rate, batch_size, dimension, n_chains=n_chains, steps=steps, key=(seed, 3))
    lengths = np.linalg.norm(w, axis=1)
    return {
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "dimension": dimension,
        "hill": hill_index(w, top=0.01, centre=False).value,
        "index": heaviness_index(w, key=seed).value,
        "prunable": prunable_ratio(w),
        "spread": float(lengths.max() / np.median(lengths)),
    }


def drawn(seed: int, settings: Sequence[tuple[float, int]], dimension: int, draws: int) -> dict[str, Any]:
    """The index by Monte Carlo over batches, written out, at each setting."""
    found = []
    for i, (rate, b) in enumerate(settings):
        rng = np.random.default_rng((seed, 4, i))
        found.append(growth_index(_growth(rng, b, dimension, draws, [rate])[0]))
    return {"settings": [list(s) for s in settings], "index": found}


def threshold(seed: int, batch_size: int, dimension: int, rates: Sequence[float], draws: int) -> dict[str, Any]:
    """The learning rate at which the index is 2, by Monte Carlo over a grid of rates with the same batches."""
    growth = _growth(np.random.default_rng((seed, 5)), batch_size, dimension, draws, rates)
    indices = [growth_index(g) for g in growth]
    rate = float(np.interp(2.0, indices[::-1], list(rates)[::-1]))  # indices fall with the rate
    return {"rates": list(rates), "index": indices, "rate": rate}


def _growth(rng: np.random.Generator, b: int, d: int, draws: int, rates: Sequence[float]) -> np.ndarray:
    """(rates, draws) growth factors, a part of the draws at a time."""
    parts = []
    for start in range(0, draws, 50_000):
        features = rng.standard_normal((min(50_000, draws - start), b, d))
        parts.append([growth_factors(features, rate) for rate in rates])
    return np.concatenate(parts, axis=1)

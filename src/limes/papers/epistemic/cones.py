"""Claim 4: the law of shares under the condition that neurons lie in cones around the truth, thin and wide."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond.posterior import PopulationPosterior, distance_from_split_law, nuts, shares, within_cones
from limes.core.errors import InputError
from limes.papers.epistemic.posterior import BINS, GROUP, told, truth

WIDE = 0.6
"""Radians."""


def half_angles(n: float) -> dict[str, float]:
    """Of the cones: half of what n examples can tell apart, and a fixed one."""
    return {"thin": 0.5 / float(n) ** 0.5, "wide": WIDE}


def measured(
    seeds: Sequence[int], inputs: int, n: float, width: str, chains: int, warmup: int, draws: int
) -> dict[str, Any]:
    """Distances of shares from the claimed law, by seed; mixing and histogram over all chains."""
    known = truth(inputs)
    angle = half_angles(n)[width]
    target = within_cones(PopulationPosterior(known, n), known, (0,) * GROUP, angle)
    starts = [np.random.default_rng([seed, inputs]).standard_normal((chains, GROUP, inputs + 1)) for seed in seeds]
    starts = 0.1 * np.concatenate(starts)
    found = nuts(target, starts, key=seeds[0], warmup=warmup, draws=draws)
    c = shares(target.neurons(found.draws), known[0, :-1])
    if not (c > 0).all():
        raise InputError("a neuron of a cone works against the truth: take n for which the cone is below a right angle")
    by_seed = c[..., 0].reshape(len(seeds), -1)
    return {
        "inputs": inputs,
        "n": n,
        "width": width,
        "half_angle": angle,
        "seeds": list(seeds),
        "distance": [distance_from_split_law(one, inputs, GROUP) for one in by_seed],
        "spread": [float(one.var(ddof=1)) for one in by_seed],
        "mixing": told(c[..., 0], found.divergent),
        "histogram": np.histogram(c[..., 0], BINS, (0, 1), density=True)[0].tolist(),
    }

"""Claim 8: product nets, whose gate learns the function while their other weights learn nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond.posterior import product_variance

PRIOR = 0.5
"""Variance of every weight."""


def gated(inputs: int, depth: int, numbers: Sequence[float]) -> dict[str, Any]:
    """Exact variances by number of examples; the first number is 0."""
    found = [product_variance(n, inputs, depth=depth, prior=PRIOR) for n in numbers]
    return {
        "inputs": inputs,
        "depth": depth,
        "prior": PRIOR,
        "n": list(numbers),
        "function": [one.function for one in found],
        "weights": [one.weights for one in found],
    }


def chain(seed: int, depths: Sequence[int], draws: int) -> dict[str, Any]:
    """No data: f(x) = w_L ... w_1 x with one weight a layer, from draws of the prior.

    Returns:
        `function`: Var f(1), and `weights`: tr Cov, by depth.
    """
    rng = np.random.default_rng(seed)
    nets = [PRIOR**0.5 * rng.standard_normal((draws, depth)) for depth in depths]
    return {
        "depths": list(depths),
        "prior": PRIOR,
        "function": [float(w.prod(1).var(ddof=1)) for w in nets],
        "weights": [float(w.var(0, ddof=1).sum()) for w in nets],
    }

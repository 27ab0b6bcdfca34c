"""Claims 1 and 4: how well, and from how many components on, the tangent space at a random start holds a tensor."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond.tensor import (
    lazy_residual,
    lazy_threshold,
    orthonormal_target,
    symmetric_dimension,
    tangent_rank,
)

ZERO = 1e-4
"""Residuals below this count as 0: they are known to some 1e-6."""


def start(seed: int, m: int, d: int) -> np.ndarray:
    """m random vectors; those of a smaller m are the first of them."""
    return np.random.default_rng([seed, d]).standard_normal((m, d)) / np.sqrt(d)


def curve(seed: int, d: int, order: int, rank: int, widths: Sequence[int]) -> dict[str, Any]:
    """Relative residuals by number of components.

    Returns:
        `residual`; `exceptions`, how many tangent spaces have not min(m d, D) dimensions; `smallest`, as below.

    Cost: O((m d)^3) for the largest m.
    """
    target = orthonormal_target(d, rank, order, seed=seed)
    whole = symmetric_dimension(d, order)
    residuals, exceptions = [], 0
    for m in widths:
        vectors = start(seed, m, d)
        residuals.append(lazy_residual(target, vectors))
        exceptions += tangent_rank(vectors, order) != min(m * d, whole)
    about = {"d": d, "order": order, "rank": rank, "widths": list(widths), "threshold": whole / d}
    return about | {"residual": residuals, "exceptions": exceptions, "smallest": smallest(seed, d, order, rank)}


def smallest(seed: int, d: int, order: int, rank: int) -> int:
    """The least number of components with residual 0, by bisection: the tangent spaces grow.

    Cost: O(log m (m d)^3) at the threshold.
    """
    target = orthonormal_target(d, rank, order, seed=seed)
    most = 2 * lazy_threshold(d, order)
    vectors = start(seed, most, d)

    def held(m: int) -> bool:
        return lazy_residual(target, vectors[:m]) < ZERO

    above = next((m for m in range(lazy_threshold(d, order), most) if held(m)), most)
    below = 0 if held(above - 1) else above - 1
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (below, middle) if held(middle) else (middle, above)
    return above

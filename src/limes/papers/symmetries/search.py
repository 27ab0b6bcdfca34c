"""Claim 7: growing the largest space on which training stays, from {0}."""

from typing import Any

import numpy as np

from limes.beyond.meanfield import Flow, distance_to_fixed, grow, train
from limes.papers.symmetries.cases import TIME, swap

TOLERANCE, SHARE = 3e-3, 0.25
"""RMD^2 between what 100 particles leave E^G by, some 1e-4, and what they leave a smaller space by, some 1e-1; and the
share of what lies outside that makes a direction."""


def search(teacher: str, n: int, seed: int) -> dict[str, Any]:
    """The space that is found with n particles, without noise: it would have to stay in a space not yet known.

    Returns:
        `dimensions` tried, `distances` from them, `finished`, and `outside`: RMD^2 of the space's basis to E^G.
    """
    of = swap()
    flow = Flow(of.alpha / n, TIME * n, penalty=of.penalty)

    def training(start: np.ndarray) -> np.ndarray:
        return train(of.unit, of.source(teacher), start[None], flow, seeds=[seed])[0]

    found = grow(training, of.start([seed], n, inside=False)[0], tolerance=TOLERANCE, share=SHARE)
    outside = distance_to_fixed(found.basis.T, of.action.parameters) if found.dimension else 0.0
    return {
        "teacher": teacher,
        "n": n,
        "dimensions": list(found.dimensions),
        "distances": list(found.distances),
        "finished": found.finished,
        "outside": float(outside),
    }

"""Claim 7: rounds of alternating least squares, in parallel and one after the other."""

from collections.abc import Sequence
from typing import Any

from limes.beyond.tensor import alternate, orthonormal_target, random_target

GOOD = 1e-6
"""Relative squared residual."""
WAYS = {"parallel": True, "sequential": False}


def measured(seed: int, dimensions: Sequence[int], ranks: Sequence[int], rank: int, most: int) -> dict[str, Any]:
    """Rounds until the fit is good, `most` + 1 where it never is.

    Args:
        seed: of target and start.
        dimensions: n.
        ranks: numbers of components k.
        rank: of the target.
        most: rounds that are made.

    Returns:
        By target (orthonormal, random) and way: (dimensions, ranks).
    """
    found: dict[str, Any] = {"dimensions": list(dimensions), "components": list(ranks), "rank": rank}
    for name, draw in (("orthonormal", orthonormal_target), ("random", random_target)):
        factors = [draw(n, rank, 3, seed=seed).vectors.T for n in dimensions]
        found[name] = {
            way: [
                [
                    alternate((f, f, f), k, parallel=parallel, rounds=most, key=seed).rounds(GOOD) or most + 1
                    for k in ranks
                ]
                for f in factors
            ]
            for way, parallel in WAYS.items()
        }
    return found

"""Claim 4: the smallest width at which a trained network interpolates random points, naturally and robustly.

Unit vectors in general position with random labels; balls of radius `RATIO` times half the smallest distance between
points of different labels. One hidden relu layer with biases. A width counts when one of several starts ends with all
points right, or all balls as far as attacks can tell. What is found bounds the true smallest width from above only.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from limes.papers.convergence_at.small_nets import draw, train

RATIO = 0.8
STEPS, STARTS = 500, 4


def random_points(seed: int, n: int, d: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Points (n, d) of norm sqrt(d) with as many labels 1 as -1, and half the smallest distance between labels."""
    rng = np.random.default_rng([seed, n, d])
    x = rng.standard_normal((n, d))
    x *= np.sqrt(d) / np.linalg.norm(x, axis=1, keepdims=True)
    y = np.where(rng.permutation(n) < n // 2, 1.0, -1.0)
    return x, y, float(cdist(x[y > 0], x[y < 0]).min() / 2)


def smallest_widths(seed: int, n: int, d: int, widths: Sequence[int], steps: int = STEPS) -> dict[str, Any]:
    """The first of rising widths that is enough, naturally and robustly.

    Returns:
        `natural` and `robust`, where none was enough twice the largest; `separation`: half the smallest distance over
        the norm of the points; `margins` by kind: the best over starts of the smallest margin, by width.

    Cost: a program to compile for each width, then about 20 passes a step and start.
    """
    x, y, half = random_points(seed, n, d)
    found: dict[str, Any] = {"n": n, "d": d, "separation": half / d**0.5, "margins": {}}
    for kind, eps in (("natural", 0.0), ("robust", RATIO * half)):
        margins: list[float] = []
        for width in widths:
            margins.append(float(train(draw(seed, STARTS, (d, width, 1)), x, y, eps, steps)[1].min(axis=1).max()))
            if margins[-1] > 0:
                break
        found["margins"][kind] = margins
        found[kind] = widths[len(margins) - 1] if margins[-1] > 0 else 2 * widths[-1]
    return found

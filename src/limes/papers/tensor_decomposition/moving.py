"""Claims 2 to 4, 6, 8 and 9: descent on components that move.

Directions at the start are uniform, so that one orthonormal target stands for all. All seeds run side by side.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond.tensor import Components, Descent, decompose, orthonormal_target

SUCCESS, STUCK = 0.01, 0.05
"""A relative residual below the one is a success, one above the other a failure."""


def curve(seeds: Sequence[int], d: int, order: int, rank: int, widths: Sequence[int], steps: int) -> dict[str, Any]:
    """Descent without drawing again, by number of components.

    Returns:
        `residual` (seeds, widths) and `outside`, of the same shape: the share of sum |u_i|^2 outside of the target's
        span at the end, over that at the start.
    """
    target = orthonormal_target(d, rank, order)
    residuals, outside = [], []
    for m in widths:
        found = decompose(target, m, Descent(steps=steps), seeds=seeds, every=max(1, steps))
        residuals.append(found.residual)
        outside.append(_outside(found.components, target) / _outside(found.start, target))
    about = {"d": d, "order": order, "rank": rank, "widths": list(widths)}
    return about | {"residual": np.transpose(residuals).tolist(), "outside": np.transpose(outside).tolist()}


def _outside(found: Components, target: Components) -> np.ndarray:
    """sum |u_i|^2 outside of the span of orthonormal vectors; |u_i|^2 is the size of a coefficient."""
    along = found.vectors @ target.vectors.T
    return (np.abs(found.coef) * np.maximum(0.0, 1 - (along**2).sum(-1))).sum(-1)


def rescued(
    seeds: Sequence[int], d: int, order: int, rank: int, m: int, steps: int, periods: Sequence[int | None]
) -> dict[str, Any]:
    """Residuals over the steps, by period after which a component is drawn again, None for never.

    Returns:
        `at`, and `residuals` (periods, seeds, moments).
    """
    target = orthonormal_target(d, rank, order)
    runs = [decompose(target, m, Descent(steps=steps, period=period), seeds=seeds) for period in periods]
    about = {"d": d, "order": order, "m": m, "periods": list(periods), "at": runs[0].at.tolist()}
    return about | {"residuals": [run.residuals.tolist() for run in runs]}


def times(seeds: Sequence[int], dimensions: Sequence[int], order: int, rank: int, m: int, steps: int) -> dict[str, Any]:
    """Steps until the relative residual is below 0.1, to 5 steps; `steps` where it never is: (dimensions, seeds).

    By theory a^(l-1) is how fast a direction turns that has overlap a with a component of the target, so that it takes
    some a^(2-l) steps from the start, where a is some d^(-1/2).
    """
    first = []
    for d in dimensions:
        found = decompose(orthonormal_target(d, rank, order), m, Descent(steps=steps), seeds=seeds, every=5)
        below = found.residuals < 0.1
        first.append(np.where(below.any(1), found.at[below.argmax(1)], steps).tolist())
    return {"dimensions": list(dimensions), "order": order, "rank": rank, "m": m, "steps": first}


def exact(seeds: Sequence[int], d: int, order: int, rank: int, steps: int) -> dict[str, Any]:
    """As many components as the rank, with random signs and with the right ones: residuals (seeds,)."""
    target = orthonormal_target(d, rank, order)
    return {
        signs: decompose(target, rank, Descent(steps=steps, signs=signs), seeds=seeds, every=steps).residual.tolist()
        for signs in ("random", "positive")
    } | {"d": d, "order": order, "rank": rank}


def smallest(
    seeds: Sequence[int], d: int, order: int, rank: int, widths: Sequence[int], steps: int, period: int
) -> dict[str, Any]:
    """The first of `widths` with success, for each seed; twice the last one where there is none."""
    target = orthonormal_target(d, rank, order)
    first = np.full(len(seeds), 2 * max(widths))
    for m in sorted(widths):
        left = np.flatnonzero(first == 2 * max(widths))
        if len(left):
            some = [seeds[int(i)] for i in left]
            found = decompose(target, m, Descent(steps=steps, period=period), seeds=some, every=steps)
            first[left[found.residual < SUCCESS]] = m
    return {"d": d, "order": order, "rank": rank, "moving": first.tolist()}

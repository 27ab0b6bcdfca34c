"""Claim 11: digits turned by quarter turns, our own experiment with images.

A ReLU neuron a relu(w . x) is jointly equivariant if w turns with the image and a stays: labels are invariant.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from limes.beyond.meanfield import (
    Action,
    Flow,
    Rows,
    Scheme,
    averaged,
    distance_to_fixed,
    neuron_unit,
    outputs,
    quarter_turns,
    together,
    train,
    trivial,
)
from limes.data import load

SIDE, CLASSES, ROWS = 8, 10, 1000
STEP = 0.1
"""Below 2 / 20, where the largest eigenvalue of twice the tangent kernel at the start is some 20."""


@cache
def action() -> Action:
    """Quarter turns of images, of the first layer's weights, and of nothing else."""
    turns, still = quarter_turns(SIDE), trivial(4, CLASSES)
    return Action(turns, still, together(turns, still))


def rows(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """1000 rows to train on with targets one-hot minus 1/c, the others to test on with labels."""
    data = load("digits")
    x, y = data.x.reshape(len(data.x), -1).astype(float), np.asarray(data.y)
    order = np.random.default_rng([seed, 11]).permutation(len(x))
    few, rest = order[:ROWS], order[ROWS:]
    return x[few], np.eye(CLASSES)[y[few]] - 1 / CLASSES, x[rest], y[rest]


def start(n: int, seed: int, inside: bool) -> np.ndarray:
    """(1, n, d): w ~ N(0, I / 4) and a ~ N(0, I), projected on E^G where they start `inside`."""
    space = action().parameters
    drawn = np.random.default_rng([seed, 12]).standard_normal((1, n, space.dimension))
    drawn[..., : SIDE**2] /= 2
    return space.project(drawn) if inside else drawn


def schemes(n: int, steps: int, chosen: Sequence[Scheme], seed: int) -> dict[str, Any]:
    """Training on upright digits, from a weakly invariant start, and tests on turned ones.

    Returns:
        By scheme: `upright` and `turned` accuracy, `changed`, the share of test digits whose predicted class changes
        with a turn, and `moved`, the largest change of an output.
    """
    x, targets, tests, labels = rows(seed)
    group = action()
    found: dict[str, Any] = {"n": n}
    for scheme in chosen:
        flow = Flow(STEP, steps, scheme=scheme)
        end = train(neuron_unit, Rows(x, targets), start(n, seed, False), flow, seeds=[seed], action=group)[0]
        unit = averaged(neuron_unit, group) if scheme == "averaged" else neuron_unit
        said = np.stack([outputs(unit, end, tests @ turn.T) for turn in group.inputs.matrices])
        classes = said.argmax(-1)
        found[scheme] = {
            "upright": float((classes[0] == labels).mean()),
            "turned": float((classes == labels).mean()),
            "changed": float((classes != classes[0]).any(0).mean()),
            "moved": float(np.abs(said - said[0]).max()),
        }
    return found


def leaving(widths: Sequence[int], times: Sequence[float], alpha: float, seed: int) -> dict[str, Any]:
    """RMD^2 to E^G after vanilla training from E^G on digits in all four turns, with steps of alpha / n.

    Returns:
        `rmd` (times, widths); times are those of the flow.
    """
    x, targets, _, _ = rows(seed)
    group = action()
    source = Rows(group.inputs.orbit(x), np.tile(targets, (group.order, 1)))
    begin = start(max(widths), seed, True)
    distances = []
    for time in times:
        distances.append([])
        for n in widths:
            weights = np.where(np.arange(max(widths)) < n, 1.0 / n, 0.0)
            flow = Flow(alpha / n, round(time * n / alpha))
            end = train(neuron_unit, source, begin, flow, seeds=[seed], weights=weights)[:, :n]
            distances[-1].append(float(distance_to_fixed(end[0], group.parameters)))
    return {"widths": list(widths), "times": list(times), "rmd": distances}

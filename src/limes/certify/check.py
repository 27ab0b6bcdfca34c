"""Whether a label is certain within a ball: lower bounds of all score differences over all shells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from limes.attacks.threat import Threat
from limes.certify import joint, norm
from limes.certify.lines import Ridge
from limes.certify.machine import Machine
from limes.certify.radial import shift, stretch
from limes.certify.ranges import ranges
from limes.certify.region import Shells, shells

Method = Literal["joint", "norm", "interval"]
METHODS: tuple[Method, ...] = ("joint", "norm", "interval")
_FEW = 4  # steps of the conditional gradient method before parabolas are tried


@dataclass(frozen=True, eq=False)
class Point:
    """One input, its label, and the labels that it must not get.

    Attributes:
        machine: see `limes.certify.machine`.
        x: (features...) in the caller's units.
        label: column of the largest score.
        rivals: the other columns, the nearest first.
        gaps: exact differences of the scores at x, in their order.
    """

    machine: Machine
    x: np.ndarray
    label: int
    rivals: tuple[int, ...]
    gaps: tuple[float, ...]

    def weights(self, rival: int) -> np.ndarray:
        """(c,) of the score difference between the label and a rival."""
        weights = np.zeros(self.machine.coef.shape[1])
        weights[self.label], weights[rival] = 1.0, -1.0
        return weights


def check(point: Point, threat: Threat, methods: Sequence[Method], count: int) -> tuple[float, str]:
    """The least bound of all score differences in the ball, and the method that gave it; certain where above 0.

    It stops at the first rival that is not ruled out.
    """
    found = shells(point.machine, point.x, threat, count)
    ridge: Ridge | None = None
    worst, by = np.inf, "none"
    for rival, gap in zip(point.rivals, point.gaps, strict=True):
        weights = point.weights(rival)
        values = np.full(len(found), -np.inf)
        names = np.full(len(found), "none", dtype="<U8")
        combined = point.machine.coef @ weights
        losses = _losses(point.machine, found, weights)
        if "norm" in methods:
            low = gap - point.machine.norm(weights) * norm.distance(point.machine, found)
            _raise(values, names, stretch(point.machine, found, low) - losses, "norm")
        if np.any(values <= 0) and set(methods) & {"joint", "interval"}:
            if ridge is None:
                ridge = Ridge(point.machine, found, *ranges(point.machine.centres, found))
            if "interval" in methods:
                low = ridge.least(combined)
                _raise(values, names, stretch(point.machine, found, low) - losses, "interval")
            if "joint" in methods:
                _joint(ridge, combined, losses, values, names)
        lowest = int(np.argmin(values))
        if values[lowest] < worst:
            worst, by = float(values[lowest]), str(names[lowest])
        if worst <= 0:
            break
    return worst, by


def _joint(ridge: Ridge, weights: np.ndarray, losses: np.ndarray, values: np.ndarray, names: np.ndarray) -> None:
    """Tangents and chords for the shells that are still open; then parabolas too."""
    for make in (joint.plain, lambda ridge: joint.bent(ridge, weights)):
        rows = np.flatnonzero(values <= 0)
        if not len(rows):
            return
        some = ridge.take(rows)
        low = joint.least(some, weights, make(some), np.maximum(losses[rows], 0.0))
        better = values[rows].copy()
        tags = names[rows]
        _raise(better, tags, stretch(ridge.machine, some.shells, low) - losses[rows], "joint")
        values[rows], names[rows] = better, tags


def _losses(machine: Machine, found: Shells, weights: np.ndarray) -> np.ndarray:
    """What a bound on the sphere must exceed: moves along rays, intercepts, and the predictor's arithmetic."""
    own = machine.zonal.own(found.ends[:, 1])
    return shift(machine, found, weights) - machine.intercept @ weights + machine.slack(weights, own)


def _raise(values: np.ndarray, names: np.ndarray, new: np.ndarray, name: str) -> None:
    """Take the larger of two bounds, in place."""
    better = new > values
    values[better], names[better] = new[better], name

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
from limes.certify.ranges import Narrowed
from limes.certify.region import Shells, shells

Method = Literal["joint", "norm", "interval"]
METHODS: tuple[Method, ...] = ("joint", "norm", "interval")
_FEW, _MANY = 4, 12  # steps of the conditional gradient method


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

    Cheap bounds come first, dear ones only for shells that these leave open; of those the worst one first, and the
    search ends with the first shell and rival that cannot be ruled out.
    """
    found = shells(point.machine, point.x, threat, count)
    narrowed = Narrowed(point.machine, found)
    worst, by = np.inf, "none"
    for rival, gap in zip(point.rivals, point.gaps, strict=True):
        bounds = _Bounds(point.machine, found, point.weights(rival))
        if "norm" in methods:
            low = gap - point.machine.norm(bounds.pair) * norm.distance(point.machine, found)
            bounds.offer(np.arange(len(found)), low, "norm")
        if "interval" in methods:
            rows = bounds.open
            if len(rows):
                bounds.offer(rows, narrowed.ridge(rows).least(bounds.weights), "interval")
        if "joint" in methods:
            _joint(bounds, narrowed)
        lowest = int(np.argmin(bounds.values))
        if bounds.values[lowest] < worst:
            worst, by = float(bounds.values[lowest]), str(bounds.names[lowest])
        if worst <= 0:
            break
    return worst, by


class _Bounds:
    """The best bounds so far of one score difference, for each shell, and the methods that gave them."""

    def __init__(self, machine: Machine, found: Shells, pair: np.ndarray) -> None:
        self.machine, self.shells, self.pair, self.weights = machine, found, pair, machine.coef @ pair
        self.values = np.full(len(found), -np.inf)
        self.names = np.full(len(found), "none", dtype="<U8")
        # what a bound on the sphere must exceed: moves along rays, the intercept, and the predictor's arithmetic
        own = machine.zonal.own(found.ends[:, 1])
        self.losses = shift(machine, found, pair) - machine.intercept @ pair + machine.slack(pair, own)

    @property
    def open(self) -> np.ndarray:
        """Shells that are not certain yet, the worst first."""
        rows = np.flatnonzero(self.values <= 0)
        return rows[np.argsort(self.values[rows], kind="stable")]

    def offer(self, rows: np.ndarray, low: np.ndarray, name: str) -> None:
        """Bounds of some shells' spheres, from one method."""
        new = stretch(self.machine, self.shells.take(rows), low) - self.losses[rows]
        new = np.where(np.isfinite(new), new, -np.inf)  # a shell round the origin may overflow
        better = rows[new > self.values[rows]]
        self.values[better], self.names[better] = new[new > self.values[rows]], name


def _joint(bounds: _Bounds, narrowed: Narrowed) -> None:
    """Joint bounds: over ranges from the box alone, over narrowed ranges, and with parabolas."""

    def least(ridge: Ridge, form: joint.Form, iterations: int) -> np.ndarray:
        return joint.least(ridge, bounds.weights, form, max(float(bounds.losses.max()), 0.0), iterations)

    rows = bounds.open
    if len(rows):
        ridge = narrowed.loose(rows)
        bounds.offer(rows, least(ridge, joint.plain(ridge), _FEW), "joint")
    rows = bounds.open
    for part in (rows[:1], rows[1:]):
        if len(part):
            ridge = narrowed.ridge(part)
            bounds.offer(part, least(ridge, joint.plain(ridge), _MANY), "joint")
        part = part[bounds.values[part] <= 0]
        if len(part):
            ridge = narrowed.ridge(part)
            bounds.offer(part, least(ridge, joint.bent(ridge, bounds.weights), _MANY), "joint")
        if np.any(bounds.values[part] <= 0):
            return

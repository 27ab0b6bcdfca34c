"""Whether a label is certain within a ball, for machines of convolutional nets."""

from collections.abc import Sequence

import numpy as np

from limes.attacks.threat import Threat
from limes.certify.conv import interval, joint, norm
from limes.certify.conv.machine import ConvMachine
from limes.certify.conv.ranges import ranges
from limes.certify.conv.region import region
from limes.certify.point import Method, Point

_ROUNDING = 1e-10
"""Of all sums here, as a share of sum_j |a_j| sqrt(K(y, y) K(z_j, z_j))."""
_FEW, _MANY = 3, 12  # steps of the conditional gradient method


def check(point: Point, threat: Threat, methods: Sequence[Method]) -> tuple[float, str]:
    """The least bound of all score differences in the ball, and the method that gave it; certain where above 0.

    Rivals that cheap bounds leave open are taken up by dear ones, the worst first: if it stays open, the others do not
    matter.
    """
    machine: ConvMachine = point.machine
    around = region(machine, point.x, threat)
    clean = machine.track(around.x)
    known = ranges(machine, around, clean)
    on_squares, constant = machine.own_form
    own = float(on_squares @ around.squares[1]) + constant
    pairs = [point.weights(rival) for rival in point.rivals]
    losses = np.array(
        [float(machine.slack(pair, own)) * (1 + _ROUNDING / machine.error) - machine.intercept @ pair for pair in pairs]
    )
    values = np.full(len(pairs), -np.inf)
    names = np.full(len(pairs), "none", dtype="<U8")

    def offer(row: int, bound: float, name: str) -> None:
        if np.isfinite(bound) and bound - losses[row] > values[row]:
            values[row], names[row] = bound - losses[row], name

    if "norm" in methods:
        apart = norm.distance(machine, around)
        at_x = np.sqrt(on_squares @ around.x**2 + constant)
        for row, pair in enumerate(pairs):
            # where x is a centre, its kernel is known to half of its digits
            unsure = 1e-8 * float(np.abs(point.combined[row]) @ np.sqrt(machine.own)) * at_x
            gap = point.gaps[row] - machine.intercept @ pair - unsure
            offer(row, float(gap - machine.norm(pair) * apart), "norm")
    if "interval" in methods:
        for row in np.flatnonzero(values <= 0).tolist():
            offer(row, interval.least(machine, known, clean, point.combined[row]), "interval")
    if "joint" in methods:
        for steps, bent in ((_FEW, False), (_MANY, True)):
            rows = np.flatnonzero(values <= 0)
            for row in rows[np.argsort(values[rows], kind="stable")].tolist():
                target = joint.Target(machine, point.combined[row])
                offer(row, joint.least(target, around, known, max(float(losses[row]), 0.0), steps, bent), "joint")
                if values[row] <= 0 and bent:
                    break
    lowest = int(np.argmin(values))
    return float(values[lowest]), str(names[lowest])

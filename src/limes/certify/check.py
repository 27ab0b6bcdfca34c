"""Whether a label is certain within a ball: lower bounds of all score differences over all shells."""

from collections.abc import Callable, Sequence

import numpy as np

from limes.attacks.threat import Threat
from limes.certify import joint, norm
from limes.certify.lines import Ridge
from limes.certify.point import Method, Point
from limes.certify.radial import shift, stretch
from limes.certify.ranges import Narrowed
from limes.certify.region import Shells, shells

_Search = Callable[[Ridge, np.ndarray, np.ndarray], np.ndarray]
"""From kernels, coefficients (k, m) and what is enough (k,) to bounds (k,)."""
_FEW, _MANY = 4, 12  # steps of the conditional gradient method
_ENTRIES = 1 << 22  # of kernels at a time


def check(point: Point, threat: Threat, methods: Sequence[Method], count: int) -> tuple[float, str]:
    """The least bound of all score differences in the ball, and the method that gave it; certain where above 0.

    Cheap bounds come first, dear ones only for the pairs of a rival and a shell that these leave open; of those the
    worst one first and by itself, for if it stays open the others do not matter.
    """
    found = shells(point.machine, point.x, threat, count)
    bounds, narrowed = _Bounds(point, found), Narrowed(point.machine, found)
    if "norm" in methods:
        bounds.by_norm()
    for name, method in (("interval", _each), ("joint", _first)):
        if name in methods:
            bounds.search(bounds.open, narrowed, method, name, loose=True)
    dear: list[tuple[Method, _Search]] = [("interval", _each), ("joint", _plain), ("joint", _bent)]
    worst = bounds.open[:1]
    for rows in (worst, bounds.open[1:]):
        for name, method in dear:
            if name in methods:
                bounds.search(rows[bounds.values[rows] <= 0], narrowed, method, name)
        if np.any(bounds.values[rows] <= 0):
            break
    lowest = int(np.argmin(bounds.values))
    return float(bounds.values[lowest]), str(bounds.names[lowest])


def _each(ridge: Ridge, weights: np.ndarray, enough: np.ndarray) -> np.ndarray:
    """Each centre by itself."""
    del enough  # there is no search that could end early
    return ridge.least(weights)


def _first(ridge: Ridge, weights: np.ndarray, enough: np.ndarray) -> np.ndarray:
    """Joint bounds, a few steps."""
    return joint.least(ridge, weights, joint.plain(ridge), enough, _FEW)


def _plain(ridge: Ridge, weights: np.ndarray, enough: np.ndarray) -> np.ndarray:
    """Joint bounds, many steps."""
    return joint.least(ridge, weights, joint.plain(ridge), enough, _MANY)


def _bent(ridge: Ridge, weights: np.ndarray, enough: np.ndarray) -> np.ndarray:
    """Joint bounds with parabolas."""
    return joint.least(ridge, weights, joint.bent(ridge, weights), enough, _MANY)


class _Bounds:
    """The best bounds so far for each pair of a rival and a shell, and the methods that gave them.

    Pair number p is of rival p // shells and of shell p % shells.
    """

    def __init__(self, point: Point, found: Shells) -> None:
        self.point, self.machine, self.shells = point, point.machine, found
        rivals = len(point.rivals)
        self.values = np.full(rivals * len(found), -np.inf)
        self.names = np.full(rivals * len(found), "none", dtype="<U8")
        # what a bound on the sphere must exceed: moves along rays, the intercept, and the predictor's arithmetic
        own, machine = point.machine.zonal.own(found.ends[:, 1]), point.machine
        pairs = [point.weights(rival) for rival in point.rivals]
        self.losses = np.concatenate(
            [shift(machine, found, pair) - machine.intercept @ pair + machine.slack(pair, own) for pair in pairs]
        )

    @property
    def open(self) -> np.ndarray:
        """Pairs that are not certain yet, the worst first."""
        rows = np.flatnonzero(self.values <= 0)
        return rows[np.argsort(self.values[rows], kind="stable")]

    def by_norm(self) -> None:
        """Bounds of all pairs from norms in the kernel's Hilbert space."""
        apart = norm.distance(self.machine, self.shells)
        norms = [self.machine.norm(self.point.weights(rival)) for rival in self.point.rivals]
        at_x = [  # of the kernel part alone: the losses hold the intercept
            gap - self.machine.intercept @ self.point.weights(rival)
            for gap, rival in zip(self.point.gaps, self.point.rivals, strict=True)
        ]
        low = [value - size * apart for value, size in zip(at_x, norms, strict=True)]
        self._offer(np.arange(len(self.values)), np.concatenate(low), "norm")

    def search(self, rows: np.ndarray, narrowed: Narrowed, bound: _Search, name: str, loose: bool = False) -> None:
        """Bounds of some pairs by one method, as many at a time as memory should hold."""
        size = max(1, _ENTRIES // self.point.combined.shape[1])
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            rivals, which = np.divmod(part, len(self.shells))
            ridge = (narrowed.loose if loose else narrowed.ridge)(which)
            enough = np.maximum(self.losses[part], 0.0)
            self._offer(part, bound(ridge, self.point.combined[rivals], enough), name)

    def _offer(self, rows: np.ndarray, low: np.ndarray, name: str) -> None:
        """Take bounds on spheres where they are better."""
        new = stretch(self.machine, self.shells.take(rows % len(self.shells)), low) - self.losses[rows]
        new = np.where(np.isfinite(new), new, -np.inf)  # a shell round the origin may overflow
        better = rows[new > self.values[rows]]
        self.values[better], self.names[better] = new[new > self.values[rows]], name

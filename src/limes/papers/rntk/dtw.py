"""Nearest neighbours of series under dynamic time warping in a band, the usual baseline of the archive.

The distance is the smallest sum of squared differences along a path of the grid of steps that keeps to |t - s| <= w.
A path is given up once it costs more than the nearest series so far; series are tried from the one that a bound on the
distance lets come nearest, and the rest is passed over once the bound says so.

References: Sakoe & Chiba (1978); the bound is that of Keogh & Ratanamahatana (2005). Windows are chosen by leaving one
out on the training part, as in Dau et al. (2019), arXiv 1810.07758.
"""

import numba
import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

WINDOWS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20)
"""Half widths of the band that are tried, in per cent of the length, rounded up."""


@numba.njit(cache=True, nogil=True)
def distance(x: np.ndarray, z: np.ndarray, window: int, limit: float) -> float:
    """Squared distance of two series (time,), or infinity where it is above the limit. Cost: time (2 window + 1)."""
    time = len(x)
    before = np.full(time + 1, np.inf)
    now = np.full(time + 1, np.inf)
    before[0] = 0.0
    for t in range(time):
        first, last = max(0, t - window), min(time, t + window + 1)
        now[first] = np.inf  # left of the band; the row before has infinity right of its own
        least, left = np.inf, np.inf
        for s in range(first, last):
            gap = x[t] - z[s]
            left = gap * gap + min(left, min(before[s], before[s + 1]))
            now[s + 1] = left
            least = min(least, left)
        if last < time:
            now[last + 1] = np.inf
        if least > limit:
            return np.inf
        before, now = now, before
    return before[time]


@numba.njit(cache=True, nogil=True)
def _search(x: np.ndarray, among: np.ndarray, order: np.ndarray, bounds: np.ndarray, window: int) -> int:
    """The nearest of `among` (m, time) in an order of rising lower bounds on the squared distance."""
    best, place = np.inf, order[0]
    for j in order:
        if bounds[j] > best:
            break
        value = distance(x, among[j], window, best)
        if value < best or (value == best and j < place):
            best, place = value, j
    return place


def nearest(x: np.ndarray, among: np.ndarray, window: int, leave_out: bool = False) -> np.ndarray:
    """The nearest series (n,) of `among` (m, time) to each of x (n, time), of equal ones the first.

    Args:
        x: series of one length, float64.
        among: the same.
        window: half width of the band, in steps; 0 is the Euclidean distance.
        leave_out: whether x is `among`, and a series not its own neighbour.
    """
    low, high = (rule(among, 2 * window + 1, axis=1, mode="nearest") for rule in (minimum_filter1d, maximum_filter1d))
    found = np.empty(len(x), np.int64)
    for i, row in enumerate(x):
        bounds = np.sum(np.maximum(np.maximum(row - high, low - row), 0.0) ** 2, axis=1) * (1 - 1e-12)
        order = np.argsort(bounds, kind="stable")
        found[i] = _search(row, among, order[order != i] if leave_out else order, bounds, window)
    return found


def steps(window: float, time: int) -> int:
    """A window in per cent as a number of steps."""
    return int(np.ceil(window * time / 100))


def chosen_window(x: np.ndarray, y: np.ndarray) -> tuple[int, float]:
    """The window in per cent with the most right neighbours when each training series is left out; of equal the least.

    Returns:
        The window, and the share that was right.
    """
    scores: dict[int, float] = {}
    for window in WINDOWS:
        scores[window] = float(np.mean(y[nearest(x, x, steps(window, x.shape[1]), leave_out=True)] == y))
    best = max(WINDOWS, key=lambda window: (scores[window], -window))
    return best, scores[best]

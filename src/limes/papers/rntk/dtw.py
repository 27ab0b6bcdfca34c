"""Nearest neighbours of series under dynamic time warping in a band, the usual baseline of the archive.

The distance is the smallest sum of squared differences along a path of the grid of steps that keeps to |t - s| <= w.
A path is given up once it costs more than the nearest series so far; series are tried from the one that a bound on the
distance lets come nearest, and the rest is passed over once the bound says so.

References: Sakoe & Chiba (1978); the bound is that of Keogh & Ratanamahatana (2005). Windows are chosen by leaving one
out on the training part, as in Dau et al. (2019), arXiv 1810.07758.
"""

import numba
import numpy as np

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
def _envelopes(x: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest value of each series (n, time) within the window round each step."""
    low, high = np.empty_like(x), np.empty_like(x)
    time = x.shape[1]
    for t in range(time):
        first, last = max(0, t - window), min(time, t + window + 1)
        for i in range(len(x)):
            low[i, t], high[i, t] = x[i, first:last].min(), x[i, first:last].max()
    return low, high


@numba.njit(cache=True, nogil=True)
def nearest(x: np.ndarray, among: np.ndarray, window: int, leave_out: bool) -> np.ndarray:
    """The nearest series (n,) of `among` (m, time) to each of x (n, time), of equal ones the first.

    Args:
        x, among: series of one length, float64.
        window: half width of the band, in steps; 0 is the Euclidean distance.
        leave_out: whether x is `among`, and a series not its own neighbour.
    """
    low, high = _envelopes(among, window)
    found = np.zeros(len(x), np.int64)
    for i in range(len(x)):
        bounds = np.zeros(len(among))
        for j in range(len(among)):
            for t in range(x.shape[1]):
                over, under = x[i, t] - high[j, t], low[j, t] - x[i, t]
                gap = max(0.0, max(over, under))
                bounds[j] += gap * gap
        best, place = np.inf, -1
        for j in np.argsort(bounds):
            if bounds[j] > best:
                break
            if leave_out and i == j:
                continue
            value = distance(x[i], among[j], window, best)
            if value < best or (value == best and j < place):
                best, place = value, j
        found[i] = place
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
        scores[window] = float(np.mean(y[nearest(x, x, steps(window, x.shape[1]), True)] == y))
    best = max(WINDOWS, key=lambda window: (scores[window], -window))
    return best, scores[best]

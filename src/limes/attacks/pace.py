"""How long the steps of APGD are: halved where an ascent no longer pays.

Reference: Croce & Hein 2020, arXiv 2003.01690, section 3.
"""

import math
from typing import Self

import numpy as np

_FIRST, _LESS, _LEAST = 0.22, 0.03, 0.06  # distances of the checkpoints, as shares of all steps
_ENOUGH = 0.75  # share of steps that must raise the loss


def checkpoints(steps: int) -> set[int]:
    """Iterates at which the length is looked at: at .22, .41, .57, .70, .80, .87, .93, .99 of all steps.

    Example:
        >>> sorted(checkpoints(100))
        [22, 41, 57, 70, 80, 87, 93, 99]
    """
    found, at, gap = set(), _FIRST, _FIRST
    while at < 1:
        found.add(math.ceil(round(at * steps, 9)))
        gap = max(gap - _LESS, _LEAST)
        at += gap
    return found


class Pace:
    """The length (m,) of each example's next step.

    At a checkpoint it is halved where fewer than three in four steps since the last one raised the loss, or where
    neither the length changed then nor the best loss since.
    """

    def __init__(self, length: np.ndarray, steps: int) -> None:
        self.length = length
        self._due, self._last = checkpoints(steps), 0
        self._rises = np.zeros(len(length))
        self._kept = np.zeros(len(length), dtype=bool)  # whether the length was left alone at the last checkpoint
        self._best = np.full(len(length), -np.inf)

    def count(self, rose: np.ndarray) -> None:
        """Note for which examples the last step raised the loss, (m,) bool."""
        self._rises += rose

    def check(self, step: int, best: np.ndarray) -> np.ndarray:
        """Who is to go back to its best point, and on with steps of half the length: (m,) bool.

        Args:
            step: number of the iterate that was evaluated last, from 0.
            best: (m,) largest loss so far.
        """
        if step not in self._due:
            return np.zeros(len(best), dtype=bool)
        back = self._rises < _ENOUGH * (step - self._last)
        back |= self._kept & (best <= self._best)
        self.length = np.where(back, self.length / 2, self.length)
        self._last, self._rises, self._kept, self._best = step, np.zeros(len(best)), ~back, best
        return back

    def take(self, rows: np.ndarray) -> Self:
        """That of some of the examples."""
        new = object.__new__(type(self))
        for name, value in vars(self).items():
            setattr(new, name, value[rows] if isinstance(value, np.ndarray) else value)
        return new

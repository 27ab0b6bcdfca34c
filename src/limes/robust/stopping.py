"""The stop of a training run, chosen on held-out rows: robust accuracy on new points rises and then falls."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from limes.attacks import PGD
from limes.attacks.threat import Bounds, EpsLike
from limes.core.types import Norm, Predictor
from limes.robust.holdout import hold_out

_MOST_HELD = 500
_CHECKS = 15
_PATIENCE = 5


class Check(NamedTuple):
    """Accuracy on held-out rows after a step: as they are, and under attack."""

    step: int
    clean: float
    robust: float


def best(checks: Sequence[Check], n_held: int, otherwise: int) -> int:
    """The step of the check to stop at; `otherwise` if there was none.

    Robust accuracy on a few hundred rows is noisy and flat around its maximum, while clean accuracy still rises there.
    So the choice is by the rule of one standard error (Breiman et al. 1984): of the checks whose robust accuracy is
    within one standard error of the best, the one of highest clean accuracy, the latest of several.

    Args:
        checks: in any order.
        n_held: number of rows that were attacked, for the standard error sqrt(p (1 - p) / n_held).
        otherwise: what an empty list gives.
    """
    if not checks:
        return otherwise
    top = max(check.robust for check in checks)
    enough = top - math.sqrt(top * (1 - top) / n_held)
    return max((c for c in checks if c.robust >= enough), key=lambda c: (c.clean, c.step)).step


def as_array(checks: Sequence[Check]) -> np.ndarray:
    """Checks as files hold them, (k, 3)."""
    return np.array(checks, np.float64).reshape(-1, 3)


def from_array(rows: np.ndarray) -> list[Check]:
    """Checks from an array (k, 3)."""
    return [Check(int(step), clean, robust) for step, clean, robust in rows.tolist()]


def split(index: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the rows to train on and of those held out: a share of every class, 500 at most.

    Args:
        index: (n,) classes.
        share: in (0, 1).
        seed: decides which.
    """
    return hold_out(index, min(share, _MOST_HELD / len(index)), np.random.default_rng([seed, 0]))


@dataclass(eq=False)
class HeldOut:
    """Attacks held-out rows about fifteen times in a run, with the same random start each time.

    Attributes:
        x, y: the rows.
        eps, norm, bounds: what they are attacked with.
        seed: of the attack.
        steps: of the whole run.
        checks: those made so far.
    """

    x: np.ndarray
    y: np.ndarray
    eps: EpsLike
    norm: Norm
    bounds: Bounds
    seed: int
    steps: int
    checks: list[Check]

    @cached_property
    def _due(self) -> set[int]:
        return set(np.linspace(0, self.steps, min(_CHECKS, self.steps) + 1).round().astype(int).tolist())

    @property
    def stop(self) -> int:
        """The best step so far."""
        return best(self.checks, len(self.y), self.steps)

    @property
    def settled(self) -> bool:
        """Whether several checks in a row have found nothing better."""
        return sum(check.step > self.stop for check in self.checks) >= _PATIENCE

    def look(self, step: int, predictor: Predictor) -> bool:
        """Attack after a step, where it is due; whether it was."""
        if step not in self._due:
            return False
        attack = PGD(self.norm, 10)
        found = attack(predictor, self.x, self.y, self.eps, bounds=self.bounds, key=self.seed)
        # an attack of radius 0 predicts in the batches of the other, so that no further shapes are compiled
        unmoved = attack(predictor, self.x, self.y, 0.0, bounds=self.bounds)
        self.checks.append(Check(step, unmoved.robust_accuracy, found.robust_accuracy))
        return True

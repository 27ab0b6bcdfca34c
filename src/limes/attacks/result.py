"""What an attack returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from limes.core.shown import short_repr
from limes.core.types import AttackNorm


@dataclass(frozen=True, eq=False)
class AttackResult:
    """Adversarial points and what they cost.

    Attributes:
        x_adv: (n, ...) in the dtype of the clean points; inside of ball and box after rounding. Points that were
            misclassified when clean (targeted: predicted as the target) come back as they were.
        success: (n,) bool, recomputed from `x_adv`: the prediction differs from the label (targeted: is the target).
        loss: (n,) the attack's loss of `x_adv` at the labels given, also from the last pass; an untargeted attack
            raises it, a targeted one lowers it.
        distance: (n,) how far each point was moved, in `norm` and the caller's units.
        n_queries: (n,) forward passes spent on each example, the clean one included, the last re-prediction not.
        n_gradients: (n,) gradients spent on each example.
        norm: "linf", "l2" or "l1".
        eps: radius, in the caller's units.
        key: what the random numbers were made from.
        settings: the attack's name and options, the box and the batch size.
    """

    x_adv: np.ndarray
    success: np.ndarray
    loss: np.ndarray
    distance: np.ndarray
    n_queries: np.ndarray
    n_gradients: np.ndarray
    norm: AttackNorm
    eps: float
    key: int | list[int]
    settings: Mapping[str, Any]

    __repr__ = short_repr

    @property
    def robust_accuracy(self) -> float:
        """The share of points on which the attack failed."""
        return float(1 - self.success.mean())

"""What a certificate is about: one input, its label and the others; and by which methods."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

Method = Literal["joint", "norm", "interval"]
METHODS: tuple[Method, ...] = ("joint", "norm", "interval")


@dataclass(frozen=True, eq=False)
class Point:
    """One input, its label, and the labels that it must not get.

    Attributes:
        machine: a `limes.certify.form.Form`, of the kind that the bounds are for.
        x: (features...) in the caller's units.
        label: column of the largest score.
        rivals: the other columns.
        gaps: exact differences of the scores at x, in their order.
    """

    machine: Any
    x: np.ndarray
    label: int
    rivals: tuple[int, ...]
    gaps: tuple[float, ...]

    def weights(self, rival: int) -> np.ndarray:
        """(c,) of the score difference between the label and a rival."""
        weights = np.zeros(self.machine.coef.shape[1])
        weights[self.label], weights[rival] = 1.0, -1.0
        return weights

    @cached_property
    def combined(self) -> np.ndarray:
        """Coefficients (rivals, m) of the score differences."""
        return np.stack([self.machine.coef @ self.weights(rival) for rival in self.rivals])

"""A kernel machine in the form that certificates need: flat centres in float64, and norms of its score differences."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from limes.attacks.threat import Threat
from limes.core.types import Affine, Kind
from limes.nets import Net

NARROW, WIDE = 1e-5, 1e-9
"""Errors of a kernel entry as shares of sqrt(K(x, x) K(z, z)), sums over centres included: of a predictor in float32
(see docs/limits.md), and of one in float64 with a wide margin. At cosines within 1e-6 of 1 a root is all that is known
of the angle, and they are ten times and a hundred times as large."""

_OUTWARDS_NARROW, _OUTWARDS = 1e-6, 1e-9
"""By how much boxes and balls are widened, relatively: many times the rounding of an input map in float32, or of the
certificates' own arithmetic."""


@dataclass(frozen=True, eq=False)
class Reach:
    """What an attacker may reach of an input, rounded outwards.

    Attributes:
        centre: (d,) the clean input, in the units of the centres.
        low, high: (d,) the box, in the same units.
        ball: radius in the caller's units; infinite where the box is all.
        outwards: relative rounding that was allowed for.
    """

    centre: np.ndarray
    low: np.ndarray
    high: np.ndarray
    ball: float
    outwards: float


@dataclass(frozen=True, eq=False)
class Form(ABC):
    """scores(x) = K(affine(x), centres) coef + intercept.

    Attributes:
        net: the architecture.
        kind: "ntk" or "nngp".
        centres: (m, d) float64, after the input map.
        coef: (m, c) float64.
        intercept: (c,) float64.
        affine: the input map, or None.
        classes: (c,) labels of the columns, or None.
        error: of a kernel entry of the predictor, see `slack`.
        narrow: whether it computes in float32.
    """

    net: Net
    kind: Kind
    centres: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    affine: Affine | None
    classes: np.ndarray | None
    error: float
    narrow: bool

    @property
    @abstractmethod
    def own(self) -> np.ndarray:
        """K(z, z) of each centre: (m,)."""

    @property
    @abstractmethod
    def products(self) -> np.ndarray:
        """Inner products (c, c) of the scores' functions in the kernel's Hilbert space: coef^T K coef."""

    @abstractmethod
    def scores(self, x: np.ndarray) -> np.ndarray:
        """Exact scores (c,) of one input (features...), but for rounding in float64."""

    def norm(self, weights: np.ndarray) -> float:
        """The norm of the function with coefficients coef @ weights, rounded up."""
        combined = self.coef @ weights
        size = np.abs(combined) @ np.sqrt(self.own)
        slack = WIDE * size**2 + 100 * WIDE * (combined**2 @ self.own)
        return float(np.sqrt(max(weights @ self.products @ weights, 0.0) + slack))

    def slack(self, weights: np.ndarray, own: np.ndarray | float) -> np.ndarray:
        """How far the predictor's own arithmetic may be from the exact difference of scores, at K(x, x) = own."""
        size = np.abs(self.coef @ weights) @ np.sqrt(self.own)
        return self.error * size * np.sqrt(own) + 1e-12 * np.abs(self.intercept).sum()

    def reach(self, x: np.ndarray, threat: Threat) -> Reach:
        """What is within the threat of one input (features...) in the caller's units."""
        x = np.asarray(x, np.float64)
        outwards = _OUTWARDS_NARROW if self.narrow else _OUTWARDS
        low, high = (part[0] for part in threat.box(x[None]))
        wide = threat.eps + outwards * (threat.eps + np.abs(x))
        edges = [self.flatten(edge[None])[0] for edge in (np.maximum(low, x - wide), np.minimum(high, x + wide))]
        ball = np.inf
        if threat.norm == "l2":
            ball = float(threat.eps + outwards * (threat.eps + np.linalg.norm(x)))
        return Reach(self.flatten(x[None])[0], np.minimum(*edges), np.maximum(*edges), ball, outwards)

    def flatten(self, x: np.ndarray) -> np.ndarray:
        """Inputs (n, features...) in the units of the centres, as vectors in float64."""
        x = np.asarray(x, np.float64)
        return (x if self.affine is None else self.affine(x)).reshape(len(x), -1)

"""What an attacker may reach of an image, in the units of the centres, and how far the units of each position move."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from limes.attacks.threat import Threat
from limes.certify.form import Form


@dataclass(frozen=True, eq=False)
class Region:
    """A box round an image, and in l2 a ball within it.

    Attributes:
        x: (d,) the clean image.
        low, high: (d,) the box.
        stretch: (d,) units of the centres for one of the caller's.
        ball: radius in the caller's units; infinite where the box is all.
    """

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    stretch: np.ndarray
    ball: float

    @property
    def squares(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest square of each coordinate."""
        return np.clip(0.0, self.low, self.high) ** 2, np.maximum(self.low**2, self.high**2)

    def move(self, weights) -> np.ndarray:
        """The largest root of weights @ (y - x)^2, for a matrix with non-negative entries: one for each row."""
        far = weights @ np.maximum(self.high - self.x, self.x - self.low) ** 2
        if np.isfinite(self.ball):
            most = (weights @ sparse.diags_array(self.stretch**2, format="csr")).max(axis=1)
            most = np.asarray(most.todense() if hasattr(most, "todense") else most).ravel()
            far = np.minimum(far, most * self.ball**2)
        return np.sqrt(far)


def region(form: Form, x: np.ndarray, threat: Threat) -> Region:
    """The region of one input (features...) in the caller's units."""
    reach = form.reach(x, threat)
    stretch = np.ones_like(reach.centre)
    if form.affine is not None:
        stretch = np.abs(np.broadcast_to(form.affine.scale, np.shape(x))).astype(np.float64).ravel()
    return Region(reach.centre, reach.low, reach.high, stretch, reach.ball)

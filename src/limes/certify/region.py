"""What an attacker may reach, in the units of the centres, cut into shells of nearly equal norm.

On a sphere |y|^2 = d q the kernel of each centre is a function of one inner product, and <z, y>, |y|^2 and a ball round
the clean point are all linear or separable there. So the box is cut into shells n_a <= |y| <= n_b, and each point of a
shell is moved along its ray to the sphere of the shell's middle norm n. What moves along rays is accounted for in
`limes.certify.radial`; here the box is widened by the same factors, so that it holds all moved points.
"""

from dataclasses import dataclass

import numpy as np

from limes.attacks.threat import Threat
from limes.certify.machine import Machine


@dataclass(frozen=True, eq=False)
class Shells:
    """Spheres, and what of them can be reached.

    Attributes:
        x: (d,) the clean point in the units of the centres.
        q: (k,) |y|^2/d on the spheres.
        ends: (k, 2) of |y|^2/d within the shells, the least and the largest.
        low, high: (k, d) box of the points that were moved to the spheres.
        least: (k,) <x, y> is at least this; -inf where a box is all there is to know.
        boxed: whether the box is more than the ball's own.
    """

    x: np.ndarray
    q: np.ndarray
    ends: np.ndarray
    low: np.ndarray
    high: np.ndarray
    least: np.ndarray
    boxed: bool

    def __len__(self) -> int:
        return len(self.q)

    def take(self, which: np.ndarray) -> "Shells":
        """Some of the shells."""
        q, ends, least = self.q[which], self.ends[which], self.least[which]
        return Shells(self.x, q, ends, self.low[which], self.high[which], least, self.boxed)


def shells(machine: Machine, x: np.ndarray, threat: Threat, count: int) -> Shells:
    """Shells of the ball round one input.

    Args:
        machine: gives the input map.
        x: (features...) clean, in the caller's units.
        threat: norm, radius and box.
        count: number of shells.
    """
    x = np.asarray(x, np.float64)
    low, high = (part[0] for part in threat.box(x[None]))
    boxed = bool(np.any(low > x - threat.eps) or np.any(high < x + threat.eps))
    reach = machine.reach(x, threat)
    centre, low, high, outwards = reach.centre, reach.low, reach.high, reach.outwards
    d = len(centre)
    nearest = np.clip(0.0, low, high)
    least, most = (np.sum(nearest**2) / d) ** 0.5, (np.sum(np.maximum(low**2, high**2)) / d) ** 0.5
    ball = np.inf
    if np.isfinite(reach.ball):
        factor = 1.0 if machine.affine is None else float(np.max(np.abs(machine.affine.scale)))
        ball = reach.ball * factor
        norm = float(np.linalg.norm(centre))
        least, most = max(least, (norm - ball) / d**0.5), min(most, (norm + ball) / d**0.5)
    least, most = least * (1 - outwards), most * (1 + outwards)
    edge = np.linspace(least, most, count + 1)
    middle = 0.5 * (edge[1:] + edge[:-1])
    small, large = middle / edge[1:], middle / np.maximum(edge[:-1], 1e-150)  # factors along the rays
    small, large = small[:, None], large[:, None]
    low_moved = np.where(low >= 0, low * small, low * large)
    high_moved = np.where(high >= 0, high * large, high * small)
    ends = np.stack([edge[:-1], edge[1:]], axis=1)
    return Shells(centre, middle**2, ends**2, low_moved, high_moved, _least_product(centre, ball, ends, middle), boxed)


def _least_product(x: np.ndarray, ball: float, ends: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """The least <x, y> of points y of norm sqrt(d) middle on the rays through a ball of radius `ball` round x.

    At norm r, |y - x| <= ball says cos(x, y) >= (r + (|x|^2 - ball^2) / r) / (2 |x|), which over a shell is least at an
    end or, where |x| > ball, at r^2 = |x|^2 - ball^2.
    """
    if not np.isfinite(ball):
        return np.full(len(middle), -np.inf)
    norm, root = float(np.linalg.norm(x)), len(x) ** 0.5
    if norm == 0:
        return np.zeros(len(middle))
    gap = norm**2 - ball**2
    inner = np.clip(np.sqrt(max(gap, 0.0)), ends[:, 0] * root, ends[:, 1] * root)
    radii = np.maximum(np.column_stack([ends * root, inner]), 1e-150)
    cosine = np.min((radii + gap / radii) / (2 * norm), axis=1)
    return np.clip(cosine, -1.0, 1.0) * norm * middle * root * np.where(cosine > 0, 1 - 1e-12, 1 + 1e-12)

"""Gradient descent on a robust loss, and on its Moreau envelope with an inner problem that is solved inexactly.

The worst-case loss L has kinks. Its envelope is smooth as long as mu < 1 / l for the weak convexity l of L:

    M(w) = min_v L(v) + |v - w|^2 / (2 mu),      grad M(w) = (w - prox(w)) / mu,

where prox(w) is the minimiser. From v = w, K steps v <- v - a (grad L(v) + (v - w) / mu), each with a fresh attack,
stand in for prox(w), and the outer step is w <- w - rate (w - v) / mu. With K = 1 and a = mu this is gradient descent
on L. How inexact the inner problem was left is measured: the norm r of its gradient at the end bounds the distance to
prox(w) by r / (1 / mu - l), as the inner problem is strongly convex.

Reference: the envelope and its gradient are Moreau 1965; for adversarial training Zhang, Wang & Arora, NeurIPS 2024.
"""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from limes.attacks.search import require_count
from limes.core.errors import InputError
from limes.core.types import Norm
from limes.robust.signed import CURVATURE, SLOPE, RobustLoss, loss_and_slope


@dataclass(frozen=True)
class Descent:
    """Full-batch descent at a constant rate, on the robust loss or on its Moreau envelope.

    Attributes:
        rate: of the outer steps.
        mu: of the envelope; None for descent on the loss itself. It must lie below 1 / l for the envelope to be smooth,
            which `limes.robust.descend` checks, since l depends on the data.
        inner_steps: K, gradient steps that stand in for the minimiser, each with a fresh attack.
        inner_rate: a, of these; None for mu / (1 + mu b / 2), which contracts fastest where the Hessian of the loss
            lies between 0 and b = C^2 / 4, the most that it can be but for the weak convexity.

    Raises:
        InputError: for rates and mu that are not positive, or fewer than 1 inner step.

    Example:
        >>> Descent(rate=0.5).smoothed, Descent(rate=0.5, mu=1.0).smoothed
        (False, True)
    """

    rate: float
    mu: float | None = None
    inner_steps: int = 5
    inner_rate: float | None = None

    def __post_init__(self) -> None:
        for name in ("rate", "mu", "inner_rate"):
            value = getattr(self, name)
            if name == "rate" or value is not None:
                require_positive(value, name)
        require_count(self.inner_steps, "inner_steps")

    @property
    def smoothed(self) -> bool:
        """Whether it descends on the envelope."""
        return self.mu is not None

    def numbers(self, loss: RobustLoss, reach: float) -> dict[str, float]:
        """What a compiled step takes as data: eps, rate, mu and the inner rate."""
        mu = 1.0 if self.mu is None else self.mu
        best = mu / (1.0 + mu * CURVATURE * (SLOPE * reach) ** 2 / 2)
        inner = best if self.inner_rate is None else self.inner_rate
        return {"eps": loss.eps, "rate": self.rate, "mu": mu, "inner_rate": inner}

    def statics(self, loss: RobustLoss) -> tuple[Norm, int, int]:
        """What a step is compiled for: norm, attack steps, and inner steps, 0 for plain descent."""
        return loss.norm, loss.attack_steps, self.inner_steps if self.smoothed else 0


def require_positive(value: Any, name: str) -> None:
    """Refuse what is no positive finite number.

    Raises:
        InputError: naming the argument and its value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InputError(f"{name} must be a positive number, not {value!r}")


def step(statics: tuple[Norm, int, int], numbers: Any, w: Any, x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    """One outer step, for use within a traced function.

    Returns:
        the weights after it; the robust loss before it; the norm r of the inner gradient where the inner steps ended (0
        for plain descent, which has no inner problem); and the norm of the slope that the step followed.
    """
    norm, attack_steps, inner_steps = statics
    mu, rate = numbers["mu"], numbers["inner_rate"]

    def slope_at(v: Any) -> tuple[Any, Any]:
        return loss_and_slope(norm, attack_steps, numbers["eps"], v, x, y)

    value, slope = slope_at(w)
    if not inner_steps:
        return w - numbers["rate"] * slope, value, jnp.zeros_like(value), _norm(slope)

    def descend(_: int, v: Any) -> Any:
        return v - rate * (slope_at(v)[1] + (v - w) / mu)

    v = jax.lax.fori_loop(1, inner_steps, descend, w - rate * slope)
    left = _norm(slope_at(v)[1] + (v - w) / mu)
    slope = (w - v) / mu
    return w - numbers["rate"] * slope, value, left, _norm(slope)


def _norm(v: Any) -> Any:
    return jnp.sqrt((v**2).sum())

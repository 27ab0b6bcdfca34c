"""The attack inside a training step: projected gradient ascent on the loss of a batch, traced with the step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from limes.attacks import Threat, parse_eps
from limes.attacks.threat import require_norm
from limes.core.errors import InputError
from limes.core.types import Norm
from limes.finite.ball import Ball


@dataclass(frozen=True)
class Adversary:
    """Projected gradient ascent in the inputs. The ball lies round the clean input, and the box is kept.

    Attributes:
        eps: radius, in the units of the inputs; a fraction such as "8/255" is turned into its value.
        norm: "linf" or "l2", over all axes but the first.
        steps: of ascent; 0 leaves the inputs as they are.
        step_size: length of a step; None for 2.5 eps / steps.
        random_start: whether the ascent starts at a random point of the ball and not at the input. In l2 that is a
            random direction at half the radius.
        bounds: (low, high) of valid inputs, numbers or arrays for one example; None for no box.

    Raises:
        InputError: for a bad radius, norm, number of steps or box.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> fgsm = Adversary("1/4", steps=1, step_size=0.25, random_start=False, bounds=(0, 1))
        >>> fgsm(lambda x: jnp.sum(x), jnp.array([[0.9, 0.5]]), jax.random.key(0)).tolist()
        [[1.0, 0.75]]
    """

    eps: float | str
    norm: Norm = "linf"
    steps: int = 10
    step_size: float | None = None
    random_start: bool = True
    bounds: Any = None

    def __post_init__(self) -> None:
        eps = parse_eps(self.eps)
        object.__setattr__(self, "eps", eps)
        require_norm(self.norm, Norm)
        if not isinstance(self.steps, int) or isinstance(self.steps, bool) or self.steps < 0:
            raise InputError(f"steps of an attack must be a whole number of at least 0, not {self.steps!r}")
        if self.step_size is not None and not self.step_size > 0:
            raise InputError(f"step_size must be above 0, not {self.step_size!r}")
        box = Threat(self.norm, eps, self.bounds).bounds
        object.__setattr__(self, "bounds", None if box is None else tuple(_plain(np.asarray(b)) for b in box))

    def __call__(
        self, loss: Callable[[jax.Array], jax.Array], x: jax.Array, key: jax.Array, eps: Any = None
    ) -> jax.Array:
        """Points that raise `loss`, a function of the batch: the shape of x. `eps`: another radius, as data."""
        radius: Any = self.eps if eps is None else eps
        if self.steps == 0 or (eps is None and self.eps == 0):
            return x
        ball = Ball(self.norm) if self.bounds is None else Ball(self.norm, *self.bounds)
        start = ball.random_start(key, x, radius) if self.random_start else x
        return jax.lax.stop_gradient(ball.ascend(jax.grad(loss), x, start, radius, self.steps, self.step_size))


def _plain(value: np.ndarray) -> Any:
    """Nested tuples: equal boxes are one and the same to compiled programs."""
    return float(value) if value.ndim == 0 else tuple(_plain(part) for part in value)

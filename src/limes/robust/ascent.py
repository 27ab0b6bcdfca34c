"""An attack as theory has it: a function of weights and points, the same each time, that JAX can trace."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from limes.attacks.threat import Bounds, parse_eps, require_norm
from limes.core.errors import InputError
from limes.core.types import Array, Norm
from limes.finite.ball import Ball


@dataclass(frozen=True)
class MarginAscent:
    """An attack A(params, x, y) on a network of one output and labels 1 and -1: it lowers y f(x).

    Every loss that falls with the margin y f(x) is raised by the same moves. The same arguments give the same points,
    as theory wants of an attack; JAX can trace it, as `projected_training` wants.

    Attributes:
        apply: apply(params, x) -> (n, 1).
        eps: radius in the units of the inputs, a number or a fraction.
        norm: "l2" or "linf".
        steps: of 2.5 eps / steps each; 0 returns the start. One step from the clean points is FGSM.
        start_key: None to start at the clean points; an int to start at random ones, the same at each call.
        bounds: (low, high) of valid inputs, two numbers, or None.

    Raises:
        InputError: for a negative radius or number of steps, or an unknown norm.

    Cost: `steps` gradients in the input.

    Example:
        >>> import jax.numpy as jnp
        >>> attack = MarginAscent(lambda w, x: x @ w, eps=0.5, steps=3)
        >>> attack(jnp.array([[2.0], [0.0]]), jnp.array([[1.0, 1.0]]), jnp.array([1.0])).round(3).tolist()
        [[0.5, 1.0]]
    """

    apply: Callable[[Any, Array], Any]
    eps: float
    norm: Norm = "l2"
    steps: int = 10
    start_key: int | None = None
    bounds: Bounds = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "eps", parse_eps(self.eps))
        require_norm(self.norm, Norm)
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 0:
            raise InputError(f"steps must be a whole number of at least 0, not {self.steps!r}")

    def __call__(self, params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        """Attacked points (n, ...) for clean ones and labels (n,)."""
        ball = Ball(self.norm) if self.bounds is None else Ball(self.norm, *self.bounds)
        uphill = jax.grad(lambda z: -jnp.sum(y * self.apply(params, z)[:, 0]))
        start = x if self.start_key is None else ball.random_start(jax.random.key(self.start_key), x, self.eps)
        return ball.ascend(uphill, x, start, self.eps, self.steps)

"""Projected gradient ascent as a part of compiled training: pure functions of JAX, for attacks inside of one step.

`limes.attacks` holds the attacks that robustness is measured with: they keep the best point, round into the ball, and
run outside of a program. What training needs is fast, differentiates nothing but the input, and may be less careful.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.attacks.threat import Bounds, parse_eps, require_norm
from limes.core.errors import InputError
from limes.core.types import Array, Norm

_REACH = 2.5  # of all steps together, in radii: from one side of the ball to the other with something to spare


@dataclass(frozen=True)
class Ball:
    """A norm ball that compiled programs project onto, cut by a box; its radius is an argument.

    Attributes:
        norm: "linf" or "l2", over all axes but the first.
        low, high: of valid inputs, numbers or arrays that broadcast to one example.
    """

    norm: Norm
    low: Any = -np.inf
    high: Any = np.inf

    def project(self, moved: jax.Array, x: jax.Array, eps: Any) -> jax.Array:
        """Points (n, ...) brought into the ball of radius eps round x, then into the box."""
        delta = moved - x
        if self.norm == "linf":
            delta = jnp.clip(delta, -eps, eps)
        else:
            delta = delta * jnp.minimum(1.0, eps / jnp.maximum(size(delta), 1e-12))
        return jnp.clip(x + delta, self.low, self.high)

    def random_start(self, key: jax.Array, x: jax.Array, eps: Any) -> jax.Array:
        """Uniform in an l-inf ball; half way to the sphere, in a random direction, in an l2 ball."""
        if self.norm == "linf":
            return self.project(x + jax.random.uniform(key, x.shape, x.dtype, -eps, eps), x, eps)
        noise = jax.random.normal(key, x.shape, x.dtype)
        return self.project(x + 0.5 * eps * noise / size(noise), x, eps)

    def ascend(
        self, uphill: Callable[[jax.Array], jax.Array], x: jax.Array, start: jax.Array, eps: Any, steps: int
    ) -> jax.Array:
        """The last of `steps` steps of 2.5 eps / steps along the sign (l-inf) or the direction (l2) of a gradient.

        Args:
            uphill: from points (n, ...) to the gradient of what is raised.
            x: clean points, the centres of the balls.
            start: where the first step begins.
            eps: radius.
            steps: 0 returns the start.
        """

        def climb(_: int, moved: jax.Array) -> jax.Array:
            gradient = uphill(moved)
            unit = jnp.sign(gradient) if self.norm == "linf" else gradient / jnp.maximum(size(gradient), 1e-30)
            return self.project(moved + _REACH * eps / max(steps, 1) * unit, x, eps)

        return jax.lax.fori_loop(0, steps, climb, start)


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
        ball = Ball(self.norm, *((-np.inf, np.inf) if self.bounds is None else self.bounds))
        uphill = jax.grad(lambda z: -jnp.sum(y * self.apply(params, z)[:, 0]))
        start = x if self.start_key is None else ball.random_start(jax.random.key(self.start_key), x, self.eps)
        return ball.ascend(uphill, x, start, self.eps, self.steps)


def size(a: jax.Array) -> jax.Array:
    """The l2 norm of each example, with axes to broadcast."""
    return jnp.sqrt(jnp.sum(a**2, axis=tuple(range(1, a.ndim)), keepdims=True))

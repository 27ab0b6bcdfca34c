"""A norm ball in compiled programs: projection, random starts and the ascent that attacks inside of a step take.

`limes.attacks` holds the attacks that robustness is measured with: they keep the best point, round into the ball, and
run outside of a program. What training needs is fast, differentiates nothing but the input, and may be less careful.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.types import Norm

_REACH = 2.5  # of all steps together, in radii: from one side of the ball to the other with something to spare


@dataclass(frozen=True, eq=False)
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
            delta = delta * jnp.minimum(1.0, eps / jnp.maximum(_size(delta), 1e-12))
        low, high = (jnp.asarray(b, x.dtype) for b in (self.low, self.high))
        return jnp.clip(x + delta, low, high)

    def random_start(self, key: jax.Array, x: jax.Array, eps: Any) -> jax.Array:
        """Uniform in an l-inf ball; half way to the sphere, in a random direction, in an l2 ball."""
        if self.norm == "linf":
            return self.project(x + jax.random.uniform(key, x.shape, x.dtype, minval=-eps, maxval=eps), x, eps)
        noise = jax.random.normal(key, x.shape, x.dtype)
        return self.project(x + 0.5 * eps * noise / _size(noise), x, eps)

    def ascend(
        self,
        uphill: Callable[[jax.Array], jax.Array],
        x: jax.Array,
        start: jax.Array,
        eps: Any,
        steps: int,
        step_size: Any = None,
    ) -> jax.Array:
        """The last of some steps along the sign (l-inf) or the direction (l2) of a gradient.

        Args:
            uphill: from points (n, ...) to the gradient of what is raised.
            x: clean points, the centres of the balls.
            start: where the first step begins.
            eps: radius.
            steps: 0 returns the start.
            step_size: length of a step; None for 2.5 eps / steps.
        """
        length = _REACH * eps / max(steps, 1) if step_size is None else step_size

        def climb(_: int, moved: jax.Array) -> jax.Array:
            gradient = uphill(moved)
            unit = jnp.sign(gradient) if self.norm == "linf" else gradient / jnp.maximum(_size(gradient), 1e-30)
            return self.project(moved + length * unit, x, eps)

        return jax.lax.fori_loop(0, steps, climb, start)


def _size(a: jax.Array) -> jax.Array:
    """The l2 norm of each example, with axes to broadcast."""
    return jnp.sqrt(jnp.sum(a**2, axis=tuple(range(1, a.ndim)), keepdims=True))

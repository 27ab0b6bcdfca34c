"""The attack inside a training step: projected gradient ascent on the loss of a batch, traced with the step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.attacks import Threat, parse_eps
from limes.attacks.threat import require_norm
from limes.core.errors import InputError
from limes.core.types import Norm


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
        step_size = 2.5 * radius / self.steps if self.step_size is None else self.step_size

        def climb(_: int, moved: jax.Array) -> jax.Array:
            gradient = jax.grad(loss)(moved)
            unit = jnp.sign(gradient) if self.norm == "linf" else gradient / jnp.maximum(_size(gradient), 1e-30)
            return self._project(moved + step_size * unit, x, radius)

        start = self._project(self._start(x, key, radius), x, radius) if self.random_start else x
        return jax.lax.stop_gradient(jax.lax.fori_loop(0, self.steps, climb, start))

    def _start(self, x: jax.Array, key: jax.Array, eps: Any) -> jax.Array:
        if self.norm == "linf":
            return x + jax.random.uniform(key, x.shape, x.dtype, minval=-eps, maxval=eps)
        noise = jax.random.normal(key, x.shape, x.dtype)
        return x + 0.5 * eps * noise / _size(noise)

    def _project(self, moved: jax.Array, x: jax.Array, eps: Any) -> jax.Array:
        delta = moved - x
        if self.norm == "linf":
            delta = jnp.clip(delta, -eps, eps)
        else:
            delta = delta * jnp.minimum(1.0, eps / jnp.maximum(_size(delta), 1e-12))
        if self.bounds is None:
            return x + delta
        low, high = (jnp.asarray(b, x.dtype) for b in self.bounds)
        return jnp.clip(x + delta, low, high)


def _size(a: jax.Array) -> jax.Array:
    """The l2 norm of each example, with axes to broadcast."""
    return jnp.sqrt(jnp.sum(a**2, axis=tuple(range(1, a.ndim)), keepdims=True))


def _plain(value: np.ndarray) -> Any:
    """Nested tuples: equal boxes are one and the same to compiled programs."""
    return float(value) if value.ndim == 0 else tuple(_plain(part) for part in value)

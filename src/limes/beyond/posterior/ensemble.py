"""Deep ensembles: networks trained from several starts to the mode of a posterior, side by side."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from limes.beyond.posterior.targets import placed
from limes.core.errors import InputError, NumericalError
from limes.core.precision import require_finite, scope


def train_ensemble(
    target: Any, starts: np.ndarray, *, steps: int = 2000, learning_rate: float = 0.03, each: bool = False
) -> np.ndarray:
    """Climb a log density from several starts by Adam, its rate falling to 0 along a cosine.

    In float64; compiled once for all targets of a kind and shapes.

    Args:
        target: a tree of arrays with a method `log_density`, as `DataPosterior`.
        starts: (members, ...).
        steps: of Adam.
        learning_rate: of the first step.
        each: whether every member has a target of its own, along a first axis of all arrays of `target`.

    Returns:
        (members, ...), where each member ended.

    Raises:
        InputError: for no steps, or a rate that is not above 0.
        NumericalError: if a member diverges.

    Cost: members x steps gradients.

    Example:
        >>> from limes.beyond.posterior import PopulationPosterior, contributions
        >>> target = PopulationPosterior(np.array([[1.0, 0.0, 1.0]]), n=1e6)
        >>> found = train_ensemble(target, np.ones((1, 1, 3)), steps=300)
        >>> bool(abs(contributions(found) - contributions(target.truth)).max() < 1e-3)  # not so the scale
        True
    """
    starts = np.asarray(starts, float)
    require_finite(starts, "starts")
    if steps < 1 or not learning_rate > 0:
        raise InputError(f"steps is at least 1 and learning_rate above 0, not {steps} and {learning_rate}")
    with scope(np.float64):
        target = placed(target, len(starts), each)
        found = np.asarray(_train(target, jnp.asarray(starts), float(learning_rate), steps, each))
    if not np.isfinite(found).all():
        raise NumericalError("a member of the ensemble diverged: lower learning_rate")
    return found


@partial(jax.jit, static_argnames=("steps", "each"))
def _train(target: Any, starts: jax.Array, learning_rate: float, steps: int, each: bool) -> jax.Array:
    adam = optax.adam(optax.cosine_decay_schedule(learning_rate, steps))

    def member(target: Any, start: jax.Array) -> jax.Array:
        slope = jax.grad(lambda w: -target.log_density(w))

        def step(carry: tuple[jax.Array, Any], _: None) -> tuple[tuple[jax.Array, Any], None]:
            w, state = carry
            change, state = adam.update(slope(w), state)
            moved: Any = optax.apply_updates(w, change)
            return (moved, state), None

        (end, _), _ = jax.lax.scan(step, (start, adam.init(start)), None, length=steps)
        return end

    return jax.vmap(member, in_axes=(0 if each else None, 0))(target, starts)

"""Chains by stochastic gradient Langevin dynamics: steps that each see a few examples; the kernel is blackjax's."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from limes.beyond.posterior.chains import require_blackjax
from limes.beyond.posterior.targets import DataPosterior, placed
from limes.core.errors import InputError, NumericalError
from limes.core.keys import KeyLike, as_key
from limes.core.precision import require_finite, scope


def sgld(
    target: DataPosterior,
    starts: np.ndarray,
    *,
    step_size: float,
    key: KeyLike = 0,
    batch: int = 64,
    warmup: int = 1000,
    draws: int = 1000,
    every: int = 10,
    each: bool = False,
) -> np.ndarray:
    """Draw from the posterior of a data set by Langevin dynamics with gradients of random examples, never refused.

    Biased: by the step, and by the noise of the gradients, which adds `step_size` times their variance to the dynamics.
    In float64.

    Args:
        target: the data set; examples are drawn with replacement.
        starts: (chains, m, p + 1).
        step_size: h of w + h grad + sqrt(2 h) noise; stable below some 1 / (n curvature).
        key: of the draws.
        batch: examples of a step.
        warmup: steps that are thrown away.
        draws: kept of each chain.
        every: steps from one to the next.
        each: whether every chain has a data set of its own, along a first axis of all arrays of `target`.

    Returns:
        (chains, draws, m, p + 1).

    Raises:
        MissingPackage: without blackjax.
        InputError: for numbers out of range.
        NumericalError: if a chain diverges.

    Cost: chains x (warmup + draws x every) gradients of `batch` examples.

    Reference: Welling & Teh 2011 (ICML).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> target = DataPosterior(rng.standard_normal((50, 2)), rng.standard_normal(50))
        >>> sgld(target, np.ones((2, 1, 3)), step_size=1e-3, warmup=10, draws=5).shape
        (2, 5, 1, 3)
    """
    require_blackjax()
    starts = np.asarray(starts, float)
    require_finite(starts, "starts")
    if min(batch, draws, every) < 1 or warmup < 0 or not step_size > 0:
        raise InputError(
            "batch, draws and every are at least 1, warmup at least 0 and step_size above 0, not "
            f"{batch}, {draws}, {every}, {warmup} and {step_size}"
        )
    with scope(np.float64):
        target = placed(target, len(starts), each)
        keys = jax.random.split(as_key(key), len(starts))
        found = np.asarray(_run(target, jnp.asarray(starts), keys, step_size, batch, warmup, draws, every, each))
    if not np.isfinite(found).all():
        raise NumericalError(f"a chain diverged at step_size {step_size:g}: lower it, or take larger batches")
    return found


@partial(jax.jit, static_argnames=("batch", "warmup", "draws", "every", "each"))
def _run(
    target: DataPosterior,
    starts: jax.Array,
    keys: jax.Array,
    step_size: float,
    batch: int,
    warmup: int,
    draws: int,
    every: int,
    each: bool,
) -> jax.Array:
    blackjax = require_blackjax()

    def chain(target: DataPosterior, start: jax.Array, key: jax.Array) -> jax.Array:
        n = target.y.shape[0]

        def estimate(w: jax.Array, rows: jax.Array) -> jax.Array:
            part = DataPosterior(target.x[rows], target.y[rows], target.noise, target.prior)
            # the sum over the batch stands for that over all n
            return jax.grad(lambda w: (part.log_density(w) - part.log_prior(w)) * n / batch + part.log_prior(w))(w)

        kernel = blackjax.sgld(estimate)

        def step(w: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
            rows, noise = jax.random.split(key)
            return kernel.step(noise, w, jax.random.randint(rows, (batch,), 0, n), step_size), None

        def kept(w: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
            w, _ = jax.lax.scan(step, w, jax.random.split(key, every))
            return w, w

        first, second = jax.random.split(key)
        w, _ = jax.lax.scan(step, start, jax.random.split(first, warmup))
        return jax.lax.scan(kept, w, jax.random.split(second, draws))[1]

    return jax.vmap(chain, in_axes=(0 if each else None, 0, 0))(target, starts, keys)

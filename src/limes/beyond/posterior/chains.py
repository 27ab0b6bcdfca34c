"""Markov chains by the no-U-turn sampler, all of them in one compiled loop; the sampler itself is blackjax's."""

import importlib
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.beyond.posterior.targets import placed
from limes.core.errors import InputError, MissingPackage
from limes.core.keys import KeyLike, as_key
from limes.core.precision import require_finite, scope


def require_blackjax() -> Any:
    """The module blackjax.

    Raises:
        MissingPackage: saying what to install.
    """
    try:
        return importlib.import_module("blackjax")
    except ImportError as error:
        raise MissingPackage("samplers of posteriors need blackjax: pip install 'limes[beyond]'") from error


@dataclass(frozen=True, eq=False)
class Chains:
    """Draws of several chains.

    Attributes:
        draws: (chains, draws, ...) positions, after warm-up.
        steps: (chains, draws) leapfrog steps that each draw took.
        divergent: (chains, draws) whether a trajectory diverged: there the step was too long for the curvature.
        step_size: (chains,) as warm-up left it.
    """

    draws: np.ndarray
    steps: np.ndarray
    divergent: np.ndarray
    step_size: np.ndarray


def nuts(
    target: Any,
    starts: np.ndarray,
    *,
    key: KeyLike = 0,
    warmup: int = 500,
    draws: int = 1000,
    acceptance: float = 0.9,
    doublings: int = 10,
    each: bool = False,
) -> Chains:
    """Draw from a posterior by the no-U-turn sampler, with step size and diagonal metric adapted for each chain.

    In float64. Compiled once for all targets of a kind and shapes; chains wait for the one with the longest trajectory.

    Args:
        target: a tree of arrays with a method `log_density`, as `PopulationPosterior`.
        starts: (chains, ...) one position a chain.
        key: of the draws.
        warmup, draws: of each chain.
        acceptance: aimed at; nearer to 1 takes shorter steps.
        doublings: of a trajectory at most, so 2^doublings steps.
        each: whether every chain has a target of its own, along a first axis of all arrays of `target`.

    Raises:
        MissingPackage: without blackjax.
        InputError: for no draws, an acceptance out of range, or starts where the density vanishes.

    Cost: chains x (warmup + draws) x up to 2^doublings gradients, after some seconds of compilation.

    Reference: Hoffman & Gelman 2014 (JMLR 15), in blackjax's form.

    Example:
        >>> from limes.beyond.posterior import PopulationPosterior
        >>> target = PopulationPosterior(np.array([[1.0, 0.0, 1.0]]), n=50)
        >>> nuts(target, np.ones((2, 1, 3)), warmup=20, draws=5).draws.shape
        (2, 5, 1, 3)
    """
    require_blackjax()
    starts = np.asarray(starts, float)
    require_finite(starts, "starts")
    if warmup < 1 or draws < 1 or doublings < 1 or not 0 < acceptance < 1:
        raise InputError(
            f"warmup, draws and doublings are at least 1 and acceptance lies between 0 and 1, not {warmup}, {draws}, "
            f"{doublings} and {acceptance}"
        )
    with scope(np.float64):
        target = placed(target, len(starts), each)
        if not np.isfinite(_densities(target, jnp.asarray(starts), each)).all():
            raise InputError("the density vanishes at a start: start where log_density is finite")
        keys = jax.random.split(as_key(key), len(starts))
        out = _run(target, jnp.asarray(starts), keys, acceptance, warmup, draws, doublings, each)
        positions, steps, divergent, step_size = (np.asarray(a) for a in out)
    if not np.isfinite(positions).all():
        raise InputError("a chain left the numbers: start where log_density and its gradient are finite")
    return Chains(positions, steps, divergent, step_size)


@partial(jax.jit, static_argnames="each")
def _densities(target: Any, starts: jax.Array, each: bool) -> jax.Array:
    return jax.vmap(lambda target, w: target.log_density(w), in_axes=(0 if each else None, 0))(target, starts)


@partial(jax.jit, static_argnames=("warmup", "draws", "doublings", "each"))
def _run(
    target: Any,
    starts: jax.Array,
    keys: jax.Array,
    acceptance: float,
    warmup: int,
    draws: int,
    doublings: int,
    each: bool,
) -> tuple[jax.Array, ...]:
    blackjax = require_blackjax()
    adaptation = importlib.import_module("blackjax.adaptation")
    averaging_start, averaging_update, averaging_end = adaptation.step_size.dual_averaging_adaptation(acceptance)
    metric_start, metric_update, metric_end = adaptation.mass_matrix.mass_matrix_adaptation()
    kernel = blackjax.nuts.build_kernel()
    # warm-up and draws share one loop: two would take twice as long to compile
    stages = jnp.concatenate([adaptation.staged_adaptation.build_schedule(warmup), jnp.tile(_DRAWN, (draws, 1))])

    def chain(target: Any, start: jax.Array, key: jax.Array) -> tuple[jax.Array, ...]:
        def log_density(flat: jax.Array) -> jax.Array:
            return target.log_density(flat.reshape(start.shape))

        def step(carry: tuple[Any, ...], xs: tuple[jax.Array, jax.Array]) -> tuple[Any, tuple[jax.Array, ...]]:
            state, averaging, metric = carry
            key, (stage, window_ends) = xs
            drawn = stage == _DRAWN[0]
            size = jnp.where(drawn, averaging_end(averaging), jnp.exp(averaging.log_step_size))
            state, info = kernel(key, state, log_density, size, metric.inverse_mass_matrix, doublings)
            averaging = _chosen(drawn, averaging, averaging_update(averaging, info.acceptance_rate))
            metric = _chosen(stage == 1, metric_update(metric, state.position), metric)
            averaging = _chosen(window_ends == 1, averaging_start(averaging_end(averaging)), averaging)
            metric = _chosen(window_ends == 1, metric_end(metric), metric)
            return (state, averaging, metric), (state.position, info.num_integration_steps, info.is_divergent)

        first = (blackjax.nuts.init(start.ravel(), log_density), averaging_start(0.1), metric_start(start.size))
        (_, averaging, _), out = jax.lax.scan(step, first, (jax.random.split(key, len(stages)), stages))
        positions, steps, divergent = (a[warmup:] for a in out)
        return positions.reshape(draws, *start.shape), steps, divergent, averaging_end(averaging)

    return jax.vmap(chain, in_axes=(0 if each else None, 0, 0))(target, starts, keys)


_DRAWN = np.array([2, 0])
"""The stage after those of blackjax's warm-up, 0 and 1, which is no end of a window."""


def _chosen(condition: jax.Array, yes: Any, no: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)

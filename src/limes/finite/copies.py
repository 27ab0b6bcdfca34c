"""One copy of a network in training, or several side by side with their own weights, batches and attacks."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from limes.core.errors import InputError
from limes.finite.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Single:
    """One copy.

    Attributes:
        recipe: what decides a step.
        seeds: (one seed,).
    """

    recipe: Recipe
    seeds: tuple[int, ...]

    def start(self, make: Callable[[Any], Any], params: Any) -> Any:
        """The state of the optimiser."""
        return make(params)

    def each(self, params: Any) -> list[Any]:
        """The weights of every copy."""
        return [params]

    def join(self, values: list[Any]) -> np.ndarray:
        """The measures of all copies as one array."""
        return np.asarray(values[0])

    def step(self, apply: Partial, state: Any, x: Any, y: Any, batches: list[np.ndarray], i: int) -> Any:
        """Weights, state of the optimiser and loss after step i."""
        key = jax.random.fold_in(jax.random.key(self.seeds[0]), i)
        return _program(_alike(self.recipe))(apply, *state, x, y, batches[0], key)


@dataclass(frozen=True, eq=False)
class Several:
    """Copies side by side, in trees with a leading axis.

    Attributes:
        recipe: what decides a step.
        seeds: one for each copy.
        vectorised: whether a step is one program for all, and not one after another.
    """

    recipe: Recipe
    seeds: tuple[int, ...]
    vectorised: bool

    def start(self, make: Callable[[Any], Any], params: Any) -> Any:
        """The states of the optimiser."""
        return jax.vmap(make)(params)

    def each(self, params: Any) -> list[Any]:
        """The weights of every copy."""
        return [_take(params, j) for j in range(len(self.seeds))]

    def join(self, values: list[Any]) -> np.ndarray:
        """(copies, ...)."""
        return np.stack([np.asarray(v) for v in values])

    def step(self, apply: Partial, state: Any, x: Any, y: Any, batches: list[np.ndarray], i: int) -> Any:
        """Weights, states of the optimiser and losses after step i."""
        keys = [jax.random.fold_in(jax.random.key(seed), i) for seed in self.seeds]
        program = _program(_alike(self.recipe), self.vectorised)
        if self.vectorised:
            return program(apply, *state, x, y, np.stack(batches), jnp.stack(keys))
        parts = zip(range(len(keys)), batches, keys, strict=True)
        done = [program(apply, *_take(state, j), x, y, batch, key) for j, batch, key in parts]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *done)


Copies = Single | Several


def copies(apply: Partial, recipe: Recipe, seeds: Sequence[int] | None, params: Any, x: np.ndarray) -> Copies:
    """How the copies that a caller asks for are trained.

    Raises:
        InputError: for weights without an axis of copies.
    """
    if seeds is None:
        return Single(recipe, (recipe.seed,))
    chosen = tuple(int(seed) for seed in seeds)
    lengths = {np.shape(leaf)[:1] for leaf in jax.tree.leaves(params)}
    if not chosen or lengths != {(len(chosen),)}:
        raise InputError(f"for {len(chosen)} seeds every array of params must have a first axis of that length")
    traced = jax.make_jaxpr(apply)(_take(params, 0), x[:1])
    convolves = "conv_general_dilated" in str(traced)
    return Several(recipe, chosen, vectorised=not (convolves and jax.default_backend() == "cpu"))


def _alike(recipe: Recipe) -> Recipe:
    """What a program depends on: trainings that differ in length or seed share one."""
    return replace(recipe, epochs=0.0, seed=0)


def _take(tree: Any, j: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[j], tree)


@functools.lru_cache(maxsize=64)
def _program(recipe: Recipe, vectorised: bool = False) -> Any:
    step = functools.partial(_descend, recipe, recipe.transformation())
    return jax.jit(jax.vmap(step, in_axes=(None, 0, 0, None, None, 0, 0)) if vectorised else step)


def _descend(
    recipe: Recipe,
    optimiser: optax.GradientTransformation,
    apply: Partial,
    params: Any,
    state: Any,
    x: jax.Array,
    y: jax.Array,
    rows: jax.Array,
    key: jax.Array,
) -> tuple[Any, Any, jax.Array]:
    """One step on some of the rows: the weights, the optimiser's state, and the loss before the step."""

    def loss(params: Any, batch: jax.Array) -> jax.Array:
        return recipe.losses(apply(params, batch), y[rows]).mean()

    batch = x[rows]
    if recipe.adversary is not None:
        batch = recipe.adversary(functools.partial(loss, params), batch, key)
    value, gradient = jax.value_and_grad(loss)(params, batch)
    updates, state = optimiser.update(gradient, state, params)
    return optax.apply_updates(params, updates), state, value

"""Plain descent on the cross-entropy: copies of a network side by side, one program for each pass over the rows.

`limes.finite.train` calls a program for each step, which for batches of five rows costs ten times the step. The copies
see the batches that it would give them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.finite.recipe import cross_entropy


def apply(params: Any, x: Any) -> Any:
    """A fully connected ReLU network without biases; params are matrices (in, out)."""
    for w in params[:-1]:
        x = jax.nn.relu(x @ w)
    return x @ params[-1]


def passes(
    params: Any, x: np.ndarray, y: np.ndarray, learning_rate: float, batch_size: int, seeds: Sequence[int]
) -> Iterator[tuple[Any, Any]]:
    """The weights after each pass over the rows, without end, and their mean over the steps of that pass.

    Args:
        params: matrices with a leading axis of copies, one for each seed.
        x: (n, d).
        y: (n,) class numbers.
        learning_rate: of descent.
        batch_size: rows of a step; those behind the last full batch of a pass are left out.
        seeds: of the order of rows.
    """
    n, epoch = len(x), 0
    full = n - n % batch_size
    while True:
        orders = [np.random.default_rng([seed, 1, epoch]).permutation(n)[:full] for seed in seeds]
        batches = np.reshape(orders, (len(seeds), -1, batch_size))
        params, mean = _pass(params, jnp.asarray(batches), x, y, learning_rate)
        yield params, mean
        epoch += 1


def _one(params: Any, batches: jax.Array, x: jax.Array, y: jax.Array, rate: jax.Array) -> tuple[Any, Any]:
    def loss(params: Any, rows: jax.Array) -> jax.Array:
        return cross_entropy(apply(params, x[rows]), y[rows]).mean()

    def step(state: Any, rows: jax.Array) -> tuple[Any, None]:
        params, total = state
        params = jax.tree.map(lambda w, g: w - rate * g, params, jax.grad(loss)(params, rows))
        return (params, jax.tree.map(jnp.add, total, params)), None

    (params, total), _ = jax.lax.scan(step, (params, jax.tree.map(jnp.zeros_like, params)), batches)
    return params, jax.tree.map(lambda w: w / len(batches), total)


_pass = jax.jit(jax.vmap(_one, in_axes=(0, 0, None, None, None)))

"""A function apply(params, x) and its weights, taken apart and checked at the door."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.errors import InputError
from limes.core.types import Array

Apply = Callable[[Any, Any], Any]
Leaves = list[Any]

_PROBED = 3  # rows that are evaluated together and alone
_TOLERANCE = 1e4  # units of round-off, relative to the largest output: sums of other lengths differ by a few hundred


@dataclass(frozen=True)
class Network:
    """The part of a network that is no array: hashable, so that programs are compiled once for it.

    Attributes:
        apply: apply(params, x) -> (n, c).
        structure: of the params, a tree.
        floating: which of its leaves have derivatives; counters and random keys have none.
        outputs: c.
    """

    apply: Apply
    structure: Any
    floating: tuple[bool, ...]
    outputs: int

    def __call__(self, weights: Leaves, others: Leaves, x: jax.Array) -> jax.Array:
        """Outputs (n, c) from the floating leaves, the other leaves, and a batch."""
        mine, rest = iter(weights), iter(others)
        leaves = [next(mine) if floating else next(rest) for floating in self.floating]
        return jnp.asarray(self.apply(jax.tree.unflatten(self.structure, leaves), x))


@dataclass(frozen=True, eq=False)
class Weighted:
    """A network with its weights, in one precision.

    Attributes:
        network: the function.
        weights: floating leaves of the params.
        others: the other leaves.
        dtype: of the weights, float32 or float64.
    """

    network: Network
    weights: Leaves
    others: Leaves
    dtype: np.dtype

    @property
    def size(self) -> int:
        """Number of weights."""
        return sum(int(w.size) for w in self.weights)

    def batch(self, x: Array, name: str) -> np.ndarray:
        """A batch, floats in the precision of the weights.

        Raises:
            InputError: for no examples or values that are not finite.
        """
        if np.ndim(x) == 0 or np.size(x) == 0:
            raise InputError(f"{name} of shape {np.shape(x)} holds no examples: give an array (n, ...)")
        precision.require_finite(x, name)
        x = np.asarray(x)
        return x.astype(self.dtype, copy=False) if jnp.issubdtype(x.dtype, jnp.floating) else x

    def batches(self, x1: Array, x2: Array | None) -> tuple[np.ndarray, np.ndarray | None]:
        """Two batches of rows of one kind, or one and None.

        Raises:
            InputError: as `batch`, and for rows of another shape or type.
        """
        first = self.batch(x1, "x1")
        if x2 is None:
            return first, None
        second = self.batch(x2, "x2")
        if (first.shape[1:], first.dtype) != (second.shape[1:], second.dtype):
            raise InputError(
                f"x2 holds rows of shape {second.shape[1:]} and type {second.dtype}, x1 of shape {first.shape[1:]} and "
                f"type {first.dtype}: they must be the same"
            )
        return first, second


def weighted(apply: Apply, params: Any, x: Array) -> Weighted:
    """Take a network apart; to be called where its precision can be held, see `precision_of`.

    Args:
        apply: apply(params, x) -> (n, c), the rows of the result each a function of one row of x.
        params: a tree with at least one floating leaf.
        x: (n, ...), of which a few rows are evaluated: twice, and alone.

    Raises:
        InputError: for params without weights, outputs of another shape, or outputs that change from call to call or
            with the rest of the batch.
        DtypeError: for weights other than float32 and float64.
    """
    leaves, structure = jax.tree.flatten(params)
    strange = [type(leaf).__name__ for leaf in leaves if not hasattr(leaf, "dtype")]
    if strange:
        raise InputError(f"params must be a tree of arrays, but holds a {strange[0]}: let apply keep what is no array")
    floating = tuple(_is_floating(leaf) for leaf in leaves)
    dtype = precision_of(params)
    weights = [jnp.asarray(leaf) for leaf, yes in zip(leaves, floating, strict=True) if yes]
    others = [leaf for leaf, yes in zip(leaves, floating, strict=True) if not yes]
    found = Weighted(Network(apply, structure, floating, 0), weights, others, dtype)
    probe = found.batch(x, "x1")[:_PROBED]
    out, again, alone = _probe(found.network, weights, others, probe)
    if out.ndim != 2 or len(out) != len(probe):
        raise InputError(f"apply returned shape {out.shape} for {len(probe)} rows: it must be (n, outputs)")
    if not np.isfinite(out).all():
        raise InputError("apply returned NaN or infinite outputs at the first rows: look at the weights")
    _require_same(out, again, "the same input gives other outputs when apply is called again: fix its random keys")
    _require_same(out, alone, "a row gives other outputs alone than in a batch: put batch norm into evaluation mode")
    return Weighted(Network(apply, structure, floating, out.shape[1]), weights, others, dtype)


def _probe(network: Network, weights: Leaves, others: Leaves, x: np.ndarray) -> tuple[np.ndarray, ...]:
    """Outputs of a batch, once more, and of its rows one by one."""
    out, again = _twice(network, weights, others, x)
    alone = [np.asarray(_once(network, weights, others, x[i : i + 1])) for i in range(len(x))]
    return np.asarray(out), np.asarray(again), np.concatenate(alone)


@functools.partial(jax.jit, static_argnums=(0,))
def _twice(network: Network, weights: Leaves, others: Leaves, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """In one program, since a call of the same program would only repeat it."""
    return network(weights, others, x), network(weights, others, x)


@functools.partial(jax.jit, static_argnums=(0,))
def _once(network: Network, weights: Leaves, others: Leaves, x: jax.Array) -> jax.Array:
    return network(weights, others, x)


def precision_of(params: Any) -> np.dtype:
    """The precision in which a network is computed: that of its weights.

    Raises:
        InputError: for params without floating leaves.
        DtypeError: for weights other than float32 and float64.
    """
    leaves = [leaf for leaf in jax.tree.leaves(params) if _is_floating(leaf)]
    if not leaves:
        raise InputError("params holds no arrays of floating point numbers: there is nothing to differentiate in")
    return precision.float_dtype(*leaves, name="params")


def _is_floating(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)


def _require_same(first: np.ndarray, second: np.ndarray, otherwise: str) -> None:
    gap, size = (float(np.abs(a).max(initial=0.0)) for a in (first - second, first))
    if not gap <= _TOLERANCE * float(jnp.finfo(first.dtype).eps) * size:
        raise InputError(f"{otherwise} (they differ by up to {gap:.2g})")

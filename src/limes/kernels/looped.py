"""Kernels between a batch and fixed centres, and their gradients in the batch, by compiled loops."""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import memory as mem
from limes.core import precision
from limes.core.types import Kind
from limes.kernels.block import block, block_behind_head
from limes.kernels.coincidence import fingerprints
from limes.kernels.compiling import jit_of_net
from limes.kernels.engines import recursion
from limes.kernels.program import Program
from limes.kernels.state import KernelRule

if TYPE_CHECKING:
    from limes.kernels.loops.recursion import Images

_BLOCK_BYTES = 1 << 25  # of centres in lanes, for each thread
_MOST_KEPT = 1 << 29  # bytes of centres with their variances, and not more than an eighth of the limit


@functools.partial(jit_of_net, static=(0, 1))
def _values(net, kind, cross, left, right, id1, id2):
    return block_behind_head(net, (kind,), cross, left, right, id1, id2, False)[0]


@functools.partial(jit_of_net, static=(0, 1))
def _seeds(net, kind, left, right, id1, id2, weights):
    """Derivatives in K and T before the read-out, which is linear in both; none for coincident pairs."""

    def behind(cross: jax.Array) -> jax.Array:
        return block_behind_head(net, (kind,), cross, left, right, id1, id2, False)[0]

    return jax.vjp(behind, jnp.zeros((2, *weights.shape), weights.dtype))[1](weights)[0]


@functools.partial(jit_of_net, static=(0, 1))
def _diagonal_gradient(net, kind, x, weights):
    """The gradient of sum_i weights_i K(x_i, x_i) / 2, where both arguments of K move."""

    def own(row: jax.Array) -> jax.Array:
        return block(net, (kind,), row[None], row[None])[0][0, 0]

    return jax.grad(lambda x: 0.5 * jnp.vdot(weights, jax.vmap(own)(x)))(x)


class LoopedKernel:
    """K(x, centres) for a net with a program, and the gradient of weighted sums of it where a read-out ends the net.

    Args:
        net: the architecture.
        kind: "ntk" or "nngp".
        program: of the net.
        centres: (m, features...), NumPy, float32 or float64.
    """

    def __init__(self, net: KernelRule, kind: Kind, program: Program, centres: np.ndarray) -> None:
        self._net, self._kind, self._program, self._centres = net, kind, program, centres
        self._recursion = recursion(program, centres.dtype)
        held = program.numbers * centres.dtype.itemsize
        self._size = max(16, _BLOCK_BYTES // (held + centres[0].nbytes) // 16 * 16)
        kept = None if held * len(centres) <= min(_MOST_KEPT, mem.limit() // 8) else 1
        self._block: Callable[[int], tuple["Images", np.ndarray, jax.Array]] = functools.lru_cache(kept)(self._prepared)

    @property
    def has_gradient(self) -> bool:
        """Whether the net ends with a read-out and has no pools within, as `gradient` needs."""
        return self._recursion.differentiable and self._program.readout and len(self._program.segments) == 1

    def whole(self, blocks: Sequence[jax.Array]) -> np.ndarray:
        """An array of the centres' rows from blocks of them, the last of which may be filled up."""
        return np.concatenate([np.asarray(block) for block in blocks])[: len(self._centres)]

    def values(self, x: np.ndarray) -> np.ndarray:
        """(n, features...) to (n, m)."""
        out = np.empty((len(x), len(self._centres)), x.dtype)
        with precision.scope(x.dtype):
            images, own, ids = self._prepare(x)
            for j in range(0, len(self._centres), self._size):
                others, right, other_ids = self._block(j)
                cross = self._recursion.pairs(images, others).astype(x.dtype)
                found = _values(self._net, self._kind, cross, own, right, ids, other_ids)
                out[:, j : j + self._size] = np.asarray(found)
        return out

    def gradient(self, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The gradient in x of sum_ij weights_ij K(x_i, z_j), weights (n, m): the shape of x.

        At a coincident pair it is half the gradient of the diagonal, see `limes.kernels.state.State.closed`.
        """
        assert self.has_gradient
        total = np.zeros((len(x), *self._program.sizes, x.shape[-1]), x.dtype)
        coincident = np.zeros(len(x), x.dtype)
        with precision.scope(x.dtype):
            images, own, ids = self._prepare(x)
            for j in range(0, len(self._centres), self._size):
                others, right, other_ids = self._block(j)
                part = np.ascontiguousarray(weights[:, j : j + self._size], x.dtype)
                seeds = np.asarray(_seeds(self._net, self._kind, own, right, ids, other_ids, part))
                total += self._recursion.gradients(images, others, seeds)
                same = (np.asarray(ids)[:, None] == np.asarray(other_ids)[None]).all(axis=2)
                coincident += (part * same).sum(axis=1)
            total = total.reshape(x.shape)
            rows = np.flatnonzero(coincident)
            if len(rows):
                padded = np.resize(rows, 1 << (len(rows) - 1).bit_length())  # few shapes to compile
                found = _diagonal_gradient(self._net, self._kind, x[padded], coincident[padded])
                total[rows] += np.asarray(found)[: len(rows)]
        return total

    def _prepare(self, x: np.ndarray) -> tuple["Images", np.ndarray, jax.Array]:
        images = self._recursion.images(x.reshape(len(x), *self._program.sizes, x.shape[-1]))
        return images, self._recursion.own(images).astype(x.dtype), fingerprints(jnp.asarray(x))

    def _prepared(self, start: int) -> tuple["Images", np.ndarray, jax.Array]:
        return self._prepare(self._centres[start : start + self._size])

"""Scores of a kernel expansion, f(x) = sum_j K(x, z_j) coef_j, and their gradient in x, in blocks of bounded memory.

For fully connected nets the kernel is a function of three numbers a pair, K(k0, v1, v2) with k0 = <x, z>/d and
v = |.|^2/d, so that with cotangent weights W = v coef^T

    sum_j W_ij grad_x K_ij = (W * dK/dk0) Z / d + (2 x_i / d) sum_j W_ij dK/dv1_ij :

two matrix products and passes over the entries that carry a derivative forward, with nothing kept from layer to layer.
Other nets are differentiated in reverse, tile by tile; those with a program for compiled loops by these, on the CPU and
where there is enough to do (`limes.kernels.looped`). At coincident points the gradient is half that of the diagonal
(see `limes.kernels.state.State.closed`).
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.errors import InputError
from limes.core.types import Array, Kind
from limes.kernels.block import block, final_state, separate
from limes.kernels.coincidence import coincident, fingerprints
from limes.kernels.compiling import jit_of_net
from limes.kernels.engines import worth_compiling
from limes.kernels.looped import LoopedKernel
from limes.kernels.program import Program
from limes.kernels.state import KernelRule, State, input_state
from limes.kernels.tiles import entries_per_pair

_ROWS = 256  # rows of x at a time
_CALLS = 10  # of an expansion by attacks, say: what is worth compiling for all of them
_BLOCK_BYTES = 1 << 26  # one array of a block of pairs
_highest = functools.partial(jnp.matmul, precision="highest")


def _slopes(net: KernelRule, kind: Kind, x, z, id1, id2) -> tuple[jax.Array, jax.Array, jax.Array]:
    """K, dK/dk0 and dK/dv1 for all pairs of two batches of vectors, each (n1, n2)."""
    start = input_state(x, z, "vector", kind == "ntk")
    same = coincident(id1, id2)

    def value(state: State, k0: jax.Array, v1: jax.Array) -> jax.Array:
        moved = replace(state, cross=replace(state.cross, nngp=k0), left=replace(state.left, nngp=v1))
        return getattr(final_state(net, moved, same).cross, kind)

    v1 = start.left.nngp
    k0 = start.cross.nngp
    by_k0 = jax.jvp(lambda k: value(start, k, v1), (k0,), (jnp.ones_like(k0),))[1]
    start, by_k0 = separate(start, by_k0)
    k0 = start.cross.nngp
    by_v1 = jax.jvp(lambda v: value(start, start.cross.nngp, v), (v1,), (jnp.ones_like(v1),))[1]
    start, by_v1 = separate(start, by_v1)
    return value(start, start.cross.nngp, v1), by_k0, by_v1


@functools.partial(jit_of_net, static=(0, 1))
def _scores(net, kind, x, z, id2, coef):
    return _highest(block(net, (kind,), x, z, None, id2)[0], coef)


@functools.partial(jit_of_net, static=(0, 1))
def _forward(net, kind, x, z, id2, coef):
    """Scores of a block, and the slopes that its gradient needs."""
    value, by_k0, by_v1 = _slopes(net, kind, net.prepare(x), net.prepare(z), fingerprints(x), id2)
    return _highest(value, coef), (by_k0, by_v1)


@jit_of_net
def _pull_back(net, x, z, coef, v, slopes):
    by_k0, by_v1 = slopes
    weights = _highest(v, coef.T)
    rows, columns = net.prepare(x), net.prepare(z)
    own = jnp.sum(weights * by_v1, axis=1, keepdims=True)
    gradient = (_highest(weights * by_k0, columns) + 2.0 * own * rows) / rows.shape[1]
    return gradient.reshape(x.shape)


@functools.partial(jit_of_net, static=(0, 1))
def _reverse(net, kind, x, z, id2, coef, v):
    pull_back = jax.vjp(lambda x: block(net, (kind,), x, z, None, id2)[0], x)[1]
    return pull_back(_highest(v, coef.T))[0]


@jit_of_net
def _pull_back_each(net, x, z, coef, slopes):
    """Gradients for every column of the coefficients, one at a time: (c, n, features...)."""
    by_k0, by_v1 = slopes
    rows, columns = net.prepare(x), net.prepare(z)
    across = jax.lax.map(lambda column: _highest(column * by_k0, columns), coef.T)
    own = _highest(by_v1, coef).T[:, :, None]
    return ((across + 2.0 * own * rows) / rows.shape[1]).reshape(coef.shape[1], *x.shape)


@functools.partial(jit_of_net, static=(0, 1))
def _reverse_each(net, kind, x, z, id2, coef):
    """The same in reverse; what the kernel kept on the way forward serves every column."""
    pull_back = jax.vjp(lambda x: block(net, (kind,), x, z, None, id2)[0], x)[1]
    return jax.lax.map(lambda column: pull_back(jnp.broadcast_to(column, (len(x), len(column))))[0], coef.T)


@dataclass(frozen=True)
class Expansion:
    """A kernel expansion on the device, cut into blocks of centres. Built by `expand`.

    All batches are NumPy arrays in the dtype of the centres; fingerprints of the centres are computed once.
    `looped` gives, for a number of rows, the compiled loops that take the place of JAX, or None.
    """

    net: KernelRule
    kind: Kind
    dtype: np.dtype
    rows: int
    centres: tuple[jax.Array, ...]
    ids: tuple[jax.Array, ...]
    coef: tuple[jax.Array, ...]
    n_outputs: int
    looped: Callable[[int], LoopedKernel | None]

    def with_coef(self, coef: np.ndarray) -> "Expansion":
        """The same centres, on the device already, with other coefficients (m, c)."""
        blocks = _cut(coef, len(self.centres), len(self.centres[0]), self.dtype)
        return replace(self, coef=blocks, n_outputs=coef.shape[1])

    def scores(self, x: np.ndarray) -> np.ndarray:
        """(n, features...) -> (n, c). Cost: one kernel block, O(n m (d + depth))."""
        if looped := self.looped(len(x)):
            return looped.values(x) @ looped.whole(self.coef)
        out = np.empty((len(x), self.n_outputs), self.dtype)
        for rows, part in self._row_blocks(x):
            blocks = zip(self.centres, self.ids, self.coef, strict=True)
            total = sum(_scores(self.net, self.kind, part, z, i, a) for z, i, a in blocks)
            out[rows] = np.asarray(total)[: rows.stop - rows.start]
        return out

    def vjp(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Gradient of sum(v * scores(x)) in x: the shape of x. `v` is (n, c)."""
        if (looped := self.looped(len(x))) and looped.has_gradient:
            return looped.gradient(x, v.astype(self.dtype, copy=False) @ looped.whole(self.coef).T)
        out = np.empty_like(x)
        for rows, part in self._row_blocks(x):
            weights = self._pad(np.asarray(v[rows], self.dtype))
            if self.net.layout == "vector":
                gradient = self._pull_back(part, weights, self._forward(part)[1])
            else:
                blocks = zip(self.centres, self.ids, self.coef, strict=True)
                gradient = sum(_reverse(self.net, self.kind, part, z, i, a, weights) for z, i, a in blocks)
            out[rows] = np.asarray(gradient)[: rows.stop - rows.start]
        return out

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Gradients in x of all outputs: (n, features...) -> (c, n, features...).

        The derivatives of the kernel are computed once for all outputs where the engine allows it.
        """
        if (looped := self.looped(len(x))) and looped.has_gradient:
            columns = looped.whole(self.coef).T
            return np.stack([looped.gradient(x, np.broadcast_to(a, (len(x), len(a)))) for a in columns])
        out = np.empty((self.n_outputs, *x.shape), x.dtype)
        for rows, part in self._row_blocks(x):
            if self.net.layout == "vector":
                blocks = zip(self.centres, self.coef, self._forward(part)[1], strict=True)
                found = sum(_pull_back_each(self.net, part, z, a, slopes) for z, a, slopes in blocks)
            else:
                blocks = zip(self.centres, self.ids, self.coef, strict=True)
                found = sum(_reverse_each(self.net, self.kind, part, z, i, a) for z, i, a in blocks)
            out[:, rows] = np.asarray(found)[:, : rows.stop - rows.start]
        return out

    def scores_and_vjp(
        self, x: np.ndarray, cotangent: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores, and the gradient of sum(v * scores) in x for v = cotangent(scores).

        For fully connected nets and batches up to `rows`, one kernel serves both.
        """
        if self.net.layout != "vector" or len(x) > self.rows:
            scores = self.scores(x)
            return scores, self.vjp(x, cotangent(scores))
        with precision.scope(self.dtype):
            part = self._pad(x)
            total, slopes = self._forward(part)
            scores = np.asarray(total)[: len(x)]
            weights = self._pad(np.asarray(cotangent(scores), self.dtype))
            return scores, np.asarray(self._pull_back(part, weights, slopes))[: len(x)]

    def _forward(self, part: jax.Array):
        total, kept = jnp.zeros((), self.dtype), []
        for z, i, a in zip(self.centres, self.ids, self.coef, strict=True):
            value, slopes = _forward(self.net, self.kind, part, z, i, a)
            total = total + value
            kept.append(slopes)
        return total, kept

    def _pull_back(self, part: jax.Array, weights: jax.Array, kept) -> jax.Array:
        blocks = zip(self.centres, self.coef, kept, strict=True)
        return jnp.asarray(sum(_pull_back(self.net, part, z, a, weights, slopes) for z, a, slopes in blocks))

    def _pad(self, part: np.ndarray) -> jax.Array:
        missing = self._padded(len(part)) - len(part)
        return jnp.asarray(np.concatenate([part, np.repeat(part[:1], missing, axis=0)]) if missing else part)

    def _padded(self, n: int) -> int:
        """A power of two up to the block's rows, so that few shapes are compiled."""
        return min(self.rows, 1 << (n - 1).bit_length())

    def _row_blocks(self, x: np.ndarray):
        with precision.scope(self.dtype):
            for start in range(0, len(x), self.rows):
                rows = slice(start, min(start + self.rows, len(x)))
                yield rows, self._pad(x[rows])


def expand(net: KernelRule, kind: Kind, centres: Array, coef: Array) -> Expansion:
    """Put a kernel expansion on the device.

    Args:
        net: the architecture.
        kind: "ntk" or "nngp".
        centres: (m, features...), float32 or float64: the precision of everything that follows.
        coef: (m, c).

    Raises:
        InputError: if the numbers of centres and coefficients differ.
        DtypeError: for integer centres.
    """
    dtype = precision.float_dtype(centres, name="centres")
    if len(centres) != len(coef) or not len(centres):
        raise InputError(f"{len(centres)} centres and {len(coef)} coefficients do not make an expansion")
    shape = jax.eval_shape(net.prepare, jax.ShapeDtypeStruct((1, *centres.shape[1:]), np.float32)).shape[1:]
    pairs = max(1, _BLOCK_BYTES // dtype.itemsize // entries_per_pair(net, shape))
    rows = min(_ROWS, max(1, int(pairs**0.5)))
    m = len(centres)
    count = -(-m // max(1, pairs // rows))
    size = -(-m // count)
    with precision.scope(dtype):
        blocks, ids = [], []
        for start in range(0, m, size):
            z = np.asarray(centres[start : start + size])
            missing = size - len(z)
            if missing:  # one shape for all blocks: centres of weight zero
                z = np.concatenate([z, np.repeat(z[:1], missing, axis=0)])
            blocks.append(jnp.asarray(z))
            ids.append(fingerprints(blocks[-1]))
    cut = _cut(coef, count, size, dtype)
    looped = _looped(net, kind, np.asarray(centres, dtype), shape)
    return Expansion(net, kind, dtype, rows, tuple(blocks), tuple(ids), cut, coef.shape[1], looped)


def _looped(net: KernelRule, kind: Kind, centres: np.ndarray, shape: tuple[int, ...]):
    """From a number of rows to compiled loops between so many and the centres, where they pay."""

    @functools.cache
    def make(program: Program) -> LoopedKernel:
        return LoopedKernel(net, kind, program, centres)

    def choose(n: int) -> LoopedKernel | None:
        program = worth_compiling(net, _CALLS * n, len(centres), shape, centres.dtype.itemsize)
        return None if program is None else make(program)

    return choose


def _cut(coef: Array, count: int, size: int, dtype: np.dtype) -> tuple[jax.Array, ...]:
    """Coefficients in `count` blocks of `size` rows, the last one filled with zeros."""
    padded = np.zeros((count * size, coef.shape[1]), dtype)
    padded[: len(coef)] = coef
    with precision.scope(dtype):
        return tuple(jnp.asarray(padded[i * size : (i + 1) * size]) for i in range(count))

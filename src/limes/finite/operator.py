"""The empirical NTK as a matrix that is never formed: products, largest eigenvalues, trace.

K v = J (J^T v): one pass backward, which sums the gradients of all examples, and one forward along that sum. Memory is
that of a few gradients and one tile of examples, for networks of any size.
"""

import functools
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import eigh

from limes.core import keys, precision
from limes.core import memory as mem
from limes.core.errors import InputError
from limes.core.keys import KeyLike
from limes.core.types import Array
from limes.finite import modes
from limes.finite.modes import Mode
from limes.finite.network import Apply, Leaves, Network, Weighted, precision_of, weighted
from limes.linalg.lanczos import BlockLanczos

_TILE = 256  # examples of a pass
_EXTRA = 4  # columns of the start beyond those asked for, which lets close eigenvalues apart
_GRADIENTS = 4  # held at once: the sum, the one that is added, and what the passes need


@dataclass(frozen=True)
class Trace:
    """A trace estimated from random vectors.

    Attributes:
        value: the mean over the vectors.
        standard_error: of `value`.
        n_samples: number of vectors.
        key: what they were drawn from.
    """

    value: float
    standard_error: float
    n_samples: int
    key: Any


@dataclass(frozen=True, eq=False)
class TopEigenvalues:
    """The largest eigenvalues of an operator.

    Attributes:
        values: (k,), descending.
        vectors: (n, k), orthonormal.
        residuals: (k,) norms of K v - value v: each value lies that close to an eigenvalue.
        converged: whether all residuals are below the tolerance times the largest value.
        n_products: vectors that the operator was multiplied with.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    converged: bool
    n_products: int


@dataclass(frozen=True, eq=False)
class NTKOperator:
    """The empirical NTK of n examples as a symmetric matrix; made by `ntk_operator`.

    Rows go example by example: row i r + a is output a of example i, where r outputs count. It has `shape`, `dtype` and
    ``@`` as `limes.linalg.cg.solve` takes them.

    Attributes:
        shape: (n r, n r).
        dtype: of the weights; products come back in it.
    """

    shape: tuple[int, int]
    dtype: np.dtype
    _found: Weighted = field(repr=False)
    _mode: Mode = field(repr=False)
    _x: np.ndarray = field(repr=False)

    def __matmul__(self, v: Array) -> np.ndarray:
        """K v for a vector (n r,) or a block (n r, k). Cost: k passes backward and k forward over the examples."""
        v = np.asarray(v)
        if v.ndim not in (1, 2) or len(v) != self.shape[0]:
            raise InputError(f"a kernel of shape {self.shape} cannot multiply an array of shape {v.shape}")
        with precision.scope(self.dtype):
            columns = [self._push(self._pull(column)) for column in v.reshape(len(v), -1).T]
        return np.stack(columns, axis=1).reshape(v.shape) if columns else np.empty(v.shape, self.dtype)

    def trace(self, n_samples: int = 32, *, key: KeyLike = 0) -> Trace:
        """The trace from random signs v: the mean of v^T K v = |J^T v|^2.

        Raises:
            InputError: for fewer than two samples.

        Cost: one pass backward a sample.

        Reference: Hutchinson 1990, Communications in Statistics 19(2).
        """
        if n_samples < 2:
            raise InputError(f"a standard error needs at least two samples, n_samples={n_samples}")
        values = []
        with precision.scope(self.dtype):
            for sample_key in jax.random.split(keys.as_key(key), n_samples):
                v = np.asarray(jax.random.rademacher(sample_key, (self.shape[0],), self.dtype))
                values.append(sum(float(jnp.vdot(g, g)) for g in self._pull(v)))
        error = float(np.std(values, ddof=1)) / n_samples**0.5
        return Trace(float(np.mean(values)), error, n_samples, keys.describe(key))

    def top(self, count: int = 1, *, tol: float = 1e-6, most: int | None = None, key: KeyLike = 0) -> TopEigenvalues:
        """The largest eigenvalues, by block Lanczos from a random start.

        Args:
            count: how many.
            tol: residuals relative to the largest eigenvalue.
            most: largest number of basis vectors; default 20 (count + 4). The basis holds most x n r numbers.
            key: of the start.

        Returns:
            What was found; `converged` says whether it meets `tol`. If not, allow more basis vectors, or a tolerance
            above the round-off of the weights' precision.

        Raises:
            InputError: for a count outside of 1 to n r.
        """
        if not 1 <= count <= self.shape[0]:
            raise InputError(f"count must be between 1 and {self.shape[0]}, the rows of the kernel, not {count!r}")
        width = min(count + _EXTRA, self.shape[0])
        words = np.asarray(jax.random.key_data(keys.as_key(key))).tolist()
        start = np.random.default_rng(words).standard_normal((self.shape[0], width))
        space = BlockLanczos(lambda block: np.asarray(self @ block, np.float64), start, most or 20 * width)
        before = np.zeros(count)
        while not space.full:
            space.extend()
            if space.size < count:
                continue
            values = eigh(space.projected, eigvals_only=True)[::-1][:count]
            if np.abs(values - before).max() <= (tol * values[0]) ** 2 / max(values[0], 1e-300):
                break  # errors of eigenvalues are squares of those of eigenvectors, and so of residuals
            before = values
        values, inner = eigh(space.projected)
        found = min(count, space.size)
        values, vectors = values[::-1][:found], space.basis @ inner[:, ::-1][:, :found]
        residuals = np.linalg.norm((self @ vectors).astype(np.float64) - vectors * values, axis=0)
        converged = found == count and bool((residuals <= tol * max(values[0], 0.0)).all())
        return TopEigenvalues(values, vectors, residuals, converged, space.size + found)

    def _pull(self, v: np.ndarray) -> Leaves:
        """J^T v: the sum of the gradients of all examples."""
        total, rows = None, self._mode.rows
        for start in range(0, len(self._x), _TILE):
            x = self._x[start : start + _TILE]
            part = jnp.asarray(v[start * rows : (start + len(x)) * rows], self.dtype).reshape(len(x), rows)
            more = _backward(self._found.network, self._mode, self._found.weights, self._found.others, x, part)
            total = more if total is None else [a + b for a, b in zip(total, more, strict=True)]
        assert total is not None
        return total

    def _push(self, gradient: Leaves) -> np.ndarray:
        """J g, (n r,)."""
        tiles = [self._x[start : start + _TILE] for start in range(0, len(self._x), _TILE)]
        found = self._found
        parts = [_forward(found.network, self._mode, found.weights, found.others, x, gradient) for x in tiles]
        return np.concatenate([np.asarray(part) for part in parts]).reshape(-1)


def ntk_operator(
    apply: Apply, params: Any, x: Array, *, output: int | None = None, memory: str | int | None = None
) -> NTKOperator:
    """The empirical NTK of a batch without forming it, for networks whose Jacobian does not fit.

    Args:
        apply: apply(params, x) -> (n, c), as for `limes.finite.empirical_ntk`.
        params: a tree of arrays.
        x: (n, ...).
        output: one output to take the kernel of; all outputs by default, which makes n c rows.
        memory: limit in bytes or as "6GB".

    Raises:
        InputError, DtypeError: as `limes.finite.empirical_ntk`.
        MemoryRefused: if a few gradients do not fit.

    Example:
        >>> import numpy as np, limes as lm
        >>> net, x = lm.nets.mlp(2), np.eye(6, dtype="float32")
        >>> kernel = ntk_operator(net.apply, net.init(0, (6,), width=64, outputs=2), x)
        >>> kernel.shape, (kernel @ np.ones(12, "float32")).shape, kernel.top(2).values.shape
        ((12, 12), (12,), (2,))
    """
    with precision.scope(precision_of(params)):
        found = weighted(apply, params, x)
        mode = modes.parse(found.network.outputs, False, output)
        mem.require(
            _GRADIENTS * found.size * found.dtype.itemsize,
            f"a product with the empirical NTK of {found.size} weights",
            "use a smaller network",
            memory,
        )
        size = len(x) * mode.rows
        return NTKOperator((size, size), found.dtype, found, mode, found.batch(x, "x"))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _backward(network: Network, mode: Mode, weights: Leaves, others: Leaves, x: jax.Array, v: jax.Array) -> Leaves:
    out, pull = jax.vjp(lambda w: network(w, others, x), weights)
    return pull((v @ mode.basis(v.dtype)).astype(out.dtype))[0]


@functools.partial(jax.jit, static_argnums=(0, 1))
def _forward(
    network: Network, mode: Mode, weights: Leaves, others: Leaves, x: jax.Array, gradient: Leaves
) -> jax.Array:
    moved = jax.jvp(lambda w: network(w, others, x), (weights,), (gradient,))[1]
    return moved if mode.output is None else moved[:, mode.output : mode.output + 1]

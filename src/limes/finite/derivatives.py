"""Jacobian contraction and structured derivatives: derivatives of each example first, inner products of them second.

With `structured` the weights in `limes.finite.factors` are held as activations and derivatives of products, not as
derivatives in the weight; all others, and all where `structured` is false, as rows of the Jacobian. A factor whose
outer product is cheaper than its parts, as in convolutions with many positions, is multiplied out at once: as one
product of matrices, where the derivative of a batch of convolutions would be a convolution of its own for each example.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from limes.finite import factors
from limes.finite.factors import Factor
from limes.finite.jaxpr import Trace, trace
from limes.finite.modes import Mode
from limes.finite.network import Leaves, Network
from limes.finite.split import Split, Splitter

_TYPICAL = 64  # rows of a tile, over which the derivatives of an example are shared


class Derivatives(NamedTuple):
    """Derivatives of n examples in the r outputs that count.

    Attributes:
        factors: for some of the weights, A (n, m, k) and D (n, r, m, h), with one row in place of r where it stands for
            the sum over all outputs, see `limes.finite.split`, and one in place of n where all examples have the same.
        rows: for the others, (n, r, size), with one row in place of r where that stands for all outputs.
    """

    factors: list[tuple[jax.Array, jax.Array]]
    rows: list[jax.Array]


@dataclass(frozen=True, eq=False)
class Backward:
    """What the derivatives of one output at one example are made of.

    Attributes:
        forward: the network on a batch of one.
        factors: weights that are held in factors.
        loose: numbers of the other weights.
        traced: a function of weights, other leaves, example and cotangent: A of each factor, D of each factor,
            derivatives in the loose weights.
        splits: of each D, then of each derivative in a loose weight: its parts, where one row stands for all outputs.
        constant: whether each D is the same for all examples, as that of a read-out.
    """

    forward: Trace
    factors: tuple[Factor, ...]
    loose: tuple[int, ...]
    traced: Trace
    splits: tuple[Split | None, ...]
    constant: tuple[bool, ...]

    def rows(self, mode: Mode) -> list[int]:
        """Rows of each D, then of each derivative in a loose weight."""
        return [mode.rows if split is None else 1 for split in self.splits]


def trace_one(network: Network, weights: Leaves, others: Leaves, example: Any) -> Trace:
    """The network on a batch of one."""

    def one(weights: Leaves, others: Leaves, x: Any) -> jax.Array:
        return network(weights, others, x[None])[0]

    return trace(one, weights, others, example)


def backward(network: Network, mode: Mode, structured: bool, weights: Leaves, others: Leaves, example: Any) -> Backward:
    """How a network is differentiated, of which only shapes and dtypes count."""
    forward = trace_one(network, weights, others, example)
    found = factors.find(forward, len(weights)) if structured else ()
    factored = {factor.leaf for factor in found}
    loose = tuple(i for i in range(len(weights)) if i not in factored)

    def of_output(weights: Leaves, others: Leaves, example: jax.Array, cotangent: jax.Array) -> list[jax.Array]:
        def run(additions: list[jax.Array], free: Leaves) -> tuple[jax.Array, list[jax.Array]]:
            mine = list(weights)
            for i, w in zip(loose, free, strict=True):
                mine[i] = w
            numbered = {factor.number: a for factor, a in zip(found, additions, strict=True)}
            values = forward.evaluate([*mine, *others, example], numbered)
            return values[forward.results[0]], [factor.activations(values) for factor in found]

        zeros = [factor.zeros for factor in found]
        out, pull, activations = jax.vjp(run, zeros, [weights[i] for i in loose], has_aux=True)
        d, free = pull(cotangent.astype(out.dtype))
        return [*activations, *(f.cotangents(one) for f, one in zip(found, d, strict=True)), *(g.ravel() for g in free)]

    cotangent = jax.ShapeDtypeStruct((mode.outputs,), weights[0].dtype)
    traced = trace(of_output, weights, others, example, cotangent)
    splitter = Splitter(traced, example=traced.arguments[-2], output=traced.arguments[-1])
    slots, n = traced.results[len(found) :], len(found)
    constant = tuple(splitter.is_constant(slot) for slot in slots[:n])
    splits: list[Split | None] = [None] * len(slots)
    if structured and mode.trace and mode.rows > 1:
        shapes = [(f.positions, f.outputs) for f in found] + [(math.prod(weights[i].shape),) for i in loose]
        dtypes = [f.operation.result.dtype for f in found] + [weights[i].dtype for i in loose]
        splits = [splitter.split(*value) for value in zip(slots, shapes, dtypes, strict=True)]
        for i, (factor, parts) in enumerate(zip(found, splits[:n], strict=True)):
            if parts and factor.positions > 1 and not parts.is_uniform(axis=0):
                splits[i] = None
    return Backward(forward, found, loose, traced, tuple(splits), constant)


def differentiate(
    network: Network, mode: Mode, structured: bool, weights: Leaves, others: Leaves, x: jax.Array
) -> Derivatives:
    """Derivatives of the outputs at each row of `x`."""
    how = backward(network, mode, structured, weights, others, jax.ShapeDtypeStruct(x.shape[1:], x.dtype))
    basis, n = mode.basis(weights[0].dtype), len(how.factors)
    whole = [multiplied_out(factor, mode, r) for factor, r in zip(how.factors, how.rows(mode), strict=False)]

    def of_output(example: jax.Array, cotangent: jax.Array) -> tuple[list[Any], list[Any], list[Any]]:
        """A of each factor; D of each, then derivatives in loose weights, or C of those in parts; and M of those."""
        values = how.traced.evaluate([*weights, *others, example, cotangent], {})
        results = [values[slot] for slot in how.traced.results]
        common = [d if s is None else s.common(values) for d, s in zip(results[n:], how.splits, strict=True)]
        return results[:n], common, [s and s.own(values) for s in how.splits]

    def of_one(example: jax.Array) -> tuple[list[Any], list[Any], list[Any]]:
        """A of the factors that are kept, D of these, and rows."""
        activations, common, own = jax.vmap(of_output, (None, 0), (None, 0, None))(example, basis)
        rows = [c if m is None else _merge(c) * m for c, m in zip(common, own, strict=True)]
        both = list(zip(activations, rows[:n], strict=True))
        out = [jnp.einsum("mk,rmh->rkh", a, d, precision="highest") for (a, d), w in zip(both, whole, strict=True) if w]
        pairs = [pair for pair, w in zip(both, whole, strict=True) if not w]
        return [a for a, _ in pairs], [d for _, d in pairs], [j.reshape(len(j), -1) for j in (*out, *rows[n:])]

    same = [constant for constant, w in zip(how.constant, whole, strict=True) if not w]
    a, d, rows = jax.vmap(of_one, out_axes=(0, [None if constant else 0 for constant in same], 0))(x)
    d = [one[None] if constant else one for one, constant in zip(d, same, strict=True)]
    return Derivatives(list(zip(a, d, strict=True)), rows)


def _merge(c: jax.Array) -> jax.Array:
    """One row with the inner products of all, entry by entry."""
    return jnp.sqrt(jnp.square(c).sum(0, keepdims=True))


def contract(mode: Mode, first: Derivatives, second: Derivatives) -> jax.Array:
    """The kernel between two sets of examples: (n1, n2), or (n1, n2, r, r)."""
    total: Any = 0
    for (a1, d1), (a2, d2) in zip(first.factors, second.factors, strict=True):
        total = total + (_full_product if mode.full else _summed_product)(a1, d1, a2, d2)
    for j1, j2 in zip(first.rows, second.rows, strict=True):
        total = total + (_all_inner(j1, j2) if mode.full else _matmul(_flat(j1), _flat(j2)))
    return mode.finish(total)


def costs(factor: Factor, mode: Mode, rows: int) -> tuple[float, float]:
    """Multiplications for a pair of examples, with so many rows of D: with the outer product, and with its parts."""
    m, k, h = factor.positions, factor.inputs, factor.outputs
    products = mode.products if mode.full else rows
    return products * k * h + 2 * rows * m * k * h / _TYPICAL, m * m * (k + products * (h + 1))


def multiplied_out(factor: Factor, mode: Mode, rows: int) -> bool:
    """Whether the outer product is held, and not its parts."""
    outer, parts = costs(factor, mode, rows)
    return outer < parts


def held(factor: Factor, mode: Mode, rows: int) -> int:
    """Numbers that are held of an example."""
    m, k, h = factor.positions, factor.inputs, factor.outputs
    return rows * k * h if multiplied_out(factor, mode, rows) else m * (k + rows * h)


def _summed_product(a1: jax.Array, d1: jax.Array, a2: jax.Array, d2: jax.Array) -> jax.Array:
    """Sum over outputs r and positions m, m' of (A A'^T) * (D D'^T): (n1, n2)."""
    (n1, m, k), n2 = a1.shape, len(a2)
    similar = _matmul(a1.reshape(n1 * m, k), a2.reshape(n2 * m, k)).reshape(n1, m, n2, m)
    f1, f2 = (d.swapaxes(1, 2).reshape(len(d) * m, -1) for d in (d1, d2))
    return (similar * _matmul(f1, f2).reshape(len(d1), m, len(d2), m)).sum((1, 3))


def _full_product(a1: jax.Array, d1: jax.Array, a2: jax.Array, d2: jax.Array) -> jax.Array:
    """The same for each pair of outputs: (n1, n2, r, r)."""
    (n1, m, k), n2, r = a1.shape, len(a2), d1.shape[1]
    similar = _matmul(a1.reshape(n1 * m, k), a2.reshape(n2 * m, k)).reshape(n1, 1, m, n2, 1, m)
    f1, f2 = (d.reshape(len(d) * r * m, -1) for d in (d1, d2))
    return (similar * _matmul(f1, f2).reshape(len(d1), r, m, len(d2), r, m)).sum((2, 5)).transpose(0, 2, 1, 3)


def _all_inner(j1: jax.Array, j2: jax.Array) -> jax.Array:
    """(n1, r, p) and (n2, r, p) to (n1, n2, r, r)."""
    (n1, r, p), n2 = j1.shape, len(j2)
    return _matmul(j1.reshape(n1 * r, p), j2.reshape(n2 * r, p)).reshape(n1, r, n2, r).transpose(0, 2, 1, 3)


def _flat(j: jax.Array) -> jax.Array:
    return j.reshape(len(j), -1)


def _matmul(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(a, b.T, precision="highest")

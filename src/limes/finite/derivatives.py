"""Jacobian contraction and structured derivatives: derivatives of each example first, inner products of them second.

With `structured` the weights in `limes.finite.factors` are held as activations and derivatives of products, not as
derivatives in the weight; all others, and all where `structured` is false, as rows of the Jacobian. A factor whose
outer product is cheaper than its parts, as in convolutions with many positions, is multiplied out at once: as one
product of matrices, where the derivative of a batch of convolutions would be a convolution of its own for each example.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from limes.finite import factors
from limes.finite.factors import Factor
from limes.finite.jaxpr import Trace, trace
from limes.finite.modes import Mode
from limes.finite.network import Leaves, Network

_TYPICAL = 64  # rows of a tile, over which the derivatives of an example are shared


class Derivatives(NamedTuple):
    """Derivatives of n examples in the r outputs that count.

    Attributes:
        factors: for some of the weights, A (n, m, k) and D (n, r, m, h).
        rows: for the others, (n, r, size).
    """

    factors: list[tuple[jax.Array, jax.Array]]
    rows: list[jax.Array]


def trace_one(network: Network, weights: Leaves, others: Leaves, example: Any) -> Trace:
    """The network on a batch of one."""

    def one(weights: Leaves, others: Leaves, x: Any) -> jax.Array:
        return network(weights, others, x[None])[0]

    return trace(one, weights, others, example)


def differentiate(
    network: Network, mode: Mode, structured: bool, weights: Leaves, others: Leaves, x: jax.Array
) -> Derivatives:
    """Derivatives of the outputs at each row of `x`."""
    traced = trace_one(network, weights, others, jax.ShapeDtypeStruct(x.shape[1:], x.dtype))
    found = factors.find(traced, len(weights)) if structured else ()
    factored = {factor.leaf for factor in found}
    loose = [i for i in range(len(weights)) if i not in factored]
    basis = mode.basis(weights[0].dtype)

    def of_one(example: jax.Array) -> Derivatives:
        def run(additions: list[jax.Array], free: Leaves) -> tuple[jax.Array, list[jax.Array]]:
            mine = list(weights)
            for i, w in zip(loose, free, strict=True):
                mine[i] = w
            numbered = {factor.number: a for factor, a in zip(found, additions, strict=True)}
            values = traced.evaluate([*mine, *others, example], numbered)
            return values[traced.result], [factor.activations(values) for factor in found]

        zeros = [factor.zeros for factor in found]
        out, pull, activations = jax.vjp(run, zeros, [weights[i] for i in loose], has_aux=True)
        cotangents, rows = jax.vmap(pull)(basis.astype(out.dtype))
        pairs, flat = [], [row.reshape(mode.rows, -1) for row in rows]
        for factor, a, d in zip(found, activations, cotangents, strict=True):
            d = jax.vmap(factor.cotangents)(d)
            if multiplied_out(factor, mode):
                flat.append(jnp.einsum("mk,rmh->rkh", a, d, precision="highest").reshape(mode.rows, -1))
            else:
                pairs.append((a, d))
        return Derivatives(pairs, flat)

    return jax.vmap(of_one)(x)


def contract(mode: Mode, first: Derivatives, second: Derivatives) -> jax.Array:
    """The kernel between two sets of examples: (n1, n2), or (n1, n2, r, r)."""
    total: Any = 0
    for (a1, d1), (a2, d2) in zip(first.factors, second.factors, strict=True):
        total = total + (_full_product if mode.full else _summed_product)(a1, d1, a2, d2)
    for j1, j2 in zip(first.rows, second.rows, strict=True):
        total = total + (_all_inner(j1, j2) if mode.full else _matmul(_flat(j1), _flat(j2)))
    return mode.finish(total)


def costs(factor: Factor, mode: Mode) -> tuple[float, float]:
    """Multiplications for a pair of examples: with the outer product, and with its parts."""
    m, k, h = factor.positions, factor.inputs, factor.outputs
    return mode.products * k * h + 2 * mode.rows * m * k * h / _TYPICAL, m * m * (k + mode.products * (h + 1))


def multiplied_out(factor: Factor, mode: Mode) -> bool:
    """Whether the outer product is held, and not its parts."""
    outer, parts = costs(factor, mode)
    return outer < parts


def held(factor: Factor, mode: Mode) -> int:
    """Numbers that are held of an example."""
    m, k, h = factor.positions, factor.inputs, factor.outputs
    return mode.rows * k * h if multiplied_out(factor, mode) else m * (k + mode.rows * h)


def _summed_product(a1: jax.Array, d1: jax.Array, a2: jax.Array, d2: jax.Array) -> jax.Array:
    """Sum over outputs r and positions m, m' of (A A'^T) * (D D'^T): (n1, n2)."""
    (n1, m, k), n2 = a1.shape, len(a2)
    similar = _matmul(a1.reshape(n1 * m, k), a2.reshape(n2 * m, k))
    d1, d2 = (d.swapaxes(1, 2).reshape(len(d) * m, -1) for d in (d1, d2))
    return (similar * _matmul(d1, d2)).reshape(n1, m, n2, m).sum((1, 3))


def _full_product(a1: jax.Array, d1: jax.Array, a2: jax.Array, d2: jax.Array) -> jax.Array:
    """The same for each pair of outputs: (n1, n2, r, r)."""
    (n1, m, k), n2, r = a1.shape, len(a2), d1.shape[1]
    similar = _matmul(a1.reshape(n1 * m, k), a2.reshape(n2 * m, k)).reshape(n1, 1, m, n2, 1, m)
    d1, d2 = (d.reshape(len(d) * r * m, -1) for d in (d1, d2))
    return (similar * _matmul(d1, d2).reshape(n1, r, m, n2, r, m)).sum((2, 5)).transpose(0, 2, 1, 3)


def _all_inner(j1: jax.Array, j2: jax.Array) -> jax.Array:
    """(n1, r, p) and (n2, r, p) to (n1, n2, r, r)."""
    (n1, r, p), n2 = j1.shape, len(j2)
    return _matmul(j1.reshape(n1 * r, p), j2.reshape(n2 * r, p)).reshape(n1, r, n2, r).transpose(0, 2, 1, 3)


def _flat(j: jax.Array) -> jax.Array:
    return j.reshape(len(j), -1)


def _matmul(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(a, b.T, precision="highest")

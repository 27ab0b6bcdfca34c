"""One block of a kernel, as a pure function: what `jit`, `grad` and `vmap` see.

Everything else in this folder arranges calls of `block`.
"""

from collections.abc import Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp

from limes.core.errors import InputError
from limes.kernels.coincidence import coincident
from limes.kernels.sequences import row_ids
from limes.kernels.state import Cov, KernelRule, State, input_state

NAMES = ("nngp", "ntk")


def check_get(get: str | Sequence[str]) -> tuple[str, ...]:
    """The kernels asked for, as a tuple.

    Raises:
        InputError: for a name that is not "nngp" or "ntk".
    """
    names = (get,) if isinstance(get, str) else tuple(get)
    if not names or any(name not in NAMES for name in names):
        raise InputError(f"get must name one or both of {NAMES}, not {get!r}")
    return names


def final_state(
    net: KernelRule, state: State, same: jax.Array, one: jax.Array | bool = False, behind_head: bool = False
) -> State:
    """The state after the last layer from that of the inputs, with coincident pairs set from the variances, once.

    Args:
        net: the architecture.
        state: of the inputs, or of the units behind the head.
        same: (n1, n2), pairs of equal rows.
        one: whether both batches are one. In nets with random layers only an example and itself are coincident then:
            a copy of a row in another place draws masks of its own.
        behind_head: where the state stands.
    """
    propagate = net.finish if behind_head else net.propagate
    if not net.random:
        return propagate(state).closed(same)
    itself = jnp.eye(*same.shape, dtype=bool) & one
    return propagate(replace(state, same=same)).closed(itself)


Batch = jax.Array | tuple[jax.Array, jax.Array]
"""Rows (n, features...), or sequences (n, time, channels) with their lengths (n,)."""


def first_state(
    net: KernelRule, x1: Batch, x2: Batch, ids: tuple[jax.Array | None, jax.Array | None], with_ntk: bool
) -> tuple[State, jax.Array]:
    """The state of the inputs, and which pairs are coincident."""
    (a, n1), (b, n2) = (x if isinstance(x, tuple) else (x, None) for x in (x1, x2))
    id1, id2 = (row_ids(x, n) if i is None else i for x, n, i in zip((a, b), (n1, n2), ids, strict=True))
    state = input_state(net.prepare(a, n1), net.prepare(b, n2), net.layout, with_ntk)
    lengths = None if n1 is None or n2 is None else (n1, n2)
    return replace(state, lengths=lengths), coincident(id1, id2)


def block(
    net: KernelRule,
    names: tuple[str, ...],
    x1: Batch,
    x2: Batch,
    id1: jax.Array | None = None,
    id2: jax.Array | None = None,
    one: jax.Array | bool = False,
) -> tuple[jax.Array, ...]:
    """Kernel values between two batches, one array (n1, n2) for each name.

    Args:
        net: the architecture.
        names: "nngp", "ntk" or both.
        x1: (n1, features...), or a pair with lengths.
        x2: (n2, features...), or a pair with lengths.
        id1: fingerprints of the rows of x1 where they are known already.
        id2: the same for x2.
        one: whether both batches are one, row by row.
    """
    state, same = first_state(net, x1, x2, (id1, id2), "ntk" in names)
    if net.layout != "vector" or len(names) == 1 or jax.default_backend() != "cpu":
        cross = final_state(net, state, same, one).cross
        return tuple(getattr(cross, name) for name in names)
    values = []
    for name in names:
        values.append(getattr(final_state(net, with_ntk(state, name == "ntk"), same, one).cross, name))
        state, values[-1] = separate(state, values[-1])
    return tuple(values)


def packed_block(
    net: KernelRule, x1: Batch, x2: Batch, id1: jax.Array, id2: jax.Array, one: jax.Array | bool = False
) -> jax.Array:
    """NNGP + i NTK between two batches, for fully connected nets: (n1, n2) complex numbers; arguments as in `block`.

    XLA makes such a recursion one loop over entries, in registers, as long as it has one result. With two results it
    would write their common steps to memory or compute them twice. Real and imaginary part are to be taken outside of
    the compiled function: XLA would simplify the complex number away.
    """
    state, same = first_state(net, x1, x2, (id1, id2), with_ntk=True)
    cross = final_state(net, state, same, one).cross
    assert cross.ntk is not None
    return jax.lax.complex(cross.nngp, cross.ntk)


def with_ntk(state: State, wanted: bool) -> State:
    """The state with a zero NTK, or with none."""

    def rule(cov: Cov) -> Cov:
        return replace(cov, ntk=jnp.zeros_like(cov.nngp) if wanted else None)

    return state.map_each(rule)


def separate(start: State, done: jax.Array) -> tuple[State, jax.Array]:
    """The same start, in a form that keeps XLA from sharing what follows with what led to `done`.

    A recursion of a fully connected net is one loop over entries, in registers, as long as it has one result. With two
    results XLA shares their common steps by writing each to memory, which is slower than computing them twice.
    """
    nngp, done = jax.lax.optimization_barrier((start.cross.nngp, done))
    return replace(start, cross=replace(start.cross, nngp=nngp)), done


def block_behind_head(
    net: KernelRule,
    names: tuple[str, ...],
    cross: jax.Array,
    left: jax.Array,
    right: jax.Array,
    id1: jax.Array,
    id2: jax.Array,
    one: jax.Array | bool,
) -> tuple[jax.Array, ...]:
    """`block` from K and T behind the head: cross (2, n1, n2), left (2, n1) and right (2, n2)."""
    covs = [Cov(both[0], both[1] if "ntk" in names else None) for both in (cross, left, right)]
    state = State(covs[0], covs[1], covs[2], "vector", 0)
    found = final_state(net, state, coincident(id1, id2), one, behind_head=True).cross
    return tuple(getattr(found, name) for name in names)

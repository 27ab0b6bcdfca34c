"""The kernel recursion of `limes.nets.recurrent`, over equal steps and over all pairs of steps."""

from typing import Protocol

import jax
import jax.numpy as jnp

from limes.kernels.state import Cov, Side, State

Three = tuple[Cov, Cov, Cov]
"""Covariances between the batches and of each with itself."""


class Stack(Protocol):
    """The fields of `limes.nets.recurrent.Recurrent` that decide its kernel."""

    @property
    def activation(self) -> "Rule":
        """The activation."""
        ...

    @property
    def layers(self) -> int:
        """Number of layers."""
        ...

    @property
    def frozen(self) -> int:
        """Layers that are not trained."""
        ...

    @property
    def readout(self) -> str:
        """Which steps are read."""
        ...

    @property
    def w_std(self) -> float:
        """Of recurrent weights."""
        ...

    @property
    def u_std(self) -> float:
        """Of input weights."""
        ...

    @property
    def b_std(self) -> float:
        """Of biases."""
        ...

    @property
    def h_std(self) -> float:
        """Of the start."""
        ...


class Rule(Protocol):
    """What is needed of an activation."""

    def rule(self, side: Side) -> Cov:
        """Covariance and NTK after it."""
        ...


def _weighted(net: Stack, level: int, before: Cov, below: Cov) -> Cov:
    """S and T of a layer from those of h one step before and of h (or the input) one layer below."""
    w, u = net.w_std**2, net.u_std**2
    nngp = w * before.nngp + u * below.nngp + net.b_std**2
    if before.ntk is None or below.ntk is None:
        return Cov(nngp, None)
    ntk = w * before.ntk + u * below.ntk
    return Cov(nngp, ntk + nngp if level >= net.frozen else ntk)


def _masked(cov: Cov, keep: jax.Array, otherwise: jax.Array | float = 0.0) -> Cov:
    """Zero where a step does not belong to the sequence; `otherwise` for the covariance."""
    ntk = None if cov.ntk is None else jnp.where(keep, cov.ntk, 0.0)
    return Cov(jnp.where(keep, cov.nngp, otherwise), ntk)


def _start(like: Cov, nngp: jax.Array | float) -> Cov:
    return Cov(jnp.zeros_like(like.nngp) + nngp, None if like.ntk is None else jnp.zeros_like(like.ntk))


def _valid(state: State, at_the_end: bool) -> tuple[jax.Array, jax.Array]:
    """(time, n) for both batches: whether a step belongs to the sequence."""
    time = state.cross.nngp.shape[-1]
    steps = jnp.arange(time)[:, None]
    if state.lengths is None:
        first, second = (jnp.ones((time, len(cov.nngp)), bool) for cov in (state.left, state.right))
    else:
        first, second = ((steps >= time - n) if at_the_end else (steps < n) for n in state.lengths)
    return first, second


def _time_first(state: State) -> Three:
    """Covariances with the (first) time axis in front."""
    axis = -1 if state.layout == "position" else -2
    cross, left, right = (cov.map(lambda k: jnp.moveaxis(k, axis, 0)) for cov in (state.cross, state.left, state.right))
    return cross, left, right


def equal_steps(net: Stack, state: State) -> Three:
    """Kernel of h between the last steps, or its mean over equal steps, from a state of layout "position".

    A sequence that has not started yet has h = 0, but h_std^2 one step before its first, in its own variance.
    """
    last = net.readout == "last"
    valid = _valid(state, at_the_end=last)
    inputs = _time_first(state)
    start_var = net.h_std**2

    def waiting(on: jax.Array, on_next: jax.Array) -> jax.Array:
        """Variance of h at a step before the first."""
        return jnp.where(~on & on_next, start_var, 0.0)

    following = [jnp.concatenate([on[1:], jnp.zeros_like(on[:1])]) for on in valid]
    first = tuple(cov.map(lambda k: k[0]) for cov in inputs)
    starts = [
        _start(first[0], 0.0),
        *(_start(c, jnp.where(on[0], start_var, 0.0)) for c, on in zip(first[1:], valid, strict=True)),
    ]

    def step(carry: tuple, now: tuple) -> tuple[tuple, None]:
        h, sums = carry
        below, on, on_next = now
        after = []
        for level, before in enumerate(h):
            g = [_weighted(net, level, b, i) for b, i in zip(before, below, strict=True)]
            v1, v2 = g[1].nngp, g[2].nngp
            sides = (Side(g[0], v1[:, None], v2[None], False), Side(g[1], v1, v1, True), Side(g[2], v2, v2, True))
            cross, left, right = (net.activation.rule(side) for side in sides)
            below = (
                _masked(cross, on[0][:, None] & on[1][None]),
                _masked(left, on[0], waiting(on[0], on_next[0])),
                _masked(right, on[1], waiting(on[1], on_next[1])),
            )
            after.append(below)
        return (after, tuple(a + b for a, b in zip(sums, below, strict=False))), None  # for "last" there are no sums

    zeros = () if last else tuple(_start(cov, 0.0) for cov in first)
    (h, sums), _ = jax.lax.scan(step, ([tuple(starts)] * net.layers, zeros), (inputs, valid, following))
    if last:
        cross, left, right = h[-1]
        return cross, left, right
    n1, n2 = (on.sum(axis=0).astype(first[0].nngp.dtype) for on in valid)
    scales = (jax.lax.rsqrt(n1[:, None] * n2), 1.0 / n1, 1.0 / n2)
    cross, left, right = (cov.map(lambda k, s=s: k * s) for cov, s in zip(sums, scales, strict=True))
    return cross, left, right


def _variances(net: Stack, own: jax.Array) -> list[jax.Array]:
    """Variances of g of each layer over time, (time, n), from those of the inputs."""

    def step(h: list[jax.Array], below: jax.Array) -> tuple[list[jax.Array], list[jax.Array]]:
        after, variances = [], []
        for level, before in enumerate(h):
            g = _weighted(net, level, Cov(before, None), Cov(below, None)).nngp
            below = net.activation.rule(Side(Cov(g, None), g, g, True)).nngp
            after.append(below)
            variances.append(g)
        return after, variances

    return jax.lax.scan(step, [jnp.full_like(own[0], net.h_std**2)] * net.layers, own)[1]


def shared_mean(net: Stack, state: State) -> Three:
    """Mean of the kernel of h over all pairs of steps, from a state of layout "pairs": a row of pairs at a time."""
    valid = _valid(state, at_the_end=False)
    inputs = _time_first(state)
    own = [jnp.moveaxis(jnp.diagonal(cov.nngp, axis1=-2, axis2=-1), -1, 0) for cov in (state.left, state.right)]
    var1, var2 = (_variances(net, v) for v in own)
    time = state.cross.nngp.shape[-1]
    steps, origin = jnp.arange(time), jnp.arange(time) == 0

    def shifted(row: Cov) -> Cov:
        """h[t-1, s-1] for all s."""
        return row.map(lambda k: jnp.concatenate([jnp.zeros_like(k[..., :1]), k[..., :-1]], axis=-1))

    first = tuple(cov.map(lambda k: k[0]) for cov in inputs)
    starts = (_start(first[0], 0.0), *(_start(cov, jnp.where(origin, net.h_std**2, 0.0)) for cov in first[1:]))
    by_row = [jnp.moveaxis(on, 0, 1) for on in valid]  # (n, time)

    def step(carry: tuple, now: tuple) -> tuple[tuple, None]:
        h, sums = carry
        below, t, on, v1_now, v2_now = now
        after = []
        for level, before in enumerate(h):
            g = [_weighted(net, level, b, i) for b, i in zip(before, below, strict=True)]
            v1, v2 = v1_now[level], v2_now[level]
            all1, all2 = (jnp.moveaxis(v[level], 0, 1) for v in (var1, var2))
            sides = (
                Side(g[0], v1[:, None, None], all2[None], False),
                Side(g[1], v1[:, None], all1, steps == t),
                Side(g[2], v2[:, None], all2, steps == t),
            )
            cross, left, right = (net.activation.rule(side) for side in sides)
            below = (
                _masked(cross, on[0][:, None, None] & by_row[1][None]),
                _masked(left, on[0][:, None] & by_row[0]),
                _masked(right, on[1][:, None] & by_row[1]),
            )
            after.append(tuple(shifted(row) for row in below))
        rows = (row.map(lambda k: k.sum(axis=-1)) for row in below)
        return (after, tuple(a + b for a, b in zip(sums, rows, strict=True))), None

    zeros = tuple(_start(cov.map(lambda k: k[..., 0]), 0.0) for cov in first)
    carried = ([starts] * net.layers, zeros)
    (_, sums), _ = jax.lax.scan(step, carried, (inputs, steps, valid, var1, var2))
    n1, n2 = (on.sum(axis=0).astype(first[0].nngp.dtype) for on in valid)
    scales = (1.0 / (n1[:, None] * n2), 1.0 / n1**2, 1.0 / n2**2)
    cross, left, right = (cov.map(lambda k, s=s: k * s) for cov, s in zip(sums, scales, strict=True))
    return cross, left, right

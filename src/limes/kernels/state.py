"""The state that a kernel recursion carries from layer to layer, and where it starts.

A layer of an infinitely wide network is described by the covariance of its units between two batches. How much of it is
needed depends on the net alone, and is decided before anything is allocated:

========== ============================ =============================== =====================================
layout     between x1 and x2            of a batch with itself          needed by
========== ============================ =============================== =====================================
vector     (n1, n2)                     (n1,)                           fully connected nets
position   (n1, n2, *positions)         (n1, *positions)                convolutions under a flatten head
pairs      (n1, n2, *pos., *positions)  (n1, *positions, *positions)    convolutions under a pooling head
========== ============================ =============================== =====================================

In the layout "position" only the covariance of a position with the same position is kept: the read-out of a flatten
head has independent weights for each position, so no other entry reaches it. A net starts in the layout that its layers
need from there on and goes to a smaller one as soon as it can; behind the head all layouts are "vector".
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NamedTuple, Protocol, Self

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.program import Program

Layout = Literal["vector", "position", "pairs"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Cov:
    """NNGP covariance and NTK of the units of a layer, with one shape; `ntk` is None where it is not asked for."""

    nngp: jax.Array
    ntk: jax.Array | None

    def map(self, op: Callable[[jax.Array], jax.Array]) -> Self:
        """Apply a linear map without weights (a reshape, a mean over positions) to both."""
        return replace(self, nngp=op(self.nngp), ntk=None if self.ntk is None else op(self.ntk))

    def __add__(self, other: "Cov") -> "Cov":
        ntk = None if self.ntk is None or other.ntk is None else self.ntk + other.ntk
        return Cov(self.nngp + other.nngp, ntk)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["cross", "left", "right", "same", "lengths"],
    meta_fields=["layout", "n_positions"],
)
@dataclass(frozen=True)
class State:
    """What a layer's kernel rule maps to the next layer's.

    Attributes:
        cross: between x1 and x2.
        left: of x1 with itself, example by example.
        right: of x2 with itself, example by example.
        layout: see the module's table.
        n_positions: number of position axes (0 after flattening or pooling, 1 for series, 2 for images).
        same: (n1, n2), pairs of equal rows that `cross` does not hold exactly yet; kept only in nets with random
            layers, where such a pair stops being one unit. Elsewhere `limes.kernels.block` sets them at the end.
        lengths: of the sequences of both batches, (n1,) and (n2,), where they are unequal.
    """

    cross: Cov
    left: Cov
    right: Cov
    layout: Layout
    n_positions: int
    same: jax.Array | None = None
    lengths: tuple[jax.Array, jax.Array] | None = None

    def map_each(self, rule: Callable[[Cov], Cov]) -> Self:
        """Apply the same rule to the covariance between the batches and to both self-covariances.

        The rule may act on trailing (position) axes and element by element, never on the batch axes.
        """
        return replace(self, cross=rule(self.cross), left=rule(self.left), right=rule(self.right))

    def sides(self) -> tuple["Side", "Side", "Side"]:
        """`cross`, `left` and `right` with the variances of their units, for rules that need them."""
        if self.layout != "pairs":
            v1, v2 = self.left.nngp, self.right.nngp
            cross = Side(self.cross, v1[:, None], v2[None, :], False)
            return cross, Side(self.left, v1, v1, True), Side(self.right, v2, v2, True)
        n = self.n_positions
        v1, v2 = (_equal_positions(cov.nngp, n) for cov in (self.left, self.right))
        first = [v.reshape(*v.shape, *(1,) * n) for v in (v1, v2)]
        second = [v.reshape(v.shape[0], *(1,) * n, *v.shape[1:]) for v in (v1, v2)]
        equal = jnp.eye(v1[0].size, dtype=bool).reshape(*v1.shape[1:], *v2.shape[1:])
        return (
            Side(self.cross, first[0][:, None], second[1][None, :], False),
            Side(self.left, first[0], second[0], equal),
            Side(self.right, first[1], second[1], equal),
        )

    def with_sides(self, cross: Cov, left: Cov, right: Cov) -> Self:
        """The state with other covariances, in the order of `sides`."""
        return replace(self, cross=cross, left=left, right=right)

    def closed(self, same: jax.Array | None) -> Self:
        """The state with `cross` set from the variances at pairs of equal rows, and with none left.

        The value of such a pair is that of the input with itself, which the recursion carries anyway (`left`, `right`)
        and where equal units have cosine exactly 1. The mean of the two sides is exact (they are equal), and its
        derivative in either side, half the derivative of the diagonal, is the mean of the one-sided derivatives at a
        point where the NTK itself has a cusp.
        """
        if same is None:
            return self

        def close(name: str) -> jax.Array | None:
            cross, left, right = (getattr(cov, name) for cov in (self.cross, self.left, self.right))
            if cross is None:
                return None
            mask = same.reshape(*same.shape, *(1,) * (cross.ndim - 2))
            return jnp.where(mask, 0.5 * (left[:, None] + right[None, :]), cross)

        nngp = close("nngp")
        assert nngp is not None
        return replace(self, cross=Cov(nngp, close("ntk")), same=None)

    def in_layout(self, layout: Layout) -> Self:
        """The same in a smaller layout: from "pairs" to "position" the entries of unequal positions are left out."""
        if (self.layout, layout) != ("pairs", "position"):
            return self
        n = self.n_positions
        return replace(self.map_each(lambda cov: cov.map(lambda k: _equal_positions(k, n))), layout=layout)


class Side(NamedTuple):
    """A covariance, the variances of its two units, and where those two are one and the same.

    Attributes:
        cov: the covariance and the NTK.
        v1, v2: variances of the first and the second unit; they broadcast against `cov`.
        same: whether the two units are one (their cosine is exactly 1): everywhere, nowhere, or where a mask says.
            Coincident rows of two batches count as different here: `limes.kernels.block` sets them at the end.
    """

    cov: Cov
    v1: jax.Array
    v2: jax.Array
    same: jax.Array | bool


def _equal_positions(k: jax.Array, n_positions: int) -> jax.Array:
    """(..., *positions, *positions) -> (..., *positions)."""
    positions = k.shape[k.ndim - n_positions :]
    size = math.prod(positions)
    batch = k.shape[: k.ndim - 2 * n_positions]
    return jnp.diagonal(k.reshape(*batch, size, size), axis1=-2, axis2=-1).reshape(*batch, *positions)


class KernelRule(Protocol):
    """What the kernel engine needs of a net: hashable, a layout, and the recursion."""

    @property
    def random(self) -> bool:
        """Whether a layer draws masks, so that a row and a copy of it in another batch differ."""
        ...

    @property
    def arithmetic(self) -> bool:
        """Whether the recursion consists of arithmetic and square roots, see `limes.kernels.compiling`."""
        ...

    @property
    def layout(self) -> Layout:
        """Which entries of the covariance the recursion keeps."""
        ...

    def propagate(self, state: State) -> State:
        """The state of the net's output from the state of its input."""
        ...

    def program(self, shape: tuple[int, ...]) -> Program | None:
        """The recursion up to a head, for inputs of a shape, as a program for compiled loops; None if it has none."""
        ...

    def finish(self, state: State) -> State:
        """The rest of the recursion behind that program."""
        ...

    def prepare(self, x: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        """A batch in the shape that the recursion starts from; sequences of unequal lengths aligned."""
        ...

    def __hash__(self) -> int: ...


def input_state(x1: jax.Array, x2: jax.Array, layout: Layout, with_ntk: bool) -> State:
    """The state of the inputs: their second moments over channels; the NTK of an input is zero.

    Args:
        x1: (n1, *positions, channels).
        x2: (n2, *positions, channels).
        layout: which entries to keep.
        with_ntk: whether the NTK is carried.

    Raises:
        NetError: if the inputs have no position axes and the layout needs them.
    """
    n_positions = x1.ndim - 2
    if layout == "vector":
        if n_positions:
            raise NetError(f"a fully connected recursion starts from vectors, not from inputs of shape {x1.shape[1:]}")
        between, own = _vector_moments
    elif n_positions < 1:
        raise NetError(
            f"a convolutional net needs inputs (n, time, channels) or (n, height, width, channels), not {x1.shape}"
        )
    else:
        between, own = (_position_moments if layout == "position" else _pair_moments)(n_positions)

    def cov(k: jax.Array) -> Cov:
        return Cov(k, jnp.zeros_like(k) if with_ntk else None)

    return State(cov(between(x1, x2)), cov(own(x1)), cov(own(x2)), layout, n_positions)


def _mean_square(x: jax.Array) -> jax.Array:
    return jnp.mean(x * x, axis=-1)


def _dot_rows(x1: jax.Array, x2: jax.Array) -> jax.Array:
    return jax.lax.dot_general(x1, x2, (((1,), (1,)), ((), ())), precision="highest") / x1.shape[1]


_vector_moments = (_dot_rows, _mean_square)


def _position_moments(n_positions: int):
    def between(x1: jax.Array, x2: jax.Array) -> jax.Array:
        channels = x1.shape[-1]
        if channels <= 4:  # an outer product per channel fuses; a batched product of width 3 does not pay
            total = x1[:, None, ..., 0] * x2[None, ..., 0]
            for c in range(1, channels):
                total = total + x1[:, None, ..., c] * x2[None, ..., c]
            return total / channels
        letters = "hwd"[:n_positions]
        return jnp.einsum(f"i{letters}c,j{letters}c->ij{letters}", x1, x2, precision="highest") / channels

    return between, _mean_square


def _pair_moments(n_positions: int):
    p, q = "hwd"[:n_positions], "xyz"[:n_positions]

    def between(x1: jax.Array, x2: jax.Array) -> jax.Array:
        return jnp.einsum(f"i{p}c,j{q}c->ij{p}{q}", x1, x2, precision="highest") / x1.shape[-1]

    def own(x: jax.Array) -> jax.Array:
        return jnp.einsum(f"i{p}c,i{q}c->i{p}{q}", x, x, precision="highest") / x.shape[-1]

    return between, own

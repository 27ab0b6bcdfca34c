"""Self-attention over positions."""

import math
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from limes.core.errors import NetError
from limes.kernels.state import Cov, Layout, State
from limes.nets.layer import Flow, Layer, Params, check_number


@dataclass(frozen=True)
class SelfAttention(Layer):
    """softmax(key_std query_std (x W)(x W)^T / (d channels)) (value_std x V)(out_std O), with d the width of W and V.

    Softmax over positions, scores scaled by 1/d, and queries and keys with one matrix W: then scores tend to a constant
    (the covariance of the inputs' positions) and outputs to a Gaussian process (Hron et al. 2020, arXiv 2006.10540,
    the linear scaling). With 1/sqrt(d) they would stay random.

    Attributes:
        key_std, query_std: scales of keys and queries; only their product matters.
        value_std, out_std: scales of values and of the output weights, at least 0.

    Raises:
        NetError: for values out of range.

    Cost: two products of p x p matrices a pair of inputs with p positions.
    """

    key_std: float = 1.0
    query_std: float = 1.0
    value_std: float = 1.0
    out_std: float = 1.0
    name: ClassVar[str] = "self_attention"
    needs_positions: ClassVar[bool] = True
    fresh_weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for field in ("key_std", "query_std", "value_std", "out_std"):
            object.__setattr__(self, field, check_number("self_attention", field, getattr(self, field), 0.0))

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """Weights "qk" and "value" (channels, width), and "out" (width, width)."""
        if len(shape) < 2:
            raise NetError("self_attention needs positions: inputs are (n, time, channels) or images")
        names = {"qk": shape[-1], "value": shape[-1], "out": width}
        keys = jax.random.split(key, len(names))
        params = {name: jax.random.normal(k, (n, width)) for k, (name, n) in zip(keys, names.items(), strict=True)}
        return (*shape[:-1], width), params

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """(n, *positions, channels) -> (n, *positions, width)."""
        tokens = x.reshape(x.shape[0], -1, x.shape[-1])
        channels, d = params["value"].shape
        both = tokens @ params["qk"]
        scores = jnp.einsum("npd,nqd->npq", both, both) * (self.key_std * self.query_std / (d * channels))
        values = tokens @ params["value"] @ params["out"] * (self.value_std * self.out_std / math.sqrt(d * channels))
        y = jax.nn.softmax(scores, axis=-1) @ values
        return y.reshape(*x.shape[:-1], -1)

    def needs(self, after: Layout) -> Layout:
        """All pairs of positions: each attends to each."""
        return "pairs"

    def propagate(self, state: State) -> State:
        """K' = s^2 A1 K A2^T and Theta' = 2 K' + s^2 A1 Theta A2^T, with s = value_std out_std.

        A1 is the softmax of key_std query_std K(x1, x1). Each of the two weight matrices on the way, values and output,
        has gradients with inner product K'; those in the scores vanish as 1/d.
        """
        if not state.n_positions:
            raise NetError("self_attention needs positions: inputs are (n, time, channels) or images")
        size = (self.value_std * self.out_std) ** 2
        scale = self.key_std * self.query_std

        def as_matrix(k: jax.Array) -> jax.Array:
            batch = k.shape[: k.ndim - 2 * state.n_positions]
            positions = math.prod(k.shape[k.ndim - state.n_positions :])
            return k.reshape(*batch, positions, positions)

        a1, a2 = (jax.nn.softmax(scale * as_matrix(cov.nngp), axis=-1) for cov in (state.left, state.right))

        def attend(cov: Cov, first: jax.Array, second: jax.Array) -> Cov:
            def mix(k: jax.Array) -> jax.Array:
                half = jnp.matmul(first, as_matrix(k), precision="highest")
                return size * jnp.matmul(half, jnp.swapaxes(second, -1, -2), precision="highest").reshape(k.shape)

            nngp = mix(cov.nngp)
            return Cov(nngp, None if cov.ntk is None else 2.0 * nngp + mix(cov.ntk))

        return state.with_sides(
            attend(state.cross, a1[:, None], a2[None]), attend(state.left, a1, a1), attend(state.right, a2, a2)
        )

    def check(self, flow: Flow) -> Flow:
        """Fresh Gaussian output weights make the output Gaussian; there must be positions left."""
        if flow.mixed:
            raise NetError("self_attention cannot follow flatten or pooling to a vector: there are no positions left")
        return Flow(gaussian=True, data=False)

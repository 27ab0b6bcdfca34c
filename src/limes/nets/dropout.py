"""Dropout."""

from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.errors import NetError
from limes.kernels.coincidence import fingerprints
from limes.kernels.state import Cov, State
from limes.nets.layer import Flow, Layer, Params, check_number, seed_key


@dataclass(frozen=True)
class Dropout(Layer):
    """Sets units to zero at random and divides those it keeps by the probability of keeping.

    Masks are drawn anew for each input row of the net: they are a fixed random function of the row and of a seed among
    the weights, so that equal rows have equal masks, as the kernel of an input with itself supposes.

    Attributes:
        keep: probability that a unit is kept, above 0 and at most 1.

    Raises:
        NetError: for another probability.
    """

    keep: float = 0.5
    name: ClassVar[str] = "dropout"
    linear: ClassVar[bool] = True
    random: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", check_number("dropout", "keep", self.keep, 0.0))
        if not 0 < self.keep <= 1:
            raise NetError(f"dropout: keep is a probability above 0 and at most 1, not {self.keep:g}")

    def init(self, key: jax.Array, shape: tuple[int, ...], width: int) -> tuple[tuple[int, ...], Params]:
        """A seed, see `limes.nets.layer.seed_key`."""
        return shape, {"seed": jax.random.uniform(key, (2,))}

    def apply(self, params: Params, x: jax.Array) -> jax.Array:
        """Masks by the rows of `x`."""
        return self.apply_rows(params, x, fingerprints(x))

    def apply_rows(self, params: Params, x: jax.Array, ids: jax.Array) -> jax.Array:
        """Masks by the rows of the net's input."""
        base = seed_key(params["seed"])

        def mask(row: jax.Array) -> jax.Array:
            key = jax.random.fold_in(jax.random.fold_in(base, row[0]), row[1])
            return jax.random.bernoulli(key, np.float32(self.keep), x.shape[1:])

        return jnp.where(jax.vmap(mask)(ids), x / self.keep, 0.0)

    def propagate(self, state: State) -> State:
        """A unit's covariance with itself is divided by `keep`; masks of different units and rows are independent.

        Equal rows of two batches have cosine exactly 1 up to here, and `keep` behind.
        """
        state = state.closed(state.same)

        def own(cov: Cov) -> Cov:
            if state.layout != "pairs":
                return cov.map(lambda k: k / self.keep)
            positions = cov.nngp.shape[-state.n_positions :]
            equal = jnp.eye(np.prod(positions), dtype=cov.nngp.dtype).reshape(positions * 2)
            return cov.map(lambda k: k * (1.0 + (1.0 / self.keep - 1.0) * equal))

        return replace(state, left=own(state.left), right=own(state.right))

    def check(self, flow: Flow) -> Flow:
        """Units that are zero with positive probability are not Gaussian."""
        return replace(flow, gaussian=False)

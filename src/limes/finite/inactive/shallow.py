"""The two-layer network with thresholds of Yang et al. 2024 (arXiv 2301.00327)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.errors import InputError
from limes.core.types import Array

_BLOCK_BYTES = 1 << 25
_DRAWN = 1 << 14  # neurons at a time


@dataclass(frozen=True, eq=False)
class ShallowNet:
    """f(x) = m^(-1/2) sum_r a_r max(<w_r, x> - b_r, 0), with a fixed read-out.

    Attributes:
        weights: (m, d), w.
        thresholds: (m,), b.
        readout: (m, c), a, entries +1 or -1 unless others are given.
        trainable: whether the thresholds are trained beside the weights.

    Raises:
        InputError: for shapes that do not belong together, other types, or values that are not finite.

    Example:
        >>> net = ShallowNet.draw(inputs=3, width=1000, bias=1.0)
        >>> net.outputs(np.eye(3, dtype="float32")).shape, abs(net.outputs(np.eye(3, dtype="float32"))).max() < 1e-5
        ((3, 1), np.True_)
    """

    weights: np.ndarray
    thresholds: np.ndarray
    readout: np.ndarray
    trainable: bool = True

    def __post_init__(self) -> None:
        dtype = precision.float_dtype(self.weights, name="weights")
        for name, ndim in (("weights", 2), ("thresholds", 1), ("readout", 2)):
            value = np.ascontiguousarray(getattr(self, name), dtype)
            if value.ndim != ndim or not value.size or len(value) != len(self.weights):
                raise InputError(
                    f"{name} of shape {value.shape} do not go with weights of shape {np.shape(self.weights)}: weights "
                    "are (m, d), thresholds (m,), readout (m, c)"
                )
            precision.require_finite(value, name)
            object.__setattr__(self, name, value)

    @classmethod
    def draw(
        cls,
        inputs: int,
        width: int,
        bias: float = 0.0,
        outputs: int = 1,
        *,
        antisymmetric: bool = True,
        trainable: bool = True,
        dtype: Any = np.float32,
        key: int | Sequence[int] = 0,
    ) -> "ShallowNet":
        """A random one: standard normal weights, all thresholds at `bias`, signs as read-out.

        Args:
            inputs: d.
            width: m.
            bias: B; on inputs of norm 1 a share P(Z > B) of the neurons is active.
            outputs: c.
            antisymmetric: draw half of the neurons, and each once more with the other sign, so that f = 0 at the start.
            trainable: whether the thresholds are trained.
            dtype: float32 or float64.
            key: of the draw: one number, or several.

        Raises:
            InputError: for an odd width, where neurons come in pairs, or numbers that are no sizes.
        """
        if min(inputs, width, outputs) < 1:
            raise InputError(f"inputs, width and outputs must be at least 1, not {inputs}, {width} and {outputs}")
        if antisymmetric and width % 2:
            raise InputError(f"neurons come in pairs of opposite sign: width must be even, not {width}")
        rng = np.random.default_rng(key)
        drawn = width // 2 if antisymmetric else width
        w = np.empty((drawn, inputs), dtype)
        for i in range(0, drawn, _DRAWN):  # in float64 whatever the precision, so that the network is the same
            w[i : i + _DRAWN] = rng.standard_normal(w[i : i + _DRAWN].shape)
        a = rng.choice(np.array([-1.0, 1.0], w.dtype), (drawn, outputs))
        if antisymmetric:
            w, a = np.concatenate([w, w]), np.concatenate([a, -a])
        return cls(w, np.full(width, bias, w.dtype), a, trainable)

    @property
    def dtype(self) -> np.dtype:
        """Of weights and arithmetic."""
        return self.weights.dtype

    @property
    def scaled(self) -> np.ndarray:
        """(m, c) read-out with its factor m^(-1/2)."""
        return self.readout / np.asarray(math.sqrt(len(self.readout)), self.dtype)

    def with_weights(self, weights: np.ndarray, thresholds: np.ndarray) -> "ShallowNet":
        """The same read-out behind other weights."""
        return replace(self, weights=weights, thresholds=thresholds)

    def activations(self, x: Array) -> np.ndarray:
        """Share of the neurons that are active on each row: (n, d) -> (n,)."""
        return self._each(x, lambda z, rows: np.count_nonzero(z > 0, axis=1), np.int64)[:, 0] / len(self.weights)

    def outputs(self, x: Array) -> np.ndarray:
        """(n, d) -> (n, c), in blocks of neurons: 2 n m (d + c) flops."""
        scaled = self.scaled
        return self._each(x, lambda z, rows: np.maximum(z, 0) @ scaled[rows], np.float64).astype(self.dtype)

    def _each(self, x: Array, take: Any, dtype: Any) -> np.ndarray:
        x = rows_of(x, self)
        size = max(1, _BLOCK_BYTES // (len(x) * self.dtype.itemsize))
        total: Any = 0
        for i in range(0, len(self.weights), size):
            rows = slice(i, i + size)
            found = take(x @ self.weights[rows].T - self.thresholds[rows], rows)
            total = total + np.asarray(found, dtype).reshape(len(x), -1)
        return total

    @property
    def params(self) -> dict[str, np.ndarray]:
        """Weights and thresholds as `apply` takes them."""
        return {"w": self.weights, "b": self.thresholds}

    def apply(self, params: dict[str, Any], x: Any) -> jax.Array:
        """f as a JAX function of its weights: for attacks, linearisations and the tangent kernel.

        Thresholds that are not trained are constants to it.
        """
        b = params["b"] if self.trainable else jax.lax.stop_gradient(params["b"])
        return jnp.maximum(x.reshape(len(x), -1) @ params["w"].T - b, 0) @ self.scaled


def rows_of(x: Array, net: ShallowNet) -> np.ndarray:
    """Rows (n, d) in the precision of a network, flattened.

    Raises:
        InputError: for no rows, another number of features, or values that are not finite.
    """
    x = np.asarray(x)
    if x.ndim < 2 or not len(x):
        raise InputError(f"x of shape {x.shape} holds no rows: give an array (n, features)")
    x = np.ascontiguousarray(x.reshape(len(x), -1), net.dtype)
    if x.shape[1] != net.weights.shape[1]:
        raise InputError(f"x has {x.shape[1]} features, but the network takes {net.weights.shape[1]}")
    precision.require_finite(x, "x")
    return x

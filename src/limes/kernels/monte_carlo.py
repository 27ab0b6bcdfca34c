"""Kernels of random finite networks: an independent estimate of what the recursion computes."""

from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import keys, precision
from limes.core.errors import InputError
from limes.core.types import Array


class FiniteForm(Protocol):
    """What is needed of a net: random weights, and outputs."""

    def init(self, key: Any, input_shape: Any, width: int, outputs: int, dtype: Any) -> Any:
        """Random weights."""
        ...

    def apply(self, params: Any, x: Any) -> jax.Array:
        """Outputs (n, outputs)."""
        ...


@dataclass(frozen=True)
class MonteCarloKernel:
    """Mean and standard error over independent random networks of a finite width.

    The mean still has a bias of order 1 / width against the infinite-width kernel; doubling the width halves it.

    Attributes:
        nngp: (n1, n2), mean over networks and outputs of f(x1) f(x2).
        ntk: (n1, n2), mean over networks of the inner product of the gradients of one output.
        nngp_standard_error: (n1, n2).
        ntk_standard_error: (n1, n2).
        width: channels of the hidden layers.
        n_samples: number of networks.
        key: what the networks were drawn from.
    """

    nngp: np.ndarray
    ntk: np.ndarray
    nngp_standard_error: np.ndarray
    ntk_standard_error: np.ndarray
    width: int
    n_samples: int
    key: Any


def monte_carlo(
    net: FiniteForm,
    x1: Array,
    x2: Array | None = None,
    *,
    width: int = 512,
    n_samples: int = 64,
    key: keys.KeyLike = 0,
    outputs: int = 64,
) -> MonteCarloKernel:
    """Estimate NNGP and NTK of a net from random finite networks.

    Args:
        net: the architecture.
        x1: (n1, features...), float32 or float64.
        x2: (n2, features...); None stands for x1.
        width: channels of the hidden layers.
        n_samples: number of networks, at least 2.
        key: int or JAX key.
        outputs: outputs averaged for the NNGP; the NTK is that of the first one.

    Raises:
        InputError: for fewer than two networks.
        DtypeError: for integer input.

    Cost: n_samples times the gradients of n1 + n2 outputs, which are held at once: (n1 + n2) x weights numbers.

    Example:
        >>> import numpy as np, limes as lm
        >>> mc = monte_carlo(lm.nets.mlp(2), np.eye(2), width=64, n_samples=4)
        >>> mc.ntk.shape
        (2, 2)
    """
    if n_samples < 2:
        raise InputError(f"a standard error needs at least two networks, n_samples={n_samples}")
    dtype = precision.float_dtype(x1, x2)
    n1 = len(x1)
    with precision.scope(dtype):
        x = jnp.asarray(x1 if x2 is None else np.concatenate([x1, x2]), dtype)

        def first_output(params: Any, one: jax.Array) -> jax.Array:
            return net.apply(params, one[None])[0, 0]

        @jax.jit
        def sample(sample_key: jax.Array) -> tuple[jax.Array, jax.Array]:
            params = net.init(sample_key, x.shape[1:], width, outputs, dtype)
            f = net.apply(params, x)
            gradients = jax.vmap(jax.grad(first_output), (None, 0))(params, x)
            flat = [g.reshape(len(x), -1) for g in jax.tree.leaves(gradients)]
            ntk = sum(jnp.matmul(g, g.T, precision="highest") for g in flat)
            return jnp.matmul(f, f.T, precision="highest") / outputs, jnp.asarray(ntk)

        sums = [np.zeros((len(x), len(x))) for _ in range(4)]
        for sample_key in jax.random.split(keys.as_key(key), n_samples):
            for i, value in enumerate(sample(sample_key)):
                value = np.asarray(value, np.float64)
                sums[2 * i] += value
                sums[2 * i + 1] += value**2
    rows, columns = slice(0, n1), slice(0, n1) if x2 is None else slice(n1, None)
    results = []
    for i in range(2):
        mean = sums[2 * i] / n_samples
        variance = np.maximum(sums[2 * i + 1] / n_samples - mean**2, 0) * n_samples / (n_samples - 1)
        results += [mean[rows, columns], np.sqrt(variance / n_samples)[rows, columns]]
    return MonteCarloKernel(results[0], results[2], results[1], results[3], width, n_samples, keys.describe(key))

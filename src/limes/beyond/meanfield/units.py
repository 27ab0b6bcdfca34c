"""Units of shallow models: functions of an input (p,) and a parameter (d,) to an output (q,).

Any function that JAX can differentiate is one. A shallow model is the mean of a unit over particles, or over a law.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

Unit = Callable[[Array, Array], Array]
"""unit(x, z): (p,), (d,) -> (q,)."""


def sigmoid_unit(x: Array, z: Array) -> Array:
    """sigmoid(z x) coordinate by coordinate, z a matrix (q, p) row by row.

    Equivariant where the group permutes the outputs' coordinates; not under rotations.
    """
    return jax.nn.sigmoid(z.reshape(-1, x.shape[0]) @ x)


def radial_unit(x: Array, z: Array) -> Array:
    """z x tanh(|z x|) / |z x|, z a matrix (q, p) row by row: equivariant under all orthogonal groups.

    The nonlinearity acts on the norm. It is analytic: tanh(r) / r is a series in r^2.
    """
    h = z.reshape(-1, x.shape[0]) @ x
    square = jnp.sum(h * h)
    small = square < 1e-8
    r = jnp.sqrt(jnp.where(small, 1.0, square))
    return h * jnp.where(small, 1 - square / 3, jnp.tanh(r) / r)


def two_layer_unit(x: Array, z: Array) -> Array:
    """z_2 sigmoid(z_1 x), z = (z_1, z_2) two square matrices row by row: a small network as one unit."""
    p = x.shape[0]
    first, second = z.reshape(2, p, p)
    return second @ jax.nn.sigmoid(first @ x)


def neuron_unit(x: Array, z: Array) -> Array:
    """a relu(w . x), z = (w, a) with w (p,) and a (q,): a ReLU neuron."""
    p = x.shape[0]
    return z[p:] * jax.nn.relu(z[:p] @ x)

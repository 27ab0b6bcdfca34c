"""Shallow models, the mean of a unit over particles, and their averages over a group."""

from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from limes.beyond.meanfield.action import Action
from limes.beyond.meanfield.units import Unit
from limes.core.errors import InputError


def shallow(unit: Unit, particles: Array, x: Array) -> Array:
    """(1/N) sum_i unit(x, z_i): inputs (n, p), particles (N, d) -> (n, q); for use inside of JAX."""
    return jax.vmap(lambda point: jnp.mean(jax.vmap(unit, (None, 0))(point, particles), 0))(x)


def outputs(unit: Unit, particles: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What shallow models say, in float64.

    Args:
        unit: of the model.
        particles: (..., N, d), one model for each leading index.
        x: (n, p).

    Returns:
        (..., n, q).

    Raises:
        InputError: for arrays of other shapes, or a unit that does not take them.

    Cost: n N units a model.

    Example:
        >>> from limes.beyond.meanfield import sigmoid_unit
        >>> outputs(sigmoid_unit, np.zeros((5, 4)), np.ones((3, 2))).tolist()
        [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    """
    particles, x = np.asarray(particles, float), np.asarray(x, float)
    if particles.ndim < 2 or x.ndim != 2:
        raise InputError(f"particles (..., N, d) and inputs (n, p) are needed, not {particles.shape} and {x.shape}")
    try:
        jax.eval_shape(unit, *(jax.ShapeDtypeStruct(a.shape[-1:], float) for a in (x, particles)))
    except (TypeError, ValueError) as error:
        raise InputError(f"the unit takes no inputs {x.shape} with particles {particles.shape}: {error}") from error
    with jax.enable_x64(True):
        found = np.asarray(_outputs(unit, particles.reshape(-1, *particles.shape[-2:]), x))
    return found.reshape(*particles.shape[:-2], *found.shape[1:])


@partial(jax.jit, static_argnums=0)
def _outputs(unit: Unit, particles: Array, x: Array) -> Array:
    return jax.vmap(partial(shallow, unit), (0, None))(particles, x)


@lru_cache(maxsize=32)
def averaged(unit: Unit, action: Action) -> Unit:
    """Feature averaging as a unit: Q_G unit(x, z) = mean over g of rho_hat_g^-1 unit(rho_g x, z).

    Its models are equivariant whatever the particles. For a jointly equivariant unit the model of particles is that of
    their orbit: Q_G Phi_mu = Phi_{mu^G}. The same arguments give the same function, so that it is compiled once.

    Cost: k units.
    """
    rho, back = action.inputs.matrices, np.swapaxes(action.outputs.matrices, 1, 2)
    return lambda x, z: mean_over_group(unit, jnp.asarray(rho, x.dtype), jnp.asarray(back, x.dtype), x, z)


def mean_over_group(unit: Unit, rho: Array, back: Array, x: Array, z: Array) -> Array:
    """The same with the matrices of rho (k, p, p) and rho_hat^-1 (k, q, q) as arguments."""
    values = jax.vmap(unit, (0, None))(rho @ x, z)
    return jnp.einsum("gab,gb->a", back, values) / rho.shape[0]

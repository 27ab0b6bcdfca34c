"""NTK-vector products: each column of the kernel is a derivative along a gradient, so that no Jacobian is ever held.

Column (x', b) is the derivative of the network at x1 along the gradient of output b at x': one pass backward at x', one
pass forward at all of x1. Memory is that of a few gradients. The full kernel costs no more than its trace.

Reference: Novak, Sohl-Dickstein & Schoenholz 2022 (arXiv 2206.08720), section 3.2.
"""

import jax
import jax.numpy as jnp

from limes.finite.modes import Mode
from limes.finite.network import Leaves, Network


def contract(network: Network, mode: Mode, weights: Leaves, others: Leaves, x1: jax.Array, x2: jax.Array) -> jax.Array:
    """The kernel between two batches: (n1, n2), or (n1, n2, r, r)."""
    _, push = jax.linearize(lambda w: network(w, others, x1), weights)
    basis = mode.basis(weights[0].dtype)

    def columns(example: jax.Array) -> jax.Array:
        out, pull = jax.vjp(lambda w: network(w, others, example[None])[0], weights)

        def along(cotangent: jax.Array) -> jax.Array:
            return push(pull(cotangent)[0])

        every = jax.vmap(along)(basis.astype(out.dtype))  # (r, n1, c)
        if mode.full:
            return every
        return every[0, :, mode.output] if mode.output is not None else jnp.trace(every, axis1=0, axis2=2)

    found = jax.lax.map(columns, x2)
    return mode.finish(found.transpose(2, 0, 3, 1) if mode.full else found.T)

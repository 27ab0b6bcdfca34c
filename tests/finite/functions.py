"""Small functions of JAX with every way of using weights, and their NTK by the definition."""

import jax
import jax.numpy as jnp
import numpy as np


def naive_ntk(apply, params, x1, x2):
    """(n1, n2, c, c): inner products of Jacobians of one example after the other, in float64."""

    derivative = jax.jit(lambda one: jax.jacobian(lambda p: apply(p, one[None])[0], allow_int=True)(params))

    def jacobian(one):
        leaves = [np.asarray(j) for j in jax.tree.leaves(derivative(one)) if j.dtype == np.float64]
        return np.concatenate([j.reshape(len(j), -1) for j in leaves], axis=1)

    with jax.enable_x64(True):
        first, second = (np.stack([jacobian(jnp.asarray(one)) for one in x]) for x in (x1, x2))
    return np.einsum("iap,jbp->ijab", first, second)


def dense(params, x):
    """Weights on either side of a product, scaled, transposed, frozen, tied, masked; jit and rules inside."""
    x = x.reshape(len(x), -1)
    h = jax.nn.relu(x @ (params["right"] * 0.5) + params["bias"])
    h = jax.jit(lambda w, h: jnp.tanh((w / jnp.sqrt(3.0) @ h.T).T))(params["left"], h)
    h = jnp.sin(h @ params["transposed"].T) + h @ params["tied"]
    h = h @ params["tied"] + h @ jax.lax.stop_gradient(params["frozen"])
    h = h @ jnp.where(params["mask"] > 0, params["masked"], 0.0)
    return h @ (params["scale"] * params["out"]) + params["unused"].sum() * 0


def dense_params(rng):
    shapes = {"right": (6, 5), "left": (4, 5), "transposed": (4, 4), "tied": (4, 4), "frozen": (4, 4), "masked": (4, 4)}
    params = {name: rng.standard_normal(shape) for name, shape in (shapes | {"out": (4, 3), "bias": (5,)}).items()}
    return params | {"mask": rng.integers(0, 2, (4, 4)), "unused": np.ones(2), "scale": np.array(1.5)}


def convolutional(params, x):
    """Strides, dilation, uneven padding, channels first in the second layer, groups in the third; a dense head."""
    numbers = ("NHWC", "HWIO", "NHWC")
    h = jax.lax.conv_general_dilated(x, params["first"], (2, 1), [(1, 0), (2, 1)], dimension_numbers=numbers)
    h = jnp.tanh(h + params["bias"]).transpose(0, 3, 1, 2)
    options = {"rhs_dilation": (1, 2), "dimension_numbers": ("NCHW", "OIHW", "NCHW")}
    h = jax.nn.gelu(jax.lax.conv_general_dilated(h, params["second"], (1, 1), "SAME", **options))
    h = jax.lax.conv_general_dilated(h, params["grouped"], (1, 1), "VALID", feature_group_count=2)
    return h.mean((2, 3)) @ params["out"]


def convolutional_params(rng):
    shapes = {"first": (3, 2, 2, 3), "bias": (3,), "second": (4, 3, 2, 3), "grouped": (2, 2, 1, 2), "out": (2, 3)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def recurrent(params, x):
    """A loop over time that uses one weight at every step."""

    def step(h, x_t):
        return jnp.tanh(h @ params["inner"] + x_t @ params["input"]), None

    h, _ = jax.lax.scan(step, jnp.zeros((len(x), 4), x.dtype), x.swapaxes(0, 1))
    return h @ params["out"]


def recurrent_params(rng):
    return {
        name: rng.standard_normal(shape) for name, shape in {"inner": (4, 4), "input": (2, 4), "out": (4, 3)}.items()
    }

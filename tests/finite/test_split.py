"""Derivatives that one row holds for all outputs: where they are found, and that the kernel stays the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.finite import functions

import limes as lm
from limes.finite import derivatives, modes
from limes.finite.network import weighted

SHAPES = {"dense": (6,), "images": (4, 3, 2)}


def dense_tail(activation):
    """Two non-linear layers and a read-out: one row for the second layer, its bias and the read-out, not the first."""

    def apply(params, x):
        h = activation(x @ params["a"] + params["bias a"])
        h = activation(h @ params["b"] / 2 + params["bias b"])
        return h @ params["c"] + params["bias c"]

    return apply


def leaky(t):
    return jnp.where(t > 0, 2 * t, -0.5 * t) * 3


def sides(t):
    return 2 * jnp.maximum(t, 0.0) + 0.5 * jnp.minimum(t, 0.0)


DENSE = {"a": (6, 5), "bias a": (5,), "b": (5, 4), "bias b": (4,), "c": (4, 3), "bias c": (3,)}


def residual(params, x):
    """Everything behind the last non-linearity is linear, however deep."""
    h = jnp.tanh(x @ params["a"])
    h = h + jax.nn.relu(h @ params["b"]) @ params["c"]
    return -(h @ params["d"])


def gated(params, x):
    """The other factor of a product is the example's as well; two paths with different parts for the outputs."""
    gate = jax.nn.sigmoid(x @ params["a"])
    h = gate * (x @ params["b"])
    return h @ params["c"] + jnp.sin(h) @ params["d"]


def pooled(params, x):
    """Behind a mean over positions the part of the outputs is the same at all of them."""
    h = jnp.tanh(convolved(x, params["a"]))
    return jax.nn.relu(convolved(h, params["b"])).mean((1, 2)) @ params["c"]


def flattened(params, x):
    """A read-out of its own for each position: not the same."""
    h = jax.nn.relu(convolved(x, params["b"]) + params["bias"])
    return h.reshape(len(x), -1) @ params["c"]


def convolved(x, w):
    return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


CASES = {
    **{
        f"{a.__name__}, dense": (dense_tail(a), "dense", DENSE, {"b", "c", "bias b", "bias c"})
        for a in (jax.nn.relu, jax.nn.gelu, jnp.abs, leaky, sides)
    },
    "residual": (residual, "dense", {"a": (6, 4), "b": (4, 5), "c": (5, 4), "d": (4, 3)}, {"b", "c", "d"}),
    "gated": (gated, "dense", {"a": (6, 4), "b": (6, 4), "c": (4, 3), "d": (4, 3)}, {"c", "d"}),
    "pooled": (pooled, "images", {"a": (3, 3, 2, 4), "b": (2, 2, 4, 3), "c": (3, 5)}, {"b", "c"}),
    "flattened": (flattened, "images", {"b": (2, 2, 2, 3), "bias": (4, 3, 3), "c": (36, 5)}, {"bias", "c"}),
}


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize("name", CASES)
def test_one_row_stands_for_all_outputs_where_it_may(name):
    apply, kind, shapes, merged = CASES[name]
    rng = np.random.default_rng(0)
    params = {key: rng.standard_normal(shape) for key, shape in shapes.items()}
    x1, x2 = rng.standard_normal((5, *SHAPES[kind])), rng.standard_normal((3, *SHAPES[kind]))
    exact = functions.naive_ntk(apply, params, x1, x2)
    for trace, tile in ((True, 2), (True, 5), (False, 2)):
        expected = exact.trace(axis1=2, axis2=3) / exact.shape[-1] if trace else exact
        found = lm.finite.empirical_ntk(apply, params, x1, x2, trace, method="structured", tile=tile)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    one_row, names = {}, sorted(params)
    with jax.enable_x64(True):
        network = weighted(apply, params, x1)
        for trace in (True, False):
            mode = modes.parse(network.network.outputs, trace, None)
            weights = [params[key] for key in names]
            how = derivatives.backward(network.network, mode, True, weights, [], jnp.asarray(x1[0]))
            leaves = [*(factor.leaf for factor in how.factors), *how.loose]
            one_row[trace] = {names[leaf] for leaf, split in zip(leaves, how.splits, strict=True) if split is not None}
    assert one_row == {True: merged, False: set()}


def test_what_one_row_holds_is_counted_once():
    """A read-out layer costs bytes and products of one row: ten outputs cost less than ten times one."""
    x = np.random.default_rng(0).standard_normal((64, 20)).astype("float32")
    net = lm.nets.mlp(2)
    flops = {}
    for outputs in (1, 10):
        params = net.init(0, (20,), width=128, outputs=outputs)
        flops[outputs] = lm.finite.plan(net.apply, params, x, x, method="structured").flops["structured"]
    assert flops[10] < 8 * flops[1]

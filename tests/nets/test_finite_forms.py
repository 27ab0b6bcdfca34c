"""Random finite networks: shapes, precision, and agreement of `init` with `apply`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.core.errors import DtypeError, NetError
from limes.nets.windows import PADDINGS, pads


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("axes", [((7, 3, 1),), ((5, 2, 3),), ((6, 4, 2), (5, 3, 3)), ((4, 1, 2), (3, 3, 1))])
def test_conv_gives_the_shape_that_init_announces(axes, padding):
    sizes, kernel, strides = zip(*axes, strict=True)
    layer = nets.Conv(kernel, strides, padding, b_std=0.1)
    announced = []

    def init_and_apply(key, x):
        shape, params = layer.init(key, x.shape[1:], 3)
        announced.extend(shape)
        return layer.apply(params, x)

    y = jax.eval_shape(init_and_apply, jax.random.key(0), jnp.ones((4, *sizes, 2)))
    assert y.shape == (4, *announced)
    expected = [(n - k) // s + 1 if padding == "VALID" else -(-n // s) for n, k, s in axes]
    assert announced == [*expected, 3]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("window", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [1, 4, 5, 7])
def test_same_padding_is_that_of_xla(size, window, stride):
    assert pads(size, window, stride, "SAME") == jax.lax.padtype_to_pads((size,), (window,), (stride,), "SAME")[0]
    assert pads(size, window, stride, "CIRCULAR") == pads(size, window, stride, "SAME")


def test_circular_convolution_commutes_with_rolling():
    strides = (2, 1)
    layer = nets.Conv((3, 2), strides, "CIRCULAR")
    x = jax.random.normal(jax.random.key(1), (2, 4, 5, 3))
    _, params = layer.init(jax.random.key(2), x.shape[1:], 4)
    rolled = layer.apply(params, jnp.roll(x, strides, axis=(1, 2)))
    np.testing.assert_allclose(rolled, jnp.roll(layer.apply(params, x), 1, axis=(1, 2)), atol=1e-5)


def test_convolution_by_hand():
    layer = nets.Conv((2,), (2,), "SAME", w_std=3.0, b_std=0.5)
    x = np.arange(1.0, 6.0, dtype=np.float32).reshape(1, 5, 1)
    params = {"w": jnp.array([[[1.0]], [[10.0]]]), "b": jnp.array([2.0])}
    expected = 3 / np.sqrt(2) * np.array([1 + 20, 3 + 40, 5 + 0]) + 0.5 * 2
    np.testing.assert_allclose(layer.apply(params, jnp.asarray(x))[0, :, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (nets.mlp(2, b_std=0.1), (2, 3)),
        (nets.cnn(1, "gap", kernel=(3,), b_std=0.1), (4, 2)),
    ],
    ids=["mlp", "gap"],
)
def test_outputs_in_the_precision_of_the_weights(net, shape, dtype):
    params = net.init(3, shape, width=5, outputs=4, dtype=dtype)
    assert {str(p.dtype) for p in jax.tree.leaves(params)} == {dtype}
    x = np.random.default_rng(0).standard_normal((6, *shape)).astype(dtype)
    y = net.apply(params, x)
    assert y.shape == (6, 4)
    assert y.dtype == dtype
    assert not jax.config.jax_enable_x64


def test_float64_weights_hold_all_their_digits():
    w = np.asarray(nets.mlp(1).init(0, (3,), outputs=5, dtype="float64")[0]["w"])
    assert np.any(w != w.astype(np.float32))


def test_same_key_same_weights():
    net = nets.mlp(2)
    by_int, by_key, other = (net.init(key, (3,), width=4)[0]["w"] for key in (5, jax.random.key(5), 6))
    np.testing.assert_array_equal(by_int, by_key)
    assert not np.array_equal(by_int, other)


def test_biases_only_where_they_have_a_size():
    assert set(nets.mlp(1).init(0, (3,))[0]) == {"w"}
    assert set(nets.mlp(1, b_std=0.1).init(0, (3,))[0]) == {"w", "b"}


def test_net_without_weights_takes_the_precision_of_its_input():
    net = nets.serial(nets.Flatten())
    assert net.apply(net.init(0, (2, 2)), np.ones((3, 2, 2))).dtype == np.float64
    with pytest.raises(DtypeError, match="int64"):
        net.apply(net.init(0, (2, 2)), np.ones((3, 2, 2), np.int64))


def test_shapes_that_do_not_fit():
    with pytest.raises(NetError, match=r"conv with kernel \(3, 3\) needs inputs \(n, height, width, channels\)"):
        nets.cnn(1).init(0, (8, 2))
    net = nets.cnn(1, kernel=(3,))
    params = net.init(0, (6, 2), width=4)
    with pytest.raises(NetError, match=r"not \(3, 12\)"):
        net.apply(params, np.ones((3, 12), np.float32))


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (nets.cnn(2), (4, 4, 1)),
        (nets.serial(nets.Recurrent(), nets.Dense()), (3, 2)),
        (nets.serial(nets.ConvLocal((3, 3)), nets.SelfAttention(), nets.GlobalAvgPool(), nets.Dense()), (3, 3, 2)),
    ],
)
def test_no_product_is_rounded_on_a_gpu(net, shape):
    """Forward and backward: JAX's default there is ten bits for the factors of float32 products."""
    params = net.init(0, shape, 8)

    def slope(weights, x):
        return jax.grad(lambda w, x: net.apply(w, x).sum(), argnums=(0, 1), allow_int=True)(weights, x)

    text = str(jax.make_jaxpr(slope)(params, jnp.ones((2, *shape))))
    products = text.count("dot_general[") + text.count("conv_general_dilated[")
    assert products
    assert text.count("Precision.HIGHEST") == 2 * products

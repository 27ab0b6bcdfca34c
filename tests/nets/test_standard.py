"""The standard parametrisation of a width: the same functions, other gradients."""

import jax
import numpy as np
import pytest

from limes import nets
from limes.core.errors import NetError
from limes.finite import empirical_ntk


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (nets.mlp(3, b_std=0.3), (5,)),
        (nets.cnn(2, head="gap"), (4, 4, 3)),
        (nets.serial(nets.Dense(), nets.Residual((nets.Relu(), nets.Dense(1.2)), (nets.Dense(),)), nets.Dense()), (5,)),
    ],
)
def test_functions_are_those_of_plain_weights(net, shape):
    width = 7
    plain = nets.standard(net, shape, width)
    params = net.init(3, shape, width=width, outputs=2, dtype="float64")
    drawn = plain.init(3, shape, width=width, outputs=2, dtype="float64")
    assert jax.tree.structure(params) == jax.tree.structure(drawn)
    x = np.random.default_rng(0).normal(size=(4, *shape))
    with jax.enable_x64(True):
        np.testing.assert_allclose(plain.apply(drawn, x), net.apply(params, x), rtol=1e-5, atol=1e-6)
        weight, before = drawn[0]["w"], params[0]["w"]
        np.testing.assert_allclose(
            weight, np.asarray(before) * net.layers[0].w_std / np.prod(before.shape[:-1]) ** 0.5, rtol=1e-6
        )


def test_gradients_are_larger_by_the_fan_in():
    """Of a linear net, W x: the kernel is x.z and not w_std^2 x.z / d."""
    net, x = nets.mlp(1, w_std=1.5), np.random.default_rng(0).normal(size=(4, 5))
    plain = nets.standard(net, (5,), 9)
    found = empirical_ntk(plain.apply, plain.init(0, (5,), width=9, outputs=1, dtype="float64"), x)
    np.testing.assert_allclose(found, x @ x.T, rtol=1e-10)


def test_layers_without_it_are_refused():
    with pytest.raises(NetError, match="self_attention has weights, but no standard parametrisation"):
        nets.standard(nets.serial(nets.SelfAttention(), nets.Flatten(), nets.Dense()), (4, 3), 8)

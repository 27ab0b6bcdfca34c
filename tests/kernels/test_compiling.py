"""Nets of arithmetic layers are compiled for full vector registers: the result must be that of XLA's own choice."""

import jax
import numpy as np
import pytest

from limes import nets
from limes.core import precision
from limes.kernels.block import block
from limes.nets.layer import Layer

ARITHMETIC = ["conv", "conv_local", "dense", "erf", "gelu", "relu", "abs", "leaky_relu", "sign", "flatten"]
ARITHMETIC += ["global_avg_pool", "global_sum_pool", "avg_pool", "sum_pool", "layer_norm"]
DENSE = {"layer": "dense", "w_std": 1.4, "b_std": 0.1}
CONV = {"layer": "conv", "kernel": [3, 3], "w_std": 1.4, "b_std": 0.1}
PLAIN = [DENSE, {"layer": "erf"}, DENSE, {"layer": "relu"}, DENSE, {"layer": "gelu"}, DENSE, {"layer": "abs"}, DENSE]
PLAIN += [{"layer": "sign"}, DENSE]
SPATIAL = [CONV, {"layer": "erf"}, CONV | {"layer": "conv_local"}, {"layer": "gelu"}]
SPATIAL += [{"layer": "avg_pool", "window": [2, 2]}, CONV, {"layer": "layer_norm"}, CONV, {"layer": "leaky_relu"}]


def test_which_layers_are():
    ours = {n: layer for n, layer in Layer.registry.items() if layer.__module__.startswith("limes.")}  # not a test's
    assert sorted(name for name, layer in ours.items() if layer.arithmetic is True) == sorted(ARITHMETIC)
    assert nets.resnet(1).arithmetic
    assert not nets.mlp(2, "sin").arithmetic


@pytest.mark.parametrize(
    ("head", "dtype"),
    [(None, np.float32), (None, np.float64), ("flatten", np.float64), ("global_avg_pool", np.float32)],
)
def test_the_compiled_kernel_is_that_of_narrow_vectors(head, dtype):
    layers = PLAIN if head is None else [*SPATIAL, {"layer": head}, DENSE]
    net = nets.from_spec(layers)
    assert net.arithmetic
    x = np.random.default_rng(0).normal(size=(8, 8) if head is None else (8, 8, 8, 2)).astype(dtype)
    found = net.kernel(x, tile=8)
    with precision.scope(x.dtype):
        nngp, ntk = jax.jit(lambda x: block(net, ("nngp", "ntk"), x, x))(x)
    np.testing.assert_allclose(found.nngp, nngp, rtol=50 * np.finfo(dtype).eps)
    np.testing.assert_allclose(found.ntk, ntk, rtol=50 * np.finfo(dtype).eps)

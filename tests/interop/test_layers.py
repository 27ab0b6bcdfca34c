"""Layers of torch and Flax modules for norm bounds, against the same weights given as arrays."""

import numpy as np
import pytest

from limes.core.errors import InputError
from limes.interop.torch import layers as torch_layers
from limes.measure import DataNorms, norm_bounds, tree_layers, weight_layers

DATA = DataNorms(1000, 300.0, 5000.0, 4.0)
NAMES = ("rho", "sparse", "complete", "golowich", "long_sedghi", "graf", "ledent")


def same(first, second):
    for name in NAMES:
        assert getattr(first, name) == pytest.approx(getattr(second, name), rel=1e-5), name


def test_a_torch_module_is_its_weights():
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'limes[torch]'")
    nn = torch.nn
    conv, local = nn.Conv2d(1, 3, 2, bias=False), nn.Conv2d(3, 4, (2, 1), stride=2)
    last = nn.Linear(4 * 2 * 3, 5)
    module = nn.Sequential(nn.Sequential(conv, nn.ReLU()), local, nn.ReLU(), nn.Flatten(), last)
    found = torch_layers(module, (1, 6, 6))
    arrays = [np.moveaxis(c.weight.detach().numpy(), (0, 1), (-1, -2)) for c in (conv, local)]
    dense = last.weight.detach().numpy().reshape(5, 4, 2, 3).transpose(2, 3, 1, 0).reshape(24, 5)
    expected = weight_layers([*arrays, dense], (6, 6, 1), strides=(1, 2))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-6)
        assert (one.window, one.positions) == (other.window, other.positions)
    same(norm_bounds(found, DATA), norm_bounds(expected, DATA))
    assert [layer.bias for layer in found] == [False, True, True]
    for wrong in (nn.BatchNorm2d(3), nn.Tanh(), nn.MaxPool2d(2)):
        with pytest.raises(InputError, match="not covered by the theorem"):
            torch_layers(nn.Sequential(nn.Conv2d(1, 3, 2), wrong, nn.Flatten(), nn.LazyLinear(2)), (1, 6, 6))
    with pytest.raises(InputError, match="does not take an input of shape"):
        torch_layers(module, (1, 7, 9))
    with pytest.raises(InputError, match="groups or dilation"):
        torch_layers(nn.Sequential(nn.Conv2d(1, 3, 2, dilation=2), nn.Flatten(), nn.Linear(48, 2)), (1, 6, 6))


def test_flax_modules_are_their_weights():
    nnx = pytest.importorskip("flax.nnx", reason="needs Flax: pip install 'limes[flax]'")
    linen = pytest.importorskip("flax.linen", reason="needs Flax: pip install 'limes[flax]'")
    import jax

    class Small(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.relu(linen.Conv(3, (2, 2), padding="VALID", use_bias=False)(x))
            x = linen.relu(linen.Conv(4, (2, 2), padding="VALID")(x))
            return linen.Dense(5)(x.reshape(len(x), -1))

    params = Small().init(jax.random.key(0), np.zeros((1, 6, 6, 1)))["params"]
    arrays = [np.asarray(params[name]["kernel"]) for name in ("Conv_0", "Conv_1", "Dense_0")]
    same(norm_bounds(tree_layers(params, (6, 6, 1)), DATA), norm_bounds(weight_layers(arrays, (6, 6, 1)), DATA))

    class Dense(nnx.Module):
        def __init__(self):
            self.layers = nnx.List([nnx.Linear(4, 7, rngs=nnx.Rngs(0)), nnx.Linear(7, 3, rngs=nnx.Rngs(1))])

    module = Dense()
    arrays = [np.asarray(layer.kernel[...]) for layer in module.layers]
    found = tree_layers(nnx.state(module, nnx.Param), (4,))
    same(norm_bounds(found, DATA), norm_bounds(weight_layers(arrays, (4,)), DATA))

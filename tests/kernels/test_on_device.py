"""What runs on a GPU only, tried on the processor: tiles that stay on the device, one recursion for two kernels."""

import jax
import numpy as np
import pytest

from limes import nets
from limes.core.errors import MemoryRefused
from limes.kernels import tiles


@pytest.fixture
def as_on_gpu(monkeypatch):
    monkeypatch.setattr(tiles, "on_gpu", lambda: True)
    monkeypatch.setattr(tiles, "device_bytes", lambda: 1 << 30)


@pytest.mark.parametrize("tile", [None, 4])
def test_tiles_that_stay_on_the_device(as_on_gpu, tile):
    net, rng = nets.mlp(3), np.random.default_rng(0)
    x, y = rng.normal(size=(9, 3)), rng.normal(size=(6, 3))
    y[0] = x[4]
    whole, cross = net.kernel(x), net.kernel(x, y)
    with jax.enable_x64(True):
        found = net.kernel(jax.numpy.asarray(x), tile=tile)
        between = net.kernel(jax.numpy.asarray(x), jax.numpy.asarray(y), tile=tile)
    for name in ("nngp", "ntk"):
        values = getattr(found, name)
        assert isinstance(values, jax.Array)
        np.testing.assert_allclose(values, getattr(whole, name), rtol=1e-12)
        np.testing.assert_array_equal(values, values.T)
        np.testing.assert_allclose(getattr(between, name), getattr(cross, name), rtol=1e-12)


def test_no_rows_keep_their_precision(as_on_gpu):
    assert nets.mlp(2).kernel(jax.numpy.ones((0, 3), np.float32)).ntk.dtype == np.float32
    with jax.enable_x64(True):
        assert nets.mlp(2).kernel(jax.numpy.ones((0, 3), np.float64)).ntk.dtype == np.float64


def test_memory_of_the_device_is_checked(as_on_gpu, monkeypatch):
    monkeypatch.setattr(tiles, "device_bytes", lambda: 1000)
    with pytest.raises(MemoryRefused, match="on the GPU"):
        nets.mlp(2).kernel(jax.numpy.ones((20, 3)))

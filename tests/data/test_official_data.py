"""The official files themselves, where the machine has them."""

import os

import numpy as np
import pytest

from limes.data import load

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not os.environ.get("LIMES_DATA"), reason="$LIMES_DATA is not set: no official data files"),
]


def test_mnist():
    data = load("mnist")
    assert (data.x.shape, data.x_test.shape) == ((60000, 28, 28, 1), (10000, 28, 28, 1))
    assert data.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert abs(data.x.mean(dtype=np.float64) - 0.1307) < 5e-5  # the mean that is published with the data


def test_cifar10():
    data = load("cifar10")
    assert (data.x.shape, data.x_test.shape) == ((50000, 32, 32, 3), (10000, 32, 32, 3))
    assert np.bincount(data.y).tolist() == [5000] * 10
    means = data.x[::10].mean(axis=(0, 1, 2), dtype=np.float64)
    np.testing.assert_allclose(means, [0.4914, 0.4822, 0.4465], atol=0.01)


def test_a_series_and_a_table():
    coffee = load("ucr/Coffee")
    assert (coffee.x.shape, coffee.x_test.shape, coffee.n_classes) == ((28, 286, 1), (28, 286, 1), 2)
    abalone = load("uci/abalone")
    assert (abalone.x.shape, abalone.n_classes, abalone.scale) == ((4177, 8), 3, "standard")

"""Convolutional kernels against loops over pairs of positions."""

import numpy as np
import pytest

from limes import nets
from oracles.naive_conv import naive_kernel

RELU, ERF, FLATTEN, GAP = ({"layer": name} for name in ("relu", "erf", "flatten", "global_avg_pool"))
SUM, NORM = {"layer": "global_sum_pool"}, {"layer": "layer_norm", "eps": 0.3}
DENSE = {"layer": "dense", "w_std": 1.3, "b_std": 0.2}


def _conv(kernel, strides=None, padding="SAME", **other):
    return {"layer": "conv", "kernel": kernel, "strides": strides, "padding": padding, "w_std": 1.4, **other}


def _pool(kind, window, strides, padding="VALID"):
    return {"layer": f"{kind}_pool", "window": window, "strides": strides, "padding": padding}


CASES = {
    "series-pool-same-flatten": ((5, 2), [_conv([3]), RELU, _pool("avg", [3], [2], "SAME"), FLATTEN, DENSE]),
    "series-pool-then-conv": ((6, 2), [_conv([3]), RELU, _pool("sum", [2], [2]), _conv([2]), ERF, FLATTEN, DENSE]),
    "image-pool-circular-sum": ((4, 3, 2), [_conv([2, 2]), RELU, _pool("avg", [2, 3], [1, 2], "CIRCULAR"), SUM, DENSE]),
    "pool-of-inputs": ((4, 2), [_pool("sum", [3], [1]), _conv([2]), NORM, RELU, GAP, DENSE]),
    "layer-norm-flatten": ((4, 2), [_conv([3]), NORM, RELU, FLATTEN, DENSE]),
    "series-same-stride-gap": ((7, 2), [_conv([3], [2]), RELU, _conv([2], b_std=0.1), RELU, GAP, DENSE]),
    "series-circular-even-flatten": ((5, 3), [_conv([4], [1], "CIRCULAR", b_std=0.3), ERF, FLATTEN, DENSE]),
    "series-valid-stride-beyond-window": ((9, 1), [_conv([2], [3], "VALID"), RELU, GAP, DENSE]),
    "series-window-beyond-axis": ((3, 2), [_conv([5], [1], "SAME"), RELU, FLATTEN, DENSE]),
    "image-same-odd-flatten": ((5, 3, 2), [_conv([3, 2], [2, 1]), RELU, _conv([2, 3]), RELU, FLATTEN, DENSE]),
    "image-circular-gap": ((4, 3, 1), [_conv([2, 3], [1, 2], "CIRCULAR"), ERF, _conv([3, 1]), RELU, GAP, DENSE]),
    "image-valid-gap-two-dense": ((3, 4, 2), [_conv([3, 2], [1, 1], "VALID"), RELU, GAP, DENSE, RELU, DENSE]),
    "image-one-by-one-stride": ((4, 4, 2), [_conv([1, 1], [2, 3]), RELU, FLATTEN, DENSE]),
    "image-linear": ((3, 3, 5), [_conv([3, 3], None, "SAME"), FLATTEN, DENSE]),
    "dense-on-channels": ((4, 2), [DENSE, RELU, _conv([3]), RELU, FLATTEN, DENSE]),
    "dense-on-channels-gap": ((4, 2), [DENSE, ERF, _conv([3]), RELU, GAP]),
}


@pytest.mark.parametrize("name", CASES)
def test_matches_loops_over_positions(name):
    shape, spec = CASES[name]
    rng = np.random.default_rng(1)
    x1 = rng.standard_normal((2, *shape))
    x2 = np.stack([x1[1], rng.standard_normal(shape)])
    k = nets.from_spec(spec).kernel(x1, x2)
    nngp, ntk = naive_kernel(spec, x1, x2)
    np.testing.assert_allclose(k.nngp, nngp, rtol=1e-12)
    np.testing.assert_allclose(k.ntk, ntk, rtol=1e-12)


def test_flatten_of_vectors_changes_nothing():
    x = np.random.default_rng(2).standard_normal((3, 5))
    plain = nets.serial(nets.Dense(1.2), nets.Relu(), nets.Dense())
    with_flatten = nets.serial(nets.Flatten(), nets.Dense(1.2), nets.Relu(), nets.Flatten(), nets.Dense())
    np.testing.assert_array_equal(plain.kernel(x).ntk, with_flatten.kernel(x).ntk)


def test_fully_connected_net_flattens_images_itself():
    x = np.random.default_rng(3).standard_normal((3, 2, 2, 3))
    np.testing.assert_array_equal(nets.mlp(2).kernel(x).ntk, nets.mlp(2).kernel(x.reshape(3, -1)).ntk)

"""A point with itself: the kernel against a recursion of variances, which needs no angle at all."""

import numpy as np
import pytest

from limes import nets
from oracles import variance

FULLY_CONNECTED = ["fc1-relu", "fc3-relu", "fc10-relu-critical", "fc2-erf", "fc2-gelu", "fc1-abs", "fc2-leaky"]
FULLY_CONNECTED += ["fc-residual"]
FLATTENED = ["conv-stride-valid", "conv3-erf-flatten", "conv-residual-flatten", "conv1d-stride-flatten"]


@pytest.mark.parametrize("name", FULLY_CONNECTED + FLATTENED)
def test_diagonal_and_coincident_pair_are_the_variances(golden, name):
    spec, case = golden[name]
    x1, x2 = case["x1"], np.concatenate([case["x2"], case["x2"][-1:]])  # shapes that the golden test compiles
    expected = np.array([variance.self_kernel(spec, x) for x in x1])
    net = nets.from_spec(spec)
    own, between = net.kernel(x1), net.kernel(x1, x2)
    for column, kernel in enumerate(("nngp", "ntk")):
        np.testing.assert_allclose(np.diagonal(getattr(own, kernel)), expected[:, column], rtol=1e-12)
        np.testing.assert_allclose(getattr(between, kernel)[0, 0], expected[0, column], rtol=1e-12)


@pytest.mark.parametrize("depth", [2, 10])
def test_collinear_pair_of_a_bias_free_relu_net(depth):
    """x and 0.001 x: the cosine is 1 up to rounding, and K(x, cx) = c K(x, x) without biases.

    The rows differ bit for bit, so the angle comes from a rounded cosine. With u = 1 - O(eps) the angle is
    O(sqrt(eps)) = 1e-8: the NNGP is flat there (error O(eps)), the NTK's E[phi' phi'] is not, so its relative error is
    of the order of depth x 1e-8. In float32 that is depth x 1e-4.
    """
    x = np.random.default_rng(0).standard_normal((4, 12))
    spec = nets.mlp(depth=depth).to_spec()
    nngp, ntk = np.array([variance.self_kernel(spec, row) for row in x]).T
    k = nets.mlp(depth=depth).kernel(x, 0.001 * x)
    np.testing.assert_allclose(np.diagonal(k.nngp), 0.001 * nngp, rtol=1e-13)
    np.testing.assert_allclose(np.diagonal(k.ntk), 0.001 * ntk, rtol=3e-8 * depth)
    k32 = nets.mlp(depth=depth).kernel(x.astype("f"), 0.001 * x.astype("f"))
    np.testing.assert_allclose(np.diagonal(k32.nngp), 0.001 * nngp, rtol=3e-6)
    np.testing.assert_allclose(np.diagonal(k32.ntk), 0.001 * ntk, rtol=5e-4 * depth)


def test_oracle_agrees_with_a_hand_computed_case():
    spec = [{"layer": "dense", "w_std": 2.0, "b_std": 1.0}, {"layer": "relu"}, {"layer": "dense", "w_std": 3.0}]
    # v = 4 * 1 + 1 = 5 = theta; relu halves both; read-out: 9 * 2.5 = 22.5 and 22.5 + 9 * 2.5 = 45.
    assert variance.self_kernel(spec, np.ones(3)) == (22.5, 45.0)

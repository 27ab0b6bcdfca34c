"""Frozen, pruned and standard weights; local connections; masks."""

import jax
import numpy as np
import pytest

from limes import nets
from limes.kernels import monte_carlo

pytestmark = pytest.mark.usefixtures("quick_compilation")

R, FLATTEN, GAP = nets.Relu(), nets.Flatten(), nets.GlobalAvgPool()


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((4, 6))


def _mlp(**fields):
    """A net whose first layer is whole and whose other two have the given fields."""
    later = nets.Dense(1.5, 0.0, **fields)
    return nets.serial(nets.Dense(1.5, 0.0), R, later, R, later)


def test_raw_pruning_scales_the_kernel_by_the_share_of_each_masked_layer(x):
    whole, raw, rescaled = (_mlp(**f).kernel(x) for f in ({}, {"keep": 0.3, "rescale": False}, {"keep": 0.3}))
    np.testing.assert_allclose(raw.ntk, 0.3**2 * whole.ntk, rtol=1e-13)
    np.testing.assert_allclose(raw.nngp, 0.3**2 * whole.nngp, rtol=1e-13)
    np.testing.assert_array_equal(rescaled.ntk, whole.ntk)


def test_pruned_weights_are_zero_and_have_no_gradient(x):
    net = _mlp(keep=0.25)
    params = net.init(0, (6,), width=200)
    pruned = np.asarray(params[2]["w"]) == 0
    assert abs(pruned.mean() - 0.75) < 0.02
    gradient = jax.grad(lambda p: net.apply(p, x.astype(np.float32)).sum())(params)[2]["w"]
    np.testing.assert_array_equal(np.asarray(gradient)[pruned], 0.0)
    assert np.mean(np.asarray(gradient)[~pruned] != 0.0) > 0.1  # the others belong to units that are off


def test_masking_the_inputs_leaves_an_error_that_width_does_not_remove():
    """Systems where the first layer is pruned are warned of for this reason; with few features it is large."""
    x = np.random.default_rng(1).standard_normal((3, 4)).astype(np.float32)
    with pytest.warns(UserWarning, match="leave the first layer whole"):
        masked = nets.serial(nets.Dense(1.5, keep=0.3), R, nets.Dense(1.5))
    whole = nets.serial(nets.Dense(1.5), R, nets.Dense(1.5, keep=0.3))
    for net, agrees in ((masked, False), (whole, True)):
        estimate, exact = monte_carlo(net, x, width=1000, n_samples=30, outputs=2), net.kernel(x).ntk
        excess = np.abs(estimate.ntk - exact) / estimate.ntk_standard_error
        assert (excess[0, 1] < 5) == agrees, excess


def test_frozen_layers_add_nothing(x):
    """With all layers but the last frozen the NTK is the NNGP; with all frozen it is zero."""
    first, last = nets.Dense(1.3, 0.2, trainable=False), nets.Dense(1.3, 0.2)
    k = nets.serial(first, R, first, R, last).kernel(x)
    np.testing.assert_allclose(k.ntk, k.nngp, rtol=1e-14)
    np.testing.assert_array_equal(nets.serial(first, R, first).kernel(x).ntk, 0.0)
    np.testing.assert_allclose(k.nngp, nets.serial(last, R, last, R, last).kernel(x).nngp, rtol=1e-14)
    params = nets.serial(first, R, last).init(0, (6,), width=5)
    gradient = jax.grad(lambda p: nets.serial(first, R, last).apply(p, x.astype(np.float32)).sum())(params)
    assert not np.any(gradient[0]["w"])
    assert not np.any(gradient[0]["b"])
    assert np.any(gradient[2]["w"])


def test_standard_parametrisation_has_the_same_nngp_and_an_ntk_in_the_weights_themselves(x):
    """One linear layer: the NTK is the plain inner product of the inputs, plus one for the bias."""
    layer = nets.Dense(1.5, 0.3, parametrisation="standard", base_width=6)
    k = nets.serial(layer).kernel(x)
    np.testing.assert_allclose(k.ntk, x @ x.T + 1, rtol=1e-13)
    np.testing.assert_allclose(k.nngp, nets.serial(nets.Dense(1.5, 0.3)).kernel(x).nngp, rtol=1e-14)
    weights = np.asarray(nets.serial(layer).init(0, (6,), outputs=4000)[0]["w"])
    np.testing.assert_allclose(weights.std(), 1.5 / np.sqrt(6), rtol=0.03)


def test_local_convolution_is_a_convolution_under_flatten_and_not_under_pooling():
    x = np.random.default_rng(2).standard_normal((3, 5, 2))
    shared, local = nets.Conv((3,), w_std=1.4, b_std=0.1), nets.ConvLocal((3,), w_std=1.4, b_std=0.1)
    by_head = [nets.serial(layer, R, FLATTEN, nets.Dense()).kernel(x).ntk for layer in (shared, local)]
    np.testing.assert_allclose(*by_head, rtol=1e-13)
    flat, pooled = (nets.serial(local, head, nets.Dense()).kernel(x) for head in (FLATTEN, GAP))
    np.testing.assert_allclose(pooled.nngp, flat.nngp / 5, rtol=1e-13)  # a mean of five independent units


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (nets.serial(nets.Dense(1.5), R, nets.Dropout(0.6), nets.Dense(1.5), R, nets.Dense()), (10,)),
        (nets.serial(nets.Conv((3,)), R, nets.Dropout(0.6), nets.Conv((3,)), R, GAP, nets.Dense()), (5, 2)),
        (
            nets.serial(
                nets.Dense(), nets.Residual((R, nets.Dense()), (nets.Dropout(0.6), nets.Dense())), R, nets.Dense()
            ),
            (10,),
        ),
    ],
    ids=["dense", "gap", "one branch"],
)
def test_a_copy_of_a_row_draws_other_masks(dtype, net, shape):
    """Only an example and itself share masks. A copy's values are right in float32 too, next to cosine 1."""
    x = np.random.default_rng(3).standard_normal((3, *shape))
    exact, k = net.kernel(x, x.copy()), net.kernel(x.astype(dtype), x.astype(dtype))
    own, tiled = net.kernel(x.astype(dtype)), net.kernel(x.astype(dtype), tile=2)
    for name in ("nngp", "ntk"):
        diagonal, copies = np.diagonal(getattr(own, name)), np.diagonal(getattr(k, name))
        assert np.all(diagonal > 1.05 * copies)
        np.testing.assert_allclose(copies, np.diagonal(getattr(exact, name)), rtol=1e-5)
        np.testing.assert_allclose(getattr(tiled, name), getattr(own, name), rtol=1e-5)
        off = ~np.eye(3, dtype=bool)
        np.testing.assert_allclose(getattr(own, name)[off], getattr(k, name)[off], rtol=1e-5)


def test_masks_depend_on_the_row_and_the_seed():
    net = nets.serial(nets.Dropout(0.5))
    x = np.ones((3, 1000), np.float32)
    x[2] = 2.0
    y = np.asarray(net.apply(net.init(0, (1000,)), x))
    np.testing.assert_array_equal(y[0], y[1])
    assert set(np.unique(y[0])) == {0.0, 2.0}
    assert abs((y[0] > 0).mean() - 0.5) < 0.08
    assert 0.3 < ((y[0] > 0) != (y[2] > 0)).mean() < 0.7
    other = np.asarray(net.apply(net.init(1, (1000,)), x))
    assert 0.3 < ((y[0] > 0) != (other[0] > 0)).mean() < 0.7

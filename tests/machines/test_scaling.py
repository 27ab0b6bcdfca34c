"""The input map inside a machine, on constant features, tables and images; see `test_units` for its invariants."""

import numpy as np
import pytest

from limes import NTKClassifier, NTKRegressor, nets
from limes.core.errors import NetError
from limes.machines.scaling import fit_affine

SCALES = pytest.mark.parametrize("scale", ["standard", "unit"])
NETS = {"cnn": nets.cnn(1, b_std=0.3), "gap": nets.cnn(1, "gap", b_std=0.3), "mlp": nets.mlp(2, b_std=0.3)}


@SCALES
@pytest.mark.parametrize("value", [0.0, 0.1, -1e-30, 3e5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_features_are_shifted_and_not_scaled(scale, value, dtype):
    x = np.random.default_rng(0).standard_normal((50, 2)).astype(dtype)
    x[:, 1] = value
    affine = fit_affine(x, scale)
    assert affine.scale[1] == 1
    np.testing.assert_allclose(affine(x)[:, 1], 0, atol=2 * np.finfo(dtype).eps * abs(value))
    assert affine(x).dtype == dtype


@SCALES
def test_a_machine_works_in_the_mapped_units(table, scale):
    mapped = fit_affine(table.x, scale)
    inside = NTKRegressor(table.net, 2.0, scale=scale).fit(table.x, table.targets)
    outside = NTKRegressor(table.net, 2.0).fit(mapped(table.x), table.targets)
    np.testing.assert_allclose(inside.predict(table.queries), outside.predict(mapped(table.queries)), rtol=1e-12)
    np.testing.assert_array_equal(inside.centres_, mapped(table.x))


def test_gram_is_the_kernel_that_fitting_will_use(table):
    model = NTKRegressor(table.net, 2.0, ridge_rel=1.0, scale="standard")
    gram = model.gram(table.x)
    assert model.fit(table.x, table.targets).ridge_ == pytest.approx(np.mean(np.diagonal(gram)))
    np.testing.assert_array_equal(gram, table.net.kernel(model.centres_).ntk)


@pytest.mark.parametrize("scale", [None, "standard", "unit"])
@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_gradients_on_images_are_in_the_caller_s_units(images, net, scale):
    clf = NTKClassifier(net, 5.0, scale=scale).fit(images.x, images.labels)
    v = np.random.default_rng(0).standard_normal((4, 2))
    direction = np.random.default_rng(1).standard_normal(images.queries.shape)
    h = 1e-5
    up, down = (clf.scores(images.queries + s * direction) for s in (h, -h))
    slope = np.sum(v * (up - down), axis=1) / (2 * h)
    gradient = clf.scores_vjp(images.queries, v)
    assert gradient.shape == images.queries.shape
    np.testing.assert_allclose(np.sum(gradient * direction, axis=(1, 2, 3)), slope, rtol=1e-6, atol=1e-9)
    together = clf.scores_and_vjp(images.queries, lambda scores: v)[1]
    np.testing.assert_allclose(together, gradient, rtol=1e-10, atol=1e-13)


def test_a_convolutional_net_on_a_table_says_what_it_needs(table):
    with pytest.raises(NetError, match=r"height, width, channels.*reshape"):
        NTKClassifier(nets.cnn(1)).fit(table.x, table.labels)

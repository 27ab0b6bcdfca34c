"""Units, shapes and precision: what a machine shows to its caller is in the caller's terms."""

import numpy as np
import pytest

from limes import NTKClassifier, NTKRegressor, nets
from limes.core.errors import DtypeError, InputError
from limes.core.types import KernelExpansion, Predictor
from limes.machines import KernelPredictor
from limes.machines.scaling import fit_affine

SCALES = pytest.mark.parametrize("scale", [None, "standard", "unit"])


@SCALES
@pytest.mark.parametrize("time", [1.0, float("inf")])
def test_scores_are_the_expansion(table, scale, time):
    at = NTKClassifier(table.net, ridge_rel=1e-3, scale=scale).fit(table.x, table.labels).at(time)
    z = table.queries if at.affine is None else at.affine(table.queries)
    kernel = at.net.kernel(z, at.centres, get=at.kind).ntk
    np.testing.assert_allclose(kernel @ at.coef, at.scores(table.queries), rtol=1e-9, atol=1e-9)


def test_protocols(table):
    clf = NTKClassifier(table.net).fit(table.x, table.labels)
    at = clf.at(2.0)
    assert isinstance(clf, Predictor)
    assert isinstance(at, KernelPredictor)
    assert isinstance(at, KernelExpansion)
    np.testing.assert_array_equal(at.predict(table.queries), clf.predict_at(table.queries, 2.0))
    assert (at.n_outputs, at.kind, at.targets) == (3, "ntk", "centred")
    regression = NTKRegressor(table.net).fit(table.x, table.targets).at(2.0)
    assert regression.classes_ is None
    np.testing.assert_array_equal(regression.predict(table.queries), regression.scores(table.queries))


def test_scaling_is_what_it_says():
    x = np.random.default_rng(0).normal(size=(50, 3)) * [1, 1e3, 0] + [0, 1e4, 7.1]
    standard = fit_affine(x, "standard")(x)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(standard[:, :2].std(axis=0), 1)
    unit = fit_affine(x, "unit")(x)
    np.testing.assert_allclose([unit[:, :2].min(axis=0), unit[:, :2].max(axis=0)], [[0, 0], [1, 1]], atol=1e-12)
    for mapped in (standard, unit):
        np.testing.assert_allclose(mapped[:, 2], 0, atol=1e-10)  # constant: shifted, not scaled
    for scale in ("standard", "unit"):
        assert fit_affine(x, scale).scale[2] == 1
        assert fit_affine(x.astype(np.float32), scale)(x.astype(np.float32)).dtype == np.float32
    assert fit_affine(x, None) is None


def test_images_are_scaled_by_channel(images):
    affine = fit_affine(images.x, "standard")
    assert affine.shift.shape == (2,)
    np.testing.assert_allclose(affine(images.x).mean(axis=(0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(affine(images.x).std(axis=(0, 1, 2)), 1)


@SCALES
def test_a_fit_depends_on_units_only_without_scaling(table, scale):
    factor, offset = np.array([10.0, 0.1, 3.0]), np.array([5.0, -1.0, 0.0])
    here = NTKClassifier(table.net, 2.0, scale=scale).fit(table.x, table.labels)
    there = NTKClassifier(table.net, 2.0, scale=scale).fit(table.x * factor + offset, table.labels)
    same = np.allclose(here.scores(table.queries), there.scores(table.queries * factor + offset), atol=1e-9)
    assert same == (scale is not None)


@SCALES
@pytest.mark.parametrize("time", [1.0, float("inf")])
def test_gradients_are_finite_differences_in_the_caller_s_units(table, scale, time):
    x = np.c_[table.x * [1.0, 50.0, 0.02], np.full(24, 3.0)]  # the last feature is constant
    clf = NTKClassifier(table.net, time, ridge_rel=1e-2, scale=scale).fit(x, table.labels)
    point = np.c_[table.queries * [1.0, 50.0, 0.02], np.full(8, 3.0)]
    v = np.random.default_rng(0).normal(size=(8, 3))
    found = clf.scores_vjp(point, v)
    assert found.shape == point.shape
    # Unscaled rows are nearly parallel, which costs the kernel digits: the noise of a difference falls as 1/h, its bias
    # grows as h^2, and at 3e-4 of a feature's unit both are below 2e-5.
    for j, h in enumerate(3e-4 * np.array([1.0, 50.0, 0.02, 1.0])):
        step = np.eye(4)[j] * h
        slope = ((clf.scores(point + step) - clf.scores(point - step)) * v).sum(axis=1) / (2 * h)
        np.testing.assert_allclose(found[:, j], slope, rtol=1e-4, atol=1e-5 * np.abs(slope).max())
    scores, both = clf.scores_and_vjp(point, lambda s: v)
    np.testing.assert_allclose(both, found, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(scores, clf.scores(point), rtol=1e-12, atol=1e-14)


@SCALES
def test_float32_stays_float32(table, scale):
    single = table.astype(np.float32)
    clf = NTKClassifier(table.net, 2.0, scale=scale).fit(single.x, table.labels)
    scores = clf.scores(single.queries)
    assert (scores.dtype, clf.centres.dtype, clf.coef.dtype) == (np.float32, np.float32, np.float64)
    assert clf.scores_vjp(single.queries, np.ones_like(scores)).dtype == np.float32
    double = NTKClassifier(table.net, 2.0, scale=scale).fit(table.x, table.labels)
    np.testing.assert_allclose(scores, double.scores(table.queries), atol=1e-3)
    assert clf.scores(table.queries).dtype == np.float64  # the input decides


@pytest.mark.parametrize("as_type", [int, np.uint8, bool, list])
def test_integers_are_widened(table, as_type):
    x = np.random.default_rng(0).integers(0, 2 if as_type is bool else 9, size=(24, 5))
    x[:, 0] = 0 if as_type is bool else np.arange(24)
    given = x.tolist() if as_type is list else x.astype(as_type)
    reference = NTKClassifier(table.net, 1.0).fit(x.astype(np.float64), table.labels)
    clf = NTKClassifier(table.net, 1.0).fit(given, table.labels)
    assert clf.scores(given).dtype == np.float64
    np.testing.assert_allclose(clf.scores(given), reference.scores(x.astype(np.float64)), rtol=1e-12)
    with pytest.raises(DtypeError):
        clf.at(1.0).scores(x)  # a predictor is strict: an attack on integers would round its steps away


@pytest.mark.parametrize(
    "net", [nets.cnn(1, b_std=0.3), nets.cnn(1, "gap"), nets.mlp(2)], ids=["flatten", "gap", "mlp"]
)
def test_images_keep_their_shape(images, net):
    clf = NTKClassifier(net, 1.0, scale="standard").fit(images.x, images.labels)
    assert clf.scores(images.queries).shape == (4, 2)
    assert clf.scores_vjp(images.queries, np.ones((4, 2))).shape == images.queries.shape
    for wrong in (images.queries[:, :3], images.queries[..., :1], images.queries[:, :, :, :, None]):
        with pytest.raises(InputError, match=r"X holds inputs of shape .* fitted on \(4, 3, 2\)"):
            clf.predict(wrong)
        with pytest.raises(InputError, match=r"\(4, 3, 2\)"):
            clf.scores_vjp(wrong, np.ones((4, 2)))


def test_an_mlp_on_images_is_an_mlp_on_their_pixels(images):
    net = nets.mlp(2)
    by_image = NTKClassifier(net, 1.0).fit(images.x, images.labels)
    by_row = NTKClassifier(net, 1.0).fit(images.x.reshape(10, -1), images.labels)
    rows = images.queries.reshape(4, -1)
    np.testing.assert_allclose(by_image.scores(images.queries), by_row.scores(rows), rtol=1e-12, atol=1e-14)
    with pytest.raises(InputError, match="shape"):
        by_image.predict(rows)


def test_a_cotangent_of_another_shape_is_refused(table):
    clf = NTKClassifier(table.net, 1.0).fit(table.x, table.labels)
    with pytest.raises(InputError, match=r"v has shape \(8, 2\), but the scores of x have shape \(8, 3\)"):
        clf.scores_vjp(table.queries, np.ones((8, 2)))

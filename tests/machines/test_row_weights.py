"""Weights of rows and classes: a row of weight two counts as two rows, at every time and by every solver."""

import math

import numpy as np
import pytest
from scipy.linalg import expm

from limes import NTKClassifier, NTKRegressor, load
from limes.core.errors import InputError

WEIGHTS = np.resize([1.0, 2.0, 0.0, 3.0], 24)


@pytest.mark.parametrize("solver", ["auto", "eigh", "krylov"])
@pytest.mark.parametrize("time", [0.02, 2.0, math.inf])
def test_the_flow_is_that_of_the_weighted_loss(table, solver, time):
    """df/dt = -K W (f - y) on the training rows, without a ridge."""
    w = np.linspace(0.5, 2.0, 24)
    model = NTKRegressor(table.net, time, solver=solver).fit(table.x, table.targets, sample_weight=w)
    k = table.net.kernel(table.x, get="ntk").ntk
    left = 0.0 if time == math.inf else expm(-k * w * time)
    on_training_rows = table.targets - left @ table.targets if time < math.inf else table.targets
    expected = table.net.kernel(table.queries, table.x, get="ntk").ntk @ np.linalg.solve(k, on_training_rows)
    np.testing.assert_allclose(model.predict(table.queries), expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    found = model.label_operator(table.queries) @ table.targets
    np.testing.assert_allclose(found, model.predict(table.queries), rtol=0, atol=1e-8)


@pytest.mark.parametrize("time", [0.5, math.inf])
def test_whole_weights_are_repeated_rows(table, time, tmp_path):
    rows = np.repeat(np.arange(24), WEIGHTS.astype(int))
    names = np.array(["u", "v", "w"])[table.labels]
    weighted = NTKClassifier(table.net, time, ridge=0.1, ridge_rel=0.05).fit(table.x, names, sample_weight=WEIGHTS)
    repeated = NTKClassifier(table.net, time, ridge=0.1, ridge_rel=0.05).fit(table.x[rows], names[rows])
    assert weighted.ridge_ == pytest.approx(repeated.ridge_)
    assert len(weighted.centres) == 18
    weighted.save(tmp_path / "m.npz")
    for machine in (weighted, load(tmp_path / "m.npz")):
        for t in (time, 3.0):
            a, b = (m.scores_at(table.queries, t) for m in (machine, repeated))
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-8 * np.abs(b).max())


def test_class_weights_are_row_weights(table):
    counts = np.bincount(table.labels)
    balanced = NTKClassifier(table.net, 1.0, class_weight="balanced").fit(table.x, table.labels)
    by_hand = NTKClassifier(table.net, 1.0).fit(table.x, table.labels, sample_weight=8 / counts[table.labels])
    named = NTKClassifier(table.net, 1.0, class_weight={k: 8 / counts[k] for k in range(3)}).fit(table.x, table.labels)
    for other in (by_hand, named):
        np.testing.assert_allclose(other.scores(table.queries), balanced.scores(table.queries), rtol=1e-10)
    both = NTKClassifier(table.net, 1.0, class_weight={1: 2.0}).fit(table.x, table.labels, sample_weight=WEIGHTS)
    product = NTKClassifier(table.net, 1.0).fit(
        table.x, table.labels, sample_weight=WEIGHTS * np.where(table.labels == 1, 2, 1)
    )
    np.testing.assert_allclose(both.scores(table.queries), product.scores(table.queries), rtol=1e-10)


def test_without_weights_a_second_fit_forgets_them(table):
    clf = NTKClassifier(table.net, 1.0).fit(table.x, table.labels, sample_weight=WEIGHTS)
    clf.fit(table.x, table.labels)
    fresh = NTKClassifier(table.net, 1.0).fit(table.x, table.labels)
    np.testing.assert_array_equal(clf.scores(table.queries), fresh.scores(table.queries))


@pytest.mark.parametrize("class_weight", ["equal", {7: 1.0}, {0: -1.0}, {0: float("inf")}, 3.0])
def test_bad_class_weights(table, class_weight):
    with pytest.raises(InputError, match=r"class_weight must be None, 'balanced', or .* of the classes 0, 1, 2, not"):
        NTKClassifier(table.net, class_weight=class_weight).fit(table.x, table.labels)


def test_a_class_of_weight_zero_is_no_class(table):
    clf = NTKClassifier(table.net).fit(table.x, table.labels, sample_weight=(table.labels != 2).astype(float))
    assert clf.classes_.tolist() == [0, 1]
    with pytest.raises(InputError, match="only one class"):
        NTKClassifier(table.net).fit(table.x, table.labels, sample_weight=(table.labels == 2).astype(float))

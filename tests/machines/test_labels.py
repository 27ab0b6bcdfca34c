"""Labels go in and come out as they are, and the order of the scores is that of the classes."""

import numpy as np
import pytest

from limes import NTKClassifier, NTKRegressor
from limes.core.errors import PrecisionWarning

LABELS = {
    "integers": [3, -1, 7],
    "small integers": np.array([2, 0, 1], np.uint8),
    "strings": ["pear", "apple", "fig"],
    "objects": np.array(["pear", "apple", "fig"], dtype=object),
    "booleans": [True, False],
    "two strings": ["yes", "no"],
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_come_back_in_their_own_type(table, labels):
    y = np.resize(labels, 24)
    clf = NTKClassifier(table.net).fit(table.x, y)
    np.testing.assert_array_equal(clf.classes_, np.unique(y))
    np.testing.assert_array_equal(clf.predict(table.x), y)  # it interpolates
    assert clf.predict(table.x).dtype == y.dtype
    assert clf.n_outputs == len(clf.classes_) == clf.scores(table.queries).shape[1]


def test_the_order_of_scores_is_that_of_classes(table):
    names = np.array(["b", "c", "a"])[table.labels]
    scores = NTKClassifier(table.net).fit(table.x, names).scores(table.queries)
    numbered = NTKClassifier(table.net).fit(table.x, table.labels).scores(table.queries)
    np.testing.assert_allclose(scores, numbered[:, [2, 0, 1]], atol=1e-10)


def test_decision_function_is_scikit_learn_s(table):
    many = NTKClassifier(table.net, 2.0).fit(table.x, table.labels)
    np.testing.assert_array_equal(many.decision_function(table.queries), many.scores(table.queries))
    two = NTKClassifier(table.net, 2.0).fit(table.x, np.where(table.labels == 1, "yes", "no"))
    scores, decision = two.scores(table.queries), two.decision_function(table.queries)
    assert scores.shape == (8, 2)
    np.testing.assert_array_equal(decision, scores[:, 1] - scores[:, 0])
    np.testing.assert_array_equal(two.predict(table.queries), np.where(decision > 0, "yes", "no"))


def test_regression_keeps_the_shape_of_its_targets(table):
    flat = NTKRegressor(table.net, 2.0).fit(table.x, table.targets[:, 0]).predict(table.queries)
    column = NTKRegressor(table.net, 2.0).fit(table.x, table.targets[:, :1]).predict(table.queries)
    both = NTKRegressor(table.net, 2.0).fit(table.x, table.targets).predict(table.queries)
    assert (flat.shape, column.shape, both.shape) == ((8,), (8, 1), (8, 2))
    np.testing.assert_allclose(flat, both[:, 0], rtol=1e-12)
    np.testing.assert_allclose(column[:, 0], flat, rtol=1e-12)


@pytest.mark.parametrize("time", [0.5, float("inf")])
@pytest.mark.parametrize("solver", ["auto", "eigh", "krylov"])
def test_the_label_operator_maps_targets_to_scores(table, time, solver):
    clf = NTKClassifier(table.net, time, ridge_rel=0.01, scale="unit", solver=solver).fit(table.x, table.labels)
    operator = clf.label_operator(table.queries)
    assert operator.shape == (8, 24)
    np.testing.assert_allclose(operator @ clf.targets_, clf.scores(table.queries), rtol=1e-6, atol=1e-8)
    flipped = table.labels.copy()
    flipped[3] = 0  # the operator knows nothing of labels: it serves other ones too
    other = NTKClassifier(table.net, time, ridge_rel=0.01, scale="unit", solver=solver).fit(table.x, flipped)
    np.testing.assert_allclose(operator @ other.targets_, other.scores(table.queries), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_rows_with_different_labels_meet_in_the_middle(table, dtype):
    x = np.concatenate([table.x[:10], table.x[:10]]).astype(dtype)
    clf = NTKClassifier(table.net)
    with pytest.warns(PrecisionWarning, match=r"singular to working precision: .* was added to its diagonal"):
        clf.fit(x, np.repeat(["a", "b"], 10))
    assert clf.jitter_ > 0
    np.testing.assert_allclose(clf.scores(x[:10]), 0.0, atol=0.05 if dtype == np.float32 else 1e-3)
    operator = clf.label_operator(table.queries.astype(dtype))
    # both solves divide by the jitter, of 1e-10 of the diagonal: about three digits are left
    np.testing.assert_allclose(
        operator @ clf.targets_, clf.scores(table.queries), atol=2e-2 if dtype == np.float32 else 5e-3
    )

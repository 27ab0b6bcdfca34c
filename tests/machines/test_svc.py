"""Support vector machines on a kernel: scikit-learn's, whose margins become scores with gradients."""

import numpy as np
import pytest
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from limes import NTKSVC, load
from limes.attacks import PGD
from limes.core.errors import InputError


@pytest.mark.filterwarnings("ignore:Skipping check")
@parametrize_with_checks([NTKSVC("mlp-1")])  # the checks have many shapes, each of which is compiled
def test_scikit_learn_s_conventions(estimator, check):
    check(estimator)


def _pairs(table, labels, **options):
    """scikit-learn's own machines on the same kernel, one decision for each pair of classes."""
    k = table.net.kernel(np.concatenate([table.x, table.queries]), get="ntk").ntk
    k /= np.diagonal(k)[:24].mean()
    svc = SVC(kernel="precomputed", decision_function_shape="ovo", tol=1e-9, **options).fit(k[:24, :24], labels)
    return svc, svc.decision_function(k[24:, :24])


@pytest.mark.parametrize("options", [{"C": 0.3}, {"C": 30.0, "class_weight": {1: 4.0}}], ids=["soft", "weighted"])
def test_two_classes_have_scikit_learn_s_decisions(table, options):
    labels = (table.labels == 1).astype(int)
    svc, decisions = _pairs(table, labels, **options)
    ours = NTKSVC(table.net, **options).fit(table.x, labels)
    np.testing.assert_allclose(ours.decision_function(table.queries), decisions, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(ours.support_, svc.support_)
    np.testing.assert_allclose(ours.scores(table.queries).sum(axis=1), 0, atol=1e-12)


def test_scores_of_three_classes_are_mean_margins(table):
    svc, decisions = _pairs(table, table.labels, C=2.0)
    expected = np.zeros((8, 3))
    for d, (i, j) in zip(decisions.T, ((0, 1), (0, 2), (1, 2)), strict=True):
        expected[:, i] += d / 2
        expected[:, j] -= d / 2
    ours = NTKSVC(table.net, C=2.0).fit(table.x, np.array(["u", "v", "w"])[table.labels])
    np.testing.assert_allclose(ours.scores(table.queries), expected, rtol=0, atol=1e-8)
    assert len(ours.centres) == len(svc.support_)
    assert ours.predict(table.queries).tolist() == [["u", "v", "w"][k] for k in expected.argmax(axis=1)]


def test_normalising_makes_c_independent_of_the_scale_of_the_kernel(table):
    once = NTKSVC(table.net, C=3.0).fit(table.x, table.labels).scores(table.queries)
    factor = np.diagonal(table.net.kernel(table.x, get="ntk").ntk).mean()
    by_hand = NTKSVC(table.net, C=3.0 / factor, normalise=False).fit(table.x, table.labels)
    np.testing.assert_allclose(by_hand.scores(table.queries), once, atol=2e-2 * np.abs(once).max())


def test_weights_of_zero_leave_rows_out(table):
    weights = np.r_[np.zeros(6), np.ones(18)]
    weighted = NTKSVC(table.net, normalise=False, C=0.1).fit(table.x, table.labels, sample_weight=weights)
    fewer = NTKSVC(table.net, normalise=False, C=0.1).fit(table.x[6:], table.labels[6:])
    np.testing.assert_allclose(weighted.scores(table.queries), fewer.scores(table.queries), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saved_and_attacked(table, tmp_path, dtype):
    problem = table.astype(dtype)
    clf = NTKSVC(problem.net, scale="standard").fit(problem.x, problem.labels)
    clf.save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    assert again.get_params() == clf.get_params()
    np.testing.assert_array_equal(again.scores(problem.queries), clf.scores(problem.queries))
    np.testing.assert_array_equal(again.support_, clf.support_)
    assert again.scores(problem.queries).dtype == dtype
    right = clf.predict(problem.queries)
    found = PGD(steps=5)(again, problem.queries, right, 2.0)
    assert found.success.any()
    together, gradient = clf.scores_and_vjp(problem.queries, lambda scores: (scores > 0).astype(dtype))
    np.testing.assert_allclose(together, clf.scores(problem.queries), rtol=0, atol=1e-5)
    np.testing.assert_allclose(gradient, clf.scores_vjp(problem.queries, (together > 0).astype(dtype)), rtol=1e-3)


@pytest.mark.parametrize("weights", [np.ones(23), -np.ones(24), np.zeros(24), np.full(24, np.nan)], ids=str)
def test_bad_weights(table, weights):
    with pytest.raises(InputError, match="sample_weight must hold 24 finite numbers"):
        NTKSVC(table.net).fit(table.x, table.labels, sample_weight=weights)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"C": 0.0}, "C must be a finite number above 0, not 0"),
        ({"C": "1"}, "C must be"),
        ({"tolerance": float("nan")}, "tolerance must be"),
        ({"kind": "gp"}, "kind must be"),
    ],
)
def test_bad_parameters(table, parameters, message):
    with pytest.raises(InputError, match=message):
        NTKSVC(**parameters).fit(table.x, table.labels)

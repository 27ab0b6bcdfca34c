"""Support vector machines on a kernel: scikit-learn's, whose margins become scores with gradients."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from limes import NTKSVC, load
from limes.attacks import PGD
from limes.core.errors import InputError
from limes.nets.names import parse_net


@pytest.mark.filterwarnings("ignore:Skipping check")
@parametrize_with_checks([NTKSVC("mlp-2")])  # compiled soon in many shapes; mlp-1 has a singular kernel, slow to solve
def test_scikit_learn_s_conventions(estimator, check):
    check(estimator)


def _plain(table, labels, **options):
    """scikit-learn's own machine of two classes on the same kernel, and its decisions."""
    k = table.net.kernel(np.concatenate([table.x, table.queries]), get="ntk").ntk
    k /= np.diagonal(k)[:24].mean()
    svc = SVC(kernel="precomputed", tol=1e-9, **options).fit(k[:24, :24], labels)
    return svc, svc.decision_function(k[24:, :24])


@pytest.mark.parametrize("options", [{"C": 0.3}, {"C": 30.0, "class_weight": {1: 4.0}}], ids=["soft", "weighted"])
def test_two_classes_have_scikit_learn_s_decisions(table, options):
    labels = (table.labels == 1).astype(int)
    svc, decisions = _plain(table, labels, **options)
    ours = NTKSVC(table.net, **options).fit(table.x, labels)
    np.testing.assert_allclose(ours.decision_function(table.queries), decisions, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(ours.support_, np.sort(svc.support_))
    np.testing.assert_allclose(ours.scores(table.queries).sum(axis=1), 0, atol=1e-12)


def test_scores_of_three_classes_are_margins_against_the_others(table):
    machines = [_plain(table, table.labels == k, C=2.0) for k in range(3)]
    expected = np.stack([decisions for _, decisions in machines], axis=1)
    ours = NTKSVC(table.net, C=2.0).fit(table.x, np.array(["u", "v", "w"])[table.labels])
    np.testing.assert_allclose(ours.scores(table.queries), expected, rtol=0, atol=1e-8)
    assert ours.support_.tolist() == sorted(set().union(*(machine.support_.tolist() for machine, _ in machines)))
    assert len(ours.centres) == len(ours.support_)
    assert len(ours.n_iter_) == 3
    assert ours.predict(table.queries).tolist() == [["u", "v", "w"][k] for k in expected.argmax(axis=1)]


def test_classes_are_told_apart_as_by_a_vote_at_large_penalties():
    """A vote of pairs is right on .95 of these flowers, the mean of the pairs' margins on .88."""
    x, labels = load_iris(return_X_y=True)
    x, odd = (x - x.mean(axis=0)) / x.std(axis=0), np.arange(150) % 2 == 1
    ours = NTKSVC("mlp-3", C=100.0, tol=1e-4).fit(x[~odd], labels[~odd])
    k = parse_net("mlp-3").kernel(x, x[~odd], get="ntk").ntk
    k /= np.diagonal(k[~odd]).mean()
    vote = SVC(kernel="precomputed", C=100.0).fit(k[~odd], labels[~odd])
    assert ours.score(x[odd], labels[odd]) >= vote.score(k[odd], labels[odd]) - 0.02


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
        ({"tol": float("nan")}, "tol must be"),
        ({"kind": "gp"}, "kind must be"),
    ],
)
def test_bad_parameters(table, parameters, message):
    with pytest.raises(InputError, match=message):
        NTKSVC(**parameters).fit(table.x, table.labels)

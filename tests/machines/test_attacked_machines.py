"""Machines under attack: nothing beyond the protocol is needed, and clean points have gradients."""

import numpy as np
import pytest

from limes import NTKClassifier
from limes.attacks import PGD


class Plain:
    """Only what the protocol asks for."""

    def __init__(self, predictor):
        self.n_outputs, self.classes_ = predictor.n_outputs, predictor.classes_
        self.scores, self.scores_vjp = predictor.scores, predictor.scores_vjp


@pytest.mark.parametrize("time", [1.0, float("inf")])
@pytest.mark.parametrize("scale", [None, "standard"])
def test_an_attack_needs_no_more_than_the_protocol(table, time, scale):
    names = np.array(["u", "v", "w"])[table.labels]
    clf = NTKClassifier(table.net, ridge_rel=1e-3, scale=scale).fit(table.x, names)
    at = clf.at(time)
    y = at.predict(table.queries)
    attack = PGD(steps=5)
    known, plain = (attack(p, table.queries, y, eps=0.4, key=1) for p in (at, Plain(at)))
    np.testing.assert_allclose(known.x_adv, plain.x_adv, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(known.success, plain.success)
    assert known.success.any()
    np.testing.assert_array_equal(known.success, at.predict(known.x_adv) != y)


def test_the_fitted_machine_is_attacked_as_its_predictor(table):
    clf = NTKClassifier(table.net, 2.0).fit(table.x, table.labels)
    y = clf.predict(table.queries)
    whole, at = (PGD(steps=3)(p, table.queries, y, eps=0.2) for p in (clf, clf.at(2.0)))
    np.testing.assert_array_equal(whole.x_adv, at.x_adv)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("time", [5.0, float("inf")])
def test_training_points_are_attacked_from_where_they_lie(table, dtype, time):
    """The kernel's angle is 0 there, where a careless derivative is NaN."""
    x = table.astype(dtype).x
    clf = NTKClassifier(table.net, time, ridge_rel=1e-3).fit(x, table.labels)
    gradient = clf.scores_vjp(x, np.eye(3, dtype=dtype)[table.labels])
    assert gradient.dtype == dtype
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient).max(axis=1) > 0).all()
    found = PGD(steps=10, random_start=False)(clf, x, clf.predict(x), eps=1.0)
    assert np.isfinite(found.x_adv).all()
    assert found.success.mean() > 0.5
    assert np.abs(found.x_adv - x).max() <= 1.0 + 1e-6

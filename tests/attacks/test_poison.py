"""Poisoning: stronger than noise of the same size, inside of ball and box, and nothing but the chosen rows moves."""

import numpy as np
import pytest

import limes as lm
from limes.attacks import Poison
from limes.core.errors import InputError

pytestmark = pytest.mark.usefixtures("quick_compilation")
EPS = 0.5


@pytest.fixture(scope="module")
def digits():
    """Digits 3 and 8: 60 training rows, 60 points to raise the loss at, 120 to measure on."""
    data = lm.data.load("digits")
    rows = np.random.default_rng(0).permutation(np.flatnonzero(np.isin(data.y, (3, 8))))
    return [(data.x[part], data.y[part]) for part in np.split(rows[:240], [60, 120])]


def machine():
    return lm.NTKClassifier(lm.nets.mlp(2), ridge=1e-3)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_few_rows_do_more_harm_than_random_signs(digits, norm):
    (x, y), (x_val, y_val), (x_test, y_test) = digits
    rows = np.arange(12)
    eps = EPS if norm == "linf" else EPS * 8  # the l2 norm of 64 steps of EPS
    found = Poison(norm, steps=6)(machine(), x, y, x_val, y_val, rows=rows, eps=eps, bounds=(0, 1))
    harmed = np.mean(machine().fit(found.X, y).predict(x_test) == y_test)
    signs = np.random.default_rng(1).choice([-EPS, EPS], (5, len(rows), *x.shape[1:]))
    noisy = [np.concatenate([np.clip(x[rows] + s, 0, 1), x[len(rows) :]]) for s in signs]
    random = [np.mean(machine().fit(n, y).predict(x_test) == y_test) for n in noisy]
    assert harmed < min(random) - 0.03
    assert found.loss[found.step] == found.loss.max() > found.loss[0]
    np.testing.assert_array_equal(found.X[len(rows) :], x[len(rows) :])
    assert found.X.dtype == x.dtype
    assert found.X.min() >= 0
    assert found.X.max() <= 1
    assert found.distance.max() <= eps * (1 + 1e-6)
    again = machine().fit(found.X, y)
    assert np.mean(again.predict(x_val) == y_val) == found.accuracy[found.step]


def test_no_budget_changes_nothing(digits):
    (x, y), (x_val, y_val), _ = digits
    clean = x.copy()
    found = Poison(steps=2, loss="ce")(machine(), x, y, x_val, y_val, rows=[3], eps=0)
    np.testing.assert_array_equal(found.X, clean)
    np.testing.assert_array_equal(x, clean)
    assert found.step == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": [0, 0]}, "different indices"),
        ({"rows": [60]}, "from 0 to 59"),
        ({"y_val": np.full(60, 5)}, r"labels \[5\]"),
        ({"y_val": np.full(59, 3)}, "59 labels"),
        ({"X": np.full((60, 64), 2.0)}, "outside of the box"),
        ({"X": np.ones((60, 64), int)}, "must be floats"),
    ],
)
def test_what_does_not_fit_is_refused(digits, changes, message):
    (x, y), (x_val, y_val), _ = digits
    given = {"X": x, "y": y, "x_val": x_val, "y_val": y_val, "rows": [0], "eps": 0.1, "bounds": (0, 1)} | changes
    with pytest.raises(InputError, match=message):
        Poison(steps=1)(machine(), **given)


def test_options_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="'dlr'"):
        Poison(loss="dlr")
    with pytest.raises(InputError, match="positive"):
        Poison(step_size=0)

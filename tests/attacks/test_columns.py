"""Machines that were fitted on data frames, and frames as points of an attack."""

import warnings

import numpy as np
import pytest

import limes as lm
from limes.attacks.audit import check_input_untouched
from limes.attacks.problem import pose
from limes.attacks.threat import Threat
from limes.core.errors import InputError


class Frame:
    """What attacks see of a data frame: values and names of columns."""

    def __init__(self, x, columns):
        self.x, self.columns = x, columns

    def __array__(self, dtype=None, copy=None):
        return np.array(self.x, dtype=dtype)


@pytest.fixture(scope="module")
def named():
    x = np.array([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9], [0.9, 0.2]])
    y = np.array([0, 1, 0, 1])
    clf = lm.NTKClassifier(ridge=0.1).fit(x, y)
    clf.feature_names_in_ = np.array(["width", "height"], dtype=object)
    return clf, x, y


def test_points_of_an_attack_have_no_names_and_nobody_is_warned(named):
    clf, x, y = named
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        plain = lm.attacks.PGD(steps=2)(clf, x, y, eps=0.1, key=0)
        framed = lm.attacks.PGD(steps=2)(clf, Frame(x, ["width", "height"]), y, eps=0.1, key=0)
        problem = pose(clf, x, y, Threat("linf", 0.1), 0, 4)
        check_input_untouched(problem)
    assert not seen
    np.testing.assert_array_equal(plain.x_adv, framed.x_adv)
    with pytest.warns(UserWarning, match="valid feature names"):  # scikit-learn's own remark stays
        clf.predict(x)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["height", "width"], "in another order, from 'height' in place of 'width': reorder them"),
        (["width", "depth"], "other columns than the predictor was fitted on, from 'depth' in place of 'height'"),
        (["width"], "from nothing in place of 'height'"),
    ],
)
def test_other_columns_than_those_of_the_fit_are_refused(named, columns, message):
    clf, x, y = named
    with pytest.raises(InputError, match=message):
        lm.attacks.PGD(steps=2)(clf, Frame(x, columns), y, eps=0.1, key=0)

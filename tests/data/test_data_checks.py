"""Bad data is met at the door, with a sentence that names the place and the remedy."""

import numpy as np
import pytest

from limes.core.errors import InputError
from limes.data import Dataset, check_bounds, from_arrays, validate

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 0, 1])


def spoilt(value, *places):
    x = X.copy()
    for place in places:
        x[place] = value
    return x


BAD = {
    "nan": ((spoilt(np.nan, (1, 2), (3, 0)), Y), r"x holds 2 values .*2 NaN, 0 infinite.*\(1, 2\)"),
    "infinite": ((spoilt(-np.inf, (2, 0)), Y), r"x holds 1 values .*0 NaN, 1 infinite.*\(2, 0\)"),
    "nan in the test part": ((X, Y, spoilt(np.nan, (0, 1)), Y), r"x_test holds 1 values .*\(0, 1\)"),
    "hidden": ((np.ma.masked_greater(X, 9), Y), "x holds 2 masked values"),
    "hidden labels": ((X, np.ma.masked_equal(Y, 1)), "y holds 2 masked values"),
    "huge": ((X * 1e200, Y), r"in size is 1\.1e\+201, and the squares .* lies between 1e-151 and 1e\+151"),
    "tiny": ((X.astype(np.float32) * 1e-30, Y), "in size is 1.1e-29, and the squares"),
    "lengths": ((X, Y[:3]), "x has 4 rows but y has 3 labels"),
    "test lengths": ((X, Y, X, Y[:1]), "x_test has 4 rows but y_test has 1 labels"),
    "one class": ((X, ["cat"] * 4), "only the class 'cat': at least two"),
    "one row": ((X[:1], Y[:1]), "only one row"),
    "no rows": ((X[:0], Y[:0]), r"x is empty, it has shape \(0, 3\)"),
    "no features": ((X[:, :0], Y), r"x is empty, it has shape \(4, 0\)"),
    "empty test part": ((X, Y, X[:0], Y[:0]), "x_test is empty"),
    "unseen labels": ((X, Y, X, [0, 1, 7, 8]), r"2 labels that no training row has \(7, 8\)"),
    "labels of another type": ((X, Y, X, ["0", "1", "0", "1"]), r"y_test has 2 labels .*'0', '1'"),
    "shapes": ((X, Y, X[:, :2], Y), r"x have shape \(3,\) but rows of x_test have \(2,\)"),
    "complex": ((X + 1j, Y), "dtype complex128, but real numbers"),
    "text": ((X.astype(str), Y), "real numbers are needed: encode text"),
    "object": ((X.astype(object), Y), "dtype object"),
    "one dimension": ((X[:, 0], Y), r"shape \(4,\), but \(n, features\)"),
    "five dimensions": ((np.ones((4, 1, 1, 1, 1)), Y), r"shape \(4, 1, 1, 1, 1\)"),
    "regression": ((X, Y + 0.5), "not whole, such as 0.5"),
    "no labels": ((X, None), "x has no labels"),
    "test labels missing": ((X, Y, X, None), "there is x_test but no y_test"),
    "test rows missing": ((X, Y, None, Y), "there is y_test but no x_test"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_refused(case):
    arguments, message = BAD[case]
    with pytest.raises(InputError, match=message) as info:
        validate(*arguments)
    assert isinstance(info.value, ValueError)
    assert "\n" not in str(info.value)
    with pytest.raises(InputError, match=message):
        from_arrays(*arguments)


def test_infinities_of_both_signs_are_counted_without_a_warning():
    x = spoilt(np.inf, (0, 0))
    x[1, 1] = -np.inf
    with pytest.raises(InputError, match=r"2 values .*0 NaN, 2 infinite"):
        validate(x, Y)


def test_good_data_passes_as_arrays_and_as_a_dataset():
    validate(X, Y, X[:1], Y[:1])
    validate(X.astype(np.uint8), ["a", "b", "c", "c"])
    validate(Dataset("toy", "memory", X, Y))


def test_a_dataset_is_checked_too():
    with pytest.raises(InputError, match="1 NaN"):
        validate(Dataset("toy", "memory", spoilt(np.nan, (0, 0)), Y))


@pytest.mark.parametrize("bounds", [None, (0, 11), (-1.0, 20.0)])
def test_values_within_the_box_pass(bounds):
    check_bounds(X, bounds)


def test_pixels_in_0_to_255_are_told_apart_from_other_values_outside():
    with pytest.raises(
        InputError, match=r"x has 10 of 12 values .*\[0, 1\].* 0 to 11: .*divide by 255 .*--bounds 0 255"
    ):
        check_bounds(X, (0, 1))
    with pytest.raises(InputError, match=r"x_test has 6 of 12 values .*\[1, 6\].*--bounds 0 11"):
        check_bounds(X, (1, 6), "x_test")
    with pytest.raises(InputError, match=r"-5 to 6: rescale the data or pass --bounds -5 6"):
        check_bounds(X - 5, (0, 1))


@pytest.mark.parametrize("bounds", [(1, 0), (0, 0), (0, np.inf), (np.nan, 1)])
def test_an_empty_or_open_box_is_refused(bounds):
    with pytest.raises(InputError, match="not a box"):
        check_bounds(X, bounds)

"""The measurements behind the claims about tensor decomposition, at tiny size."""

import numpy as np

from limes.beyond.tensor import lazy_residual, orthonormal_target
from limes.papers.tensor_decomposition import explicit, lazy, moving, rounds


def test_the_least_number_of_components_is_the_least():
    for seed, d, order in ((0, 4, 3), (1, 5, 3), (2, 3, 4)):
        found = lazy.curve(seed, d, order, 2, range(1, 12))
        zero = [m for m, residual in zip(found["widths"], found["residual"], strict=True) if residual < lazy.ZERO]
        assert found["smallest"] == min(zero)
        target = orthonormal_target(d, 2, order, seed=seed)
        assert found["residual"][1] == lazy_residual(target, lazy.start(seed, 2, d))
    assert lazy.curve(0, 5, 3, 2, [6, 7, 8])["exceptions"] == 1  # the known one
    assert lazy.smallest(1, 5, 3, 2) == 8  # not 7, for that reason


def test_what_moves():
    found = moving.curve((0, 1), 4, 3, 1, (2, 3), 400)
    assert np.shape(found["residual"]) == np.shape(found["outside"]) == (2, 2)
    assert min(np.ravel(found["residual"])) < moving.SUCCESS
    assert max(np.ravel(found["outside"])) < 1
    rescued = moving.rescued((0, 3), 5, 3, 2, 3, 200, (None, 50))
    assert np.shape(rescued["residuals"]) == (2, 2, 3)
    assert rescued["residuals"][0][0][0] == rescued["residuals"][1][0][0]
    exact = moving.exact((0, 1, 2), 4, 3, 1, 400)
    assert max(exact["positive"]) > moving.STUCK > min(exact["positive"])


def test_steps_and_numbers_are_first_ones():
    found = moving.times((0, 1), (4, 6), 3, 1, 4, 300)["steps"]
    assert np.shape(found) == (2, 2)
    assert all(0 < step <= 300 and step % 5 == 0 for row in found for step in row)
    assert moving.times((0,), (4,), 3, 1, 4, 10)["steps"] == [[10]]
    least = moving.smallest((0, 1, 2), 4, 3, 1, (1, 2, 4), 1500, 300)["moving"]
    again = moving.curve((0, 1, 2), 4, 3, 1, (4,), 1500)
    assert max(least) <= 4
    assert max(np.ravel(again["residual"])) < moving.SUCCESS
    assert moving.smallest((0,), 4, 3, 1, (1, 2), 1, 1)["moving"] == [4]


def test_the_gram_form_against_what_is_written_out():
    found = explicit.errors(0, 3, (2, 3), 4, 2)
    assert max(found["loss"] + found["gradient"]) < 1e-12


def test_rounds_and_those_that_were_not_enough():
    found = rounds.measured(0, (5, 7), (1, 4), 2, 6)
    for target in ("orthonormal", "random"):
        assert found[target]["parallel"] == [[7, 2], [7, 2]]
        assert found[target]["sequential"] == [[7, 1], [7, 1]]

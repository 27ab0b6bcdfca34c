"""Comparisons of kernels, against their formulas written out."""

import numpy as np
import pytest

from limes.core.errors import InputError
from limes.measure import alignment, effective_rank, eigenvalues, kernel_distance, polar, relative_change, top_mass
from limes.measure.kernels import square


@pytest.fixture
def grams():
    rng = np.random.default_rng(0)
    return [b @ b.T for b in rng.normal(size=(4, 6, 8))]


def test_distance_is_the_published_formula(grams):
    a, b = grams[:2]
    expected = 1 - np.trace(a @ b.T) / np.sqrt(np.trace(a @ a.T) * np.trace(b @ b.T))
    assert kernel_distance(a, b) == pytest.approx(expected, rel=1e-12)
    assert kernel_distance(a, b) == pytest.approx(kernel_distance(5 * b, 0.1 * a), rel=1e-12)
    assert kernel_distance(a, 7 * a) < 1e-15
    assert kernel_distance(np.ones((2, 2)), np.array([[1.0, -1.0], [-1.0, 1.0]])) == pytest.approx(1.0)


def test_small_turns_are_not_lost_in_rounding(grams):
    turn = 1e-7 * np.linalg.norm(grams[0]) * np.eye(6)
    away = turn - np.sum(turn * grams[0]) / np.sum(grams[0] ** 2) * grams[0]
    expected = 0.5 * np.sum(away**2) / np.sum(grams[0] ** 2)
    assert kernel_distance(grams[0], grams[0] + away) == pytest.approx(expected, rel=1e-4)


def test_alignment_is_one_for_the_labels_own_gram():
    labels = np.array([0, 1, 1, 2, 0])
    onehot = np.eye(3)[labels]
    assert alignment(2 * onehot @ onehot.T + 5.0, labels) == pytest.approx(1.0)
    assert alignment(onehot @ onehot.T, onehot) == pytest.approx(1.0)
    noise = np.random.default_rng(0).normal(size=(5, 50))
    centre = np.eye(5) - 0.2
    k, y = centre @ (noise @ noise.T) @ centre, centre @ (onehot @ onehot.T) @ centre
    expected = np.trace(k @ y) / np.sqrt(np.trace(k @ k) * np.trace(y @ y))
    assert alignment(noise @ noise.T, labels) == pytest.approx(expected)


def test_spectra_and_their_shares(grams):
    values = eigenvalues(grams[0])
    np.testing.assert_allclose(values, np.linalg.eigvalsh(grams[0])[::-1])
    assert top_mass(values, 2) == pytest.approx((values[0] ** 2 + values[1] ** 2) / np.sum(values**2))
    assert top_mass(values, 6) == pytest.approx(1.0)
    shares = values / values.sum()
    assert effective_rank(values) == pytest.approx(np.prod(shares**-shares))
    assert effective_rank(np.ones(5)) == pytest.approx(5.0)
    assert effective_rank([3.0, 0.0]) == pytest.approx(1.0)


def test_all_pairs_of_outputs_are_one_matrix():
    jacobian = np.random.default_rng(0).normal(size=(3, 2, 9))
    full = np.einsum("iap,jbp->ijab", jacobian, jacobian)
    flat = jacobian.reshape(6, 9)
    np.testing.assert_allclose(square(full), flat @ flat.T)


def test_polar_coordinates(grams):
    radius, angle = polar(grams)
    first, last = grams[0], grams[-1]
    assert radius[0] == 0
    assert radius[-1] == pytest.approx(1.0)
    for k, r, phi in zip(grams, radius, angle, strict=True):
        assert r == pytest.approx(np.linalg.norm(k - first) / np.linalg.norm(last - first))
        cosine = np.sum(k * first) / np.linalg.norm(k) / np.linalg.norm(first)
        assert phi == pytest.approx(np.arccos(min(cosine, 1.0)), abs=1e-7)
    assert relative_change(first, 3 * first) == pytest.approx(2.0)


def test_what_cannot_be_compared_is_refused(grams):
    for wrong, words in (((grams[0], np.eye(3)), "cannot be compared"), ((grams[0], np.zeros((6, 6))), "zero")):
        with pytest.raises(InputError, match=words):
            kernel_distance(*wrong)
    with pytest.raises(InputError, match="alignment compares"):
        alignment(grams[0], np.zeros(5, int))
    with pytest.raises(InputError, match="a kernel is"):
        eigenvalues(np.zeros((3, 4)))

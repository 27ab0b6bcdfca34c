"""Losses against their definitions, gradients against finite differences."""

import numpy as np
import pytest
from scipy.special import logsumexp

from limes.attacks.losses import Duel, Objective, cross_entropy, logits_ratio, margin, ranked_rivals, squared_error

RNG = np.random.default_rng(0)
SCORES, LABELS = RNG.standard_normal((20, 4)), RNG.integers(0, 4, 20)


def finite_difference(loss, scores, labels, h=1e-6):
    gradient = np.zeros_like(scores)
    for j in range(scores.shape[1]):
        up, down = scores.copy(), scores.copy()
        up[:, j] += h
        down[:, j] -= h
        gradient[:, j] = (loss(up, labels)[0] - loss(down, labels)[0]) / (2 * h)
    return gradient


@pytest.mark.parametrize("loss", [margin, cross_entropy, squared_error, logits_ratio], ids=lambda f: f.__name__)
def test_gradients_are_those_of_the_losses(loss):
    np.testing.assert_allclose(loss(SCORES, LABELS)[1], finite_difference(loss, SCORES, LABELS), atol=1e-8)


def test_values_are_those_of_the_definitions():
    right = SCORES[np.arange(20), LABELS]
    for i, value in enumerate(margin(SCORES, LABELS)[0]):
        assert value == np.delete(SCORES[i], LABELS[i]).max() - right[i]
    np.testing.assert_allclose(cross_entropy(SCORES, LABELS)[0], logsumexp(SCORES, axis=1) - right, rtol=1e-13)
    for one_hot, shift in ((True, 0.0), (False, 0.25)):
        expected = 0.5 * ((SCORES - np.eye(4)[LABELS] + shift) ** 2).sum(axis=1)
        np.testing.assert_allclose(squared_error(SCORES, LABELS, one_hot)[0], expected, rtol=1e-13)


def test_cross_entropy_keeps_tiny_and_huge_values():
    scores = np.array([[100.0, 0.0, 0.0], [-1e4, 0.0, 1e4]], np.float32)
    value, gradient = cross_entropy(scores, np.array([0, 0]))
    np.testing.assert_allclose(value, [2 * np.exp(-100), 2e4], rtol=1e-12)
    np.testing.assert_allclose(gradient[0], np.exp(-100) * np.array([-2, 1, 1]), rtol=1e-12)
    np.testing.assert_allclose(gradient[1], [-1, 0, 1], rtol=1e-12)


@pytest.mark.parametrize("loss", ["margin", "ce", "mse"])
def test_a_step_along_the_cotangent_raises_the_objective(loss):
    for targeted in (False, True):
        objective = Objective(loss, targeted)
        v = objective.cotangent(SCORES.astype(np.float32), LABELS)
        assert v.dtype == np.float32
        np.testing.assert_allclose(np.abs(v).max(axis=1), 1.0)
        assert (objective.values(SCORES + 1e-4 * v, LABELS) > objective.values(SCORES, LABELS)).all()


def test_saturated_losses_still_have_a_direction_in_float32():
    v = Objective("ce").cotangent(np.array([[200.0, 0.0]], np.float32), np.array([0]))
    assert v.tolist() == [[-1.0, 1.0]]


def test_broken_means_wrong_or_targeted_means_reached():
    scores = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert Objective("margin").broken(scores, np.array([0, 0])).tolist() == [False, True]
    assert Objective("margin", targeted=True).broken(scores, np.array([0, 0])).tolist() == [True, False]


def test_the_logits_ratio_is_that_of_the_definition():
    for scores, label, value in zip(SCORES, LABELS, logits_ratio(SCORES, LABELS)[0], strict=True):
        best, _, third = np.sort(scores)[::-1][:3]
        assert value == pytest.approx(-(scores[label] - np.delete(scores, label).max()) / (best - third))
    np.testing.assert_allclose(logits_ratio(1e-9 * SCORES, LABELS)[0], logits_ratio(SCORES, LABELS)[0])
    level = logits_ratio(np.ones((2, 3), np.float32), np.array([0, 2]))
    assert all(np.isfinite(part).all() for part in level)


def test_a_duel_is_between_two_columns():
    rivals = ranked_rivals(SCORES, LABELS)
    for i in range(20):
        assert sorted(rivals[i]) == sorted(set(range(4)) - {LABELS[i]})
        assert (np.diff(SCORES[i, rivals[i]]) <= 0).all()
    pairs = np.stack([LABELS, rivals[:, 1]], axis=1)
    rows = np.arange(20)
    np.testing.assert_array_equal(Duel().values(SCORES, pairs), SCORES[rows, rivals[:, 1]] - SCORES[rows, LABELS])
    gradient = finite_difference(lambda scores, p: (Duel().values(scores, p), None), SCORES, pairs)
    np.testing.assert_allclose(Duel().cotangent(SCORES, pairs), gradient, atol=1e-8)

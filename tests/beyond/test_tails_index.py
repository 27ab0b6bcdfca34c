"""Stable draws against SciPy's law and transforms, tail indices against samples whose index is known."""

import numpy as np
import pytest
from scipy import stats

from limes.beyond.tails import (
    elliptical_stable,
    heaviness_index,
    hill_index,
    positive_stable,
    symmetric_stable,
)
from limes.core.errors import InputError


def _mean(values):
    return values.mean(), 5 * values.std() / np.sqrt(len(values))


@pytest.mark.parametrize("alpha", [0.7, 1.0, 1.6, 2.0])
def test_symmetric_draws_have_the_law_of_scipy(alpha):
    x = symmetric_stable(alpha, 20_000, 3)
    for t in (0.3, 1.0, 2.5):
        mean, error = _mean(np.cos(t * x))
        assert abs(mean - np.exp(-(t**alpha))) < error
    places = np.array([-2.0, 0.5, 6.0])
    law = stats.norm(scale=np.sqrt(2)) if alpha == 2 else stats.levy_stable(alpha, 0)
    share = (x[:, None] < places).mean(axis=0)
    np.testing.assert_allclose(share, law.cdf(places), atol=5 * 0.5 / np.sqrt(len(x)))


@pytest.mark.parametrize("index", [0.4, 0.85, 1.0])
def test_positive_draws_have_their_laplace_transform(index):
    s = positive_stable(index, 20_000, 1)
    assert s.min() > 0
    for t in (0.2, 1.0, 3.0):
        mean, error = _mean(np.exp(-t * s))
        assert abs(mean - np.exp(-(t**index))) <= error + 1e-12


def test_elliptical_vectors_share_a_scale():
    alpha = 1.5
    x = elliptical_stable(alpha, 20_000, 3, 2)
    t = np.array([0.5, -1.0, 0.7])
    mean, error = _mean(np.cos(x @ t))
    assert abs(mean - np.exp(-(np.linalg.norm(t) ** alpha))) < error
    common = elliptical_stable(alpha, 2_000, 50, 2, common=True)
    assert stats.kurtosis(common.ravel()) == pytest.approx(0.0, abs=0.1)  # Gaussian, up to one factor
    assert stats.kurtosis(x.ravel()) > 10
    again = [elliptical_stable(alpha, 2, 2, 7) for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_heaviness_of_one_block_length_is_the_formula():
    """The mean over blocks, by a loop; the order does not matter for a sample in one permutation's order."""
    x = np.random.default_rng(0).standard_cauchy((60, 2))
    order = np.random.default_rng(5).permutation(60)
    shuffled = x[order]
    terms = [
        np.log(np.linalg.norm(shuffled[j : j + 4].sum(0)))
        - np.mean([np.log(np.hypot(*r)) for r in shuffled[j : j + 4]])
        for j in range(0, 60, 4)
    ]
    inverse, error = np.mean(terms) / np.log(4), np.std(terms, ddof=1) / np.sqrt(15) / np.log(4)
    found = heaviness_index(x, blocks=[4], permutations=1, centre=False, cap=False, key=5)
    assert found.value == pytest.approx(1 / inverse, rel=1e-12)
    assert found.low == pytest.approx(1 / (inverse + 1.959964 * error), rel=1e-12)
    assert found.n == 60


@pytest.mark.parametrize("alpha", [0.8, 1.4, 1.8])
def test_heaviness_of_stable_samples_and_its_band(alpha):
    found = [heaviness_index(symmetric_stable(alpha, 2_000, s), permutations=2, cap=False) for s in range(40)]
    values = np.array([f.value for f in found])
    assert abs(values.mean() - alpha) < 5 * values.std() / np.sqrt(len(values)) + 0.01
    assert np.mean([f.low < alpha < f.high for f in found]) > 0.85
    vectors = heaviness_index(elliptical_stable(alpha, 4_000, 5, 9))
    assert abs(vectors.value - alpha) < 0.1


def test_heaviness_does_not_know_of_scale_and_centre_and_ends_at_two():
    x = symmetric_stable(1.6, 501, 1)  # an odd number: one value is the median
    found, moved = heaviness_index(x), heaviness_index(1e3 * x + 5)
    assert moved.value == pytest.approx(found.value, rel=1e-9)
    assert found.n == 500
    gaussian = [heaviness_index(np.random.default_rng(s).standard_normal(1_000)) for s in range(6)]
    assert max(g.high for g in gaussian) == 2.0
    alternating = np.tile([1.0, -1.0], 50) * (1 + 0.01 * np.arange(100))
    assert heaviness_index(alternating, cap=False).value > 2.5  # sums that hardly grow are not of any stable law


def test_finite_variance_reads_below_two():
    """Student's t with 2.8 degrees of freedom: Hill sees the tail, heaviness the growth of sums."""
    x = stats.t(2.8).rvs(40_000, random_state=4)
    assert heaviness_index(x).value < 1.95
    assert hill_index(x, top=0.005).value == pytest.approx(2.8, rel=0.25)


def test_hill_of_a_power_tail():
    values = [hill_index(np.random.default_rng(s).pareto(2.5, 4_000) + 1, top=0.1, centre=False) for s in range(30)]
    mean, error = _mean(np.array([v.value for v in values]))
    assert abs(mean - 2.5) < error + 2.5 / 400  # the mean of 1 / (mean of k terms) is 1 + 1/k times too large
    assert np.mean([v.low < 2.5 < v.high for v in values]) > 0.8
    assert values[0].n == 400


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: symmetric_stable(2.1, 3), "at most 2, not 2.1"),
        (lambda: elliptical_stable(0.0, 3, 2), "above 0"),
        (lambda: positive_stable(1.5, 3), "at most 1, not 1.5"),
        (lambda: heaviness_index(np.ones(100)), "0 vectors that differ from their median"),
        (lambda: heaviness_index(np.ones((2, 2, 2))), r"shape \(2, 2, 2\)"),
        (lambda: heaviness_index(np.array([np.nan, 1.0])), "1 values of the sample are not finite"),
        (lambda: heaviness_index(np.arange(20.0), blocks=[12]), r"2 to 10 of 20 vectors, not \[12\]"),
        (lambda: heaviness_index(np.arange(20.0), permutations=0), "at least one permutation"),
        (lambda: heaviness_index(np.tile([1.0, -1.0], 8), blocks=[8]), "cancel in all blocks"),
        (lambda: hill_index(np.arange(20.0), top=1.0), "between 0 and 1, not 1.0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()

"""Descent on linear regression against loops, moments and Monte Carlo; stable noise in a training."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from limes.beyond.tails import (
    growth_factors,
    growth_index,
    sgd_chains,
    stable_noise,
    symmetric_stable,
    theoretical_index,
)
from limes.core.errors import InputError


def test_growth_factors_by_a_loop():
    features = np.random.default_rng(0).standard_normal((6, 3, 4))
    expected = [np.linalg.norm((np.eye(4) - 0.2 * a.T @ a)[:, 0]) for a in features]
    np.testing.assert_allclose(growth_factors(features, 0.6), expected, rtol=1e-12)


@pytest.mark.parametrize(("d", "b"), [(10, 5), (4, 2), (1, 3), (2, 1)])
def test_theory_has_the_moments_of_batches(d, b):
    """The second moment in closed form, and the mean of the index's power from draws of whole batches."""
    assert theoretical_index(2 / (1 + (d + 1) / b), b, d) == pytest.approx(2.0, abs=1e-9)
    rate = 1.7 / (1 + (d + 1) / b)
    alpha = theoretical_index(rate, b, d)
    drawn = growth_factors(np.random.default_rng(1).standard_normal((40_000, b, d)), rate) ** (alpha / 2)
    half = (drawn**2).mean()
    assert abs(half - 1) < 5 * (drawn**2).std() / np.sqrt(len(drawn))


def test_the_limits_of_the_index():
    assert theoretical_index(5.0, 5, 10) == 0.0
    assert theoretical_index(1e-3, 5, 10) == np.inf
    rates = [theoretical_index(rate, 5, 10) for rate in (0.3, 0.5, 0.6, 0.65)]
    assert rates == sorted(rates, reverse=True)
    assert growth_index(np.array([0.5, 1.25])) == pytest.approx(
        next(a for a in np.arange(2.0, 3.0, 1e-4) if 0.5**a + 1.25**a >= 2), abs=2e-4
    )
    assert growth_index(np.array([0.5, 0.9])) == np.inf
    assert growth_index(np.array([0.5, 2.5])) == 0.0
    assert growth_index(np.array([0.0, 4.0])) == pytest.approx(0.5)


def test_chains_by_a_loop_and_their_variance():
    rate, b, d, n = 0.3, 2, 3, 4
    found = sgd_chains(rate, b, d, n_chains=n, steps=5, key=7)
    rng, slow = np.random.default_rng(7), np.zeros((n, d))
    for _ in range(5):
        a, y = rng.standard_normal((n, b, d)), rng.standard_normal((n, b))
        for i in range(n):
            slow[i] = slow[i] - rate / b * a[i].T @ (a[i] @ slow[i] - y[i])
    np.testing.assert_allclose(found, slow, rtol=1e-10)
    many = (sgd_chains(rate, b, d, n_chains=4000, steps=60, key=1) ** 2).sum(axis=1)
    growth = 1 - 2 * rate + rate**2 * (b + d + 1) / b
    expected = rate**2 * d / b / (1 - growth)  # the fixed point of v = growth v + |eta/b A^T y|^2
    assert abs(many.mean() - expected) < 5 * many.std() / np.sqrt(len(many))


def test_noise_is_stable_and_adds_up():
    params = [jnp.zeros((60, 50)), jnp.ones((1000,))]
    noisy = optax.chain(optax.sgd(0.5), stable_noise(1.5, 0.2, key=3))
    state = noisy.init(params)
    slope = jax.tree.map(jnp.ones_like, params)
    moved, after = noisy.update(slope, state, params)
    draws = np.concatenate([np.ravel(m) + 0.5 for m in moved]) / 0.2
    for t in (0.5, 1.0, 2.0):
        values = np.cos(t * draws)
        assert abs(values.mean() - np.exp(-(t**1.5))) < 5 * values.std() / np.sqrt(len(values))
    again, _ = noisy.update(slope, after, params)
    assert abs(np.corrcoef(np.arctan(np.ravel(moved[0])), np.arctan(np.ravel(again[0])))[0, 1]) < 0.1
    same, _ = noisy.update(slope, noisy.init(params), params)
    np.testing.assert_array_equal(same[0], moved[0])
    other, _ = noisy.update(slope, noisy.init(jax.tree.map(lambda w: w + 1, params)), params)
    assert not np.allclose(other[0], moved[0])
    far = np.abs(symmetric_stable(1.5, 4000, 0)) > 10
    assert abs((np.abs(draws) > 10).mean() - far.mean()) < 5 * np.sqrt(2 * far.mean() / 4000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theoretical_index(0.0, 5, 10), "a positive learning rate"),
        (lambda: growth_index(np.array([])), "finite numbers of at least 0"),
        (lambda: growth_index(np.array([-1.0])), "finite numbers of at least 0"),
        (lambda: stable_noise(3.0, 1.0), "at most 2, not 3.0"),
        (lambda: stable_noise(1.0, -1.0), "scale must be at least 0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_roots_between_powers_of_two_are_found():
    """Half of the factors are r, with r^150 = 2, and the others 0: doubling from 1/8 passes 128 and 256."""
    assert growth_index(np.array([2 ** (1 / 150), 0.0])) == pytest.approx(150, rel=1e-6)
    assert growth_index(np.array([2 ** (1 / 250), 0.0])) == np.inf


def test_settings_out_of_range():
    for settings in ((0.1, 0, 3), (-0.1, 5, 3), (0.1, 5, 0), (np.inf, 5, 3)):
        with pytest.raises(InputError, match="positive learning rate"):
            sgd_chains(*settings, n_chains=2, steps=2)
    with pytest.raises(InputError, match="one chain"):
        sgd_chains(0.1, 5, 3, n_chains=0)
    with pytest.raises(InputError, match="finite"):
        stable_noise(1.8, np.inf)

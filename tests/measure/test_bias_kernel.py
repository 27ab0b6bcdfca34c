"""The kernel of networks with large bias: against nets, simulation, and what else is known of it."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from limes.core.errors import InputError
from limes.measure import active_fraction, bias_kernel, bias_net, sampled_bias_kernel, unit_rows

pytestmark = pytest.mark.usefixtures("quick_compilation")
X = np.random.default_rng(0).normal(size=(8, 4))


@pytest.fixture(scope="module")
def kernel():
    return bias_kernel(X, 1.0)


def test_it_is_the_ntk_of_its_nets(kernel):
    rows = 2.0 * unit_rows(X)  # length sqrt(d)
    for thresholds in (True, False):
        ntk = bias_net(1.0, thresholds=thresholds).kernel(rows, get="ntk").ntk
        np.testing.assert_allclose(kernel.ntk(trainable=thresholds), ntk, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(np.diagonal(kernel.active), norm.sf(1.0), rtol=1e-12)


def test_probabilities_are_those_of_the_bivariate_normal(kernel):
    for i, j in ((0, 1), (2, 7), (3, 5)):
        both = multivariate_normal([0, 0], [[1, kernel.gram[i, j]], [kernel.gram[i, j], 1]])
        assert kernel.active[i, j] == pytest.approx(both.cdf([-1.0, -1.0]), rel=1e-6)


def test_random_units_agree_within_five_standard_errors(kernel):
    draws = 200_000
    found = sampled_bias_kernel(X, 1.0, draws, seed=1)
    errors = np.sqrt(kernel.active * (1 - kernel.active) / draws)
    assert (np.abs(found.active - kernel.active) < 5 * errors).all()
    np.testing.assert_allclose(found.ntk(), (kernel.gram + 1) * found.active)
    with pytest.raises(InputError, match="not 0"):
        sampled_bias_kernel(X, 1.0, 0)


def test_a_network_is_counted_unit_by_unit():
    found = sampled_bias_kernel(X, 0.5, 12_000, seed=3)
    rng, rows = np.random.default_rng(3), unit_rows(X)
    on = np.concatenate([rows @ rng.standard_normal((4, n)) > 0.5 for n in (10_000, 2_000)], axis=1)
    naive = [[np.mean(a & b) for a in on] for b in on]
    np.testing.assert_allclose(found.active, naive, rtol=1e-12)


def test_without_bias_it_is_an_arc_cosine_kernel():
    kernel = bias_kernel(X, 0.0)
    angle = np.arccos(np.clip(kernel.gram, -1, 1))
    np.testing.assert_allclose(kernel.ntk(False), kernel.gram * (np.pi - angle) / (2 * np.pi), atol=1e-12)


def test_lengths_do_not_count_and_zero_rows_are_refused(kernel):
    np.testing.assert_allclose(bias_kernel(X * np.arange(1, 9)[:, None], 1.0).ntk(), kernel.ntk(), rtol=1e-9)
    with pytest.raises(InputError, match="1 rows are zero, the first is row 3"):
        unit_rows(X * (np.arange(8) != 3)[:, None])
    with pytest.raises(InputError, match="not finite"):
        unit_rows(np.array([[np.nan, 1.0]]))


def test_images_are_flattened():
    np.testing.assert_allclose(unit_rows(np.ones((2, 2, 2, 1))), 0.5)


@pytest.mark.parametrize("bias", [-1.0, 0.0, 2.0, 6.0])
def test_the_active_fraction(bias):
    assert active_fraction(bias) == pytest.approx(norm.sf(bias), rel=1e-12)

"""Spectra of kernels and the generalisation terms that are made of them."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from limes.core.errors import InputError
from limes.measure import ball_term, confidence_term, kernel_spectrum, localised_term, term_without_sparsity

RNG = np.random.default_rng(0)
ROOT = RNG.normal(size=(12, 20))
KERNEL = ROOT @ ROOT.T
Y = RNG.choice([-1.0, 1.0], 12)


def test_a_spectrum_is_that_of_the_matrix():
    found = kernel_spectrum(KERNEL)
    np.testing.assert_allclose((found.vectors * found.values) @ found.vectors.T, KERNEL, atol=1e-10)
    assert (np.diff(found.values) <= 0).all()
    assert found.condition == pytest.approx(np.linalg.cond(KERNEL), rel=1e-9)
    assert found.trace == pytest.approx(np.trace(KERNEL))
    assert KERNEL @ found.bottom == pytest.approx(found.smallest * found.bottom, abs=1e-9)
    assert found.squared_norm(Y) == pytest.approx(Y @ np.linalg.solve(KERNEL, Y), rel=1e-9)
    both = np.stack([Y, -2 * Y], axis=1)
    assert found.squared_norm(both) == pytest.approx(5 * found.squared_norm(Y), rel=1e-9)


def test_a_singular_kernel_reaches_no_labels():
    found = kernel_spectrum(ROOT[:, :5] @ ROOT[:, :5].T)
    assert found.singular
    assert math.isinf(found.condition)
    assert math.isinf(found.squared_norm(Y))
    assert math.isinf(ball_term(found, Y))
    with pytest.raises(InputError, match="singular"):
        localised_term(found, Y)


def test_all_pairs_of_outputs_are_one_matrix():
    blocks = np.einsum("ij,ab->ijab", KERNEL, np.diag([1.0, 3.0]))
    np.testing.assert_allclose(kernel_spectrum(blocks).values[0], 3 * kernel_spectrum(KERNEL).values[0])


def test_what_is_no_kernel_is_refused():
    for bad in (np.ones((2, 3)), np.full((2, 2), np.nan), np.ones((0, 0))):
        with pytest.raises(InputError):
            kernel_spectrum(bad)
    with pytest.raises(InputError, match="3 values"):
        kernel_spectrum(KERNEL).squared_norm(np.ones(3))
    with pytest.raises(InputError, match="delta"):
        confidence_term(10, 1.0)


def test_the_ball_term_bounds_twice_the_rademacher_complexity():
    """sup over the ball of sigma . f is R sqrt(sigma^T K sigma): its mean over signs is close to R sqrt(tr K)."""
    found, signs = kernel_spectrum(KERNEL), np.random.default_rng(1).choice([-1.0, 1.0], (20_000, 12))
    radius = math.sqrt(Y @ np.linalg.solve(KERNEL, Y))
    sups = 2 / 12 * radius * np.sqrt(np.einsum("si,ij,sj->s", signs, KERNEL, signs))
    error = sups.std() / math.sqrt(len(sups))
    assert sups.mean() - 5 * error < ball_term(found, Y) < 1.2 * sups.mean()
    assert term_without_sparsity(found, Y) == pytest.approx(math.sqrt(2 * radius**2 / 12))


@pytest.mark.parametrize("kernel", [KERNEL, KERNEL**2, np.eye(12), np.diag(10.0 ** -np.arange(12))])
def test_the_localised_term_is_the_fixed_point(kernel):
    found = kernel_spectrum(kernel)
    squared = found.squared_norm(Y)

    def psi(r):
        return math.sqrt(2 / 12 * np.minimum(r, squared * found.values / 12).sum())

    fixed, whole = localised_term(found, Y)
    assert whole == pytest.approx(psi(math.inf), rel=1e-9)
    assert fixed == pytest.approx(brentq(lambda r: psi(r) / r - 1, 1e-12, 1e6), rel=1e-9)
    assert fixed <= whole * (1 + 1e-12)

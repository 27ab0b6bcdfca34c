"""Flows with a clock for each row: against the definition by general matrix exponentials, and finite differences."""

import numpy as np
import pytest
from scipy.linalg import expm

from limes.core.errors import InputError
from limes.linalg.weighted import coefficients, weighted_flow

SCALES = pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])


def problem(n, scale, seed=0, standing=2):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(n, n)))[0]
    gram = basis * np.geomspace(0.05, 5, n) @ basis.T
    clocks = rng.uniform(size=n) * scale
    clocks[:standing] = 0.0
    return (gram + gram.T) / 2, clocks, rng.normal(size=(n, 3)), rng.normal(size=(n, 3))


def definition(gram, clocks, y):
    return np.linalg.solve(gram, (np.eye(len(gram)) - expm(-gram * clocks)) @ y)


@SCALES
@pytest.mark.parametrize("n", [6, 40, 150])
@pytest.mark.parametrize("seed", range(3))
def test_both_forms_are_the_definition(n, scale, seed):
    gram, clocks, y, _ = problem(n, scale, seed)
    exact = definition(gram, clocks, y)
    size = np.abs(exact).max()
    np.testing.assert_allclose(coefficients(gram, clocks, y), exact, atol=1e-12 * size)
    np.testing.assert_allclose(weighted_flow(gram, y, clocks).coef, exact, atol=1e-6 * size)


@SCALES
def test_gradient_is_that_of_the_definition(scale):
    gram, clocks, y, g = problem(8, scale)
    found = weighted_flow(gram, y, clocks, tol=1e-12).gradient(g)

    def value(d):
        return float(np.sum(g * definition(gram, d, y)))

    for i, step in enumerate(1e-5 * np.eye(8) * max(scale, 1e-2)):
        h = step[i]
        slope = (value(clocks + step) - value(clocks - step)) / (2 * h)  # the formula holds for D_ii < 0 too
        assert found[i] == pytest.approx(slope, rel=1e-6, abs=1e-7 * np.abs(found).max())


def test_at_rest_the_gradient_is_that_of_the_first_moment():
    gram, _, y, g = problem(10, 1.0)
    flow = weighted_flow(gram, y, np.zeros(10))
    np.testing.assert_array_equal(flow.coef, 0.0)
    np.testing.assert_allclose(flow.gradient(g), (y * g).sum(axis=1), rtol=1e-14)


def test_large_clocks_interpolate():
    gram, _, y, _ = problem(20, 1.0)
    coef = weighted_flow(gram, y, np.full(20, 1e4), tol=1e-12).coef
    np.testing.assert_allclose(gram @ coef, y, atol=1e-8)


def test_dependent_targets_and_single_precision():
    gram, clocks, y, g = problem(60, 1.0)
    y = np.c_[y[:, 0], y[:, 0], -2 * y[:, 0]]
    exact = weighted_flow(gram, y, clocks, tol=1e-12)
    found = weighted_flow(gram.astype(np.float32), y, clocks, tol=1e-12)
    assert found.steps < 40  # rounding does not keep it from ending
    np.testing.assert_allclose(found.coef, exact.coef, atol=1e-5 * np.abs(exact.coef).max())
    gradient = exact.gradient(g)
    np.testing.assert_allclose(found.gradient(g), gradient, atol=1e-5 * np.abs(gradient).max())


@pytest.mark.parametrize("bad", [-1e-9, np.nan, np.inf])
def test_clocks_that_run_backwards_are_refused(bad):
    gram, clocks, y, _ = problem(6, 1.0)
    clocks[3] = bad
    with pytest.raises(InputError, match="1 of 6"):
        weighted_flow(gram, y, clocks)

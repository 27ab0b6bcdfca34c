"""The spectral filter of gradient flow, and solutions from one eigendecomposition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from limes.core.errors import NumericalError
from limes.core.status import Status
from limes.linalg import cholesky
from limes.linalg.spectrum import decompose, flow_filter

N = 20
PROPERTY = settings(max_examples=100, derandomize=True, deadline=None)


def targets(c=3):
    return np.random.default_rng(1).standard_normal((N, c))


def test_filter_at_its_limits():
    values = np.array([0.0, 1e-20, 0.5, 4.0])
    np.testing.assert_array_equal(flow_filter(values, 0.0, 0.0), 0)
    np.testing.assert_allclose(flow_filter(values, 1e-9, 0.0), 1e-9, rtol=1e-8)  # g_t(l) = t - l t^2 / 2 + ...
    np.testing.assert_array_equal(flow_filter(values[:1], 7.0, 0.0), 7)
    np.testing.assert_allclose(flow_filter(values[2:], np.inf, 0.0), [2, 0.25])
    np.testing.assert_allclose(flow_filter(values, np.inf, 0.5), [2, 2, 1, 1 / 4.5])
    np.testing.assert_allclose(flow_filter(values[2:], 3.0, 0.5), -np.expm1([-3, -13.5]) / [1, 4.5], rtol=1e-15)


def test_filter_leaves_out_what_is_at_the_cutoff_at_time_inf_only():
    values = np.array([-1e-17, 1e-16, 1.0])
    np.testing.assert_array_equal(flow_filter(values, np.inf, 0.0, cutoff=1e-15), [0, 0, 1])
    np.testing.assert_allclose(flow_filter(values, 2.0, 0.0, cutoff=1e-15)[:2], 2)


@PROPERTY
@given(
    value=st.floats(0, 1e6),
    ridge=st.floats(0, 10),
    time=st.floats(0, 1e308),
    longer=st.floats(1, 1e3),
)
def test_filter_is_bounded_and_grows_with_time(value, ridge, time, longer):
    values = np.array([value])
    now = flow_filter(values, time, ridge)[0]
    bound = min(time, 1 / (value + ridge)) if value + ridge else time
    assert 0 <= now <= bound * (1 + 1e-12)
    later = min(time * longer, 1e308)
    assert now <= flow_filter(values, later, ridge)[0] * (1 + 1e-12)


@pytest.mark.parametrize("ridge", [0.0, 0.2])
@pytest.mark.parametrize("time", [1e-4, 0.1, 1.0, 30.0, 1000.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_the_matrix_exponential(symmetric, ridge, time, seed):
    gram = symmetric(np.geomspace(0.02, 10, N), seed)  # condition 500
    total = gram + ridge * np.eye(N)
    exact = np.linalg.solve(total, (np.eye(N) - expm(-total * time)) @ targets())
    (coef,) = decompose(gram).solve(targets(), (time,), ridge).check().coef
    assert np.linalg.norm(coef - exact) <= 1e-10 * np.linalg.norm(exact)


def test_many_times_at_once_equal_one_by_one(symmetric):
    spectrum = decompose(symmetric(np.geomspace(1e-3, 10, N)))
    times = (np.inf, 0.0, 2.0, 0.5)
    together = spectrum.solve(targets(), times, 0.1)
    for time, coef in zip(times, together.coef, strict=True):
        np.testing.assert_array_equal(coef, spectrum.solve(targets(), (time,), 0.1).coef[0])
    assert together.solver == "eigh"


def test_time_inf_on_a_singular_matrix_is_the_pseudo_inverse(symmetric):
    gram = symmetric(np.r_[np.zeros(6), np.linspace(1, 5, N - 6)])
    solution = decompose(gram).solve(targets(), (np.inf,))
    np.testing.assert_allclose(solution.coef[0], np.linalg.pinv(gram, hermitian=True) @ targets(), atol=1e-12)
    assert solution.rcond < 1e-14


def test_the_pseudo_inverse_knows_the_rounding_of_float32(symmetric):
    gram = symmetric(np.r_[np.zeros(6), np.linspace(1, 5, N - 6)])
    (coef,) = decompose(gram.astype(np.float32)).solve(targets(), (np.inf,)).coef
    np.testing.assert_allclose(coef, np.linalg.pinv(gram, hermitian=True) @ targets(), atol=1e-5)


def test_time_inf_with_a_ridge_is_cholesky(symmetric):
    gram = symmetric(np.r_[np.zeros(6), np.linspace(1, 5, N - 6)])
    solution = decompose(gram).solve(targets(), (np.inf,), 0.05)
    np.testing.assert_allclose(solution.coef[0], cholesky.solve(gram, targets(), 0.05).coef[0], rtol=1e-10, atol=1e-12)
    assert solution.rcond == pytest.approx(0.05 / 5.05, rel=1e-6)


def test_a_matrix_of_zeros(symmetric):
    solution = decompose(np.zeros((N, N))).solve(targets(), (0.0, 3.0, np.inf))
    for coef, factor in zip(solution.coef, (0, 3, 0), strict=True):
        np.testing.assert_allclose(coef, factor * targets(), rtol=1e-12)
    assert np.isnan(solution.rcond)


@pytest.mark.parametrize("where", ["gram", "y"])
def test_values_that_are_not_finite_are_a_status(where):
    gram, y = np.eye(N), targets()
    (gram if where == "gram" else y)[0, 0] = np.nan
    solution = decompose(gram).solve(y, (1.0,))
    assert solution.status is Status.NOT_FINITE
    with pytest.raises(NumericalError, match=r"eigh: .*NaN or infinity"):
        solution.check()


def test_the_matrix_is_left_as_it_is(symmetric):
    gram = symmetric(np.linspace(1, 2, N))
    before = gram.copy()
    decompose(gram)
    np.testing.assert_array_equal(gram, before)

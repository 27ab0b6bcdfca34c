"""Cholesky with its ladder of jitter: right answers, and honest ones where the matrix is singular."""

import numpy as np
import pytest

from limes.core.errors import NumericalError
from limes.core.status import Status
from limes.linalg import cholesky
from limes.linalg.solution import REMEDY

N = 30


def targets(c=3, n=N):
    return np.random.default_rng(1).standard_normal((n, c))


@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_numpy(symmetric, ridge, dtype):
    gram = symmetric(np.linspace(0.5, 50, N)).astype(dtype)
    before = gram.copy()
    solution = cholesky.solve(gram, targets(), ridge).check()
    exact = np.linalg.solve(gram.astype(np.float64) + ridge * np.eye(N), targets())
    np.testing.assert_allclose(solution.coef[0], exact, rtol=1e-10, atol=1e-12)
    assert (solution.status, solution.solver, solution.jitter) == (Status.SOLVED, "cholesky", 0.0)
    np.testing.assert_array_equal(gram, before)


@pytest.mark.parametrize("decades", [1, 4, 8])
def test_rcond_is_that_of_the_one_norm(symmetric, decades):
    gram = symmetric(np.logspace(0, -decades, N))
    exact = 1 / np.linalg.cond(gram, 1)
    assert exact / 1.01 <= cholesky.solve(gram, targets()).rcond <= 10 * exact  # LAPACK bounds the inverse from below


def test_the_ridge_counts_in_rcond(symmetric):
    gram = symmetric(np.r_[np.zeros(5), np.ones(N - 5)])
    solution = cholesky.solve(gram, targets(), ridge=0.1)
    assert solution.status is Status.SOLVED
    assert solution.rcond == pytest.approx(1 / np.linalg.cond(gram + 0.1 * np.eye(N), 1), rel=0.5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_duplicated_rows_share_the_mean_of_their_targets(dtype):
    x = np.random.default_rng(0).standard_normal((N, 40))
    x[-1] = x[0]
    gram, y = (x @ x.T).astype(dtype), targets()
    solution = cholesky.solve(gram, y).check()
    assert solution.status is Status.JITTER_ADDED
    assert 0 < solution.jitter <= 1.1e-3 * np.mean(np.diagonal(gram))
    fitted = gram @ solution.coef[0].astype(dtype)  # in the precision in which a machine predicts
    mean = (y[0] + y[-1]) / 2
    tolerance = 0.02 if dtype == np.float32 else 1e-3
    np.testing.assert_allclose(fitted[[0, -1]], [mean, mean], atol=tolerance)
    np.testing.assert_allclose(fitted[1:-1], y[1:-1], atol=tolerance)


def test_float32_noise_that_hides_a_singular_matrix_is_seen():
    """The rounding of float32 makes two equal rows differ by 1e-7: positive definite, and useless without jitter."""
    gram = np.eye(4) + np.ones((4, 4))
    gram[0, 1] = gram[1, 0] = 2.0 * (1 - 2.0**-22)
    gram[2:, 1] = gram[2:, 0]
    y = targets(1, 4)
    assert cholesky.solve(gram, y).status is Status.SOLVED  # in float64 the difference is real
    single = cholesky.solve(gram.astype(np.float32), y)
    assert single.status is Status.JITTER_ADDED
    assert np.finfo(np.float32).eps * 2 * np.linalg.norm(single.coef[0]) < 0.01 * np.sqrt(np.mean(y**2))


def test_a_matrix_of_zeros_predicts_zeros():
    solution = cholesky.solve(np.zeros((4, 4)), targets(2, 4))
    assert solution.status is Status.JITTER_ADDED
    assert np.isfinite(solution.coef[0]).all()
    np.testing.assert_array_equal(np.zeros((4, 4)) @ solution.coef[0], 0)


def test_zero_targets_need_no_jitter_and_give_zeros(symmetric):
    solution = cholesky.solve(symmetric(np.linspace(1, 2, N)), np.zeros((N, 2)))
    assert solution.status is Status.SOLVED
    np.testing.assert_array_equal(solution.coef[0], 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["gram", "y"])
def test_values_that_are_not_finite_are_a_status(bad, where):
    gram, y = np.eye(3), targets(1, 3)
    (gram if where == "gram" else y)[1, 0] = bad
    if where == "gram":
        gram[0, 1] = -bad  # infinities of both signs
    solution = cholesky.solve(gram, y)
    assert solution.status is Status.NOT_FINITE
    assert not solution.coef
    with pytest.raises(NumericalError, match=r"NaN or infinity.*scale='standard'"):
        solution.check()


def test_large_finite_values_are_not_taken_for_infinity():
    solution = cholesky.solve(np.diag(np.full(3, 3e38, np.float32)), np.ones((3, 1))).check()
    np.testing.assert_allclose(solution.coef[0], 1 / 3e38, rtol=1e-6)


@pytest.mark.parametrize("gram", [np.array([[0.0, 1.0], [1.0, 0.0]]), -np.eye(2), np.array([[1.0, 2.0], [2.0, 1.0]])])
def test_indefinite_matrices_are_refused_with_the_remedy(gram):
    solution = cholesky.solve(gram, np.ones((2, 1)))
    assert solution.status is Status.NOT_POSITIVE_DEFINITE
    with pytest.raises(NumericalError, match="not positive definite") as error:
        solution.check()
    assert REMEDY in str(error.value)
    assert "ridge_rel" in REMEDY

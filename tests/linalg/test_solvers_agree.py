"""Cholesky, eigendecomposition and block Krylov against scipy's matrix exponential and against each other."""

import numpy as np
import pytest
from scipy.linalg import expm

from limes import NTKRegressor
from limes.core.errors import InputError, NumericalError
from limes.core.status import Status
from limes.linalg import cholesky, krylov, spectrum
from limes.machines import flow

INF = float("inf")


def gram(kind: str, n: int = 60) -> np.ndarray:
    """Symmetric positive definite matrices of several spectra, condition below 1000 except "decaying"."""
    q = np.linalg.qr(np.random.default_rng(3).normal(size=(n, n)))[0]
    values = {
        "even": np.linspace(0.5, 50, n),
        "clustered": np.repeat([1.0, 2.0, 40.0], n // 3),
        "decaying": 100.0 * np.arange(1, n + 1) ** -2.5,
    }[kind]
    k = (q * values) @ q.T
    return (k + k.T) / 2


def targets(n: int = 60, c: int = 3) -> np.ndarray:
    return np.eye(c)[np.arange(n) % c] - 1 / c  # rank c - 1


def by_definition(k, y, time, ridge):
    a = k + ridge * np.eye(len(k))
    return np.linalg.solve(a, y if time == INF else y - expm(-a * time) @ y)


@pytest.mark.parametrize("kind", ["even", "clustered"])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_the_spectrum_gives_the_flow_of_the_definition(kind, ridge):
    k, y, times = gram(kind), targets(), (0.0, 1e-3, 0.02, 0.7, 30.0, INF)
    found = spectrum.decompose(k).solve(y, times, ridge)
    for time, coef in zip(times, found.coef, strict=True):
        expected = by_definition(k, y, time, ridge)
        assert np.abs(coef - expected).max() <= 1e-10 * np.abs(expected).max()


@pytest.mark.parametrize("kind", ["even", "clustered", "decaying"])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_krylov_agrees_with_the_spectrum_at_many_times_at_once(kind, ridge):
    k, y, times = gram(kind), targets(), (1e-3, 0.05, 1.0, 20.0)
    exact = spectrum.decompose(k).solve(y, times, ridge).coef
    found = krylov.solve(k, y, times, ridge)
    assert found.status is Status.SOLVED
    for a, b in zip(found.coef, exact, strict=True):
        assert np.linalg.norm(a - b) <= 1e-8 * np.linalg.norm(b)


def test_krylov_on_one_column_zero_targets_and_a_small_space():
    k = gram("even")
    one = krylov.solve(k, targets()[:, :1], (0.1,)).coef[0]
    assert np.allclose(one, by_definition(k, targets()[:, :1], 0.1, 0), rtol=1e-8, atol=1e-12)
    zero = krylov.solve(k, np.zeros((60, 2)), (0.1,))
    assert zero.status is Status.SOLVED
    assert not zero.coef[0].any()
    short = krylov.solve(gram("decaying"), targets(), (50.0,), max_size=4)
    assert short.status is Status.NOT_CONVERGED
    with pytest.raises(NumericalError, match="stopped before"):
        short.check()


def test_cholesky_solves_and_estimates_the_condition():
    k, y = gram("even"), targets()
    found = cholesky.solve(k, y, 0.1)
    assert found.status is Status.SOLVED
    assert np.allclose(found.coef[0], by_definition(k, y, INF, 0.1), rtol=1e-10)
    assert 1e-4 < found.rcond < 1
    assert found.jitter == 0


def test_the_jitter_ladder_serves_singular_matrices_and_says_so():
    x = np.random.default_rng(0).normal(size=(20, 40))
    x = np.concatenate([x, x])
    k = x @ x.T
    y = np.concatenate([np.ones(20), np.zeros(20)])[:, None]
    found = cholesky.solve(k, y)
    assert found.status is Status.JITTER_ADDED
    assert 0 < found.jitter < 1e-6 * k.trace()
    assert np.allclose(k @ found.coef[0], 0.5, atol=1e-3)  # equal rows with targets 0 and 1 meet in the middle


@pytest.mark.parametrize("solve", [cholesky.solve, lambda k, y: krylov.solve(k, y, (1.0,))])
def test_what_is_not_finite_is_a_status(solve):
    k = gram("even")
    k[3, 4] = np.nan
    assert solve(k, targets()).status is Status.NOT_FINITE


def test_an_indefinite_matrix_is_a_status_and_raises_on_demand():
    found = cholesky.solve(-gram("even"), targets())
    assert found.status is Status.NOT_POSITIVE_DEFINITE
    with pytest.raises(NumericalError, match="ridge_rel"):
        found.check()


def test_at_infinity_the_spectrum_leaves_out_the_null_space():
    v = np.ones((5, 1))
    coef = spectrum.decompose(v @ v.T).solve(np.arange(5.0)[:, None], (INF,)).coef[0]
    assert np.allclose(coef, np.linalg.pinv(v @ v.T) @ np.arange(5.0)[:, None])


@pytest.mark.parametrize("weighted", [False, True])
def test_machines_agree_whatever_solves(weighted):
    """At the end of training: factor, decomposition, and conjugate gradients to 1e-8 of the residual."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))
    weights = rng.uniform(0.5, 2, 50) if weighted else None
    scores = {
        solver: NTKRegressor(solver=solver, ridge_rel=1e-3).fit(x, y, weights).scores(x[:20] + 0.1)
        for solver in ("cholesky", "eigh", "cg")
    }
    for found in scores.values():
        assert np.abs(found - scores["cholesky"]).max() < 1e-6 * np.abs(scores["cholesky"]).max()


def test_conjugate_gradients_where_a_factor_does_not_fit(monkeypatch):
    assert flow.choose(2000, (INF,)) == "cholesky"
    monkeypatch.setenv("LIMES_MEMORY", "50MB")  # the kernel takes 32, a factor as much again
    assert flow.choose(2000, (INF,)) == "cg"
    x = np.random.default_rng(0).normal(size=(2000, 3))
    machine = NTKRegressor(ridge_rel=1e-2).fit(x, x[:, :1])
    assert machine.solver_ == "cg"
    assert machine.score(x, x[:, :1]) > 0.9
    with pytest.raises(InputError, match="solver='cg' serves time=inf only"):
        NTKRegressor(time=1.0, solver="cg").fit(x, x[:, :1])

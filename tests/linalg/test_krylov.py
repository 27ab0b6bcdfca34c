"""Block Krylov flows against the eigendecomposition."""

import numpy as np
import pytest

from limes import nets
from limes.core.errors import NumericalError
from limes.core.status import Status
from limes.linalg import cholesky, krylov
from limes.linalg.spectrum import decompose

N = 60
TIMES = (0.0, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e5)

SPECTRA = {
    "fast decay": N * 10.0 ** -np.linspace(0, 12, N),
    "power law": N / np.arange(1, N + 1) ** 2.0,
    "three clusters": np.r_[np.full(20, 100.0), 1 + 1e-6 * np.arange(20), np.full(20, 1e-3)],
    "one cluster": np.linspace(1, 2, N),
    "one large": np.r_[np.linspace(0.5, 1, N - 1), N],
    "low rank": np.r_[np.zeros(N - 5), np.full(5, 50.0)],
    "six decades": np.logspace(0, -6, N),
}


def _targets():
    rng = np.random.default_rng(3)
    one = rng.standard_normal((N, 1))
    labels = np.eye(4)[rng.integers(0, 4, N)]
    return {
        "three columns": rng.standard_normal((N, 3)),
        "one column": one,
        "duplicate columns": np.repeat(one, 3, axis=1),
        "low rank": one @ rng.standard_normal((1, 4)) + labels[:, :1],
        "centred labels": labels - 0.25,
        "zero column": np.c_[one, np.zeros(N)],
    }


TARGETS = _targets()


@pytest.mark.parametrize("ridge", [0.0, 0.05])
@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("values", SPECTRA.values(), ids=SPECTRA)
def test_equals_the_spectrum_at_many_times(symmetric, values, y, ridge):
    gram = symmetric(values)
    solution = krylov.solve(gram, y, TIMES, ridge).check()
    exact = decompose(gram).solve(y, TIMES, ridge).coef
    assert len(solution.coef) == len(TIMES)
    for time, coef, reference in zip(TIMES, solution.coef, exact, strict=True):
        assert coef.shape == y.shape
        assert np.linalg.norm(coef - reference) <= 1e-7 * np.linalg.norm(reference), f"at time {time}"


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-8])
def test_the_error_is_about_the_tolerance(symmetric, tol):
    gram, y = symmetric(SPECTRA["six decades"]), TARGETS["one column"]
    solution = krylov.solve(gram, y, (100.0,), tol=tol).check()
    (exact,) = decompose(gram).solve(y, (100.0,)).coef
    assert np.linalg.norm(solution.coef[0] - exact) <= tol * np.linalg.norm(exact)


def test_a_looser_tolerance_and_a_shorter_time_need_fewer_steps(symmetric):
    gram, y = symmetric(SPECTRA["six decades"]), TARGETS["one column"]
    steps = [krylov.solve(gram, y, (t,), tol=tol).iterations for t, tol in ((1e4, 1e-8), (10.0, 1e-8), (10.0, 1e-2))]
    assert steps[0] > steps[1] > steps[2] > 0


def test_zero_targets_cost_nothing(symmetric):
    solution = krylov.solve(symmetric(SPECTRA["power law"]), np.zeros((N, 2)), (0.0, 5.0))
    assert (solution.status, solution.iterations) == (Status.SOLVED, 0)
    for coef in solution.coef:
        np.testing.assert_array_equal(coef, np.zeros((N, 2)))


@pytest.mark.parametrize(("n", "c"), [(1, 1), (1, 3), (2, 3), (5, 5), (7, 2)])
def test_small_spaces_are_exhausted_and_exact(symmetric, n, c):
    gram, y = symmetric(np.logspace(0, -6, n)), np.random.default_rng(0).standard_normal((n, c))
    solution = krylov.solve(gram, y, (0.5, 1e4)).check()
    for coef, reference in zip(solution.coef, decompose(gram).solve(y, (0.5, 1e4)).coef, strict=True):
        np.testing.assert_allclose(coef, reference, rtol=1e-8, atol=1e-12)
    assert solution.iterations <= n


def test_an_eigenvector_needs_one_step(symmetric):
    gram = symmetric(SPECTRA["power law"])
    values, vectors = np.linalg.eigh(gram)
    solution = krylov.solve(gram, vectors[:, -1:], (0.01,))
    np.testing.assert_allclose(solution.coef[0], vectors[:, -1:] * -np.expm1(-values[-1] * 0.01) / values[-1])
    assert solution.iterations <= 2


def test_a_space_that_is_too_small_is_said_so(symmetric):
    gram, y = symmetric(SPECTRA["six decades"]), TARGETS["one column"]
    solution = krylov.solve(gram, y, (1e5,), max_size=12)
    assert (solution.status, solution.iterations) == (Status.NOT_CONVERGED, 12)
    with pytest.raises(NumericalError, match=r"krylov: stopped before .*solver='eigh'"):
        solution.check()


def test_a_block_is_cut_at_the_largest_size(symmetric):
    gram, y = symmetric(SPECTRA["six decades"]), TARGETS["three columns"]
    assert krylov.solve(gram, y, (1e5,), max_size=10).status is Status.NOT_CONVERGED  # 3 + 3 + 3 + 1 directions


@pytest.mark.parametrize("where", ["gram", "y"])
def test_values_that_are_not_finite_are_a_status(where):
    gram, y = np.eye(4), np.ones((4, 2))
    (gram if where == "gram" else y)[1, 1] = np.inf
    assert krylov.solve(gram, y, (1.0,)).status is Status.NOT_FINITE


class Recorder:
    def __init__(self):
        self.labels, self.steps = [], 0

    def start(self, label, total):
        self.labels.append((label, total))

    def step(self, n=1):
        self.steps += n

    def note(self, text):
        raise AssertionError(text)


def test_progress_counts_basis_vectors(symmetric):
    progress = Recorder()
    solution = krylov.solve(
        symmetric(SPECTRA["one cluster"]), TARGETS["three columns"], (1.0,), max_size=40, progress=progress
    )
    assert progress.labels == [("flow (block Krylov)", 40)]
    assert progress.steps == 3 * solution.iterations


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_solvers_agree_on_a_kernel(dtype):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 6)).astype(dtype)
    gram, y = nets.mlp(3).kernel(x, get="ntk").ntk, rng.standard_normal((60, 2))
    assert gram.dtype == dtype
    spectrum = decompose(gram)
    long = 1e6 / spectrum.values[0]  # nothing is left to learn
    times = (0.3, 20.0, long)
    by_spectrum = spectrum.solve(y, (*times, np.inf)).check().coef
    by_krylov = krylov.solve(gram, y, times).check().coef
    by_cholesky = cholesky.solve(gram, y).check().coef[0]
    for a, b in zip(by_krylov, by_spectrum, strict=False):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8 * np.abs(b).max())
    for other in by_spectrum[2:]:
        np.testing.assert_allclose(by_cholesky, other, rtol=1e-6, atol=1e-8 * np.abs(other).max())

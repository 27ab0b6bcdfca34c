"""The operator against the kernel that it does not form."""

import sys
from pathlib import Path

import numpy as np
import pytest

import limes as lm
from limes.core.errors import InputError, MemoryRefused
from limes.core.status import Status
from limes.finite import operator as module
from limes.linalg import cg

sys.path.insert(0, str(Path(__file__).parent))

import functions

pytestmark = pytest.mark.usefixtures("quick_compilation")
RNG = np.random.default_rng(0)
PARAMS, X = functions.recurrent_params(RNG), RNG.standard_normal((7, 4, 2))


@pytest.fixture(scope="module")
def exact():
    return functions.naive_ntk(functions.recurrent, PARAMS, X, X)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(module, "_TILE", 3)


@pytest.mark.parametrize("output", [None, 1])
def test_products(exact, output):
    kernel = lm.finite.ntk_operator(functions.recurrent, PARAMS, X, output=output)
    matrix = exact.transpose(0, 2, 1, 3).reshape(21, 21) if output is None else exact[:, :, 1, 1]
    v = RNG.standard_normal((len(matrix), 2))
    assert kernel.shape == matrix.shape
    np.testing.assert_allclose(kernel @ v, matrix @ v, rtol=1e-11)
    np.testing.assert_allclose(kernel @ v[:, 0], matrix @ v[:, 0], rtol=1e-11)


def test_largest_eigenvalues(exact):
    kernel = lm.finite.ntk_operator(functions.recurrent, PARAMS, X)
    matrix = exact.transpose(0, 2, 1, 3).reshape(21, 21)
    top = kernel.top(3)
    assert top.converged
    np.testing.assert_allclose(top.values, np.linalg.eigvalsh(matrix)[:-4:-1], rtol=1e-9)
    np.testing.assert_allclose(matrix @ top.vectors, top.vectors * top.values, atol=1e-5 * top.values[0])
    rough = kernel.top(3, most=7)
    assert not rough.converged
    assert (rough.residuals > 1e-6 * rough.values[0]).any()
    assert (rough.values <= np.linalg.eigvalsh(matrix)[:-4:-1] * (1 + 1e-12)).all()


def test_trace_within_five_standard_errors(exact):
    kernel = lm.finite.ntk_operator(functions.recurrent, PARAMS, X)
    found, whole = kernel.trace(50, key=1), np.einsum("iiaa->", exact)
    assert 0 < found.standard_error < 0.2 * whole
    assert abs(found.value - whole) < 5 * found.standard_error
    assert kernel.trace(50, key=1) == found
    # of random signs v, the variance of v^T K v is 2 sum of K_ij^2 off the diagonal
    matrix = exact.transpose(0, 2, 1, 3).reshape(21, 21)
    spread = np.sqrt(2 * ((matrix**2).sum() - (np.diag(matrix) ** 2).sum()) / 50)
    assert 0.6 < found.standard_error / spread < 1.5


def test_it_serves_as_the_matrix_of_conjugate_gradients(exact):
    kernel = lm.finite.ntk_operator(functions.recurrent, PARAMS, X)
    y = RNG.standard_normal((21, 1))
    matrix = exact.transpose(0, 2, 1, 3).reshape(21, 21)
    solution = cg.solve(kernel, y, ridge=1.0, preconditioner="none")
    assert solution.status is Status.SOLVED
    np.testing.assert_allclose(solution.coef[0], np.linalg.solve(matrix + np.eye(21), y), rtol=1e-4, atol=1e-6)


def test_bad_input():
    kernel = lm.finite.ntk_operator(functions.recurrent, PARAMS, X)
    with pytest.raises(InputError, match=r"shape \(21, 21\) cannot multiply an array of shape \(7,\)"):
        kernel @ np.ones(7)
    with pytest.raises(InputError, match="count must be between 1 and 21"):
        kernel.top(22)
    with pytest.raises(InputError, match="at least two samples"):
        kernel.trace(1)
    with pytest.raises(MemoryRefused, match="use a smaller network"):
        lm.finite.ntk_operator(functions.recurrent, PARAMS, X, memory=100)

"""Preconditioned conjugate gradients against the eigendecomposition."""

import numpy as np
import pytest

from limes import nets
from limes.core.status import Status
from limes.linalg import cg, cholesky
from limes.linalg.preconditioner import nystrom, pivoted_cholesky
from limes.linalg.spectrum import decompose

N = 80
SPECTRA = {
    "power law": N / np.arange(1, N + 1) ** 2.0,
    "fast decay and a floor": N * 10.0 ** -np.linspace(0, 12, N) + 1e-6,
    "one large": np.r_[np.linspace(0.5, 1, N - 1), N],
    "low rank": np.r_[np.zeros(N - 5), np.full(5, 50.0)],
}


@pytest.mark.parametrize("kind", ["nystrom", "cholesky", "none"])
@pytest.mark.parametrize("name", SPECTRA)
def test_equals_the_spectrum(symmetric, name, kind):
    gram, rng = symmetric(SPECTRA[name]), np.random.default_rng(0)
    y = np.c_[rng.standard_normal((N, 3)), np.zeros(N), gram[:, 0]]
    solution = cg.solve(gram, y, 1e-3, tol=1e-11, preconditioner=kind).check()
    exact = decompose(gram).solve(y, (np.inf,), 1e-3).coef[0]
    assert np.linalg.norm(solution.coef[0] - exact) <= 1e-7 * np.linalg.norm(exact)
    residual = y - gram @ solution.coef[0] - 1e-3 * solution.coef[0]
    assert (np.linalg.norm(residual, axis=0) <= 2e-11 * np.linalg.norm(y, axis=0)).all()


@pytest.mark.parametrize("kind", ["nystrom", "cholesky"])
def test_a_preconditioner_saves_steps(kind):
    x = np.random.default_rng(0).standard_normal((300, 4))
    gram = nets.mlp(3).kernel(x, get="ntk").ntk
    ridge = 1e-3 * gram.diagonal().mean()
    y = np.eye(3)[np.arange(300) % 3]
    plain = cg.solve(gram, y, ridge, preconditioner="none").check()
    better = cg.solve(gram, y, ridge, preconditioner=kind, rank=60).check()
    assert better.iterations < plain.iterations / 2
    exact = cholesky.solve(gram, y, ridge).check()
    np.testing.assert_allclose(better.coef[0], exact.coef[0], atol=1e-5 * np.abs(exact.coef[0]).max())


def test_a_single_precision_matrix_loses_nothing(symmetric):
    gram = symmetric(SPECTRA["power law"]).astype(np.float32)
    y = np.ones((N, 1))
    found = cg.solve(gram, y, 1e-2, tol=1e-12).check().coef[0]
    exact = decompose(gram.astype(np.float64)).solve(y, (np.inf,), 1e-2).coef[0]
    np.testing.assert_allclose(found, exact, rtol=1e-8)


@pytest.mark.parametrize("approximate", ["nystrom", "cholesky"])
def test_the_preconditioner_of_a_matrix_of_low_rank_is_its_inverse(symmetric, approximate):
    gram = symmetric(np.r_[np.zeros(N - 6), np.arange(1.0, 7.0)])
    if approximate == "nystrom":
        inverse = nystrom(lambda block: gram @ block, N, 12, 0.1, np.random.default_rng(0))
    else:
        inverse = pivoted_cholesky(lambda j: gram[:, j], np.diagonal(gram), 12, 0.1)
    block = gram @ np.random.default_rng(1).standard_normal((N, 2))
    expected = np.linalg.solve(gram + 0.1 * np.eye(N), block)
    np.testing.assert_allclose(inverse(block) / inverse.shift, expected, atol=1e-9)


def test_outcomes():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((60, 60)))[0]
    hard = basis * np.logspace(0, -12, 60) @ basis.T
    stuck = cg.solve((hard + hard.T) / 2, rng.standard_normal((60, 1)), preconditioner="none", max_steps=20)
    assert stuck.status is Status.NOT_CONVERGED
    assert stuck.iterations == 20
    assert cg.solve(np.full((3, 3), np.nan), np.ones((3, 1))).status is Status.NOT_FINITE
    assert cg.solve(np.eye(3), np.full((3, 1), np.inf)).status is Status.NOT_FINITE
    zero = cg.solve(np.zeros((3, 3)), np.ones((3, 1)), 0.5).check()
    np.testing.assert_allclose(zero.coef[0], 2.0)
    assert cg.solve(np.eye(4), np.zeros((4, 2))).check().iterations == 0


class Products:
    """No array: it offers products, its diagonal and single rows."""

    def __init__(self, gram):
        self.gram, self.shape, self.asked = gram, gram.shape, 0

    def __matmul__(self, block):
        self.asked += 1
        return self.gram @ block

    def __getitem__(self, row):
        assert isinstance(row, int)
        return self.gram[row]

    def diagonal(self):
        return self.gram.diagonal()


@pytest.mark.parametrize("kind", ["nystrom", "cholesky", "none"])
def test_what_offers_products_is_asked_for_nothing_else(symmetric, kind):
    gram, y = symmetric(SPECTRA["power law"]), np.random.default_rng(0).standard_normal((N, 2))
    products = Products(gram)
    found = cg.solve(products, y, 1e-2, preconditioner=kind).check()
    np.testing.assert_allclose(found.coef[0], cg.solve(gram, y, 1e-2, preconditioner=kind).coef[0], rtol=1e-6)
    assert products.asked == found.iterations + (3 if kind == "nystrom" else 2)
    assert cg.solve(Products(gram * np.nan), y, preconditioner=kind).status is Status.NOT_FINITE


def test_progress_counts_products():
    class Counter:
        done = 0

        def start(self, label, total):
            assert label == "conjugate gradients"

        def step(self, n=1):
            self.done += n

    counter = Counter()
    gram = np.diag(np.linspace(1, 2, 50))
    assert cg.solve(gram, np.ones((50, 1)), preconditioner="none", progress=counter).check().iterations == counter.done

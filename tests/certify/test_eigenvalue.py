"""The proven least eigenvalue against a full diagonalisation."""

import numpy as np
import pytest

from limes import NTKClassifier
from limes.certify import eigenvalue
from limes.certify.machine import machine_of


@pytest.mark.parametrize("d", [1, 7, 401])
@pytest.mark.parametrize("rank", [1, 5, 600])
def test_it_is_below_the_least_eigenvalue_and_near_it(d, rank):
    rng = np.random.default_rng([d, rank])
    z, signs = rng.standard_normal((rank, d)), rng.choice([-1.0, 1.0], rank)
    matrix = (z * signs[:, None]).T @ z / rank
    exact, found = np.linalg.eigvalsh(matrix), eigenvalue.at_least(matrix)
    size = np.abs(exact).max()
    assert found <= exact[0] + 1e-14 * size
    assert found >= exact[0] - 2e-3 * size


def test_zero_has_zero():
    assert eigenvalue.at_least(np.zeros((500, 500))) == 0


@pytest.mark.parametrize("m", [3, 30])
def test_forms_of_centres_and_of_turned_ones_have_the_eigenvalues_of_the_naive_sum(m):
    rng = np.random.default_rng(m)
    x, weights = rng.standard_normal((m, 9)), rng.standard_normal(m)
    machine = machine_of(NTKClassifier("mlp-2", ridge=1.0).fit(x, np.arange(m) % 2))
    assert machine.turned.shape == (m, min(m, 9))
    naive = sum(weight * np.outer(z, z) for weight, z in zip(weights, x, strict=True))
    exact = np.linalg.eigvalsh(naive)
    for rows in (machine.centres, machine.turned):
        found = np.linalg.eigvalsh(eigenvalue.weighted(rows, weights))
        padded = np.sort(np.concatenate([found, np.zeros(9 - len(found))]))
        np.testing.assert_allclose(padded, exact, atol=1e-12 * np.abs(exact).max())
    lengths = np.linalg.norm(x, axis=1)
    gram = machine.turned @ machine.turned.T - x @ x.T
    assert np.abs(gram / np.outer(lengths, lengths)).max() < 2 * 2.0**-48 * m * 9

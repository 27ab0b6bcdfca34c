"""The proven least eigenvalue against a full diagonalisation."""

import numpy as np
import pytest

from limes.certify import eigenvalue


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

import numpy as np
import pytest


@pytest.fixture
def symmetric():
    """A function from eigenvalues to a symmetric matrix that has them, in a random basis."""

    def make(values, seed=0):
        n = len(values)
        basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]
        matrix = (basis * np.asarray(values, np.float64)) @ basis.T
        return (matrix + matrix.T) / 2

    return make

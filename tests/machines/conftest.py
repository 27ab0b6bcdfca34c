"""Shared problems. Their shapes are few, so that kernels are compiled once for many tests."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from limes import nets


@dataclass(frozen=True)
class Problem:
    """Training rows with labels and real targets, other rows to predict, and a net."""

    x: np.ndarray
    labels: np.ndarray
    targets: np.ndarray
    queries: np.ndarray
    net: Any

    def astype(self, dtype):
        return replace(self, x=self.x.astype(dtype), queries=self.queries.astype(dtype))


@pytest.fixture(scope="session")
def table():
    """24 rows of 3 features in different units, 3 classes, 2 outputs."""
    rng = np.random.default_rng(0)
    x, queries = (rng.standard_normal((n, 3)) * [1.0, 2.0, 0.5] + [0.0, 1.0, -0.5] for n in (24, 8))
    labels = np.resize([0, 1, 2, 1], 24)
    return Problem(x, labels, rng.standard_normal((24, 2)), queries, nets.mlp(2, b_std=0.3))


@pytest.fixture(scope="session")
def images():
    """10 images (4, 3, 2), 2 classes."""
    rng = np.random.default_rng(1)
    x, queries = (rng.uniform(size=(n, 4, 3, 2)) * [1.0, 5.0] + [0.0, 2.0] for n in (10, 4))
    return Problem(x, np.resize([0, 1], 10), rng.standard_normal((10, 2)), queries, nets.cnn(1, b_std=0.3))

"""MNIST with rows of length 1, odd digits against even ones: activation through training, and the bounds."""

from functools import cache
from typing import Any

import numpy as np

from limes.data import load
from limes.measure import active_fraction, train_with_bias, unit_rows
from limes.papers.bias_ntk import spectra
from limes.papers.bias_ntk.training import described

BIASES = (0.0, 0.5, 1.0, 1.5, 2.0)
TRAINED, WIDTH, STEPS = 400, 4000, 120
DECOMPOSED, TESTED = 1000, 2000


def trained(seed: int, where: str) -> dict[str, Any]:
    """Activation through training for each bias, as lists by name, with test errors."""
    x, y, x_test, y_test = _rows(where)
    some = np.random.default_rng(seed).permutation(len(x))[:TRAINED]
    rows = []
    for bias in BIASES:
        run = train_with_bias(x[some].astype(np.float32), y[some], bias, WIDTH, STEPS, seed=seed, floor=1e-6)
        wrong = np.sign(run.scores(x_test[:TESTED])) != y_test[:TESTED]
        start = run.active[0] / active_fraction(bias) - 1.0
        rows.append(described(run) | {"start_error": abs(float(start)), "test_error": float(wrong.mean())})
    return {name: [row[name] for row in rows] for name in rows[0]} | {"biases": list(BIASES)}


def decomposed(seed: int, where: str) -> dict[str, Any]:
    """`spectra.measured` on rows of MNIST."""
    x, y, _, _ = _rows(where)
    some = np.random.default_rng(seed).permutation(len(x))[:DECOMPOSED]
    return spectra.measured(x[some], seed, 200, False, {"parity": y[some]})


@cache
def _rows(where: str) -> tuple[np.ndarray, ...]:
    data = load("mnist", where)
    assert data.x_test is not None
    assert data.y_test is not None
    signs = [np.where(np.asarray(y) % 2 == 1, 1.0, -1.0) for y in (data.y, data.y_test)]
    return unit_rows(data.x[:10_000]), signs[0][:10_000], unit_rows(data.x_test), signs[1]

"""Claim 2: times, ridges and sets of features from one eigendecomposition, against solving each problem by itself."""

from typing import Any

import numpy as np
from scipy.linalg import expm, solve

from limes.machines import NTKClassifier
from limes.measure import feature_basis
from limes.nets import Net
from limes.papers.ntk_features.problems import Rows

TIMES = (0.1, 1.0, 10.0)
RIDGES = (0.1, 1.0)


def differences(net: Net, rows: Rows) -> dict[str, Any]:
    """Largest differences of test scores, relative to their largest entry.

    Returns:
        "flow" (a matrix exponential), "ridge" (linear systems), "sum" (all features against interpolation), "subset"
        (the first ten features against a projected linear system).
    """
    machine = NTKClassifier(net, solver="eigh").fit(rows.x, rows.y)
    basis = feature_basis(machine)
    gram = np.asarray(net.kernel(rows.x, get="ntk").ntk)
    cross = np.asarray(net.kernel(rows.x_test, rows.x, get="ntk").ntk)
    y, n = machine.targets_, len(rows.x)
    found = {"flow": 0.0, "ridge": 0.0}
    for time in TIMES:
        direct = cross @ solve(gram, y - expm(-time * gram) @ y, assume_a="pos")
        found["flow"] = max(found["flow"], relative(basis.predictor(time=time).scores(rows.x_test), direct))
    spectrum = machine.spectrum()
    for ridge in RIDGES:
        direct = cross @ solve(gram + ridge * np.eye(n), y, assume_a="pos")
        coef = spectrum.solve(y, (float("inf"),), ridge).coef[0]
        found["ridge"] = max(found["ridge"], relative(basis.machine.with_coef(coef).scores(rows.x_test), direct))
    direct = cross @ solve(gram, y, assume_a="pos")
    parts = sum(basis.predictor(slice(i, i + 40)).scores(rows.x_test) for i in range(0, n, 40))
    found["sum"] = relative(np.asarray(parts), direct)
    top = basis.vectors[:, :10]
    projected = cross @ top @ solve(top.T @ gram @ top, top.T @ y, assume_a="pos")
    found["subset"] = relative(basis.predictor(slice(0, 10)).scores(rows.x_test), projected)
    return found


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference over the largest expected entry."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())

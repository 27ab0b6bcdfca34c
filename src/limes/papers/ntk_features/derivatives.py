"""Claim 1: gradients of the kernel and of its predictor in closed form, against finite differences.

For a net of one hidden layer with relu, no biases, and inputs divided by the root of their dimension d, with
c = <x, z>, n = |x|, r = |z|, u = c/(n r), s = sqrt(1 - u^2):

    Theta = n r [2 u (pi - arccos u) + s] / (2 pi d),
    dTheta/dc = [2 (pi - arccos u) + u / s] / (2 pi d),        dTheta/dn = r (1 - 2 u^2) / s / (2 pi d).

(The description has these; they are derived from the arc-cosine kernels of Cho & Saul 2009.)
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from limes.machines import NTKClassifier
from limes.machines.predictor import KernelPredictor
from limes.nets import Net, mlp

DIMENSIONS = (5, 64)
DEPTHS = {5: 2, 64: 3}
"""Of the nets whose predictors are differentiated, by dimension."""
N_PAIRS = 100
N_ROWS = 20
TIMES = (1.0, 30.0, float("inf"))
_CLOSE = 0.98  # |u| beyond which the derivatives, singular at 1, are no test of finite differences
_STEP = 2e-3
_SMALL_STEP = 3e-4  # where a formula is cheap and exact


def closed_form(c: np.ndarray, n: np.ndarray, r: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Theta, dTheta/dc and dTheta/dn, element by element."""
    u = c / (n * r)
    s, angle = np.sqrt(1 - u**2), np.pi - np.arccos(u)
    theta = n * r * (2 * u * angle + s) / (2 * np.pi * d)
    return theta, (2 * angle + u / s) / (2 * np.pi * d), r * (1 - 2 * u**2) / s / (2 * np.pi * d)


def errors(seed: int) -> dict[str, Any]:
    """Largest errors over random pairs, rows and dimensions; "nan" counts values that are not finite at u = +-1."""
    found: dict[str, Any] = {"formula": 0.0, "kernel": 0.0, "gradient": 0.0, "predictor": 0.0, "nan": 0}
    for d in DIMENSIONS:
        rng = np.random.default_rng([seed, d])
        x, z = _pairs(rng, d)
        c, n, r = np.sum(x * z, axis=1), np.linalg.norm(x, axis=1), np.linalg.norm(z, axis=1)
        theta, by_c, by_n = closed_form(c, n, r, d)
        slope_c, slope_n = _slopes(c, n, r, d)
        found["formula"] = max(found["formula"], _largest(slope_c - by_c), _largest(slope_n - by_n))
        net = mlp(2, w_std=1.0)
        value, gradient = _of_pairs(net, x, z)
        written = by_c[:, None] * z + (by_n / n)[:, None] * x
        found["kernel"] = max(found["kernel"], _largest(value - theta))
        found["gradient"] = max(found["gradient"], _largest(gradient - written))
        found["predictor"] = max(found["predictor"], _predictor_error(mlp(DEPTHS[d]), d, rng))
        found["nan"] += _not_finite(net, x[0])
    return found


def _slopes(c: np.ndarray, n: np.ndarray, r: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
    """dTheta/dc and dTheta/dn by differences."""
    by_c = differences(lambda v: closed_form(v, n, r, d)[0], c, _SMALL_STEP * n * r)
    return by_c, differences(lambda v: closed_form(c, v, r, d)[0], n, _SMALL_STEP * n)


def differences(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, step: np.ndarray | float) -> np.ndarray:
    """Derivative by central differences of order six.

    Example:
        >>> bool(abs(differences(np.exp, np.array([0.0]), 0.01)[0] - 1) < 1e-13)
        True
    """
    weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    total = sum(w * (function(at + k * step) - function(at - k * step)) for k, w in weights.items())
    return np.asarray(total) / step


def _pairs(rng: np.random.Generator, d: int) -> tuple[np.ndarray, np.ndarray]:
    x, z = rng.standard_normal((2, 2 * N_PAIRS, d))
    u = np.sum(x * z, axis=1) / np.linalg.norm(x, axis=1) / np.linalg.norm(z, axis=1)
    far = np.abs(u) < _CLOSE
    return x[far][:N_PAIRS], z[far][:N_PAIRS]


def _of_pairs(net: Net, x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The library's Theta(x_i, z_i) and its gradient in x_i."""
    together = KernelPredictor(net, "ntk", z, np.eye(len(z)))
    picked = np.arange(len(x))
    return together.scores(x)[picked, picked], together.scores_vjp(x, np.eye(len(z)))


def _predictor_error(net: Net, d: int, rng: np.random.Generator) -> float:
    """Of grad f_t, relative to its largest entry, at rows that are no training rows."""
    x, x_test = rng.standard_normal((2, N_ROWS, d))
    y = np.where(rng.random(N_ROWS) < 0.5, -1, 1)
    y[:2] = -1, 1
    machine, worst = NTKClassifier(net, solver="eigh").fit(x, y), 0.0
    v = np.tile([-1.0, 1.0], (N_ROWS, 1))
    along = rng.standard_normal((N_ROWS, d))
    for time in TIMES:
        predictor = machine.at(time)

        def moved(step: np.ndarray, predictor: KernelPredictor = predictor) -> np.ndarray:
            scores = predictor.scores(x_test + step[:, None] * along)
            return scores[:, 1] - scores[:, 0]

        slope = differences(moved, np.zeros(N_ROWS), _STEP)
        exact = np.sum(predictor.scores_vjp(x_test, v) * along, axis=1)
        worst = max(worst, _largest(slope - exact) / _largest(exact))
    return worst


def _not_finite(net: Net, x: np.ndarray) -> int:
    """Values and gradients at u = 1 (the same row, a multiple of it) and u = -1 that are not finite."""
    centres = np.stack([x, 2 * x, -x])
    predictor = KernelPredictor(net, "ntk", centres, np.eye(3))
    gradients = predictor.jacobian(x[None])
    return int((~np.isfinite(gradients)).sum() + (~np.isfinite(predictor.scores(x[None]))).sum())


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max())

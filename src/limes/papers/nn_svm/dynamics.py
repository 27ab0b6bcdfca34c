"""Claim 3: descent on the coefficients of a kernel machine, for the seven rows of the paper's table of losses.

With g = K a on the training rows, L(a) = lambda/2 a^T K a + sum_i l(g_i, y_i), steps are

    a <- (1 - eta lambda) a - eta l'(g),

which is (sub)gradient descent on the function in the kernel's Hilbert space. Losses with kinks take steps of
2 / (lambda (t + 1)) and smooth ones steps of one over the largest curvature; the ends are compared with scikit-learn's
solvers and closed forms. Small steps of one length stand for the flow, along which the strong convexity lambda of L
demands L - L* <= exp(-2 lambda t) (L_0 - L*).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC, LinearSVR

from limes.papers.nn_svm.losses import EPS, LOSSES, Loss
from limes.papers.nn_svm.two_layer import NET
from limes.papers.pairs import digits

_FLOW_STEP, _FLOW_TIME, _LOOKS = 1e-4, 2.0, 20


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        loss: its name.
        decay: lambda; that of the hard margin is small enough that no coefficient reaches its bound 1 / lambda.
        steps: of descent.
        curvature: the largest second derivative of the loss, or None for a loss with a kink in its slope's place.
    """

    loss: str
    decay: float
    steps: int
    curvature: float | None = None


ROWS = {
    "kernel regression": Row("square", 0.0, 20_000, 2.0),
    "hard margin": Row("hinge", 0.05, 60_000),
    "1-norm SVM": Row("hinge", 1.0, 10_000),
    "2-norm SVM": Row("squared hinge", 1.0, 4_000, 2.0),
    "SVR": Row("insensitive", 1.0, 20_000),
    "KRR": Row("square", 1.0, 4_000, 2.0),
    "logistic": Row("logistic", 1.0, 4_000, 0.25),
}


def convergence(seed: int, names: tuple[str, ...] = tuple(ROWS), n: int = 240) -> dict[str, Any]:
    """Relative distance on test rows between the end of descent and the solver's machine; and how fast the loss falls.

    Returns:
        `distance` by row; `rate` by row with lambda = 1: the largest (L - L*) / (exp(-2 lambda t) (L_0 - L*)) over 20
        times up to lambda t = 2.

    Cost: 40,000 to 200,000 products with the kernel.
    """
    pair = digits(0, 1, seed, n)
    kernel, cross = (np.asarray(NET.kernel(x, pair.x, get="ntk").ntk) for x in (pair.x, pair.x_test))
    found: dict[str, Any] = {"distance": {}, "rate": {}}
    for name in names:
        row, loss = ROWS[name], LOSSES[ROWS[name].loss]
        exact = solved(name, kernel, pair.y)
        end = descend(row, loss, kernel, pair.y)
        found["distance"][name] = float(np.linalg.norm(cross @ (end - exact)) / np.linalg.norm(cross @ exact))
        if row.decay == 1.0:
            found["rate"][name] = _rate(row, loss, kernel, pair.y, exact)
    return found


def descend(row: Row, loss: Loss, kernel: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients (n,) after the row's number of steps."""
    a = np.zeros(len(y))
    largest = float(np.linalg.eigvalsh(kernel)[-1])
    for t in range(1, row.steps + 1):
        if row.curvature is None:
            eta = 2 / (row.decay * (t + 1))
        else:
            eta = 1 / (row.decay + row.curvature * largest)
        a = (1 - eta * row.decay) * a - eta * loss.slope(kernel @ a, y)
    return a


def objective(row: Row, loss: Loss, kernel: np.ndarray, y: np.ndarray, a: np.ndarray) -> float:
    """L(a)."""
    g = kernel @ a
    return float(row.decay / 2 * (a @ g) + loss.value(g, y).sum())


def _rate(row: Row, loss: Loss, kernel: np.ndarray, y: np.ndarray, exact: np.ndarray) -> float:
    least = objective(row, loss, kernel, y, exact)
    first = objective(row, loss, kernel, y, np.zeros(len(y))) - least
    a, worst = np.zeros(len(y)), 0.0
    every = round(_FLOW_TIME / _FLOW_STEP / _LOOKS)
    for step in range(1, _LOOKS * every + 1):
        a = (1 - _FLOW_STEP * row.decay) * a - _FLOW_STEP * loss.slope(kernel @ a, y)
        if step % every == 0:
            gap = objective(row, loss, kernel, y, a) - least
            worst = max(worst, gap / first * np.exp(2 * row.decay * step * _FLOW_STEP))
    return float(worst)


def solved(name: str, kernel: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients (n,) of the machine without intercept: liblinear on the kernel's features, or a closed form."""
    row = ROWS[name]
    if row.loss == "square":
        return np.linalg.solve(kernel + row.decay / 2 * np.eye(len(y)), y)
    values, vectors = np.linalg.eigh(kernel)
    features = vectors * np.sqrt(np.maximum(values, 1e-12 * values[-1]))
    C = 1e6 if name == "hard margin" else 1 / row.decay
    common: dict[str, Any] = {"C": C, "fit_intercept": False, "tol": 1e-10, "max_iter": 1_000_000, "dual": True}
    if row.loss == "logistic":
        solver = LogisticRegression(C=C, fit_intercept=False, tol=1e-10, solver="newton-cholesky")
    elif row.loss == "insensitive":
        solver = LinearSVR(epsilon=EPS, loss="epsilon_insensitive", **common)
    else:
        solver = LinearSVC(loss="hinge" if row.loss == "hinge" else "squared_hinge", **common)
    return np.linalg.solve(features.T, np.ravel(solver.fit(features, y).coef_))

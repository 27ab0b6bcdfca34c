"""Claim 14: label flips of a support vector machine, exactly, as a mixed integer program for an open solver.

The machine without intercept minimises 1/2 |beta|^2 + C sum hinge; with z_j = a_j y_j, 0 <= a_j <= C, conditions are

    y_i (K z)_i - u_i + v_i = 1,   u_i a_i = 0,   v_i (C - a_i) = 0,   u, v >= 0.

Labels become bits, products with them big-M constraints, and complementarity two more bits a row; what is minimised is
the margin of a test point over all labels with at most r flips (LabelCert, Sabanayagam et al. 2025, arXiv 2412.00537,
who use Gurobi; here HiGHS through SciPy). K is positive definite, so that z is unique for given labels.
"""

import itertools
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from sklearn.svm import LinearSVC

from limes.papers.nn_svm.two_layer import NET
from limes.papers.pairs import digits

C, FLIPS, LIMIT = 0.5, 2, 60.0
"""Penalty, largest number of flips, and seconds for one program."""


@dataclass(frozen=True)
class Worst:
    """The least margin that a program found, the bound that it proved, and whether it ended within `LIMIT`."""

    value: float
    bound: float
    seconds: float
    solved: bool


def measured(seed: int, n: int, n_points: int = 2) -> dict[str, Any]:
    """Programs for a few points and 1 to `FLIPS` flips, against all flips there are.

    Returns:
        `difference`: largest |program - trying all|, in units of the clean margin, over the programs that ended in
        time; `unsolved`: the number of others; `violations`: proved bounds above what a flip reaches, of all;
        `certified`: share of points whose label no flips change, by number of flips; `took`: seconds of each program.
    """
    pair = digits(3, 8, seed)
    rows = np.concatenate([np.flatnonzero(pair.y == label)[: n // 2] for label in (-1, 1)])
    x, y, points = pair.x[rows], pair.y[rows], pair.x_test[:n_points]
    gram, cross = (np.asarray(NET.kernel(z, x, get="ntk").ntk) for z in (x, points))
    size = float(np.mean(np.diagonal(gram)))
    gram, cross = gram / size, cross / size
    clean = cross @ machine(gram, y)
    found: dict[str, Any] = {"difference": 0.0, "unsolved": 0, "violations": 0, "certified": [], "took": []}
    for flips in range(1, FLIPS + 1):
        standing = 0
        for row, f in zip(cross, clean, strict=True):
            program = least_margin(gram, np.sign(f) * row, y, flips)
            tried = least_tried(gram, np.sign(f) * row, y, flips)
            if program.solved:
                found["difference"] = max(found["difference"], abs(program.value - tried) / abs(f))
            found["unsolved"] += not program.solved
            found["violations"] += int(program.bound > tried + 1e-6 * abs(f))
            found["took"].append(program.seconds)
            standing += int(program.bound > 0)
        found["certified"].append(standing / len(points))
    return found


def machine(gram: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients z (n,) of the machine for given labels."""
    values, vectors = np.linalg.eigh(gram)
    features = vectors * np.sqrt(np.maximum(values, 1e-12 * values[-1]))
    if len(np.unique(y)) == 1:  # liblinear wants two classes: a row at 0 of the other one changes nothing
        features, y = np.concatenate([features, np.zeros((1, len(gram)))]), np.append(y, -y[0])
    common: dict[str, Any] = {"fit_intercept": False, "dual": True, "tol": 1e-9, "max_iter": 1_000_000}
    solver = LinearSVC(C=C, loss="hinge", **common)
    weights = np.ravel(solver.fit(features, y).coef_)
    return vectors @ (vectors.T @ np.linalg.solve(features[: len(gram)].T, weights))


def least_tried(gram: np.ndarray, cross: np.ndarray, y: np.ndarray, flips: int) -> float:
    """The least margin cross . z over all labels with at most `flips` flips."""
    least = np.inf
    for count in range(flips + 1):
        for rows in itertools.combinations(range(len(y)), count):
            labels = y.copy()
            labels[list(rows)] *= -1
            least = min(least, float(cross @ machine(gram, labels)))
    return least


def least_margin(gram: np.ndarray, cross: np.ndarray, y: np.ndarray, flips: int) -> Worst:
    """The same by a mixed integer program.

    Variables, n of each: z, a, u, v, p = y (K z), and the bits b (label is 1), s (u may be above 0), t (v may).
    """
    n = len(y)
    eye, none = np.eye(n), np.zeros((n, n))
    reach = C * np.abs(gram).sum(axis=1)  # of |K z|
    most = reach + 1.0  # of u and v

    def rows(**parts: np.ndarray) -> np.ndarray:
        return np.hstack([parts.get(name, none) for name in "zauvpbst"])

    big = np.diag(2 * reach)
    constraints = [
        (rows(p=eye, u=-eye, v=eye), 1.0, 1.0),
        # z = a where b = 1, z = -a where b = 0
        (rows(a=eye, z=-eye), 0.0, np.inf),
        (rows(a=eye, z=eye), 0.0, np.inf),
        (rows(a=eye, z=-eye, b=2 * C * eye), -np.inf, 2 * C),
        (rows(a=eye, z=eye, b=-2 * C * eye), -np.inf, 0.0),
        # p = K z where b = 1, p = -K z where b = 0
        (rows(p=eye, z=-gram, b=big), -np.inf, 2 * reach),
        (rows(p=-eye, z=gram, b=big), -np.inf, 2 * reach),
        (rows(p=eye, z=gram, b=-big), -np.inf, 0.0),
        (rows(p=-eye, z=-gram, b=-big), -np.inf, 0.0),
        # u a = 0, v (C - a) = 0
        (rows(u=eye, s=-np.diag(most)), -np.inf, 0.0),
        (rows(a=eye, s=C * eye), -np.inf, C),
        (rows(v=eye, t=-np.diag(most)), -np.inf, 0.0),
        (rows(a=-eye, t=C * eye), -np.inf, 0.0),
    ]
    budget = np.zeros((1, 8 * n))
    budget[0, 5 * n : 6 * n] = -y  # flips: sum over y = 1 of (1 - b) and over y = -1 of b
    plus = float(np.sum(y > 0))
    found = [
        LinearConstraint(matrix, np.broadcast_to(least, n), np.broadcast_to(greatest, n))  # pyright: ignore[reportArgumentType]
        for matrix, least, greatest in constraints
    ]
    found.append(LinearConstraint(budget, -np.inf, flips - plus))
    low = np.concatenate([np.full(n, -C), np.zeros(3 * n), -reach, np.zeros(3 * n)])
    high = np.concatenate([np.full(2 * n, C), most, most, reach, np.ones(3 * n)])
    cost = np.concatenate([cross, np.zeros(7 * n)])
    integral = np.repeat([0, 1], [5 * n, 3 * n])
    since = time.perf_counter()
    options = {"time_limit": LIMIT}
    bounds = Bounds(low, high)  # pyright: ignore[reportArgumentType]
    answer = milp(cost, constraints=found, bounds=bounds, integrality=integral, options=options)
    seconds = time.perf_counter() - since
    value = np.inf if answer.fun is None else float(answer.fun)
    bound = -np.inf if answer.mip_dual_bound is None else float(answer.mip_dual_bound)
    return Worst(value, bound, seconds, answer.status == 0)

"""Claim 1: how far below zero the curvature of the robust loss goes, against -l = -C^2 / (4 sqrt(m)).

The loss of one example is the hard case: the least eigenvalue of a mean is at least the mean of the least eigenvalues.
At an attacked point z its Hessian in the weights is nonzero only along z, where it is the m x m matrix

    |z|^2 (p (1 - p) b b' - y p diag(a_s phi''_s)),    b_s = a_s phi'(w_s . z),  p = 1 / (1 + exp(y f)).

That is the curvature with the attacked point held. For the worst-case loss itself, whose subgradients jump, weak
convexity reads <g(v) - g(w), v - w> >= -l |v - w|^2; it is tried along the direction in which the Hessian says that
the loss curves down most, e_s z' for the unit with the largest y a_s phi''_s.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from limes.papers.stability_at.problems import sphere
from limes.robust import RobustLoss, draw_weights, weak_convexity

N, EPS = 60, 0.2
RADIUS = 1 - EPS
"""Length of the inputs, so that no attacked one is longer than 1."""
LOSS = RobustLoss(EPS, attack_steps=20)
STEP = 0.05
"""Length |v - w| of the steps."""


def measured(seed: int, widths: Sequence[int], n_pairs: int) -> dict[str, Any]:
    """By width: minus the least eigenvalue over l, "mean" and "largest" over examples, and "steps", the largest over
    steps of minus <g(v) - g(w), v - w> / |v - w|^2, over l. And "eigenvalue", the mean of the least eigenvalues.

    Cost: 60 bisections of a function of one variable, and two attacks of one row for each step, for each width.
    """
    problem = sphere(seed, N, 1, 1)
    x, y = RADIUS * problem.x, problem.y
    found: dict[str, Any] = {"widths": list(widths), "eigenvalue": [], "mean": [], "largest": [], "steps": []}
    for width in widths:
        w, bound = draw_weights(seed, width, x.shape[1]), weak_convexity(width, LOSS.reach(x))
        z = LOSS.attack(w, x, y)
        least = np.array([least_eigenvalue(w, *pair) for pair in zip(z, y, strict=True)])
        found["eigenvalue"].append(float(least.mean()))
        found["mean"].append(float(-least.mean() / bound))
        found["largest"].append(float(-least.min() / bound))
        curvatures = [quotient(w, x[i], y[i], z[i]) for i in range(n_pairs)]
        found["steps"].append(float(-min(curvatures) / bound))
    return found


def least_eigenvalue(w: np.ndarray, z: np.ndarray, y: float) -> float:
    """Of the Hessian of one example's loss in the weights, at the point z.

    A diagonal d and a positive multiple of b b': the least eigenvalue lies between the two least entries of d, where
    1 + c sum b_s^2 / (d_s - l) changes sign.
    """
    signs, hidden = signs_of(len(w)), w @ z
    slopes, p = expit(hidden), expit(-y * (signs @ np.logaddexp(0.0, hidden)))
    squares, diagonal = p * (1 - p) * (signs * slopes) ** 2, -y * p * signs * slopes * (1 - slopes)
    low, high = np.sort(diagonal)[:2]
    while low < (middle := (low + high) / 2) < high:
        rising = 1 + (squares / (diagonal - middle)).sum()
        low, high = (low, middle) if rising > 0 else (middle, high)
    return float(z @ z * low)


def quotient(w: np.ndarray, x: np.ndarray, y: float, z: np.ndarray) -> float:
    """<g(v) - g(w), v - w> / |v - w|^2 for the worst-case loss of one example, along the unit that curves down most."""
    slopes = expit(w @ z)
    unit = int(np.argmax(y * signs_of(len(w)) * slopes * (1 - slopes)))
    step = np.zeros_like(w)
    step[unit] = STEP * z / np.linalg.norm(z)
    there, here = (LOSS.slope(v, x[None], np.array([y])) for v in (w + step, w))
    return float(((there - here) * step).sum() / (step**2).sum())


def signs_of(width: int) -> np.ndarray:
    """The output weights."""
    return np.where(np.arange(width) % 2 == 0, 1.0, -1.0) / width**0.5

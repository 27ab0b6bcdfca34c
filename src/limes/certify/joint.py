"""Joint lower bounds: lines below every centre's part of a score difference are added up before the minimum is taken.

With a line slope_j s + value_j below each a_j K(s, q, z_j), s = <z_j, y>/d (`limes.certify.lines`), the sum is linear
in y: its weights are sum_j slope_j z_j / d, in which centres of both signs cancel, and its minimum over box, ball and
sphere is a sum over coordinates (`limes.certify.dual`). Per-centre intervals cancel nothing.

The lines for a_j > 0 are tangents of convex functions. The best choice of where they touch is a convex problem; the
conditional gradient method (Frank & Wolfe 1956) solves it, and each of its steps gives a bound.

With a parabola taken out of each kernel, f is the sum of functions as before and of the quadratic form
sum_j a_j c_j <z_j, y - x>^2 / d^2 = (y - x)^T A (y - x). With lambda the least eigenvalue of A, A - lambda is convex
and joins the tangents, and lambda |y - x|^2 is linear on the sphere: lambda (R + |x|^2 - 2 <x, y>).
"""

from dataclasses import dataclass

import numpy as np

from limes.certify import eigenvalue
from limes.certify.dual import least_linear
from limes.certify.lines import Ridge

_ITERATIONS = 12


@dataclass(frozen=True, eq=False)
class Form:
    """Parabolas of some shells: bends (k, m), and least eigenvalues (k,), at most 0, of their quadratic forms."""

    bend: np.ndarray
    lowest: np.ndarray


def plain(ridge: Ridge) -> Form:
    """No parabolas."""
    return Form(np.zeros((len(ridge.shells), 1)), np.zeros(len(ridge.shells)))


def bent(ridge: Ridge, weights: np.ndarray) -> Form:
    """Parabolas that all shells with the same weights can bear.

    Cost: for each different row of weights m d^2 multiplications and the least eigenvalue of a (d, d) matrix.
    """
    z, bend = ridge.machine.centres, ridge.curvature.copy()
    d = z.shape[1]
    lowest = np.empty(len(bend))
    groups: dict[bytes, list[int]] = {}
    for k, row in enumerate(weights):
        groups.setdefault(row.tobytes(), []).append(k)
    for rows in groups.values():
        bend[rows] = bend[rows].min(axis=0)
        row = weights[rows[0]] * bend[rows[0]]
        matrix = (z * row[:, None]).T @ z / d**2
        # rounding of the products, entry by entry and so in norm
        error = 2.0**-50 * (len(z) + d) * float(np.abs(row) @ ridge.machine.squares) / d
        lowest[rows] = min(eigenvalue.at_least(0.5 * (matrix + matrix.T)) - error, 0.0)
    return Form(bend, lowest)


def least(
    ridge: Ridge, weights: np.ndarray, form: Form, enough: np.ndarray | float, iterations: int = _ITERATIONS
) -> np.ndarray:
    """Lower bounds (k,) of sum_j weights_j K(y, z_j) on each shell.

    Args:
        ridge: kernels and ranges.
        weights: (k, m).
        form: the parabolas.
        enough: the search stops where all bounds are above this.
        iterations: steps of the conditional gradient method.
    """
    z, shells = ridge.machine.centres, ridge.shells
    x, d = shells.x, z.shape[1]
    at_x = z @ x / d
    bend, lowest = form.bend, form.lowest[:, None]
    curved = bool(form.lowest.any() or np.any(bend))
    best = np.full(len(shells), -np.inf)
    point = np.broadcast_to(x, (len(shells), d)).copy()
    touch = np.clip(np.broadcast_to(at_x, ridge.low.shape), ridge.low, ridge.furthest)
    for step in range(iterations):
        slope, value, error = ridge.lines(weights, touch, bend, at_x)
        linear = slope @ z / d
        constant = value.sum(axis=1) - error.sum(axis=1)
        if curved:
            moved = point - x
            image = (weights * bend * (moved @ z.T / d)) @ z / d - lowest * moved  # (A - lambda)(point - x)
            linear += 2 * image - 2 * lowest * x
            constant += -(image * (point + x)).sum(axis=1) + form.lowest * (shells.q * d + x @ x)
        bound, reached = least_linear(linear, shells)
        best = np.fmax(best, bound + constant - 1e-12 * np.abs(constant))
        if np.all(best > enough):
            break
        share = 2 / (step + 2)
        point = (1 - share) * point + share * reached
        touch = np.clip((1 - share) * touch + share * (reached @ z.T / d), ridge.low, ridge.furthest)
    return best

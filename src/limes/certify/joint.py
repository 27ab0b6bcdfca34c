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

    Cost: for each different row of weights m k^2 multiplications and the least eigenvalue of a (k, k) matrix, k the
    smaller one of m and d.
    """
    z, bend = ridge.machine.turned, ridge.curvature.copy()
    d = ridge.machine.centres.shape[1]
    lowest = np.empty(len(bend))
    groups: dict[bytes, list[int]] = {}
    for k, row in enumerate(weights):
        groups.setdefault(row.tobytes(), []).append(k)
    for rows in groups.values():
        bend[rows] = bend[rows].min(axis=0)
        row = weights[rows[0]] * bend[rows[0]]
        # rounding of the products, entry by entry and so in norm
        error = (2.0**-50 * (len(z) + d) + 2 * ridge.machine.turning) * float(np.abs(row) @ ridge.machine.squares) / d
        lowest[rows] = min(eigenvalue.at_least(eigenvalue.weighted(z, row / d**2)) - error, 0.0)
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
    lowest = form.lowest[:, None]
    curved = bool(form.lowest.any() or np.any(form.bend))
    best = np.full(len(shells), -np.inf)
    point = np.broadcast_to(x, (len(shells), d))
    inside = np.broadcast_to(at_x, ridge.low.shape)  # <z, point>/d
    touch = np.clip(inside, ridge.low, ridge.furthest)
    for step in range(iterations):
        slope, value, error = ridge.lines(weights, touch, form.bend, at_x)
        constant = value.sum(axis=1) - error.sum(axis=1)
        if curved:  # the tangent of (y - x)^T (A - lambda) (y - x) at the point
            pull = weights * form.bend * (inside - at_x)
            slope = slope + 2 * pull
            constant -= (pull * (inside + at_x)).sum(axis=1)
            constant += form.lowest * (shells.q * d + (point**2).sum(axis=1))
        linear = slope @ z / d - 2 * lowest * point
        bound, reached = least_linear(linear, shells)
        best = np.fmax(best, bound + constant - 1e-12 * np.abs(constant))
        if step + 1 == iterations or np.all(best > enough):
            break
        share = 2 / (step + 2)
        products = reached @ z.T / d
        point = (1 - share) * point + share * reached
        inside = (1 - share) * inside + share * products
        touch = np.clip((1 - share) * touch + share * products, ridge.low, ridge.furthest)
    return best

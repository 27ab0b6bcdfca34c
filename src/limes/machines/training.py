"""The gradient of a kernel regression's scores in its training rows and targets: directions of poisoning.

With S = (K + r I)^-1 the coefficients are A = S Y and the scores f(x) = k(x, X) A. For a loss with gradient V in the
scores of given points, let B = S k(X, x) V. Since dS = -S dK S,

    dL = tr(V^T dk A) - tr(B^T dK A) + tr(B^T dY),

so that B is the gradient in Y. In a row X_p all of its entries of K move, a row and a column of the symmetric matrix:

    grad_{X_p} L = sum_j W_pj d/dX_p K(X_p, X_j) + sum_i (A V^T)_pi d/dX_p k(X_p, x_i),    W = -(B A^T + A B^T).

Both weights have rank 2c, and so the sum is the input gradient of one expansion over the training rows and the points,
with the coefficients [-A, -B] and [0, V] and the cotangent [B, A]: nothing larger than a block of kernel values is ever
held. On the diagonal W counts twice the half of its gradient that an expansion gives at coincident points.

Reference: implicit differentiation as for influence functions (Koh & Liang 2017, arXiv 1703.04730); poisoning by
gradients Biggio et al. 2012, arXiv 1206.6389.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array
from limes.kernels.expansion import expand


class TrainingGradient(NamedTuple):
    """Gradients in training rows.

    Attributes:
        inputs: (rows, features...), in the caller's units.
        targets: (rows, c), in the units of the regression targets.
    """

    inputs: np.ndarray
    targets: np.ndarray


def training_vjp(machine: Any, x: Array, v: Array, rows: Array | None = None) -> TrainingGradient:
    """Gradient of sum(v * scores(x)) in training rows; see `limes.machines.base.KernelMachine.training_vjp`."""
    net, a = machine.net_, np.asarray(machine.coef_, np.float64)
    if not math.isinf(machine.time_):
        raise InputError(f"training_vjp serves machines trained to the end (time=inf), not to time {machine.time_:g}")
    if net.random:
        raise InputError("training_vjp serves nets without random masks: leave dropout and pruning out")
    operator = machine.label_operator(x)
    z = machine._validate(x, reset=False)
    z = z if machine.affine_ is None else machine.affine_(z)
    v = np.asarray(v, np.float64)
    if v.shape != (len(z), a.shape[1]):
        raise InputError(f"v has shape {v.shape}, but the scores of x have shape {(len(z), a.shape[1])}")
    chosen = _rows(rows, len(a))
    b = operator.T @ v
    centres = np.concatenate([machine.centres_, z]).astype(np.float64)
    coef = np.concatenate([np.hstack([-a, -b]), np.hstack([np.zeros_like(v), v])])
    moved = machine.centres_[chosen].astype(np.float64)
    inputs = expand(net, machine.kind, centres, coef).vjp(moved, np.hstack([b, a])[chosen])
    inputs = inputs if machine.affine_ is None else machine.affine_.pull_back(inputs)
    return TrainingGradient(inputs, b[chosen])


def _rows(rows: Array | None, m: int) -> np.ndarray:
    if rows is None:
        return np.arange(m)
    rows = np.asarray(rows)
    whole = rows.ndim == 1 and len(rows) > 0 and rows.dtype.kind in "iu"
    if not whole or rows.min() < 0 or rows.max() >= m:
        raise InputError(f"rows must be indices of training rows from 0 to {m - 1}, at least one, not {rows!r}")
    return rows

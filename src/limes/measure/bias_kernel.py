"""The kernel of two-layer networks with large bias, of which only a fraction of the units is active.

    f(x) = m^{-1/2} sum_r a_r relu(<w_r, x> - b_r),   w_r standard normal,   a_r = +-1 fixed,   b_r = B at the start.

On inputs of length 1, with rho the cosine of x and x' and p = P(Z1 > B, Z2 > B) for standard normal units of that
correlation, gradient descent on W and b has the kernel (rho + 1) p, on W alone rho p: the thresholds add p. On its own
a unit is active with probability Phi(-B), whatever the input.

Reference: Yang, Jiang, Zhang, Liang & Wang 2024, JMLR 25(321), arXiv 2301.00327.
"""

import math
from dataclasses import dataclass

import numpy as np

from limes.core.errors import InputError
from limes.core.precision import require_finite
from limes.core.types import Array
from limes.nets import Dense, Net, ShiftedRelu, serial

_BLOCK = 10_000  # units drawn at a time


def bias_net(bias: float, *, weights: bool = True, thresholds: bool = True) -> Net:
    """The network as a `Net`: on rows of length sqrt(d) its NTK is the kernel of this module.

    Args:
        bias: B.
        weights: whether W is trained.
        thresholds: whether b is trained; thresholds alone have the NTK p.

    Raises:
        NetError: for a bias that is not a finite number.

    Example:
        >>> print(bias_net(2.0))
        dense(w_std 1) > shifted_relu(bias 2, trainable True) > dense(w_std 1)
    """
    return serial(Dense(trainable=weights), ShiftedRelu(bias, trainable=thresholds), Dense(trainable=False))


def unit_rows(x: Array) -> np.ndarray:
    """Inputs as vectors of length 1, in float64: (n, features...) -> (n, d).

    Raises:
        InputError: for rows that are zero or not finite.
    """
    rows = np.asarray(x, np.float64).reshape(len(x), -1)
    require_finite(rows)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise InputError(
            f"{int((lengths == 0).sum())} rows are zero, the first is row {int(np.argmin(lengths))}: they have no "
            "direction, and cannot be scaled to length 1; leave them out"
        )
    return rows / lengths


def active_fraction(bias: float) -> float:
    """Phi(-B): the probability that a unit is active at the start, for every input of length 1.

    Example:
        >>> round(active_fraction(2.0), 5)
        0.02275
    """
    return 0.5 * math.erfc(bias / math.sqrt(2.0))


@dataclass(frozen=True, eq=False)
class BiasKernel:
    """The kernel between all pairs of some inputs, in its parts; made by `bias_kernel` and `sampled_bias_kernel`.

    Attributes:
        bias: B.
        gram: (n, n) cosines.
        active: (n, n) probabilities p that a unit is active on both inputs, or shares of units that are.
    """

    bias: float
    gram: np.ndarray
    active: np.ndarray

    def ntk(self, trainable: bool = True) -> np.ndarray:
        """(n, n): the kernel with trained thresholds, or with frozen ones."""
        return (self.gram + 1.0 if trainable else self.gram) * self.active


def _cosines(rows: np.ndarray) -> np.ndarray:
    gram = np.clip(rows @ rows.T, -1.0, 1.0)
    np.fill_diagonal(gram, 1.0)
    return gram


def bias_kernel(x: Array, bias: float) -> BiasKernel:
    """The kernel of networks with thresholds `bias` between all pairs of inputs.

    Args:
        x: (n, features...); rows are scaled to length 1.
        bias: B, any finite number.

    Raises:
        InputError: for rows that are zero or not finite.
        NetError: for a bias that is not a finite number.

    Cost: a quadrature of 48 nodes for each of n^2 / 2 pairs, in float64 (`limes.nets.ShiftedRelu`).

    Example:
        >>> kernel = bias_kernel([[3.0, 0.0], [0.0, 1.0]], 1.0)
        >>> kernel.ntk().round(4).tolist(), kernel.ntk(trainable=False).round(4).tolist()
        ([[0.3173, 0.0252], [0.0252, 0.3173]], [[0.1587, 0.0], [0.0, 0.1587]])
    """
    rows = unit_rows(x)
    active = bias_net(bias, weights=False).kernel(rows * math.sqrt(rows.shape[1]), get="ntk").ntk
    return BiasKernel(float(bias), _cosines(rows), np.asarray(active))


def sampled_bias_kernel(x: Array, bias: float, width: int, seed: int | list[int] = 0) -> BiasKernel:
    """The kernel of one finite network at its start: shares of its units in place of probabilities.

    Args:
        x: (n, features...); rows are scaled to length 1.
        bias: B.
        width: m, the number of units.
        seed: of their weights, as NumPy's generators take it; the same units for every bias.

    Raises:
        InputError: for rows that are zero or not finite, or a width below 1.

    Cost: n (n + d) m multiplications.

    Example:
        >>> kernel = sampled_bias_kernel([[3.0, 0.0], [0.0, 1.0]], 1.0, width=20_000)
        >>> bool(abs(kernel.active[0, 0] - active_fraction(1.0)) < 0.013)  # five standard errors
        True
    """
    if width < 1:
        raise InputError(f"a network has one unit or more, not {width}")
    rows, rng = unit_rows(x), np.random.default_rng(seed)
    together = np.zeros((len(rows), len(rows)))
    for start in range(0, width, _BLOCK):
        units = rows @ rng.standard_normal((rows.shape[1], min(_BLOCK, width - start)))
        on = (units > bias).astype(np.float32)
        together += on @ on.T
    return BiasKernel(float(bias), _cosines(rows), together / width)

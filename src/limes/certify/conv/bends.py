"""Parabolas of the first layer's parts, all centres together: small quadratic forms of each window's pixels.

r kappa(u) and its like lose bent u^2 / 2 to what is here: with y and z the pixels of a window, in units in which |y|
is the standard deviation rho, bias included, r u^2 = <y, z>^2 / (rho |z|), and the sum over centres is y^T A y / rho.
With l the least eigenvalue of A,

    y^T A y / rho = y^T (A - l) y / rho + l rho
                 >= 2 <y0, (A - l) y> / rho0 - rho y0^T (A - l) y0 / rho0^2 + l rho

for every y0, for the square of a linear map over rho is convex in both.
"""

from dataclasses import dataclass

import numba
import numpy as np

from limes.certify.conv.dual import bend
from limes.certify.conv.machine import ConvMachine
from limes.certify.conv.ranges import Ranges


@dataclass(frozen=True, eq=False)
class Squares:
    """What is left of the parabolas: <slope, y> + sum_p sizes_p rho_p + constant is below them.

    Attributes:
        bends: (m, positions) second derivatives that were taken out.
        slope: (d,).
        sizes: (positions,).
        constant: a number.
    """

    bends: np.ndarray
    slope: np.ndarray
    sizes: np.ndarray
    constant: float


def squares(machine: ConvMachine, ranges: Ranges, first: np.ndarray, second: np.ndarray, point: np.ndarray) -> Squares:
    """Parabolas of the parts with factors `first` of kappa and `second` of the NTK, tangents at a point.

    Cost: m k^2 multiplications for each window of k pixels, and the eigenvalues of a (k, k) matrix.
    """
    layer, mean = ranges.layer, ranges.layer.stage.mean
    bends = np.zeros_like(first)
    _bends(layer.a, layer.b, ranges.share, first, second, *ranges.u, *ranges.t, bends)  # pyright: ignore[reportCallIssue]
    inverse = 1 / np.where(layer.centres > 0, layer.centres, np.inf)
    fixed = np.sqrt(layer.stage.bias)
    widest = int(np.diff(mean.indptr).max())
    forms = np.zeros((len(fixed), widest + 1, widest + 1))
    sizes = 0.5 * bends * inverse
    _forms(mean.indptr, mean.indices, layer.roots, fixed, machine.centres, sizes, forms)
    error = 2.0**-50 * (len(bends) + widest) * (np.abs(sizes) * layer.centres**2).sum(axis=0)
    lowest = np.linalg.eigvalsh(forms)[:, 0] - error
    slope, on_size, constant = np.zeros_like(point), np.zeros_like(fixed), np.zeros_like(fixed)
    _tangents(mean.indptr, mean.indices, layer.roots, fixed, forms, lowest, point, slope, on_size, constant)
    return Squares(bends, slope, on_size, float(constant.sum()))


@numba.njit(cache=True)
def _bends(a, b, c, first, second, low, high, least, most, found):
    for j in range(low.shape[0]):
        for i in range(low.shape[1]):
            if least[j, i] == 0.0 and most[j, i] == 0.0:
                found[j, i] = bend(a, b, c, first[j, i], second[j, i], low[j, i], high[j, i])


@numba.njit(cache=True)
def _forms(starts, columns, roots, fixed, centres, sizes, forms):
    """forms[p] = sum_j sizes_jp z_jp z_jp^T; rows and columns that a window does not have stay zero."""
    for i in range(len(fixed)):
        k = starts[i + 1] - starts[i]
        z = np.empty(k + 1)
        for j in range(len(centres)):
            if sizes[j, i] == 0.0:
                continue
            for o in range(k):
                z[o] = roots[starts[i] + o] * centres[j, columns[starts[i] + o]]
            z[k] = fixed[i]
            for o in range(k + 1):
                weight = sizes[j, i] * z[o]
                for q in range(o + 1):
                    forms[i, o, q] += weight * z[q]
        for o in range(k + 1):
            for q in range(o):
                forms[i, q, o] = forms[i, o, q]


@numba.njit(cache=True)
def _tangents(starts, columns, roots, fixed, forms, lowest, point, slope, sizes, constant):
    for i in range(len(fixed)):
        k = starts[i + 1] - starts[i]
        y, square = np.empty(k + 1), fixed[i] * fixed[i]
        for o in range(k):
            y[o] = roots[starts[i] + o] * point[columns[starts[i] + o]]
            square += y[o] * y[o]
        y[k] = fixed[i]
        sizes[i] = lowest[i]
        if square == 0.0:
            continue
        size, form = np.sqrt(square), 0.0
        for o in range(k + 1):
            image = -lowest[i] * y[o]
            for q in range(k + 1):
                image += forms[i, o, q] * y[q]
            form += image * y[o]
            if o < k:
                slope[columns[starts[i] + o]] += 2.0 * image / size * roots[starts[i] + o]
            else:
                constant[i] += 2.0 * image / size * fixed[i]
        sizes[i] -= form / square

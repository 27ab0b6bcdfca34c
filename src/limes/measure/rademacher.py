"""Generalisation terms of the ball of functions in which a kernel machine, or a lazy network, ends.

A function of norm R = sqrt(y^T K^{-1} y) fits the labels y on n inputs. Functions of at most that norm have Rademacher
complexity at most R sqrt(tr K) / n, and so the test error, for a loss in [0, 1] of slope 1, is at most the training
error + 2 R sqrt(tr K) / n + 3 sqrt(log(2 / delta) / (2 n)) with probability 1 - delta, for a ball that was fixed before
the labels were seen (Bartlett & Mendelson 2002). Large biases make tr K small; without that factor the term explodes.
"""

import math

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array
from limes.measure.spectrum import KernelSpectrum


def ball_term(spectrum: KernelSpectrum, y: Array) -> float:
    """2 sqrt(tr(K) y^T K^{-1} y) / n; says nothing from 1 on.

    Args:
        spectrum: of K.
        y: (n,) labels, 1 and -1.

    Example:
        >>> from limes.measure import kernel_spectrum
        >>> round(ball_term(kernel_spectrum(3 * np.eye(100)), np.ones(100)), 12)
        2.0
    """
    return 2.0 * math.sqrt(spectrum.trace * spectrum.squared_norm(y)) / len(spectrum.values)


def term_without_sparsity(spectrum: KernelSpectrum, y: Array) -> float:
    """sqrt(2 y^T K^{-1} y / n): the usual form for two layers, of which half are active units, so that tr K = n / 2.

    Reference: Arora et al. 2019, arXiv 1901.08584, theorem 5.1 (their kernel has the diagonal 1/2).
    """
    return math.sqrt(2.0 * spectrum.squared_norm(y) / len(spectrum.values))


def confidence_term(n: int, delta: float = 0.05) -> float:
    """3 sqrt(log(2 / delta) / (2 n)).

    Raises:
        InputError: for a delta that is no probability.
    """
    if not 0 < delta < 1:
        raise InputError(f"delta is a probability between 0 and 1, not {delta!r}")
    return 3.0 * math.sqrt(math.log(2.0 / delta) / (2 * n))


def localised_term(spectrum: KernelSpectrum, y: Array) -> tuple[float, float]:
    """The fixed point r* of psi(r) = sqrt((2/n) sum_i min(r, R^2 mu_i)), and psi(inf); mu_i are eigenvalues of K / n.

    Localisation counts only functions that are small on the data: r* is small where a few eigenvalues carry the trace.
    No constant of a theorem is attached to it. Where K is a multiple of the identity it gains nothing.

    Args:
        spectrum: of K, not singular.
        y: (n,) labels.

    Returns:
        r*, psi(inf) = R sqrt(2 tr K) / n.

    Raises:
        InputError: for a singular kernel.

    Reference: Bartlett, Bousquet & Mendelson 2005 (local Rademacher complexities of a kernel ball).
    """
    squared, n = spectrum.squared_norm(y), len(spectrum.values)
    if math.isinf(squared):
        raise InputError("a singular kernel has no ball that reaches all labels: there is no localised term")
    ends = squared * np.maximum(spectrum.values[::-1], 0.0) / n  # ascending: terms up to an end r are whole
    whole, left = np.concatenate([[0.0], np.cumsum(ends)]), n - np.arange(n + 1)
    # With the first j ends whole and r for the others, psi^2 = (2/n) (whole + left r), which is nowhere below the true
    # one and equals it between the ends j and j + 1: r* is the smallest of the fixed points, roots of a quadratic.
    roots = (left + np.sqrt(left.astype(np.float64) ** 2 + 2.0 * n * whole)) / n
    return float(roots.min()), math.sqrt(2.0 * whole[-1] / n)

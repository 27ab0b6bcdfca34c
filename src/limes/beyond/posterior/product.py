"""A toy with an exact posterior: a deep linear net that is a product, shown that the function is nothing.

f(x) = s w.x with w in R^d and s = w_2 (depth 2) or w_2 w_3 (depth 3), all weights N(0, tau^2), x ~ N(0, I), and n
examples of f* = 0 with noise of variance sigma^2 on average, so that the likelihood is exp(-n s^2 |w|^2 / (2 sigma^2)).
Given s, each w_i is normal with variance tau^2 / (1 + n tau^2 s^2 / sigma^2), which leaves an integral over s alone:

    p(s | data) ~ q(s) (1 + n tau^2 s^2 / sigma^2)^(-d/2),

q(s) = exp(-s^2 / (2 tau^2)) at depth 2 and K_0(|s| / tau^2) at depth 3, where E[w_2^2 + w_3^2 | s] =
2 |s| K_1(|s| / tau^2) / K_0(|s| / tau^2).

The function is learnt by closing the gate s, and w stays nearly what it was under the prior: for n -> infinity
E |w|^2 -> (d - 1) tau^2, since the width 1 / |w| of the open gate prefers short w.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import kve

from limes.core.errors import InputError


@dataclass(frozen=True)
class ProductVariance:
    """Variances under the posterior, whose means are all 0.

    Attributes:
        function: Var f(x), mean over x ~ N(0, I).
        weights: tr Cov of all weights.
        first: the part of the d weights w.
    """

    function: float
    weights: float
    first: float


def product_variance(
    n: float, inputs: int, *, depth: int = 3, prior: float = 1.0, noise: float = 1.0
) -> ProductVariance:
    """Variances of the function and of the weights of a product net, to about ten digits.

    Args:
        n: number of examples, at least 0 and finite.
        inputs: d.
        depth: 2 or 3.
        prior: variance tau^2 of every weight.
        noise: variance of the noise.

    Raises:
        InputError: for numbers out of range.

    Reference: the toy is named after that of Ruegamer 2026 (arXiv 2605.25234), whose form was not known here; this one
    is derived above.

    Example:
        >>> found = product_variance(0, 10)
        >>> round(found.function, 6), round(found.weights, 6)
        (10.0, 12.0)
        >>> found = product_variance(2**14, 10)
        >>> found.function < 1e-3, 9 < found.weights < 10
        (True, True)
    """
    if not (0 <= n < np.inf and inputs >= 1 and depth in (2, 3) and 0 < prior < np.inf and 0 < noise < np.inf):
        raise InputError(
            "n is finite and at least 0, inputs at least 1, depth 2 or 3 and both variances finite and above 0, not "
            f"{n}, {inputs}, {depth}, {prior} and {noise}"
        )
    # s = tau^(depth - 1) e^t: all that matters lies between n^(-1/2) e^(-40) and some 30
    t = np.linspace(-50 - 0.5 * np.log1p(n), 4, 8001)
    s = np.exp(t)
    if depth == 2:
        log_density, inner = -(s**2) / 2, s**2
    else:
        log_density, inner = np.log(kve(0, s)) - s, 2 * s * kve(1, s) / kve(0, s)
    shrunk = 1 / (1 + n * prior**depth * s**2 / noise)
    logs = log_density + t + inputs / 2 * np.log(shrunk)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    first = float(inputs * prior * (weights @ shrunk))
    function = float(inputs * prior**depth * (weights @ (s**2 * shrunk)))
    return ProductVariance(function, first + float(prior * (weights @ inner)), first)

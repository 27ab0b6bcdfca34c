"""Shares of neurons that serve one neuron of the truth: what they are, their claimed law, and how to fit another.

The claim of Ruegamer 2026 (arXiv 2605.25234): in a group of k neurons with p inputs the shares are
c ~ Dirichlet(alpha, ..., alpha), alpha = (p + 1) / 2; then c_m ~ Beta(alpha, (k - 1) alpha). `within_cones` has the
condition under which it is true. Without a condition small shares are more frequent, for two reasons, derived here.

(1) A neuron of share c may turn by an angle phi at a loss of order c^2 phi^3 (a kink that moves by phi changes the
function by c phi on a part phi of the inputs), so that it has a tolerance of phi^(p-1) ~ (n c^2)^(-(p-1)/3), which
grows as c falls: the density goes as c^((p-1)/2 - 2(p-1)/3) = c^(-(p-1)/6), as long as all tolerances are below the
angles of the condition, c > n^(-1/2).

(2) Only the prior fixes the scale of a neuron. From (u, a) to v = a u and the logarithm of the scale t, |u| =
sqrt(|v|) e^t, |a| = sqrt(|v|) e^(-t),

    du da = |v|^(-(p-1)/2) e^((p-1) t) dv dt,

and with the prior exp(-z cosh 2t), z = |v| / tau^2, the scale integrates to the Bessel function K_((p-1)/2)(z), which
goes as z^(-(p-1)/2) for small z. Together c^(-(p-1)/2) more than under (1): c^(-2(p-1)/3), from p = 3 on not
integrable, so that the mass of shares moves to c ~ n^(-1/2) as n grows.
"""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import beta as beta_function
from scipy.stats import beta as beta_law
from scipy.stats import kstest

from limes.beyond.posterior.bessel import neighbours, prior_sizes
from limes.beyond.posterior.neurons import contributions
from limes.core.errors import InputError
from limes.core.precision import require_finite

_BOUNDS = (-6, 12)  # of exponents that are looked for


def shares(neurons: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """What part of a linear piece each neuron adds: a_m u_m . d over the sum of these.

    Negative where a neuron works against the others; they add up to 1.

    Args:
        neurons: (..., m, p + 1), all of one group.
        direction: d, (p,), of the neuron that they serve.

    Returns:
        (..., m).

    Example:
        >>> shares(np.array([[1.0, 0.0, 1.0], [3.0, 0.0, 1.0]]), np.array([1.0, 0.0]))
        array([0.25, 0.75])
    """
    along = contributions(neurons) @ direction
    return along / along.sum(-1, keepdims=True)


def split_law(inputs: int, group: int) -> tuple[float, float]:
    """alpha and (k - 1) alpha of the Beta law claimed for a share.

    Args:
        inputs: p, without a bias.
        group: k, at least 2.

    Raises:
        InputError: for no inputs, or a group below 2.

    Example:
        >>> split_law(3, 2)
        (2.0, 2.0)
    """
    if inputs < 1 or group < 2:
        raise InputError(f"shares need at least 1 input and 2 neurons in a group, not {inputs} and {group}")
    alpha = (inputs + 1) / 2
    return alpha, (group - 1) * alpha


def mean_root(inputs: int, group: int) -> float:
    """E sqrt(c) under the claimed law, by which the mean of a neuron falls short of the truth's.

    B(alpha + 1/2, (k-1) alpha) / B(alpha, (k-1) alpha).

    Example:
        >>> round(mean_root(3, 2), 4)  # 24/35
        0.6857
    """
    a, b = split_law(inputs, group)
    return float(beta_function(a + 0.5, b) / beta_function(a, b))


def distance_from_split_law(c: np.ndarray, inputs: int, group: int) -> float:
    """Kolmogorov-Smirnov distance of shares from the claimed law; some 0.87 / sqrt(draws) where it is true.

    Raises:
        InputError: for shares that are not numbers from 0 to 1.
    """
    c = np.ravel(c)
    if not len(c) or not ((c >= 0) & (c <= 1)).all():
        raise InputError("shares of a condition lie between 0 and 1: leave out draws with a negative one")
    return float(kstest(c, beta_law(*split_law(inputs, group)).cdf).statistic)


def weights_of_balance(products: np.ndarray, prior: float) -> np.ndarray:
    """Weights that turn draws of a posterior into draws under the condition |u_m| = |a_m| for all neurons.

    The density of every t_m at 0 given a_m u_m, which the likelihood does not change: exp(-z) / K_((p-1)/2)(z).

    Args:
        products: a u, (..., m, p).
        prior: variance of every weight.

    Returns:
        (...), up to a constant: the largest is 1.

    Raises:
        InputError: for products that are not finite, or a prior that is not a finite number above 0.

    Cost: O(p) a product.
    """
    z = np.maximum(prior_sizes(products, prior), 1e-12)
    logs = -neighbours(np.shape(products)[-1], z).log.sum(-1)
    return np.exp(logs - logs.max(initial=-np.inf))


def fit_exponent(c: np.ndarray, low: float, weights: np.ndarray | None = None) -> float:
    """The exponent e of a density proportional to (c (1 - c))^e between `low` and 1 - `low`, by maximum likelihood.

    Args:
        c: shares of one of two neurons; those outside of the window are left out.
        low: where the window begins, between 0 and 1/2.
        weights: of the draws, where these come from another law.

    Returns:
        e.

    Raises:
        InputError: for shares that are not finite, weights that are no weights, a window out of range or without
            draws, or draws that no e from -6 to 12 fits best.

    Example:
        >>> c = np.random.default_rng(0).beta(1.5, 1.5, 20_000)
        >>> abs(fit_exponent(c, 0.05) - 0.5) < 0.05
        True
    """
    c = np.ravel(np.asarray(c, float))
    require_finite(c, "c")
    inside = (c > low) & (c < 1 - low)
    if not 0 < low < 0.5 or not inside.any():
        raise InputError(f"the window from {low} to {1 - low} holds {int(inside.sum())} of {len(c)} shares")
    weights = np.ones(len(c)) if weights is None else np.ravel(np.asarray(weights, float))
    if len(weights) != len(c) or not (weights >= 0).all() or not 0 < weights[inside].sum() < np.inf:
        raise InputError("weights are one for each share, at least 0, finite and not all 0 within the window")
    mean = np.average(np.log(c[inside] * (1 - c[inside])), weights=weights[inside])
    # in the logarithm of the odds the integrand is smooth also where the window begins near 0
    end = np.log((1 - low) / low)
    nodes, quadrature = np.polynomial.legendre.leggauss(200)
    at = 1 / (1 + np.exp(-end * nodes))
    logs, quadrature = np.log(at * (1 - at)), quadrature * end

    def negative(e: float) -> float:
        powers = (e + 1) * logs
        return float(np.log(quadrature @ np.exp(powers - powers.max())) + powers.max() - e * mean)

    found: Any = minimize_scalar(negative, bounds=_BOUNDS, method="bounded")
    if min(found.x - _BOUNDS[0], _BOUNDS[1] - found.x) < 1e-3:
        raise InputError(f"no exponent from {_BOUNDS[0]} to {_BOUNDS[1]} fits best: take more draws, or another window")
    return float(found.x)

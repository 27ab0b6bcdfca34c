"""What the variance of the weights is made of: where neurons sit, their scales, and how they share their work.

A posterior over m neurons has the symmetry of all m! orders, whatever a chain has seen of it, so that its variance is

    tr Cov = E |w|^2 - m |mean neuron|^2.

By the law of total variance, first over the arrangement s (which neuron serves which one of the truth) and then over
what the function knows of a neuron, the direction and size of a_m u_m and the sign of a_m:

    tr Cov = tr Var E[w | s]  +  E tr Var(w | a_m u_m, sign a_m)  +  the rest.
             discrete            scaling                            split

Given the truth's neuron that it serves, the mean of a neuron does not depend on which one it is, so that

    discrete = E sum_m |E[neuron | served, sizes of all groups]|^2 - m |mean neuron|^2.

With the prior N(0, tau^2 I) the scale t of a neuron, |u| = sqrt(r) e^t and |a| = sqrt(r) e^(-t) with r = |a u|, has the
density exp((p - 1) t - z cosh 2t), z = r / tau^2, whatever the likelihood, which does not see it. Its moments are
ratios of Bessel functions, since the integral of exp(k t - z cosh 2t) is K_(k/2)(z): with nu = (p - 1) / 2,

    E|u| = sqrt(r) K_(nu+1/2) / K_nu,  E|a| = sqrt(r) K_(nu-1/2) / K_nu,  E|u|^2 = r K_(nu+1) / K_nu,
    E a^2 = r K_(nu-1) / K_nu.

What is left, "split", is the variance of how neurons share their work, and of the function itself, which is negligible
for n -> infinity. All three are at least 0; estimates from draws may fall below.
"""

from dataclasses import dataclass

import numpy as np

from limes.beyond.posterior.bessel import neighbours, prior_sizes
from limes.beyond.posterior.neurons import assign, contributions
from limes.core.errors import InputError
from limes.core.precision import require_finite


@dataclass(frozen=True)
class WeightVariance:
    """The trace of the covariance of all weights, and its parts.

    Attributes:
        total: tr Cov(w) of the posterior over all orders of its neurons.
        discrete: of the arrangement, which neuron serves which one of the truth.
        scaling: of u -> s u, a -> a / s.
        split: the rest: of shares, and of the function.
    """

    total: float
    discrete: float
    scaling: float
    split: float


def weight_variance(neurons: np.ndarray, truth: np.ndarray, prior: float) -> WeightVariance:
    """The variance of the weights of a posterior, from draws of any number of chains.

    Args:
        neurons: (..., m, p + 1) draws, at least 2.
        truth: (r, p + 1).
        prior: variance tau^2 of every weight under the prior.

    Raises:
        InputError: for too few draws, or a prior that is not above 0.

    Cost: O(draws m (p + r)).

    Reference: the discrete and the continuous source are those of Ruegamer 2026 (arXiv 2605.25234); the three parts
    are derived above.

    Example:
        >>> truth = np.array([[1.0, 0.0, 1.0]])
        >>> draws = np.random.default_rng(0).standard_normal((1000, 2, 3))  # the prior alone
        >>> found = weight_variance(draws, truth, prior=1.0)
        >>> abs(found.total - 6) < 0.3, found.discrete
        (True, 0.0)
    """
    if not prior > 0:
        raise InputError(f"prior is a variance above 0, not {prior}")
    total, discrete = total_variance(neurons), discrete_variance(neurons, truth)
    scaling = float(scaling_variance(contributions(neurons), prior).sum(-1).mean())
    return WeightVariance(total, discrete, scaling, total - discrete - scaling)


def total_variance(neurons: np.ndarray) -> float:
    """tr Cov(w) if every order of the neurons is as likely, from draws (..., m, p + 1).

    With few independent draws up to some 1 / draws too small, since the mean is that of the same draws.

    Raises:
        InputError: for fewer than 2 draws.
    """
    draws = _flat(neurons)
    return float((draws**2).sum((1, 2)).mean() - draws.shape[1] * (draws.mean((0, 1)) ** 2).sum())


def discrete_variance(neurons: np.ndarray, truth: np.ndarray) -> float:
    """What of `total_variance` is due to which neuron serves which one of the truth.

    For a truth of a single neuron 0. With few draws of an arrangement some 1 / draws too large.

    Raises:
        InputError: for fewer than 2 draws.
    """
    draws = _flat(neurons)
    serves = assign(draws, truth)
    sizes = np.stack([(serves == j).sum(1) for j in range(len(truth))], axis=1)
    _, kinds = np.unique(sizes, axis=0, return_inverse=True)
    cell = kinds.reshape(-1, 1) * len(truth) + serves  # sizes of all groups, and the group
    between = 0.0
    for value in np.unique(cell):
        inside = draws[cell == value]
        between += len(inside) * (inside.mean(0) ** 2).sum()
    every = draws.shape[1] * (draws.mean((0, 1)) ** 2).sum()
    return float(between / len(draws) - every)


def scaling_variance(products: np.ndarray, prior: float) -> np.ndarray:
    """Variance of u and a together given a u and the sign of a: (..., p) -> (...).

    Args:
        products: a u.
        prior: variance of every weight.

    Raises:
        InputError: for products that are not finite, or a prior that is not a finite number above 0.

    Cost: O(p) a product.

    Example:
        >>> round(float(scaling_variance(np.zeros(3), 1.0)), 4)  # |u| with the law of chi for p - 1: 2 - pi/2
        0.4292
    """
    z = np.clip(prior_sizes(products, prior), 1e-12, 1e7)  # beyond, the limits to rounding: prior / 2 for large z
    k = neighbours(np.shape(products)[-1], z)
    return prior * z * (k.one_up + k.one_down - k.half_up**2 - k.half_down**2)


def _flat(neurons: np.ndarray) -> np.ndarray:
    draws = np.asarray(neurons, float)
    if draws.ndim < 3 or (draws := draws.reshape(-1, *draws.shape[-2:])).shape[0] < 2:
        raise InputError(f"draws are (..., m, p + 1), at least 2 of them, not of shape {np.shape(neurons)}")
    require_finite(draws, "neurons")
    return draws

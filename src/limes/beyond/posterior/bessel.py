"""Modified Bessel functions of half-integer orders by their ratios, which overflow for no order."""

from dataclasses import dataclass

import numpy as np
from scipy.special import kve

from limes.core.errors import InputError
from limes.core.precision import require_finite


@dataclass(frozen=True, eq=False)
class Neighbours:
    """K of other orders over K_nu, and log(exp(z) K_nu), for nu = (p - 1) / 2: each of the shape of z."""

    one_up: np.ndarray
    half_up: np.ndarray
    half_down: np.ndarray
    one_down: np.ndarray
    log: np.ndarray


def neighbours(p: int, z: np.ndarray) -> Neighbours:
    """At z > 0, for p >= 1 inputs.

    K_nu itself overflows for small z from some order on. K_(nu+1) / K_nu = 2 nu / z + K_(nu-1) / K_nu does not, and
    upwards rounding does not grow.
    """
    log = np.log(kve(0, z))
    half, before = kve(0.5, z) / kve(0, z), kve(0, z) / kve(0.5, z)  # K_(nu+1/2) / K_nu, and half an order below
    one = kve(1, z) / kve(0, z)  # K_(nu+1) / K_nu; then half an order below, and a whole one
    lower, lowest = np.ones_like(z), 1 / one
    for j in range(1, p):
        log = log + np.log(half)
        half, before = one / half, half
        one, lower, lowest = j / z + 1 / lower, one, lower
    return Neighbours(one, half, 1 / before, 1 / lowest, log)


def prior_sizes(products: np.ndarray, prior: float) -> np.ndarray:
    """|a u| over the prior's variance, of products (..., p).

    Raises:
        InputError: for products that are not finite, or a prior that is not a finite number above 0.
    """
    products = np.asarray(products, float)
    if not products.ndim or not products.shape[-1]:
        raise InputError(f"products a u are (..., p) with p at least 1, not of shape {products.shape}")
    require_finite(products, "products")
    if not 0 < prior < np.inf:
        raise InputError(f"prior is a finite variance above 0, not {prior}")
    return np.linalg.norm(products, axis=-1) / prior

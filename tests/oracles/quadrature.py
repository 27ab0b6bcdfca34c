"""Gaussian expectations by brute force: a product trapezoid rule, and exact integrals over angles for kinks."""

import math

import numpy as np
from scipy.special import erf, ndtr


def _density(x):
    return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


SMOOTH = {
    "erf": (erf, lambda x: 2 / math.sqrt(math.pi) * np.exp(-(x**2))),
    "gelu": (lambda x: x * ndtr(x), lambda x: ndtr(x) + x * _density(x)),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "rbf": (
        lambda x: math.sqrt(2) * np.sin(0.8 * x + math.pi / 4),
        lambda x: math.sqrt(1.28) * np.cos(0.8 * x + math.pi / 4),
    ),
}
"""name -> (function, derivative)."""

KINKED = {"relu": 0.0, "abs": -1.0, "leaky_relu": 0.2}
"""name -> slope on the negative side; the slope on the positive side is 1."""


def smooth_dual(f, v1, v2, cosine, reach=9.5):
    """E[f(u) f(v)] for Gaussian (u, v) with variances v1, v2 and correlation `cosine`.

    The trapezoid rule converges faster than any power for entire integrands under a Gaussian. Its step follows the
    width of the features of f, which shrinks as 1/sqrt(v); a few 10^6 points serve variances up to about 1000.
    """
    step = min(0.2, 0.25 / math.sqrt(1 + max(v1, v2)))
    t = np.arange(-math.ceil(reach / step), math.ceil(reach / step) + 1) * step
    weight = _density(t) * step
    sine = math.sqrt((1 - cosine) * (1 + cosine))
    inner = np.array([weight @ f(math.sqrt(v2) * (cosine * s + sine * t)) for s in t])
    return float(np.sum(weight * f(math.sqrt(v1) * t) * inner))


def smooth_moment(f, v):
    """E[f(u)^2] for u of variance v, by the trapezoid rule."""
    step = min(0.05, 0.1 / math.sqrt(1 + v))
    t = np.arange(-math.ceil(12 / step), math.ceil(12 / step) + 1) * step
    return float(np.sum(_density(t) * step * f(math.sqrt(v) * t) ** 2))


def kinked_dual(slope, v1, v2, cosine):
    """E[phi phi] and E[phi' phi'] for phi(x) = max(x, 0) + slope min(x, 0).

    With u = r sqrt(v1) cos(t) and v = r sqrt(v2) cos(t - phi) the radius integrates to E[r^2] = 2, and the angle's
    integrand is a trigonometric polynomial between four kinks, which 20 Gauss-Legendre nodes integrate exactly.
    """
    phi = math.acos(cosine)
    kinks = np.sort(np.mod([math.pi / 2, -math.pi / 2, phi + math.pi / 2, phi - math.pi / 2], 2 * math.pi))
    nodes, weights = np.polynomial.legendre.leggauss(20)

    def value(x):
        return np.where(x > 0, x, slope * x)

    def derivative(x):
        return np.where(x > 0, 1.0, slope)

    totals = np.zeros(2)
    for start, stop in zip(kinks, [*kinks[1:], kinks[0] + 2 * math.pi], strict=True):
        t = (start + stop) / 2 + nodes * (stop - start) / 2
        w = weights * (stop - start) / 2
        u, v = np.cos(t), np.cos(t - phi)
        totals += np.sum(w * value(u) * value(v)), np.sum(w * derivative(u) * derivative(v))
    return 2 * math.sqrt(v1 * v2) * totals[0] / (2 * math.pi), totals[1] / (2 * math.pi)


def rectified_power(degree, v1, v2, cosine):
    """E[u_+^p v_+^p] for Gaussian (u, v): the radius integrates to E[r^(2p)] = 2^p p!, the angle between its kinks."""
    start, stop = math.acos(cosine) - math.pi / 2, math.pi / 2
    nodes, weights = np.polynomial.legendre.leggauss(40)
    t = (start + stop) / 2 + nodes * (stop - start) / 2
    angular = np.sum(weights * (np.cos(t) * np.cos(t - math.acos(cosine))) ** degree) * (stop - start) / 2
    return math.sqrt(v1 * v2) ** degree * 2**degree * math.factorial(degree) * angular / (2 * math.pi)

"""Claims 1 and 2: the probability p and the mean product M of two units above a threshold, as `net.kernel` has them."""

import math
from typing import Any

import numpy as np
from scipy.special import ndtr, owens_t

from limes.measure import bias_net

BIASES = tuple(0.5 * i for i in range(7))
COSINES = (-0.9, -0.5, 0.0, 0.3, 0.8, 0.99)
LARGE = (1.0, 2.0, 3.0, 4.0, 5.0)
FINE = tuple(round(-0.95 + 0.05 * i, 2) for i in range(39))
_BLOCK = 1 << 16
_ENDS = np.array([-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.8, 0.9])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_INSIDE = _ENDS[:-1, None] + 0.5 * np.diff(_ENDS)[:, None] * (1.0 + _NODES)


def kernels(bias: float, cosines: Any) -> tuple[np.ndarray, np.ndarray]:
    """p and M at cosines: the NTK of the thresholds alone, and the covariance of the outputs."""
    c = np.asarray(cosines, np.float64)
    x = math.sqrt(2.0) * np.array([[1.0, 0.0]])
    z = math.sqrt(2.0) * np.stack([c, np.sqrt((1.0 - c) * (1.0 + c))], axis=1)
    found = bias_net(bias, weights=False).kernel(x, z)
    return np.asarray(found.ntk)[0], np.asarray(found.nngp)[0]


def drawn(seed: int, draws: int) -> dict[str, Any]:
    """Pairs of normal numbers: how many lie above each threshold, their products, and the squares of these.

    Returns:
        `hits`, `sums`, `squares`, each (biases, cosines), and `draws`.
    """
    rng = np.random.default_rng([seed, draws])
    shape = (len(BIASES), len(COSINES))
    hits, sums, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for start in range(0, draws, _BLOCK):
        first, second = rng.standard_normal((2, min(_BLOCK, draws - start)))
        for j, c in enumerate(COSINES):
            u, v = first, c * first + math.sqrt(1.0 - c * c) * second
            for i, bias in enumerate(BIASES):  # what is not above one threshold is not above the next
                both = (u > bias) & (v > bias)
                u, v = u[both], v[both]
                product = (u - bias) * (v - bias)
                hits[i, j] += len(u)
                sums[i, j] += product.sum()
                squares[i, j] += product @ product
    return {"hits": hits, "sums": sums, "squares": squares, "draws": draws}


def forms() -> dict[str, Any]:
    """Everything about the closed forms that needs no draws.

    Cost: seconds, as each bias is a program of its own.
    """
    asked = [*COSINES, 1.0, *_ENDS, *_INSIDE.ravel()]
    split = np.cumsum([len(COSINES), 1, len(_ENDS)])
    values = [[np.split(part, split) for part in kernels(bias, asked)] for bias in BIASES]
    large = np.array([kernels(bias, FINE) for bias in LARGE])
    exact = np.array([[by_quadrature(bias, c) for c in FINE] for bias in LARGE])
    place = LARGE.index(4.0), FINE.index(-0.6)
    return {
        "p": np.array([p[0] for p, _ in values]),
        "m": np.array([m[0] for _, m in values]),
        "derivative": max(_derivative(p[3], m[2]) for p, m in values),
        "arccosine": _arccosine(*(part[0] for part in values[0])),
        "diagonal": max(_diagonal(b, float(p[1][0]), float(m[1][0])) for b, (p, m) in zip(BIASES, values, strict=True)),
        "relative": float(np.abs(large[:, 0] / exact - 1.0).max()),
        "smallest": float(large.min()),
        "at_four": float(large[place[0], 0, place[1]]),
        "owen_at_four": owen(4.0, -0.6),
    }


def by_quadrature(bias: float, cosine: float, nodes: int = 400) -> float:
    """p = 1/(2 pi) int_{-pi/2}^{asin rho} exp(-B^2 / (1 + sin t)) dt for B > 0, by Gauss-Legendre."""
    t, weights = np.polynomial.legendre.leggauss(nodes)
    low, high = -0.5 * math.pi, math.asin(cosine)
    t = low + 0.5 * (high - low) * (1.0 + t)
    return float(np.exp(-bias * bias / (1.0 + np.sin(t))) @ weights * 0.5 * (high - low) / (2.0 * math.pi))


def owen(bias: float, cosine: float) -> float:
    """The same as Phi(-B) - 2 T(B, sqrt((1 - rho) / (1 + rho))), T Owen's function: a difference of close numbers."""
    return float(ndtr(-bias) - 2.0 * owens_t(bias, math.sqrt((1.0 - cosine) / (1.0 + cosine))))


def _derivative(p: np.ndarray, m: np.ndarray) -> float:
    """Largest difference between M at neighbouring ends less the integral of p between them: dM / drho = p."""
    integrals = p.reshape(_INSIDE.shape) @ _WEIGHTS * 0.5 * np.diff(_ENDS)
    return float(np.abs(np.diff(m) - integrals).max())


def _arccosine(p: np.ndarray, m: np.ndarray) -> float:
    """Largest difference from the arc-cosine kernels, for no bias."""
    c = np.array(COSINES)
    angle = math.pi - np.arccos(c)
    others = angle / (2 * math.pi), (np.sqrt(1 - c * c) + c * angle) / (2 * math.pi)
    return float(max(np.abs(p - others[0]).max(), np.abs(m - others[1]).max()))


def _diagonal(bias: float, p: float, m: float) -> float:
    """Largest relative difference from p = Phi(-B) and M = (1 + B^2) Phi(-B) - B phi(B), for equal inputs."""
    active, density = float(ndtr(-bias)), math.exp(-0.5 * bias * bias) / math.sqrt(2 * math.pi)
    return max(abs(p / active - 1), abs(m / ((1 + bias * bias) * active - bias * density) - 1))

"""The marginal likelihood of a Gaussian process, from one eigendecomposition of its kernel.

y = f + e with f ~ N(0, a K) and e ~ N(0, s I), independently for each of c outputs. With K = V diag(l) V^T and
p_i the squared length of row i of V^T Y,

    log p(Y) = -1/2 sum_i [p_i / (a l_i + s) + c log(a l_i + s) + c log 2 pi].

For a fixed ratio r = s / a the best amplitude is a = sum_i p_i / (l_i + r) / (n c) (Rasmussen & Williams 2006, ch. 5).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

_DECADES = (-10.0, 6.0)  # of what is searched, relative to the scale of the problem
_GRID = 65


@dataclass(frozen=True)
class Evidence:
    """Amplitude a, noise variance s, and log p(Y) there."""

    amplitude: float
    noise: float
    log_likelihood: float


def log_likelihood(values: np.ndarray, power: np.ndarray, n_outputs: int, amplitude: float, noise: float) -> float:
    """log p(Y); minus infinity where the covariance is singular.

    Args:
        values: (n,) eigenvalues of K, at least 0.
        power: (n,) squared lengths p of the rows of V^T Y.
        n_outputs: c.
        amplitude: a.
        noise: s.
    """
    total = amplitude * values + noise
    if not (total > 0).all():
        return -math.inf
    return -0.5 * float(np.sum(power / total + n_outputs * np.log(2 * math.pi * total)))


def maximise(
    values: np.ndarray, power: np.ndarray, n_outputs: int, amplitude: float | None, noise: float | None, floor: float
) -> Evidence:
    """The largest marginal likelihood over what is not given.

    Args:
        values, power, n_outputs: as for `log_likelihood`.
        amplitude: a, or None to choose it.
        noise: s, or None to choose it.
        floor: smallest s / a that is tried: what rounding in K amounts to.

    Cost: O(n) for each of about a hundred values.
    """
    n = len(values)
    scale, power_mean = float(values.mean()) or 1.0, float(power.mean()) / n_outputs

    def at(amplitude: float, noise: float) -> Evidence:
        return Evidence(amplitude, noise, log_likelihood(values, power, n_outputs, amplitude, noise))

    if amplitude is not None and noise is not None:
        return at(amplitude, noise)
    if not power.any():  # nothing to explain: any amplitude is too large
        factor = 1.0 if amplitude is None else amplitude
        return at(factor, factor * floor if noise is None else noise)
    if amplitude is not None:
        return _search(lambda s: at(amplitude, s), amplitude * scale, amplitude * floor)
    if noise is not None:
        return _search(lambda a: at(a, noise), power_mean / scale, 0.0)

    def profiled(ratio: float) -> Evidence:
        best = float(np.sum(power / (values + ratio))) / (n * n_outputs)
        return at(best, best * ratio)

    return _search(profiled, scale, floor)


def _search(at: Callable[[float], Evidence], scale: float, floor: float) -> Evidence:
    """The best on a grid of powers of ten around a scale, refined between its neighbours."""
    logs = np.linspace(*_DECADES, _GRID) + math.log10(scale)
    logs = np.unique(np.maximum(logs, math.log10(floor))) if floor > 0 else logs
    found = [at(10.0**log) for log in logs]
    best = max(range(len(found)), key=lambda i: found[i].log_likelihood)
    around = (logs[max(best - 1, 0)], logs[min(best + 1, len(logs) - 1)])
    if around[0] == around[1]:
        return found[best]
    refined: Any = minimize_scalar(lambda log: -at(10.0**log).log_likelihood, bounds=around, method="bounded")
    return max(found[best], at(10.0 ** float(refined.x)), key=lambda e: e.log_likelihood)

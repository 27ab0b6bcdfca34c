"""One eigendecomposition of a Gram matrix for every time, ridge and feature subset.

Gradient flow on 1/2 |f - y|^2 from f = 0, with the penalty ridge/2 times the squared distance from initialisation, has
f_t = K(., X) a_t with a_t = g_t(K) Y and the filter

    g_t(l) = (1 - exp(-(l + ridge) t)) / (l + ridge),    g_inf(l) = 1 / (l + ridge).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from limes.core.status import Status
from limes.linalg.solution import Solution, all_finite


def flow_filter(eigenvalues: np.ndarray, time: float, ridge: float, cutoff: float = 0.0) -> np.ndarray:
    """The filter g_t at the given eigenvalues.

    Args:
        eigenvalues: (n,), those below zero by rounding count as zero.
        time: training time, in units of 1 / learning rate; inf allowed.
        ridge: absolute.
        cutoff: at time inf, directions with eigenvalue + ridge up to this one are left out (the pseudo-inverse).
    """
    total = np.maximum(eigenvalues, 0.0) + ridge
    if np.isinf(time):
        return np.where(total > cutoff, 1.0 / np.where(total > cutoff, total, 1.0), 0.0)
    with np.errstate(over="ignore"):  # then the exponential is 0, as it should be
        small, decay = total * time < 1e-300, np.expm1(-total * time)
    return np.where(small, time, -decay / np.where(small, 1.0, total))


@dataclass(frozen=True)
class Spectrum:
    """Eigendecomposition K = V diag(l) V^T.

    Attributes:
        values: (n,), ascending.
        vectors: (n, n), in columns.
        noise: size of the eigenvalues that rounding in K alone would make; at time inf, those up to it count as zero.
    """

    values: np.ndarray
    vectors: np.ndarray
    noise: float = 0.0

    def solve(self, y: np.ndarray, times: tuple[float, ...], ridge: float = 0.0) -> Solution:
        """Coefficients of the flow at each time. Cost: 2 n^2 c multiplications a time."""
        if not all_finite(self.values, y):
            return Solution((), Status.NOT_FINITE, "eigh")
        projected = self.vectors.T @ y
        top = float(max(self.values[-1], 0.0))
        cutoff = max(len(self.values) * np.finfo(np.float64).eps * top, self.noise)
        coef = tuple(self.vectors @ (flow_filter(self.values, t, ridge, cutoff)[:, None] * projected) for t in times)
        lowest = max(float(self.values[0]), 0.0) + ridge
        return Solution(coef, Status.SOLVED, "eigh", rcond=lowest / (top + ridge) if top + ridge else float("nan"))


def decompose(gram: np.ndarray) -> Spectrum:
    """Eigendecomposition of a symmetric matrix, in float64.

    A matrix that holds NaN or infinity has eigenvalues NaN, which `Spectrum.solve` reports.

    Cost: about 9 n^3 multiplications, and 3 matrices of n x n in memory.
    """
    n = len(gram)
    if not all_finite(gram):
        return Spectrum(np.full(n, np.nan), np.full((n, n), np.nan))
    values, vectors = eigh(gram.astype(np.float64, order="F"), overwrite_a=True, check_finite=False, driver="evd")
    # Independent errors of u K_ij in the entries have a spectral norm of about 2 u sqrt(n) mean(diag K).
    rounding = np.finfo(np.float32 if gram.dtype == np.float32 else np.float64).eps
    return Spectrum(values, vectors, noise=4 * float(rounding) * n**0.5 * max(float(values.mean()), 0.0))

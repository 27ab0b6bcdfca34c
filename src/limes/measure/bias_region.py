"""The data-dependent region of vectors, in which the kernel with trained thresholds has a simple lower bound.

With P the matrix of probabilities p, p0 = Phi(-B) its diagonal and q = min over i != j of p_ij,

    region = {a : sum_{i != j} a_i a_j p_ij >= q sum_{i != j} a_i a_j}.

For a unit vector there a^T H a >= a^T P a >= p0 - q + q (sum a)^2 >= p0 - q. The first step drops a^T (G o P) a >= 0:
it is the trained thresholds that leave P. The region holds all vectors without negative entries, and by no means all:
the eigenvector of the smallest eigenvalue is usually outside, and then p0 - q may exceed that eigenvalue.

Reference: Yang et al. 2024, arXiv 2301.00327; the definition of the region is recalled, the bound derived here.
"""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from limes.core.errors import InputError
from limes.measure.bias_kernel import BiasKernel
from limes.measure.eigenvalue_bounds import EigenvalueBound


def region_form(kernel: BiasKernel) -> np.ndarray:
    """(n, n) matrix M with 0 on its diagonal, such that the region is {a : a^T M a >= 0}.

    Raises:
        InputError: for a single row.
    """
    n = len(kernel.active)
    if n < 2:
        raise InputError("the region is about pairs of rows: give two or more")
    form = kernel.active - kernel.active[~np.eye(n, dtype=bool)].min()
    np.fill_diagonal(form, 0.0)
    return form


def in_region(kernel: BiasKernel, a: np.ndarray) -> np.ndarray:
    """Whether vectors lie in the region: (n, k) or (n,) -> (k,) or () of bool.

    Example:
        >>> from limes.measure import bias_kernel
        >>> kernel = bias_kernel([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.1]], 1.0)
        >>> bool(in_region(kernel, np.ones(3))), bool(in_region(kernel, np.array([1.0, -1.0, 0.0])))
        (True, False)
    """
    return np.einsum("i...,i...->...", a, region_form(kernel) @ a) >= 0


def region_bound(kernel: BiasKernel, bottom: np.ndarray) -> EigenvalueBound:
    """p0 - min p, with the flag that says whether it bounds the smallest eigenvalue.

    Args:
        kernel: of the data.
        bottom: (n,) eigenvector of the smallest eigenvalue of ``kernel.ntk()``.
    """
    p = kernel.active
    value = float(p[0, 0] - p[~np.eye(len(p), dtype=bool)].min())
    return EigenvalueBound("p0 - min p", value, "lower", "in a region", bool(in_region(kernel, bottom)))


def region_minimum(kernel: BiasKernel) -> float:
    """The smallest a^T H a over unit vectors of the region, H the kernel with trained thresholds.

    Two quadratic forms on the sphere have a convex image for n >= 3 (Brickman 1961), so that the minimum is that of the
    dual problem, max over mu >= 0 of lambda_min(H - mu M), a concave function of one number. Every mu gives a lower
    bound on the minimum: what is returned may be slightly below it, never above.

    Raises:
        InputError: for fewer than three rows.

    Cost: about 30 eigenvalue problems.
    """
    if len(kernel.active) < 3:
        raise InputError("the minimum over the region is found by duality, which needs three rows or more")
    ntk, form = kernel.ntk(), region_form(kernel)

    def height(mu: float) -> float:
        return float(np.linalg.eigvalsh(ntk - mu * form)[0])

    best, top, mu = max(height(0.0), height(1.0)), 0.5, 0.5  # mu = 1 alone gives p0 - q
    while mu > 0.9 * top and top < 1e3:  # the largest value may lie further out
        top *= 4.0
        found: Any = minimize_scalar(
            lambda mu: -height(mu), bounds=(0.0, top), method="bounded", options={"xatol": 1e-3}
        )
        best, mu = max(best, -float(found.fun)), float(found.x)
    return best

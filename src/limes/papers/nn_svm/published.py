"""The certificate of Chen et al. 2021 for two-layer kernel machines, as released, as a baseline.

For f = sum_i a_i K(., z_i) + b with K(x, z) = |x| |z| h(u) / (2 pi d), h(u) = 2 u (pi - arccos u) + sqrt(1 - u^2), each
kernel value gets a range over the l-inf ball of radius delta: the ball is replaced by the l2 ball of radius
rho = sqrt(d) delta, in which

    |x'| in [|x| - rho, |x| + rho],    <x', z> in [<x, z> - rho |z|, <x, z> + rho |z|],

and the cosine by the quotients of their ends. f keeps its sign where the sum of the worst ends does, and delta is found
by bisection. The box of valid inputs does not count. Two faults are guarded: |x| - rho = 0 was divided by, and cosines
below -1 entered h.

Source: `robust_svm.bound_ntk` of the authors' repository (leslie-CH/equiv-nn-svm), and section 5 of the paper.
"""

import math

import numpy as np

U_LEAST, H_LEAST = -0.7940998648, -0.4297378205
"""Where h is least, and its value there."""
LARGEST = 0.3
"""Radii are looked for up to here."""
_BISECTIONS = 40
_BLOCK = 1 << 22


def h(u: np.ndarray) -> np.ndarray:
    """h of the cosine, above."""
    return 2 * u * (math.pi - np.arccos(u)) + np.sqrt(np.maximum(1 - u**2, 0.0))


def kernel_range(
    centres: np.ndarray, x: np.ndarray, delta: np.ndarray, products: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest kernel value (n, m) over the balls.

    Args:
        centres: (m, d).
        x: (n, d).
        delta: (n,) l-inf radii.
        products: (n, m) inner products of x and centres, where they are known.
    """
    d = x.shape[1]
    rho, size, r = np.sqrt(d) * delta[:, None], np.linalg.norm(x, axis=1)[:, None], np.linalg.norm(centres, axis=1)
    products = x @ centres.T if products is None else products
    short, long = np.maximum(size - rho, 0.0), size + rho
    safe = np.maximum(short, 1e-300) * np.maximum(r, 1e-300)
    low, high = products - rho * r, products + rho * r
    with np.errstate(over="ignore"):
        u_low = np.where(low >= 0, low / (long * np.maximum(r, 1e-300)), low / safe)
        u_high = np.where(high >= 0, high / safe, high / (long * np.maximum(r, 1e-300)))
    u_low, u_high = np.clip(u_low, -1.0, 1.0), np.clip(u_high, -1.0, 1.0)
    ends = h(u_low), h(u_high)
    least, most = np.minimum(*ends), np.maximum(*ends)
    least = np.where((u_low <= U_LEAST) & (u_high >= U_LEAST), H_LEAST, least)
    factor = r / (2 * math.pi * d)
    return np.where(least >= 0, short, long) * least * factor, np.where(most >= 0, long, short) * most * factor


def least_margin(
    centres: np.ndarray,
    coef: np.ndarray,
    intercept: float,
    x: np.ndarray,
    delta: np.ndarray,
    products: np.ndarray | None = None,
) -> np.ndarray:
    """A lower bound (n,) of s f over the balls, s the sign of f(x)."""
    sign = np.sign(kernel_range(centres, x, np.zeros(len(x)), products)[0] @ coef + intercept)
    low, high = kernel_range(centres, x, delta, products)
    signed = sign[:, None] * coef
    return np.sum(np.where(signed > 0, signed * low, signed * high), axis=1) + sign * intercept


def radius(centres: np.ndarray, coef: np.ndarray, intercept: float, x: np.ndarray) -> np.ndarray:
    """The largest delta (n,) up to 0.3 that is certified, by bisection.

    Args:
        centres: (m, d).
        coef: (m,).
        intercept: of f.
        x: (n, d).

    Cost: 41 times n m of a few elementary functions.
    """
    rows = max(1, _BLOCK // len(centres))
    return np.concatenate(
        [_radius(centres, coef, intercept, x[start : start + rows]) for start in range(0, len(x), rows)]
    )


def _radius(centres: np.ndarray, coef: np.ndarray, intercept: float, x: np.ndarray) -> np.ndarray:
    products = x @ centres.T
    below, above = np.zeros(len(x)), np.full(len(x), LARGEST)
    whole = least_margin(centres, coef, intercept, x, above, products) > 0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (below + above)
        good = least_margin(centres, coef, intercept, x, middle, products) > 0
        below, above = np.where(good, middle, below), np.where(good, above, middle)
    return np.where(whole, LARGEST, below)

"""Claims 1 to 3: the stable form of Adv-NTK's predictor, its derivative from two Krylov spaces, and what a step costs.

The predictor's coefficients are alpha = K^-1 (I - exp(-K D)) Y with D = diag|w|. The oracles here are the definition by
a general matrix exponential, and the derivative as a divided difference in the eigenbasis of D^1/2 K D^1/2 (Daleckii
and Krein); neither shares code with `limes.linalg.weighted`.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.linalg import eigh, expm
from threadpoolctl import threadpool_limits

from limes.linalg.weighted import coefficients, weighted_flow
from limes.nets import Net
from limes.papers.reading import slope

_TOL = 1e-7  # reached with about ten blocks
REACH = 5.0  # norm of w after 50 steps of length 0.1 in one direction: clocks of Adv-NTK are not larger


def stable_form(seed: int, sizes: Sequence[int] = (6, 20, 60, 200)) -> dict[str, Any]:
    """Claim 1: the stable form against the definition, for random kernels of condition 100 with some clocks at 0."""
    rng = np.random.default_rng(seed)
    differences = []
    for n in sizes:
        basis = np.linalg.qr(rng.normal(size=(n, n)))[0]
        gram = basis * np.geomspace(0.05, 5.0, n) @ basis.T
        gram = (gram + gram.T) / 2
        clocks = rng.uniform(0.0, 3.0, size=n)
        clocks[: max(1, n // 10)] = 0.0
        y = rng.normal(size=(n, 3))
        exact = by_definition(gram, clocks, y)
        differences.append(_relative(coefficients(gram, clocks, y), exact))
    return {"sizes": list(sizes), "difference": differences}


def krylov(gram: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Any]:
    """Claim 2: coefficients and derivative from block Krylov spaces against one eigendecomposition.

    Args:
        gram: (n, n) float64.
        y: (n, c).
        seed: of the clocks, all positive since the oracle divides by them, and of the direction of the derivative.
    """
    rng = np.random.default_rng(seed)
    clocks = rng.uniform(0.05, 1.0, size=len(gram))
    clocks *= REACH / np.linalg.norm(clocks)
    direction = rng.normal(size=y.shape)
    flow = weighted_flow(gram, y, clocks, tol=_TOL)
    coef, gradient = exact_flow(gram, clocks, y, direction)
    return {
        "n": len(gram),
        "blocks": flow.steps,
        "coefficients": _relative(flow.coef, coef),
        "gradient": _relative(flow.gradient(direction), gradient),
    }


def step_cost(seed: int, net: Net, sizes: Sequence[int], general_sizes: Sequence[int]) -> dict[str, Any]:
    """Claim 3: CPU seconds of one step (coefficients and derivative) against n, and of the general exponential.

    CPU time on one thread, the best of two: on a busy machine wall time measures the neighbours.
    """
    result: dict[str, Any] = {}
    with threadpool_limits(1):
        for name, ns, work in (("krylov", sizes, _krylov_step), ("general", general_sizes, _general_step)):
            seconds = [_cpu_seconds(work, *_problem(n, seed, net)) for n in ns]
            result |= {f"{name}_n": list(ns), f"{name}_seconds": seconds, f"{name}_slope": slope(ns, seconds)}
    return result


def by_definition(gram: np.ndarray, clocks: np.ndarray, y: np.ndarray) -> np.ndarray:
    """K^-1 (I - expm(-K D)) Y, for a K that can be inverted."""
    return np.linalg.solve(gram, y - expm(-gram * clocks) @ y)


def exact_flow(
    gram: np.ndarray, clocks: np.ndarray, y: np.ndarray, direction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """alpha(D), and the derivative of <direction, alpha(D)> in the diagonal of D, all clocks positive.

    With S = D^1/2 K D^1/2 = V diag(l) V^T the derivative in D_ii is the sum over p, q of V_ip V_iq / D_ii times
    (e^-l_q - e^-l_p) / (l_p - l_q) times (V^T D^1/2 G)_p . (V^T D^1/2 Y)_q.

    Cost: about 12 n^3 multiplications.
    """
    root = np.sqrt(clocks)[:, None]
    values, vectors = eigh(root * gram * root.T, driver="evd")
    values = np.maximum(values, 1e-300)
    left, right = vectors.T @ (root * direction), vectors.T @ (root * y)
    coef = root * (vectors @ ((-np.expm1(-values) / values)[:, None] * right))
    low, gap = np.minimum.outer(values, values), np.abs(np.subtract.outer(values, values))
    small = gap < 1e-12 * (1.0 + low)
    difference = np.exp(-low) * np.where(small, 1.0, -np.expm1(-gap) / np.where(small, 1.0, gap))
    return coef, np.sum((vectors @ (difference * (left @ right.T))) * vectors, axis=1) / clocks


def _relative(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.abs(found - exact).max() / np.abs(exact).max())


def _problem(n: int, seed: int, net: Net) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng([seed, n])
    gram = np.asarray(net.kernel(rng.normal(size=(n, 32)), get="ntk").ntk)
    clocks = rng.uniform(size=n)
    y = np.eye(10)[rng.integers(10, size=n)]
    return gram, clocks * REACH / np.linalg.norm(clocks), y, rng.normal(size=(n, 10))


def _krylov_step(gram: np.ndarray, clocks: np.ndarray, y: np.ndarray, direction: np.ndarray) -> None:
    weighted_flow(gram, y, clocks).gradient(direction)


def _general_step(gram: np.ndarray, clocks: np.ndarray, y: np.ndarray, direction: np.ndarray) -> None:
    by_definition(gram, clocks, y)  # without its derivative, which costs as much again


def _cpu_seconds(work: Callable[..., None], *arguments: np.ndarray) -> float:
    times = []
    for _ in range(2):
        since = time.process_time()
        work(*arguments)
        times.append(time.process_time() - since)
    return min(times)

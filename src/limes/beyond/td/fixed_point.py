"""The projected fixed point of the linearised network, under the projection ball too.

Write Q_0(.; W) = q_0 + Phi theta with theta = W - W(0), and F_B for these functions with |theta| <= B. W* solves the
variational inequality (Cai et al. 2019, arXiv 1905.10027)

    g(theta*) . (theta - theta*) >= 0  for all |theta| <= B,    g(theta) = Phi^T D ((I - gamma P) Q_0 - r),

with D the diagonal of mu; Q_0(.; W*) is the fixed point of T followed by the projection on F_B in the norm of mu.

Only the span of the features matters, and the n x n tangent kernel K knows it. From D^(1/2) K D^(1/2) = L S^2 L^T and
theta = Phi^T D^(1/2) L S^-1 c, |c| = |theta| for the shortest theta, and g has the coordinates

    g(c) = M c - h,    M = S L^T D^(1/2) (I - gamma P) D^(-1/2) L S,    h = S L^T D^(1/2) (r - (I - gamma P) q_0).

M is monotone, c . M c >= (1 - gamma) |L S c|^2. The solution is c = (M + lambda I)^-1 h, where lambda is 0 or makes
|c| = B: |c| falls with lambda, since -1/2 d|c|^2 / d lambda = y . (M + lambda I)^T y > 0 for (M + lambda I) y = c. So a
variational inequality in m d unknowns is one equation in one unknown. What is left of it is reported as residual.

The same with gamma = 0 is the projection itself.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from limes.beyond.td.network import TwoLayerNet
from limes.beyond.td.process import RewardProcess
from limes.core.errors import InputError

_CUT = 1e-12  # eigenvalues below this share of the largest belong to no direction


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """The best of a linearised network in the sense of temporal differences.

    Attributes:
        values: Q_0(.; W*), (n,).
        weights: W*, (m, d), the closest to W(0) among those with these values.
        distance: |W* - W(0)|, at most the radius.
        multiplier: lambda of the ball, 0 where it is not active.
        residual: |theta - Pi_B(theta - g(theta))| over B, or over |theta| where B is infinite: 0 for an exact solution.
        rank: number of directions of the feature span that were kept.
    """

    values: np.ndarray
    weights: np.ndarray
    distance: float
    multiplier: float
    residual: float
    rank: int


def projected_fixed_point(process: RewardProcess, net: TwoLayerNet, radius: float = 10.0) -> FixedPoint:
    """Solve for W*.

    Args:
        process: of n states; those that are visited count.
        net: at its initial weights, with frozen gates.
        radius: B; infinite for no ball.

    Raises:
        InputError: for a radius that is not positive, or features of another length than the net takes.

    Cost: O(n^3) for each of some 50 values of lambda, and O(n^2 m + n m d).

    Example:
        >>> from limes.beyond.td import random_process
        >>> process, net = random_process(10, 4, discount=0.5), TwoLayerNet.draw(64, 4)
        >>> [round(projected_fixed_point(process, net, radius).distance, 6) for radius in (0.5, 1.0)]
        [0.5, 1.0]
    """
    visited = process.stationary > 0
    p = process.transitions[np.ix_(visited, visited)]
    evolution = np.eye(len(p)) - np.asarray(process.discount)[visited, None] * p
    return _solve(process, net, radius, evolution, process.expected_rewards[visited])


def project(process: RewardProcess, net: TwoLayerNet, values: np.ndarray, radius: float = 10.0) -> FixedPoint:
    """The function of F_B that is closest to values (n,) in mean square over mu.

    Raises:
        InputError: as `projected_fixed_point`, or for another number of values.
    """
    visited = process.stationary > 0
    if np.shape(values) != visited.shape:
        raise InputError(f"one value for each of {len(visited)} states is projected, not {np.shape(values)}")
    return _solve(process, net, radius, np.eye(int(visited.sum())), np.asarray(values, float)[visited])


def projected_bellman_error(process: RewardProcess, net: TwoLayerNet, values: np.ndarray, radius: float) -> float:
    """The mean square of V less the projection of T V, over that of the exact value.

    Raises:
        InputError: as `project`, or where the exact value is 0.
    """
    projected = project(process, net, process.bellman(values), radius).values
    return float(process.relative_error(values, projected))


def _solve(
    process: RewardProcess, net: TwoLayerNet, radius: float, evolution: np.ndarray, rewards: np.ndarray
) -> FixedPoint:
    if not radius > 0:
        raise InputError(f"radius must be above 0, not {radius!r}")
    if process.features.shape[1] != net.weights.shape[1]:
        raise InputError(f"the net takes {net.weights.shape[1]} features, but states have {process.features.shape[1]}")
    visited = process.stationary > 0
    x, root = process.features[visited], np.sqrt(process.stationary[visited])
    directions, sizes = _span(net.kernel(x), root)
    turned = (root[:, None] * evolution) / root  # D^(1/2) (I - gamma P) D^(-1/2)
    matrix = sizes[:, None] * (directions.T @ turned @ directions) * sizes
    start = net.values(x)
    target = sizes * (directions.T @ (root * (rewards - evolution @ start)))
    c, multiplier = _on_the_ball(matrix, target, radius)
    coef = root * (directions @ (c / sizes))
    weights = net.weights + net.combine(x, coef)
    values = net.linear_values(process.features, weights)
    errors = process.stationary[visited] * (evolution @ values[visited] - rewards)
    residual = _residual(net.kernel(x), coef, errors, radius)
    return FixedPoint(values, weights, float(np.linalg.norm(c)), multiplier, residual, len(c))


def _residual(kernel: np.ndarray, coef: np.ndarray, errors: np.ndarray, radius: float) -> float:
    """|theta - Pi_B(theta - g)| for theta = Phi^T coef and g = Phi^T errors, relative to B or to |theta|."""

    def size(coef: np.ndarray) -> float:
        return float(np.sqrt(max(0.0, coef @ kernel @ coef)))

    step = coef - errors
    gap = coef - step * min(1.0, radius / max(size(step), 1e-300))
    return size(gap) / (radius if np.isfinite(radius) else max(size(coef), 1e-300))


def _span(kernel: np.ndarray, root: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """L and S of D^(1/2) K D^(1/2) = L S^2 L^T without directions of no size."""
    values, directions = np.linalg.eigh(root[:, None] * kernel * root)
    kept = values > _CUT * max(values[-1], 0.0)
    return directions[:, kept], np.sqrt(values[kept])


def _on_the_ball(matrix: np.ndarray, target: np.ndarray, radius: float) -> tuple[np.ndarray, float]:
    """c and lambda with (M + lambda I) c = h, lambda >= 0, |c| <= B, and |c| = B where lambda > 0."""
    eye = np.eye(len(target))

    def at(multiplier: float) -> np.ndarray:
        return np.linalg.solve(matrix + multiplier * eye, target)

    free = at(0.0)
    if np.linalg.norm(free) <= radius:
        return free, 0.0

    def excess(log: float) -> float:
        return float(np.log(np.linalg.norm(at(np.exp(log))) / radius))

    top = np.log(np.linalg.norm(target) / radius)  # |c| <= |h| / lambda
    low = top
    while excess(low) < 0:
        low -= 2.0
    found: Any = brentq(excess, low, top + 1e-9, xtol=1e-13) if low < top else top
    log = float(found)
    c = at(np.exp(log))
    return c * (radius / np.linalg.norm(c)), float(np.exp(log))

"""How far training can move when one example is exchanged: uniform stability of adversarial training.

Two runs of T steps at rate eta, from the same weights and on n examples of which one differs, end at most

    descent on the loss:       exp(eta l T) (2 G eta sqrt(T) + 4 G eta T / n)
    descent on the envelope:   exp(eta l' T) (2 G eta T / n + 2 eta sum_t r_t) / (1 - l mu),   l' = l / (1 - l mu)

apart, where the loss is G-Lipschitz and l-weakly convex (`limes.robust.signed`), and r_t is what the inner problem left
(`limes.robust.moreau`). If eta l T <= 1, that is m >= (C^2 eta T / 4)^2, the growth is at most e: the bound as it is
published, under this condition on the width. The expected generalisation gap is at most G times as large.

Derivation, first line: with subgradients g, g' of the two runs and Delta their distance, weak monotonicity gives
|Delta+|^2 <= (1 + 2 eta l) |Delta|^2 + (4 eta G / n) |Delta| + 4 eta^2 G^2; divided by the growth, the largest such
distance u satisfies u^2 <= 4 eta^2 G^2 T + (4 eta G T / n) u, hence u <= 2 eta G sqrt(T) + 4 eta G T / n. The root of T
is there since subgradients jump at kinks. Second line: the envelope's gradient has slopes between -l' and 1 / mu, so
that for eta <= 2 mu a step expands by 1 + eta l' at most; exchanging an example moves prox, the minimiser of a
(1 / mu - l)-strongly convex function, by 2 G / n / (1 / mu - l), and r_t by r_t / (1 / mu - l) in each run.

Both are derived here; the first has the form of Zhang, Wang & Arora (NeurIPS 2024), after Bassily et al. 2020 (arXiv
2006.06914) for convex losses.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limes.attacks.search import require_count
from limes.core.errors import InputError
from limes.core.types import Array
from limes.robust.moreau import Descent, require_positive
from limes.robust.signed import CURVATURE, SLOPE


@dataclass(frozen=True, eq=False)
class StabilityBound:
    """The bound on the distance of two runs at each number of steps.

    Attributes:
        steps: (T,) as given.
        published: (T,) with e for the growth: a bound where `within` says so.
        general: (T,) with the growth itself: a bound at any width, and the smaller one where `within`.
        linear: (T,) the part of `published` that falls with n.
        width_needed: (T,) the least width at which the growth is at most e.
        within: (T,) whether the network is that wide.
    """

    steps: np.ndarray
    published: np.ndarray
    general: np.ndarray
    linear: np.ndarray
    width_needed: np.ndarray
    within: np.ndarray


def weak_convexity(width: int, reach: float) -> float:
    """l, such that the robust loss plus l/2 |w|^2 is convex: curvature of phi times reach^2 / sqrt(width).

    Args:
        width: hidden units.
        reach: C, see `RobustLoss.reach`.

    Raises:
        InputError: for a width below 1 or a reach that is not positive.

    Example:
        >>> weak_convexity(400, 1.0)
        0.0125
    """
    require_count(width, "width")
    require_positive(reach, "reach")
    return CURVATURE * reach**2 / math.sqrt(width)


def require_smooth(mu: float, weak: float) -> None:
    """Refuse a mu for which the inner problem may have several minima.

    Raises:
        InputError: saying what mu must be below.
    """
    if mu * weak >= 1:
        raise InputError(
            f"mu = {mu:g} is too large: the envelope is smooth for mu below {1 / weak:.3g}, one over the weak "
            "convexity of the loss; lower mu, or take a wider network"
        )


def stability_bound(
    steps: int | Sequence[int] | np.ndarray,
    descent: Descent,
    *,
    n: int,
    width: int,
    reach: float,
    inexact: Array | None = None,
) -> StabilityBound:
    """The bound on |W_T - W'_T| for two runs on data that differ in one example.

    Args:
        steps: T, one or more.
        descent: rate, and mu for the envelope.
        n: training examples.
        width: m.
        reach: C; see `RobustLoss.reach`. It must cover both data sets.
        inexact: for the envelope, (S,) norms r_t of the inner gradient left by each step, the largest of both runs,
            S >= max(steps); None for an inner problem solved exactly.

    Returns:
        A `StabilityBound`.

    Raises:
        InputError: for counts below 1, a mu of at least 1 / l or a rate above 2 mu, for which the envelope has no such
            bound, or too few values of `inexact`.

    Reference: Zhang, Wang & Arora, NeurIPS 2024; derived in this module.

    Example:
        >>> bound = stability_bound([25, 100], Descent(rate=2.0), n=60, width=400, reach=1.0)
        >>> bound.width_needed.tolist(), bound.within.tolist(), bound.linear.round(2).tolist()
        ([157, 2500], [True, False], [9.06, 36.24])
    """
    asked = np.atleast_1d(np.asarray(steps))
    for value in asked.tolist():
        require_count(value, "steps")
    require_count(n, "n")
    weak, lipschitz, eta = weak_convexity(width, reach), SLOPE * reach, descent.rate
    time = eta * asked.astype(np.float64)
    if descent.mu is None:
        rest, linear = 2 * lipschitz * eta * np.sqrt(asked), 4 * lipschitz * time / n
        factor = 1.0
    else:
        require_smooth(descent.mu, weak)
        if eta > 2 * descent.mu:
            raise InputError(f"there is no bound for a rate of {eta:g}: the envelope needs one of at most 2 mu")
        factor = 1.0 / (1.0 - weak * descent.mu)
        rest, linear = 2 * eta * factor * _left(asked, inexact), 2 * lipschitz * time * factor / n
    growth = np.exp(factor * weak * time)
    # weak * factor * time <= 1 with weak = c / sqrt(m) reads sqrt(m) >= c (time + mu)
    needed = np.ceil((CURVATURE * reach**2 * (time + (descent.mu or 0.0))) ** 2 - 1e-9).astype(np.int64)
    return StabilityBound(
        steps=asked,
        published=math.e * (rest + linear),
        general=growth * (rest + linear),
        linear=math.e * linear,
        width_needed=needed,
        within=width >= needed,
    )


def _left(steps: np.ndarray, inexact: Array | None) -> np.ndarray:
    """Sums of the first r_t."""
    if inexact is None:
        return np.zeros(len(steps))
    values = np.asarray(inexact, np.float64)
    if values.ndim != 1 or len(values) < steps.max() or not (values >= 0).all():
        raise InputError(f"inexact must hold a norm for each of {steps.max()} steps, not {values.shape} values")
    return np.concatenate([[0.0], values.cumsum()])[steps]

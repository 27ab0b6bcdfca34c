"""Semigradient descent on the population: expectations over the stationary distribution in the place of samples.

g(W) = sum_s mu(s) (Q(s; W) - r(s) - gamma sum_s' P(s, s') Q(s'; W)) grad_W Q(s; W)
"""

from collections.abc import Sequence

import numpy as np

from limes.beyond.td.checks import require_run, require_width
from limes.beyond.td.learning import Learned
from limes.beyond.td.network import TwoLayerNet
from limes.beyond.td.process import RewardProcess
from limes.core.errors import InputError, NumericalError


def semigradient(process: RewardProcess, net: TwoLayerNet, weights: np.ndarray) -> np.ndarray:
    """g(W), (m, d); O(n m d + n^2).

    Args:
        process: of n states.
        net: signs.
        weights: W, (m, d).

    Raises:
        InputError: for features of another length than the net takes, or weights of another shape.
    """
    _require_weights(process, net, weights)
    values = net.values(process.features, weights)
    errors = process.stationary * (values - process.bellman(values))
    return TwoLayerNet(net.signs, weights).combine(process.features, errors)


def semigradient_variance(process: RewardProcess, net: TwoLayerNet, weights: np.ndarray) -> float:
    """E|g(t) - g(W)|^2 of one independent sample at weights W, exact: sigma_g^2 of Theorem 4.6 is its largest value.

    Of a sample g(t) = delta grad_W Q(s), so E|g(t)|^2 = sum_s mu(s) |grad_W Q(s)|^2 E[delta^2 | s].

    Raises:
        InputError: as `semigradient`.

    Cost: O(n m d + n^2).
    """
    _require_weights(process, net, weights)
    values = net.values(process.features, weights)
    gates = process.features @ weights.T > 0
    lengths = gates.mean(axis=1) * (process.features**2).sum(axis=1)
    follow = np.asarray(process.discount)[:, None] * values
    rewards = process.rewards if process.rewards.ndim == 2 else process.rewards[:, None]
    squares = (process.transitions * (values[:, None] - rewards - follow) ** 2).sum(axis=1)
    mean = semigradient(process, net, weights)
    return float(process.stationary @ (lengths * squares) - (mean**2).sum())


def descend_population(
    process: RewardProcess,
    net: TwoLayerNet,
    steps: int,
    *,
    radius: float = 10.0,
    rate: float | None = None,
    at: Sequence[int] | None = None,
) -> Learned:
    """Projected, averaged steps along g.

    Args:
        process: whose value is looked for.
        net: the network at its initial weights.
        steps: their number.
        radius: B of the ball.
        rate: eta; None for (1 - gamma) / 8, that of Theorem 4.4.
        at: numbers of steps to put on record, in rising order; None for the last one.

    Raises:
        InputError: for values out of range.
        NumericalError: if the weights cease to be finite.

    Cost: O(n m d) a step.

    Reference: Cai et al. 2019 (arXiv 1905.10027), Theorem 4.4.

    Example:
        >>> from limes.beyond.td import random_process
        >>> process = random_process(20, 4, discount=0.5)
        >>> found = descend_population(process, TwoLayerNet.draw(64, 4), 300)
        >>> bool(process.relative_error(found.values)[0] < 0.3)
        True
    """
    moments = [steps] if at is None else [int(t) for t in at]
    eta = float((1 - np.max(process.discount)) / 8) if rate is None else rate
    if np.ndim(eta):
        raise InputError("rate is one number for all steps on the population: give one, or learn from samples")
    require_run(process.features, net, steps, moments, np.asarray(eta, float), radius)
    weights, total = net.weights, net.weights
    averaged, last, projected = [], [], 0
    for t in range(steps + 1):
        if t in moments:
            averaged.append(total / (t + 1))
            last.append(weights)
        if t < steps:
            moved = weights - eta * semigradient(process, net, weights) - net.weights
            size = float(np.linalg.norm(moved))
            if not np.isfinite(size):
                raise NumericalError(f"the weights are not finite after {t + 1} steps: lower rate, or give a radius")
            if size > radius:
                moved, projected = moved * (radius / size), projected + 1
            weights = net.weights + moved
            total = total + weights
    return Learned(net, process.features, np.array(moments), np.stack(averaged), np.stack(last), projected)


def _require_weights(process: RewardProcess, net: TwoLayerNet, weights: np.ndarray) -> None:
    require_width(process.features, net)
    if np.shape(weights) != net.weights.shape:
        raise InputError(f"weights have the shape {net.weights.shape} of the net's, not {np.shape(weights)}")

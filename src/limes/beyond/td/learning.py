"""Projected, averaged neural temporal-difference learning: Algorithm 1 of Cai et al. 2019 (arXiv 1905.10027).

A sample (s, r, s') moves the weights by

    W <- Pi_B(W - eta delta grad_W Q(s; W)),    delta = Q(s; W) - r - gamma Q(s'; W),

where Pi_B is the projection on the ball |W - W(0)| <= B in the Frobenius norm. The output is Q at the mean of all
iterates, W(0) among them. Its rate is proved for the mean; the last iterate is on record beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from limes.beyond.td.checks import require_run, require_samples
from limes.beyond.td.loops import semigradient_steps
from limes.beyond.td.network import TwoLayerNet
from limes.beyond.td.process import RewardProcess, require_discount
from limes.beyond.td.sampling import Samples, independent, require_seed, require_steps, trajectory
from limes.core.errors import InputError, NumericalError

Sampling = Literal["independent", "trajectory"]


@dataclass(frozen=True, eq=False)
class Learned:
    """What semigradient steps leave, at k moments.

    Attributes:
        net: the network at the start.
        features: x of the states, (n, d).
        at: (k,) numbers of steps.
        averaged: (k, m, d) means of the weights so far.
        last: (k, m, d) weights.
        projected: in how many steps the projection changed the weights.
    """

    net: TwoLayerNet
    features: np.ndarray
    at: np.ndarray
    averaged: np.ndarray
    last: np.ndarray
    projected: int

    @property
    def values(self) -> np.ndarray:
        """(k, n) Q at the averaged weights."""
        return np.stack([self.net.values(self.features, w) for w in self.averaged])

    @property
    def last_values(self) -> np.ndarray:
        """(k, n) Q at the last weights."""
        return np.stack([self.net.values(self.features, w) for w in self.last])

    @property
    def linear_values(self) -> np.ndarray:
        """(k, n) Q_0, with frozen gates, at the averaged weights."""
        return np.stack([self.net.linear_values(self.features, w) for w in self.averaged])

    @property
    def movement(self) -> np.ndarray:
        """(k,) distances |W - W(0)| of the last weights."""
        return np.linalg.norm(self.last - self.net.weights, axis=(1, 2))


def theory_rate(discount: float, steps: int) -> float:
    """The step size min((1 - gamma) / 8, 1 / sqrt(steps)) of Theorem 4.6.

    Example:
        >>> theory_rate(0.5, 100), theory_rate(0.5, 10_000)
        (0.0625, 0.01)
    """
    return min((1 - discount) / 8, 1 / max(1, steps) ** 0.5)


def learn(
    process: RewardProcess,
    net: TwoLayerNet,
    steps: int,
    *,
    radius: float = 10.0,
    rate: float | Sequence[float] | None = None,
    sampling: Sampling = "independent",
    stay: float = 0.0,
    at: Sequence[int] | None = None,
    seed: int = 0,
) -> Learned:
    """Learn the value of a process by neural temporal differences.

    Args:
        process: what is sampled, and whose value is learnt.
        net: the network at its initial weights.
        steps: number of samples, one step each.
        radius: B of the ball; infinite for none.
        rate: eta, or one for each step; None for `theory_rate` with the largest discount.
        sampling: "independent" draws from the stationary distribution, or one "trajectory" from it on.
        stay: of a trajectory, see `limes.beyond.td.trajectory`.
        at: numbers of steps to put on record, in rising order; None for the last one.
        seed: of the samples.

    Raises:
        InputError: for features of another length than the net takes, or values out of range.
        NumericalError: if the weights are not finite at the end of a stretch.

    Cost: some 10 nanoseconds a step for each of the m d weights, and k m d numbers.

    Reference: Cai et al. 2019, Algorithm 1; there samples are independent but in an appendix.

    Example:
        >>> from limes.beyond.td import random_process
        >>> process = random_process(20, 4, discount=0.5)
        >>> found = learn(process, TwoLayerNet.draw(64, 4), 3000, at=(300, 3000))
        >>> error = process.relative_error(found.values)
        >>> bool(error[1] < error[0] < 1)
        True
    """
    require_seed(seed)
    require_steps(steps)
    rng = np.random.default_rng([seed, steps])
    if sampling not in ("independent", "trajectory") or (sampling == "independent" and stay):
        raise InputError(
            f"sampling is independent, or a trajectory, which may stay; not {sampling!r} with stay {stay!r}"
        )
    drawn = (
        independent(process, steps, rng) if sampling == "independent" else trajectory(process, steps, rng, stay=stay)
    )
    return descend(process.features, drawn, np.asarray(process.discount), net, radius=radius, rate=rate, at=at)


def descend(
    features: np.ndarray,
    samples: Samples,
    discount: np.ndarray | float,
    net: TwoLayerNet,
    *,
    n_actions: int = 1,
    beta: float = np.inf,
    radius: float = 10.0,
    rate: float | Sequence[float] | None = None,
    at: Sequence[int] | None = None,
) -> Learned:
    """Semigradient steps on samples from anywhere, a log for instance.

    Args:
        features: x of the states, (n, d).
        samples: numbers of states; with several actions `followers` are the first of `n_actions` rows in a row.
        discount: gamma in [0, 1) of each state, (n,), or of all.
        net: the network at its initial weights.
        n_actions: rows over which what follows is the best, for Q-learning.
        beta: infinite for the best; else the soft maximum, see `limes.beyond.td.q_learn`.
        radius, rate, at: as for `learn`.

    Raises:
        InputError, NumericalError: as `learn`, and for samples that do not fit the features.

    Example:
        >>> log = Samples([0, 1, 0], [1, 0, 1], [1.0, 0.0, 1.0])
        >>> descend(np.eye(2), log, 0.5, TwoLayerNet.draw(8, 2)).last_values.shape
        (1, 2)
    """
    features = np.asarray(features, float)
    if features.ndim != 2 or not features.size or not np.isfinite(features).all():
        raise InputError(f"features are finite, one row for each state, not of shape {features.shape}")
    discount = require_discount(discount, len(features))
    samples = require_samples(samples, len(features), n_actions, beta)
    steps = len(samples)
    moments = [steps] if at is None else [int(t) for t in at]
    given = np.asarray(theory_rate(float(discount.max()), steps) if rate is None else rate, float)
    require_run(features, net, steps, moments, given, radius)
    rates = np.broadcast_to(given, (steps,)).copy()
    initial = np.ascontiguousarray(net.weights.T)
    weights, total = initial.copy(), initial.copy()
    averaged, last, projected, since = [], [], 0, 0
    for t in moments:
        part = slice(since, t)
        drawn = samples.states[part], samples.followers[part], n_actions, samples.rewards[part]
        projected += semigradient_steps(
            np.ascontiguousarray(features),
            (*drawn, discount[samples.states[part]]),
            rates[part],
            (net.signs, initial, weights, total),
            float(radius),
            float(beta),
        )
        if not np.isfinite(weights).all():
            raise NumericalError(f"the weights are not finite after {t} steps: lower rate, or give a radius")
        averaged.append(total.T / (t + 1))
        last.append(weights.T.copy())
        since = t
    return Learned(net, features, np.array(moments), np.stack(averaged), np.stack(last), projected)

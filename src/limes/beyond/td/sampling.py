"""Samples to learn from: independent draws from the stationary distribution, or one trajectory."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from limes.beyond.td.process import RewardProcess
from limes.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Samples:
    """Transitions (s, r, s') of a process, in order.

    Attributes:
        states, followers: (t,) numbers of states.
        rewards: (t,).
    """

    states: np.ndarray
    followers: np.ndarray
    rewards: np.ndarray

    def __len__(self) -> int:
        return len(self.states)


def independent(process: RewardProcess, steps: int, rng: np.random.Generator) -> Samples:
    """s from the stationary distribution, s' from P(. | s), each time anew.

    Raises:
        InputError: for a negative number of steps.
    """
    u = _uniforms(rng, steps)
    states = _inverse(_cumulative(process.stationary), u[:, 0])
    return _rewarded(process, states, _follow(_cumulative(process.transitions), states, u[:, 1]))


def trajectory(process: RewardProcess, steps: int, rng: np.random.Generator, *, stay: float = 0.0) -> Samples:
    """One trajectory, from the stationary distribution on.

    Args:
        process: what is sampled.
        steps: their number t.
        rng: source of randomness.
        stay: probability with which the state of the next sample is that of this one; where it moves, it does so by P.
            Above 0, s' is drawn afresh from P(. | s), so that the stationary distribution and the values stay what they
            are and only the samples mix more slowly. With 0, s' is the state of the next sample.

    Raises:
        InputError: for a negative number of steps, or a probability outside of [0, 1).
    """
    if not 0 <= stay < 1:
        raise InputError(f"stay is a probability below 1, not {stay!r}")
    u = _uniforms(rng, steps)
    rows = _cumulative(process.transitions)
    first = int(_inverse(_cumulative(process.stationary), rng.random(1))[0])
    if stay == 0:
        path = _walk(rows, first, u[:, 0])
        return _rewarded(process, path[:-1], path[1:])
    moves = rng.random(steps) >= stay
    path = np.repeat(_walk(rows, first, u[moves, 0]), np.diff(np.flatnonzero(np.r_[True, moves]), append=steps + 1))
    states = path[:steps]
    return _rewarded(process, states, _follow(rows, states, u[:, 1]))


def require_steps(steps: int) -> None:
    """A whole number of steps, 0 or more.

    Raises:
        InputError: for others.
    """
    if not isinstance(steps, (int, np.integer)) or steps < 0:
        raise InputError(f"steps is a number of steps, not {steps!r}")


def require_seed(seed: int) -> None:
    """A whole number, 0 or more.

    Raises:
        InputError: for others.
    """
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed is a whole number from 0 on, not {seed!r}")


def _uniforms(rng: np.random.Generator, steps: int) -> np.ndarray:
    require_steps(steps)
    return rng.random((steps, 2))


def _rewarded(process: RewardProcess, states: np.ndarray, followers: np.ndarray) -> Samples:
    rewards = process.rewards[states] if process.rewards.ndim == 1 else process.rewards[states, followers]
    return Samples(states, followers, rewards)


def _cumulative(probabilities: np.ndarray) -> np.ndarray:
    """Cumulative sums that end at exactly 1 from the last state with a positive probability on."""
    sums = probabilities.cumsum(axis=-1)
    return np.where(sums >= sums[..., -1:], 1.0, sums)


def _inverse(cumulative: np.ndarray, u: np.ndarray) -> np.ndarray:
    return np.searchsorted(cumulative, u, side="right")


def _follow(rows: np.ndarray, states: np.ndarray, u: np.ndarray) -> np.ndarray:
    """(t,) one follower of each of the states, given cumulative rows (n, n)."""
    found = np.empty(len(states), np.intp)
    for state in np.unique(states):
        at = states == state
        found[at] = _inverse(rows[state], u[at])
    return found


_compiled: Any = numba.njit(cache=True)


@_compiled
def _walk(rows, first, u):
    """(t + 1,) states of a walk, given cumulative rows (n, n) and uniform numbers (t,)."""
    path = np.empty(u.size + 1, np.intp)
    path[0] = first
    for t in range(u.size):
        path[t + 1] = np.searchsorted(rows[path[t]], u[t], side="right")
    return path

"""Stationary distributions and mixing times of finite Markov chains."""

from typing import Any

import numba
import numpy as np
from scipy.sparse.csgraph import connected_components

from limes.core.errors import InputError

_compiled: Any = numba.njit(cache=True)
_ROW = 1e-8  # by which a row may miss a sum of 1


def require_transitions(transitions: np.ndarray, name: str = "transitions") -> np.ndarray:
    """Rows of probabilities (..., n) that sum to exactly 1, as float64.

    Raises:
        InputError: for negative entries, NaN, or rows that do not sum to 1.
    """
    transitions = np.array(transitions, float)
    if not transitions.size or not (transitions >= 0).all():
        raise InputError(f"{name} are probabilities: none may be missing, negative or NaN")
    total = transitions.sum(axis=-1, keepdims=True)
    if (worst := float(np.abs(total - 1).max())) > _ROW:
        raise InputError(f"rows of {name} sum to 1, but one misses it by {worst:.2g}: divide each row by its sum")
    return transitions / total


def stationary_distribution(transitions: np.ndarray) -> np.ndarray:
    """The distribution mu = mu P, 0 at states that are left for good.

    By elimination of one state after the other, which subtracts nothing, so that rare states are as precise as common
    ones (Grassmann, Taksar & Heyman 1985).

    Args:
        transitions: P, (n, n).

    Returns:
        (n,).

    Raises:
        InputError: if P is no transition matrix, or has several closed classes of states: mu then depends on the start.

    Cost: O(n^3), less where few moves are possible.

    Example:
        >>> stationary_distribution([[0.5, 0.5], [1.0, 0.0]]).round(3)
        array([0.667, 0.333])
    """
    transitions = require_transitions(transitions)
    if transitions.ndim != 2 or transitions.shape[0] != transitions.shape[1]:
        raise InputError(f"a transition matrix is square, not {transitions.shape}")
    _, label = connected_components(transitions > 0, connection="strong")
    leaving = {int(label[i]) for i, j in zip(*np.nonzero(transitions), strict=True) if label[i] != label[j]}
    closed = sorted(set(label.tolist()) - leaving)
    if len(closed) > 1:
        raise InputError(
            f"the chain has {len(closed)} closed classes of states, so that where it ends depends on where it starts: "
            "restart it from one distribution, or take one class alone"
        )
    members = np.flatnonzero(label == closed[0])
    mu = np.zeros(len(transitions))
    mu[members] = _eliminated(transitions[np.ix_(members, members)])
    return mu


@_compiled
def _eliminated(p):
    """Of an irreducible chain, whose matrix is overwritten; the diagonal plays no role."""
    n = p.shape[0]
    for k in range(n - 1, 0, -1):
        leaving = p[k, :k].sum()
        for i in range(k):
            if p[i, k] > 0:
                p[i, k] /= leaving
                p[i, :k] += p[i, k] * p[k, :k]
    mu = np.ones(n)
    for k in range(1, n):
        mu[k] = (mu[:k] * p[:k, k]).sum()
    return mu / mu.sum()


def lazy(transitions: np.ndarray, stay: float) -> np.ndarray:
    """The chain that stays where it is with probability `stay` and moves by P otherwise; mu is the same.

    Raises:
        InputError: for a probability outside of [0, 1).
    """
    if not 0 <= stay < 1:
        raise InputError(f"stay is a probability below 1, not {stay!r}")
    return stay * np.eye(len(transitions)) + (1 - stay) * np.asarray(transitions, float)


def mixing_time(transitions: np.ndarray, distance: float = 0.25, *, most: int = 1 << 30) -> int:
    """The least number of steps after which every start is within a total variation distance of mu.

    Powers of P are squared until one is close enough, and the last factors of two are then searched, so that long times
    cost no more than short ones.

    Args:
        transitions: P, (n, n).
        distance: in total variation, half of the sum of absolute differences.
        most: where to give up.

    Raises:
        InputError: for a chain that does not get there within `most` steps, as a periodic one, or what
            `stationary_distribution` raises.

    Cost: O(n^3 log time).

    Example:
        >>> [mixing_time(lazy([[0.5, 0.5], [0.5, 0.5]], stay)) for stay in (0.0, 0.5, 0.9)]
        [1, 1, 7]
    """
    mu = stationary_distribution(transitions)
    powers = [require_transitions(transitions)]

    def close(power: np.ndarray) -> bool:
        return float(np.abs(power - mu).sum(axis=1).max()) / 2 <= distance

    while not close(powers[-1]):
        if 1 << len(powers) > most:
            raise InputError(
                f"the chain is not within {distance:g} of its stationary distribution after {most} steps: it may be "
                "periodic; let it stay where it is now and then"
            )
        powers.append(powers[-1] @ powers[-1])
    if len(powers) == 1:
        return 1
    steps, reached = 1 << (len(powers) - 2), powers[-2]  # not close yet
    for k in range(len(powers) - 3, -1, -1):
        if not close(further := reached @ powers[k]):
            steps, reached = steps + (1 << k), further
    return steps + 1

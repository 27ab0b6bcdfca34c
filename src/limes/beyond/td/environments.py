"""Gymnasium's environments with known transition tables, as decision processes.

An episode that ends counts nothing afterwards and starts again. So all transitions that end one lead to an added last
state, with discount 0 and reward 0, from where every action leads to the distribution of first states. Values of all
other pairs are those of the episode, exactly, and the chain has a stationary distribution.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.beyond.td.decisions import DecisionProcess
from limes.core.errors import InputError, MissingPackage

Table = Mapping[int, Mapping[int, Sequence[tuple[float, int, float, bool]]]]


def from_gymnasium(
    name: str, *, discount: float, features: np.ndarray | None = None, **options: Any
) -> DecisionProcess:
    """An environment of Gymnasium that shows its table: FrozenLake-v1, CliffWalking-v1, Taxi-v4 or one of your own.

    Limits on the number of steps are left out: they are no part of the table.

    Args:
        name: under which it is registered.
        discount: gamma.
        features: as for `from_table`.
        options: for ``gymnasium.make``.

    Raises:
        MissingPackage: without Gymnasium.
        InputError: for an environment that is unknown, or that shows no table.

    Example:
        >>> lake = from_gymnasium("FrozenLake-v1", discount=0.9)
        >>> lake.transitions.shape, round(float(lake.optimal_values().max()), 3)
        ((12, 4, 12), 0.639)
    """
    try:
        import gymnasium
    except ImportError as error:
        raise MissingPackage("environments need Gymnasium: pip install 'limes[beyond]'") from error
    try:
        environment = gymnasium.make(name, **options)
    except gymnasium.error.Error as error:
        raise InputError(f"Gymnasium makes no environment {name!r} with {options}: {error}") from error
    try:
        inner: Any = environment.unwrapped
        if not (hasattr(inner, "P") and hasattr(inner, "initial_state_distrib")):
            raise InputError(
                f"{name} has no transition table (P and initial_state_distrib): learn from its samples with `descend`"
            )
        return from_table(inner.P, inner.initial_state_distrib, discount=discount, features=features)
    finally:
        environment.close()


def from_table(
    table: Table, start: np.ndarray, *, discount: float, features: np.ndarray | None = None
) -> DecisionProcess:
    """A decision process from outcomes, in the form of Gymnasium's tables.

    Args:
        table: for each state and action, (probability, next state, reward, whether the episode ends).
        start: distribution of first states, (S,).
        discount: gamma.
        features: x, (S + 1, A, d) with the end of an episode last; None for one coordinate for each pair.

    Returns:
        The states that can be reached from the start, in order, and the end of an episode last. Rewards of outcomes
        with the same next state are their mean.

    Raises:
        InputError: for states or actions that are not numbered from 0 without gaps, probabilities that are none, next
            states that the table does not have, or features of another shape.
    """
    n, n_actions = len(table), len(table[0]) if 0 in table else 0
    start = np.asarray(start, float)
    if sorted(table) != [*range(n)] or any(sorted(row) != [*range(n_actions)] for row in table.values()):
        raise InputError("states and actions of a table are numbered from 0, with the same actions in every state")
    if start.shape != (n,):
        raise InputError(f"first states have a distribution over {n} states, not {start.shape}")
    transitions, paid = np.zeros((n + 1, n_actions, n + 1)), np.zeros((n + 1, n_actions, n + 1))
    for s, row in table.items():
        for a, outcomes in row.items():
            for probability, following, reward, ends in outcomes:
                if not 0 <= following < n:  # n would be the end of an episode, and -1 would wrap to it
                    raise InputError(
                        f"action {a} in state {s} leads to state {following!r}: states are 0 to {n - 1}, and an "
                        "outcome that ends the episode says so in its last entry"
                    )
                into = n if ends else int(following)
                transitions[s, a, into] += probability
                paid[s, a, into] += probability * reward
    transitions[n, :, :n] = start
    rewards = np.divide(paid, transitions, out=np.zeros_like(paid), where=transitions > 0)
    kept = _reached(transitions, start)
    if features is None:
        x = np.eye(len(kept) * n_actions).reshape(len(kept), n_actions, -1)
    elif np.shape(features)[:-1] == (n + 1, n_actions):
        x = np.asarray(features, float)[kept]
    else:
        shape = np.shape(features)
        raise InputError(f"features have the shape ({n + 1}, {n_actions}, d), the end of an episode last; not {shape}")
    gamma = np.where(kept == n, 0.0, float(discount))
    return DecisionProcess(transitions[kept][:, :, kept], rewards[kept][:, :, kept], gamma, x)


def _reached(transitions: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Numbers of the states that some actions lead to from the start, in order."""
    follows = transitions.max(axis=1) > 0
    reached = np.append(start > 0, False)
    while (grown := reached | follows[reached].any(axis=0)).sum() > reached.sum():
        reached = grown
    return np.flatnonzero(reached)

"""Claim 7: Q-learning with the maximum and with the soft maximum, on random decision processes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond import td
from limes.papers.neural_td.problem import GAMMA, INPUTS, RADIUS, by_steps, network

BETA = 5.0
"""Of the soft maximum."""


def q_learning(seed: int, width: int, steps: Sequence[int], states: int, actions: int) -> dict[str, Any]:
    """Errors on a random process, `hard` with the maximum and `soft` with the soft one, each as of `errors`."""
    mdp = td.random_decisions(states, actions, INPUTS, discount=GAMMA, seed=seed)
    net = network(width, seed)
    about = {"width": width, "steps": list(steps), "states": states, "actions": actions}
    return about | {name: errors(mdp, net, steps, beta, seed) for name, beta in (("hard", np.inf), ("soft", BETA))}


def errors(
    mdp: td.DecisionProcess, net: td.TwoLayerNet, steps: Sequence[int], beta: float, seed: int
) -> dict[str, list[float]]:
    """Q-learning under the uniform policy against the fixed point Q* of its operator, by steps.

    Returns:
        `averaged_value` and `last_value`, mean squares of Q - Q*, and `bellman`, that of Q - T Q of the averaged
        weights; all over that of Q*. And `bias`, the mean of Q - Q* of the averaged weights over the root mean square
        of Q*: positive where values are too high, which a maximum passes on.
    """
    pairs, exact = mdp.under(), mdp.optimal_values(beta).ravel()
    size, rows = float(pairs.mean_square(exact)), []
    for t in steps:
        run = td.q_learn(mdp, net, t, beta=beta, radius=RADIUS, seed=seed)
        averaged, last = run.values[-1], run.last_values[-1]
        backed = mdp.backup(averaged.reshape(mdp.n_states, mdp.n_actions), beta).ravel()
        left = {"averaged_value": averaged - exact, "last_value": last - exact, "bellman": averaged - backed}
        row = {name: float(pairs.mean_square(q) / size) for name, q in left.items()}
        rows.append(row | {"bias": float(pairs.stationary @ left["averaged_value"]) / size**0.5})
    return by_steps(rows)

"""Claim 7: Q-learning with the maximum and with the soft maximum, on random decision processes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond import td
from limes.papers.neural_td.problem import GAMMA, INPUTS, RADIUS, by_steps, errors, network

BETA = 5.0
"""Of the soft maximum."""


def q_learning(seed: int, width: int, steps: Sequence[int], states: int, actions: int) -> dict[str, Any]:
    """Errors against Q*, and Bellman errors, under the uniform policy.

    Returns:
        For `hard` and `soft`: `averaged_value` and `last_value`, relative mean squares against the fixed point of the
        operator, and `bellman` of the averaged weights; lists over `steps`.
    """
    mdp = td.random_decisions(states, actions, INPUTS, discount=GAMMA, seed=seed)
    pairs, net = mdp.under(), network(width, seed)
    found: dict[str, Any] = {"width": width, "steps": list(steps), "states": states, "actions": actions}
    for name, beta in (("hard", np.inf), ("soft", BETA)):
        exact = mdp.optimal_values(beta).ravel()
        size, rows = float(pairs.mean_square(exact)), []
        for t in steps:
            run = td.q_learn(mdp, net, t, beta=beta, radius=RADIUS, seed=seed)
            q = run.values[-1]
            left = q - mdp.backup(q.reshape(states, actions), beta).ravel()
            scale = float(pairs.mean_square(pairs.value)) / size
            row = {key: scale * value for key, value in errors(pairs, run, {"value": exact}).items()}
            rows.append(row | {"bellman": float(pairs.mean_square(left)) / size})
        found[name] = by_steps(rows)
    return found

"""The random chain of the reference figures, and what each run on it is compared with."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.beyond import td

GAMMA, RADIUS, INPUTS, STATES = 0.7, 10.0, 8, 100


def chain(seed: int) -> td.RewardProcess:
    """100 states, Dirichlet(.1) transitions, 8 unit features, rewards tanh(2 w . x) with w ~ N(0, I)."""
    return td.random_process(STATES, INPUTS, discount=GAMMA, seed=seed)


def network(width: int, seed: int, inputs: int = INPUTS) -> td.TwoLayerNet:
    """With Q = 0 at the start."""
    return td.TwoLayerNet.draw(width, inputs, seed=seed)


def errors(process: td.RewardProcess, found: td.Learned, references: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Relative mean squares at the end, of the averaged and of the last weights, against each reference."""
    values = {"averaged": found.values[-1], "last": found.last_values[-1]}
    return {
        f"{which}_{name}": float(process.relative_error(q, reference))
        for which, q in values.items()
        for name, reference in references.items()
    }


def by_steps(rows: list[dict[str, float]]) -> dict[str, Any]:
    """Lists over numbers of steps from one row for each."""
    return {name: [float(row[name]) for row in rows] for name in rows[0]}

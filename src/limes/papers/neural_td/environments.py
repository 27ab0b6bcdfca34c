"""Claim 8: environments of Gymnasium with known transition tables, under the uniform policy."""

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from limes.beyond import td
from limes.papers.neural_td import control
from limes.papers.neural_td.problem import INPUTS, RADIUS, by_steps, errors, network

DISCOUNT = 0.9


def available() -> bool:
    """Whether Gymnasium is installed."""
    return importlib.util.find_spec("gymnasium") is not None


def measured(seed: int, name: str, width: int, steps: Sequence[int]) -> dict[str, Any]:
    """Errors against the exact values of pairs of state and action.

    Rewards are divided by the largest value that is looked for, so that one ball fits all environments.

    Returns:
        For features that are `coordinates` (one for each pair) and `random` (8 on the sphere): errors as of
        `limes.papers.neural_td.runs.scan`, lists over `steps`, and `fixed_error` of the projected fixed point. And
        `control`, those of Q-learning on random features, as of `limes.papers.neural_td.control.errors`.
    """
    plain = td.from_gymnasium(name, discount=DISCOUNT)
    shape = plain.transitions.shape[:2]
    features = {"coordinates": plain.features, "random": _random_features(seed, shape)}
    found: dict[str, Any] = {"name": name, "width": width, "steps": list(steps), "pairs": shape[0] * shape[1]}
    for kind, x in features.items():
        process = _scaled(plain, x, plain.under().value).under()
        net = network(width, seed, x.shape[-1])
        fixed = td.projected_fixed_point(process, net, RADIUS)
        references = {"value": process.value, "fixed": fixed.values}
        runs = [td.learn(process, net, t, radius=RADIUS, seed=seed) for t in steps]
        found[kind] = by_steps([errors(process, run, references) for run in runs])
        found[kind]["fixed_error"] = float(process.relative_error(fixed.values))
    chosen = _scaled(plain, features["random"], plain.optimal_values())
    return found | {"control": control.errors(chosen, network(width, seed), steps, np.inf, seed)}


def _random_features(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return td.sphere(shape[0] * shape[1], INPUTS, np.random.default_rng([seed, *shape])).reshape(*shape, INPUTS)


def _scaled(process: td.DecisionProcess, features: np.ndarray, values: np.ndarray) -> td.DecisionProcess:
    return replace(process, features=features, rewards=process.rewards / np.abs(values).max())

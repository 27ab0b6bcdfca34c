"""Claim 8: environments of Gymnasium with known transition tables, under the uniform policy."""

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from limes.beyond import td
from limes.papers.neural_td.problem import INPUTS, RADIUS, by_steps, errors, network

DISCOUNT = 0.9


def available() -> bool:
    """Whether Gymnasium is installed."""
    return importlib.util.find_spec("gymnasium") is not None


def measured(seed: int, name: str, width: int, steps: Sequence[int]) -> dict[str, Any]:
    """Errors against the exact value of each pair of state and action.

    Rewards are divided by the largest value, so that one ball fits all environments; relative errors are those of the
    environment but for the ball.

    Returns:
        For features that are `coordinates` (one for each pair) and `random` (8 on the sphere): errors as of
        `limes.papers.neural_td.runs.scan`, lists over `steps`, and `fixed_error` of the projected fixed point.
    """
    plain = td.from_gymnasium(name, discount=DISCOUNT)
    shape = plain.transitions.shape[:2]
    rng = np.random.default_rng([seed, *shape])
    drawn = rng.standard_normal((*shape, INPUTS))
    kinds = {"coordinates": plain.features, "random": drawn / np.linalg.norm(drawn, axis=2, keepdims=True)}
    scale = float(np.abs(plain.under().value).max())
    found: dict[str, Any] = {"name": name, "width": width, "steps": list(steps), "pairs": shape[0] * shape[1]}
    for kind, features in kinds.items():
        process = replace(plain, features=features, rewards=plain.rewards / scale).under()
        net = network(width, seed, process.features.shape[1])
        fixed = td.projected_fixed_point(process, net, RADIUS)
        references = {"value": process.value, "fixed": fixed.values}
        runs = [td.learn(process, net, t, radius=RADIUS, seed=seed) for t in steps]
        found[kind] = by_steps([errors(process, run, references) for run in runs])
        found[kind]["fixed_error"] = float(process.relative_error(fixed.values))
    return found

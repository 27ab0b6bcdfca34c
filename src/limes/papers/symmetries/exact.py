"""Claims 8 and 9: the distance to a projection against a solver, and averages over angles against many angles."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from limes.beyond.meanfield import (
    Action,
    averaged,
    conjugation,
    cyclic,
    distance_to_fixed,
    has_simplex,
    outputs,
    radial_unit,
    relative_squared_distance,
    rotations,
    squared_wasserstein,
)

MANY = 1024
"""Angles whose average stands for that of SO(2)."""


def shortcut(n: int, seed: int) -> dict[str, Any]:
    """Relative difference of RMD^2 to the projection on E^G, by formula and by a solver, n Gaussian particles."""
    space = conjugation(cyclic(2))
    cloud = np.random.default_rng([seed, 8]).standard_normal((n, 4))
    image = space.project(cloud)
    solver = "simplex" if has_simplex() else "assignment"
    solved = relative_squared_distance(cloud, image, squared_wasserstein(cloud, image, solver=solver))
    return {"n": n, "solver": solver, "error": abs(float(distance_to_fixed(cloud, space)) / solved - 1)}


def quadrature(scales: Sequence[float], angles: Sequence[int], seed: int) -> dict[str, Any]:
    """Largest error of averages over k angles of the model of 7 Gaussian particles, at 50 points.

    Returns:
        `errors` (scales, angles).
    """
    rng = np.random.default_rng([seed, 9])
    particles, points = rng.standard_normal((7, 4)), rng.standard_normal((50, 2))
    errors = []
    for scale in scales:
        right = _average(MANY, particles, scale * points)
        errors.append([float(np.abs(_average(k, particles, scale * points) - right).max()) for k in angles])
    return {"scales": list(scales), "angles": list(angles), "errors": errors}


def _average(k: int, particles: np.ndarray, points: np.ndarray) -> np.ndarray:
    return outputs(averaged(radial_unit, _action(k)), particles, points)


@cache
def _action(k: int) -> Action:
    turns = rotations(k)
    return Action(turns, turns, conjugation(turns))

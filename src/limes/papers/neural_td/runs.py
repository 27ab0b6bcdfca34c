"""Claims 1, 2, 5, 6 and 9: temporal differences on random chains, over steps, widths, balls and ways of sampling.

The step size min((1 - gamma) / 8, 1 / sqrt(T)) depends on the number of steps, so each T is a run of its own.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond import td
from limes.papers.neural_td.problem import RADIUS, by_steps, chain, errors, network


def scan(seed: int, width: int, steps: Sequence[int]) -> dict[str, Any]:
    """Errors against V and against the projected fixed point, and the distance from linearity, by steps.

    Returns:
        Lists over `steps`: relative mean squares `averaged_value`, `last_value`, `averaged_fixed`, `last_fixed`;
        `bellman` and `projected_bellman` of the averaged weights, relative too; `gap`, root mean square of Q less its
        linearisation; `movement` of the weights, and `projected`, steps in which the projection was active. And of the
        fixed point itself `fixed_error`, `fixed_distance` and `fixed_residual`.
    """
    process, net = chain(seed), network(width, seed)
    fixed = td.projected_fixed_point(process, net, RADIUS)
    rows = []
    for t in steps:
        found = td.learn(process, net, t, radius=RADIUS, seed=seed)
        q = found.values[-1]
        rows.append(
            errors(process, found, {"value": process.value, "fixed": fixed.values})
            | {
                "bellman": float(process.bellman_error(q)),
                "projected_bellman": td.projected_bellman_error(process, net, q, RADIUS),
                "gap": float(process.mean_square(q - found.linear_values[-1])) ** 0.5,
                "movement": float(found.movement[-1]),
                "projected": found.projected,
            }
        )
    about = {"width": width, "steps": list(steps), "fixed_error": float(process.relative_error(fixed.values))}
    return about | by_steps(rows) | {"fixed_distance": fixed.distance, "fixed_residual": fixed.residual}


def balls(seed: int, width: int, steps: int, radii: Sequence[float]) -> dict[str, Any]:
    """Errors by radius B, each also against the fixed point of its own ball.

    Returns:
        Lists over `radii` as of `scan`, `projected` as a share of the steps. Of the fixed points `fixed_error`, and
        `fixed_square`, their mean square over that of V.
    """
    process, net = chain(seed), network(width, seed)
    rows = []
    for radius in radii:
        fixed = td.projected_fixed_point(process, net, radius)
        found = td.learn(process, net, steps, radius=radius, seed=seed)
        rows.append(
            errors(process, found, {"value": process.value, "fixed": fixed.values})
            | {
                "fixed_error": float(process.relative_error(fixed.values)),
                "fixed_square": float(process.mean_square(fixed.values) / process.mean_square(process.value)),
                "fixed_residual": fixed.residual,
                "projected": found.projected / steps,
                "movement": float(found.movement[-1]),
            }
        )
    return {"width": width, "steps": steps, "radii": list(radii)} | by_steps(rows)


def markov(seed: int, width: int, steps: Sequence[int], stays: Sequence[float]) -> dict[str, Any]:
    """Independent samples beside trajectories on the chain, and on slowed ones with the same mu and V.

    Returns:
        `mixing`, times to a total variation distance of 1/4 by `stays`; `independent` and `trajectory`: errors as of
        `scan`, lists over `steps`, for the trajectories (stays, steps).
    """
    process, net = chain(seed), network(width, seed)
    references = {"value": process.value, "fixed": td.projected_fixed_point(process, net, RADIUS).values}

    def measured(**sampling: Any) -> dict[str, Any]:
        runs = [td.learn(process, net, t, radius=RADIUS, seed=seed, **sampling) for t in steps]
        return by_steps([errors(process, run, references) for run in runs])

    paths = [measured(sampling="trajectory", stay=stay) for stay in stays]
    return {
        "width": width,
        "steps": list(steps),
        "stays": list(stays),
        "mixing": [td.mixing_time(td.lazy(process.transitions, stay)) for stay in stays],
        "independent": measured(),
        "trajectory": {name: [path[name] for path in paths] for name in paths[0]},
    }


def monotonicity(seed: int, width: int, draws: int) -> dict[str, Any]:
    """One-point monotonicity of the population semigradient with frozen gates, at random weights of the ball.

    Weights are drawn in two ways, half of them each: in a uniform direction of all m d coordinates, where the functions
    are small, and in the span of the features; both at a uniform distance.

    Returns:
        `excess`: the least (g_0(W) . (W - W*) - (1 - gamma) |Q_0(W) - Q_0(W*)|^2) / |Q_0(W) - Q_0(W*)|^2 over draws,
        and `median`, that of the draws.
    """
    process, net = chain(seed), network(width, seed)
    fixed = td.projected_fixed_point(process, net, RADIUS)
    rng = np.random.default_rng([seed, width, draws])
    gamma = float(np.max(process.discount))
    excess = []
    for i in range(draws):
        x = process.features
        step = net.combine(x, rng.standard_normal(len(x))) if i % 2 else rng.standard_normal(net.weights.shape)
        w = net.weights + rng.uniform(0, RADIUS) * step / np.linalg.norm(step)
        q = net.linear_values(x, w)
        g = net.combine(x, process.stationary * (q - process.bellman(q)))
        size = float(process.mean_square(q - fixed.values))
        excess.append(float((g * (w - fixed.weights)).sum()) / size - (1 - gamma))
    return {"width": width, "draws": draws, "excess": min(excess), "median": float(np.median(excess))}

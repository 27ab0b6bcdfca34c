"""Claim 3: left and right sides of Theorems 4.4 and 4.6 and of Proposition 4.7, in units of V squared."""

from collections.abc import Sequence
from typing import Any

from limes.beyond import td
from limes.papers.neural_td.problem import GAMMA, RADIUS, chain, network

_MOMENTS = 8
"""At which the variance of the semigradient is taken along the way."""


def sides(seed: int, width: int, steps: Sequence[int], radii: Sequence[float]) -> dict[str, Any]:
    """Squared errors and their bounds, without the terms of the width.

    Args:
        seed: of everything.
        width: m.
        steps: T of both theorems.
        radii: B of the proposition.

    Returns:
        Lists over `steps`: `population`, `stochastic` and `value` errors, each with its `_bound`; `variance`, the
        largest sigma_g^2 seen. `fixed_square` and `value_square`, mean squares of Q_0(W*) and of V: errors of Q = 0.
        Lists over `radii`: `misfit` |Pi V - V| and `fixed` |Q_0(W*) - V|.
    """
    process, net = chain(seed), network(width, seed)
    fixed = td.projected_fixed_point(process, net, RADIUS).values
    misfit = float(process.mean_square(td.project(process, net, process.value, RADIUS).values - process.value))
    expected = td.descend_population(process, net, max(steps), radius=RADIUS, at=steps)
    found: dict[str, Any] = {"width": width, "steps": list(steps), "radii": list(radii), "variance": []}
    found |= {
        "fixed_square": float(process.mean_square(fixed)),
        "value_square": float(process.mean_square(process.value)),
    }
    found["population"] = process.mean_square(expected.values - fixed).tolist()
    found["population_bound"] = [td.population_bound(RADIUS, GAMMA, t) for t in steps]
    found |= {name: [] for name in ("stochastic", "stochastic_bound", "value", "value_bound")}
    for t in steps:
        moments = sorted({round(t * k / _MOMENTS) for k in range(_MOMENTS + 1)})
        run = td.learn(process, net, t, radius=RADIUS, at=moments, seed=seed)
        variance = max(td.semigradient_variance(process, net, w) for w in run.last)
        found["variance"].append(variance)
        found["stochastic"].append(float(process.mean_square(run.values[-1] - fixed)))
        found["stochastic_bound"].append(td.stochastic_bound(RADIUS, GAMMA, t, variance))
        found["value"].append(float(process.mean_square(run.values[-1] - process.value)))
        found["value_bound"].append(td.value_bound(RADIUS, GAMMA, t, variance, misfit))
    for name, solved in (
        ("misfit", [td.project(process, net, process.value, radius) for radius in radii]),
        ("fixed", [td.projected_fixed_point(process, net, radius) for radius in radii]),
    ):
        found[name] = [float(process.mean_square(point.values - process.value)) ** 0.5 for point in solved]
    return found

"""The numbers behind the figures: means with their standard errors, from what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.papers.estimates import estimates
from limes.papers.neural_td.reading import by_width
from limes.papers.paper import Found
from limes.papers.reading import BySeed, family, first

_ERRORS = ("averaged_value", "last_value", "averaged_fixed", "last_fixed")


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Errors by steps, distances from linearity by width, balls, bounds, control, environments and trajectories."""
    return {
        "scans": [_scan(by_seed) for by_seed in by_width(found, "scan-")],
        "balls": _some(found["balls"], ("radii", "steps", "width"), (*_ERRORS, "fixed_error")),
        "bounds": _some(
            found["bounds"],
            ("steps", "width"),
            [f"{name}{side}" for name in ("population", "stochastic") for side in ("", "_bound")],
        ),
        "control": [_control(by_seed) for by_seed in by_width(found, "control-")],
        "environments": [_environment(by_seed) for by_seed in family(found, "environment-")],
        "markov": _markov(found["markov"]),
    }


def _some(by_seed: BySeed, plain: tuple[str, ...], names: Any) -> dict[str, Any]:
    about = {name: first(by_seed)[name] for name in plain}
    return about | {name: estimates([r[name] for r in by_seed.values()]) for name in names}


def _scan(by_seed: BySeed) -> dict[str, Any]:
    return _some(by_seed, ("width", "steps"), (*_ERRORS, "gap"))


def _control(by_seed: BySeed) -> dict[str, Any]:
    about = {name: first(by_seed)[name] for name in ("width", "steps")}
    return about | {
        f"{kind}_{name}": estimates([r[kind][name] for r in by_seed.values()])
        for kind in ("hard", "soft")
        for name in ("averaged_value", "last_value")
    }


def _environment(by_seed: BySeed) -> dict[str, Any]:
    about = {name: first(by_seed)[name] for name in ("name", "width", "steps", "pairs")}
    return about | {
        f"{kind}_{name}": estimates([r[kind][name] for r in by_seed.values()])
        for kind in ("coordinates", "random", "control")
        for name in ("averaged_value", "last_value")
    }


def _markov(by_seed: BySeed) -> dict[str, Any]:
    case = first(by_seed)
    about = {name: case[name] for name in ("width", "steps", "stays")}
    ratios = [
        estimates(
            [
                np.array(r["trajectory"]["averaged_value"])[:, t] / r["independent"]["averaged_value"][t]
                for r in by_seed.values()
            ]
        )
        for t in range(len(case["steps"]))
    ]
    return about | {"mixing": estimates([r["mixing"] for r in by_seed.values()]), "ratios": ratios}

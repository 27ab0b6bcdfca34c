"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.papers.estimates import estimate
from limes.papers.paper import Found
from limes.papers.reading import Result, family

_COURSES = ("annealed", "none", "small", "constant")


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Courses of descent, losses by penalty, the stages, and errors by rows."""
    penalties = found["penalties"][0]
    stages = found["stages"][0]
    return {
        "courses": {name: _course(found[name][0]) for name in _COURSES},
        "resting": {
            name: {key: float(np.mean(value)) for key, value in case.items()}
            for name, case in found["resting"][0].items()
            if name != "seconds"
        },
        "penalties": {"penalties": penalties["penalties"], "losses": _spread(penalties["losses"])},
        "stages": {name: _course(stages[name]) for name in ("staged", "direct")},
        "hidden": _hidden(family(found, "hidden-")),
    }


def _course(course: Result) -> dict[str, Any]:
    return {"at": course["at"]} | {name: _spread(course[name]) for name in ("loss", "share_near", "total_mass")}


def _spread(values: Any) -> dict[str, list[float]]:
    """The least, the median and the largest over seeds."""
    low, middle, high = np.quantile(np.array(values, float), (0, 0.5, 1), axis=1)
    return {"low": low.tolist(), "middle": middle.tolist(), "high": high.tolist()}


def _hidden(by_rows: list[dict[int, Result]]) -> dict[str, Any] | None:
    if not by_rows:
        return None
    first = next(iter(by_rows[0].values()))
    return {
        "task": first["task"],
        "dimension": first["dimension"],
        "rows": [next(iter(by_seed.values()))["n"] for by_seed in by_rows],
        "errors": {
            target: {
                learner: [estimate([r[target][learner]["test"] for r in by_seed.values()]) for by_seed in by_rows]
                for learner in ("kernel", "none", "annealed")
            }
            for target in ("projections", "parity")
        },
    }

"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.measure.bound_course import BOUNDS
from limes.papers.estimates import estimate, estimates
from limes.papers.norm_bounds.reading import Net, deep, end, nets
from limes.papers.paper import Found


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Bounds and errors by epoch of the deep networks, rho with and without decay, and last values of all."""
    if "samples" not in found:
        return {}
    largest = deep(found)[-1]
    followed = {name: _each(largest, name) for name in (*BOUNDS, "train_error", "test_error", "gap")}
    every = [*nets(found), *nets(found, decay=False)]
    return {
        "course": {"name": largest.name, "epochs": _epochs(largest), "lines": followed},
        "rho": {
            "epochs": _epochs(largest),
            "lines": {n.name: _each(n, "rho") for n in (*deep(found), *deep(found, decay=False))},
        },
        "ends": {n.name: {name: _end(n, name) for name in (*BOUNDS, "rho", "gap", "test_error")} for n in every},
        "read-out": {
            name: estimate([r[name] for r in found["read-out"].values()])
            for name in ("complexity", "released", "complete")
        },
    }


def _epochs(net: Net) -> list[float]:
    return np.asarray(next(iter(net.results.values()))["epochs"]).tolist()


def _each(net: Net, name: str) -> list[dict[str, Any]]:
    return estimates([r[name] for r in net.results.values()])


def _end(net: Net, name: str) -> dict[str, Any]:
    return estimate([end(r, name) for r in net.results.values()])

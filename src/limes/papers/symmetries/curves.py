"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.papers.estimates import estimate, geometric
from limes.papers.paper import Found
from limes.papers.reading import Result, family
from limes.papers.symmetries.limit import PAIRS

TINY = 1e-20
"""RMD^2 below this is rounding, and is not drawn."""


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """RMD^2 and losses by number of particles, distances between schemes, errors by angles, accuracies."""
    return {
        "drifts": {name: _drifts(found, name) for name in ("swap", "plane", "two-layer")},
        "losses": [_drift(by_seed[0], "loss") for by_seed in family(found, "swap-arbitrary")],
        "limit": {teacher: _limit(found[f"limit-{teacher}"][0]) for teacher in ("WI", "arbitrary")},
        "angles": _angles([*found["quadrature"].values()]),
        "digits": _digits([*found["digits"].values()]),
        "leaving": _leaving([*found["leaving"].values()]),
    }


def _drifts(found: Found, case: str) -> list[dict[str, Any]]:
    chosen = [by_seed[0] for by_seed in family(found, f"{case}-")]
    wide = {r["teacher"]: r for r in (by_seed[0] for by_seed in family(found, "wide-"))} if case == "swap" else {}
    drawn = []
    for result in chosen:
        if np.median(result["rmd"]) > TINY:
            more = wide.get(result["teacher"]) if result["scheme"] == "vanilla" else None
            drawn.append(_drift(_joined(result, more), "rmd"))
    return drawn


def _joined(result: Result, more: Result | None) -> Result:
    return result if more is None else result | {name: result[name] + more[name] for name in ("widths", "rmd")}


def _drift(result: Result, name: str) -> dict[str, Any]:
    about = {key: result[key] for key in ("teacher", "scheme", "widths")}
    return about | {"values": [geometric(row) for row in result[name]]}


def _limit(result: Result) -> dict[str, Any]:
    names = {" ".join(pair): pair for pair in PAIRS}
    return {
        "widths": result["widths"],
        "same": [geometric(row) for row in result["same"]],
        "independent": {name: [geometric(row) for row in result[name]["independent"]] for name in names},
        "coupled": {name: [geometric(row) for row in result[name]["coupled"]] for name in names},
    }


def _angles(results: list[Result]) -> dict[str, Any]:
    errors = np.array([r["errors"] for r in results])
    rows = [[geometric(np.maximum(column, 1e-17)) for column in errors[:, i].T] for i in range(errors.shape[1])]
    return {"scales": results[0]["scales"], "angles": results[0]["angles"], "errors": rows}


def _digits(results: list[Result]) -> dict[str, Any]:
    schemes = [name for name, value in results[0].items() if isinstance(value, dict)]
    return {
        "n": results[0]["n"],
        "schemes": schemes,
        "upright": [estimate([r[scheme]["upright"] for r in results]) for scheme in schemes],
        "turned": [estimate([r[scheme]["turned"] for r in results]) for scheme in schemes],
    }


def _leaving(results: list[Result]) -> dict[str, Any]:
    distances = np.array([r["rmd"] for r in results])
    rows = [[geometric(column) for column in at_time.T] for at_time in np.swapaxes(distances, 0, 1)]
    return {"widths": results[0]["widths"], "times": results[0]["times"], "values": rows}

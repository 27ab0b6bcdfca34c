"""The numbers behind the figures, from what was found."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.paper import Found
from limes.papers.reading import Result, family


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Gaps and remainders by width, regret by step, attacks, smallest widths, and distances to the lazy limit."""
    training = family(found, "training-")
    widths = [next(iter(r.values()))["width"] for r in training]
    last = [*training[-1].values()]
    return {
        "widths": widths,
        "remainder": [_geometric([r["remainder"] for r in by_seed.values()]) for by_seed in training],
        "curvature": [_geometric([r["curvature"] for r in by_seed.values()]) for by_seed in training],
        "movement": [_estimate([r["movement"]["PGD-10"] for r in by_seed.values()]) for by_seed in training],
        "gap": [_estimate([r["gap"] for r in by_seed.values()]) for by_seed in training],
        "times": last[0]["times"],
        "regret": _each([r["regret"] for r in last]),
        "allowed": _each([r["allowed"] for r in last]),
        "attacks": {
            name: {key: _estimate([r[key][name] for r in last]) for key in ("surrogates", "robust")}
            for name in last[0]["surrogates"]
        },
        "capacity": [_capacity([*by_seed.values()]) for by_seed in family(found, "capacity-")],
        "law": [_law(next(iter(by_seed.values()))) for by_seed in family(found, "law-")],
        "trained": [_trained([*by_seed.values()]) for by_seed in family(found, "trained-")],
        "lazy": [_lazy([*by_seed.values()]) for by_seed in family(found, "lazy-")],
    }


def _capacity(results: Sequence[Result]) -> dict[str, Any]:
    plain = {"n": results[0]["n"], "d": results[0]["d"]}
    return plain | {kind: _geometric([r[kind] for r in results]) for kind in ("natural", "robust")}


def _law(result: Result) -> dict[str, Any]:
    return {name: result[name] for name in ("d", "ratios", "law", "frame", "half")}


def _trained(results: Sequence[Result]) -> dict[str, Any]:
    total = sum(r["starts"] for r in results)
    counts = {key: (np.sum([r[key] for r in results], axis=0) / total).tolist() for key in ("unbroken", "robust")}
    return {name: results[0][name] for name in ("d", "rho", "law", "widths")} | counts


def _lazy(results: Sequence[Result]) -> dict[str, Any]:
    numbers: dict[str, Any] = {"norm": results[0]["norm"], "widths": results[0]["widths"]}
    for name in ("distance", "attacked"):
        numbers[name] = [_geometric(column) for column in np.array([r[name] for r in results]).T.tolist()]
    numbers["disagreement"] = _each([1 - np.array(r["agreement"]) for r in results])
    for name in ("robust", "clean"):
        gaps = [np.abs(np.array(r[name]) - r[f"limit_{name}"]) for r in results]
        numbers[name] = _each(gaps)
    return numbers


def _each(per_seed: Sequence[Any]) -> list[dict[str, Any]]:
    return [_estimate(column) for column in np.array(per_seed, np.float64).T.tolist()]


def _estimate(values: Sequence[float]) -> dict[str, Any]:
    """Mean, and its standard error over seeds (None with one)."""
    n = len(values)
    error = float(np.std(values, ddof=1) / math.sqrt(n)) if n > 1 else None
    return {"mean": float(np.mean(values)), "standard_error": error}


def _geometric(values: Sequence[float]) -> dict[str, Any]:
    """Geometric mean over seeds, and the factor of one standard error."""
    found = _estimate(np.log(values).tolist())
    error = found["standard_error"]
    return {"mean": math.exp(found["mean"]), "factor": None if error is None else math.exp(error)}

"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.estimates import estimate, estimates, geometric, geometrics
from limes.papers.paper import Found
from limes.papers.reading import Result, family


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Gaps and remainders by width, regret by step, attacks, smallest widths, and distances to the lazy limit."""
    training = family(found, "training-")
    widths = [next(iter(r.values()))["width"] for r in training]
    last = [*training[-1].values()]
    return {
        "widths": widths,
        "remainder": [geometric([r["remainder"] for r in by_seed.values()]) for by_seed in training],
        "curvature": [geometric([r["curvature"] for r in by_seed.values()]) for by_seed in training],
        "movement": [estimate([r["movement"]["PGD-10"] for r in by_seed.values()]) for by_seed in training],
        "gap": [estimate([r["gap"] for r in by_seed.values()]) for by_seed in training],
        "times": last[0]["times"],
        "regret": estimates([r["regret"] for r in last]),
        "allowed": estimates([r["allowed"] for r in last]),
        "attacks": {
            name: {key: estimate([r[key][name] for r in last]) for key in ("surrogates", "robust")}
            for name in last[0]["surrogates"]
        },
        "capacity": [_capacity([*by_seed.values()]) for by_seed in family(found, "capacity-")],
        "law": [_law(next(iter(by_seed.values()))) for by_seed in family(found, "law-")],
        "trained": [_trained([*by_seed.values()]) for by_seed in family(found, "trained-")],
        "lazy": [_lazy([*by_seed.values()]) for by_seed in family(found, "lazy-")],
    }


def _capacity(results: Sequence[Result]) -> dict[str, Any]:
    plain = {"n": results[0]["n"], "d": results[0]["d"]}
    return plain | {kind: geometric([r[kind] for r in results]) for kind in ("natural", "robust")}


def _law(result: Result) -> dict[str, Any]:
    return {name: result[name] for name in ("d", "ratios", "law", "frame", "half")}


def _trained(results: Sequence[Result]) -> dict[str, Any]:
    total = sum(r["starts"] for r in results)
    counts = {key: (np.sum([r[key] for r in results], axis=0) / total).tolist() for key in ("unbroken", "robust")}
    return {name: results[0][name] for name in ("d", "rho", "law", "widths")} | counts


def _lazy(results: Sequence[Result]) -> dict[str, Any]:
    numbers: dict[str, Any] = {"norm": results[0]["norm"], "widths": results[0]["widths"]}
    for name in ("distance", "attacked"):
        numbers[name] = geometrics([r[name] for r in results])
    numbers["disagreement"] = estimates([1 - np.array(r["agreement"]) for r in results])
    for name in ("robust", "clean"):
        gaps = [np.abs(np.array(r[name]) - r[f"limit_{name}"]) for r in results]
        numbers[name] = estimates(gaps)
    return numbers

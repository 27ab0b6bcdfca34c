"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.papers.bias_ntk.kernel_limit import BIASES as LIMIT_BIASES
from limes.papers.bias_ntk.reading import rows_of, widths_of
from limes.papers.estimates import estimates
from limes.papers.paper import Found

_BOUNDS = ("smallest", "frozen", "hermite", "worst", "region", "upper", "condition")
_TRAINED = (
    "active_start",
    "active_most",
    "active_end",
    "switched_on",
    "moved",
    "steps",
    "factor",
    "predicted",
    "drift",
)


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Distances by width, eigenvalues and bounds by bias, losses and activation by step; MNIST where it was given."""
    limit = [*found["limit"].values()]
    distances = np.array([r["distance"] for r in limit])
    numbers: dict[str, Any] = {
        "limit": {
            "widths": limit[0]["widths"],
            "biases": list(LIMIT_BIASES),
            "distance": [estimates(distances[:, i]) for i in range(3)],
        },
        "spectra": {str(n): _spectrum(found[f"spectrum-{n}"]) for n in rows_of(found)},
        "training": {str(w): _training(found[f"width-{w}"]) for w in widths_of(found)},
    }
    if "mnist-training" in found:
        numbers["mnist"] = _training(found["mnist-training"]) | {
            "test_error": _each(found["mnist-training"], "test_error"),
            "spectrum": _spectrum(found["mnist-spectrum"]),
        }
    return numbers


def _spectrum(results: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    first = next(iter(results.values()))
    terms = [name for name in first if name.split()[0] in ("with", "without", "local")]
    return {
        "biases": first["biases"],
        "rows": first["rows"],
        "inside": float(np.mean([r["inside"] for r in results.values()])),
        "ranks": first["ranks"],
        "values": [np.asarray(line).tolist() for line in first["values"]],
    } | {name: _each(results, name) for name in (*_BOUNDS, *terms)}


def _training(results: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    first = next(iter(results.values()))
    lines = {name: [np.asarray(v).tolist() for v in first[name]] for name in ("shown", "losses", "active")}
    if "lazy_losses" in first:
        lines["lazy_losses"] = [np.asarray(v).tolist() for v in first["lazy_losses"]]
    return (
        {"biases": first["biases"], "seeds": len(results)}
        | lines
        | {name: _each(results, name) for name in _TRAINED if name in first and name != "shown"}
    )


def _each(results: Mapping[int, Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    """An estimate over seeds for each bias."""
    return estimates([r[name] for r in results.values()])

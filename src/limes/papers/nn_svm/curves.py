"""The numbers behind the figures, from what was found."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.nn_svm.certificate_claims import TABLES, mean
from limes.papers.nn_svm.certificates import COLUMNS
from limes.papers.nn_svm.mnist_table import TABLE
from limes.papers.paper import Found


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Radii by model and method, gaps and interval radii by width, the bounds along training, and T3 if there is."""
    numbers: dict[str, Any] = {
        "radii": {table: _radii(found, table) for table in TABLES},
        "gaps": _gaps(found),
        "intervals": _intervals(found),
        "bound": _bound(found),
    }
    rows = {
        name: next(iter(found[quantity].values()))
        for name in TABLE
        if (quantity := f"mnist-{name.lower().replace(' ', '-').replace('.', 'p')}") in found
    }
    if rows:
        numbers["mnist"] = {name: dict(row) | {"paper": TABLE[name]} for name, row in rows.items()}
    return numbers


def _radii(found: Found, table: str) -> dict[str, Any]:
    results = [*found[table].values()]
    models = list(results[0]["radius"])
    return {
        "models": models,
        **{column: [_estimate([mean(r, m, column) for r in results]) for m in models] for column in COLUMNS},
        "accuracy": [float(np.mean([r["accuracy"][m] for r in results])) for m in models],
    }


def _gaps(found: Found) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for quantity in ("penalties", "centred"):
        results = [*found[quantity].values()]
        place = results[0]["spans"].index(2.0)
        for name in results[0]["gap"]:
            per_seed = [[by_span[place] for by_span in r["gap"][name]] for r in results]
            numbers[name] = {"widths": results[0]["widths"], "gap": _geometric(per_seed)}
    return numbers


def _intervals(found: Found) -> dict[str, Any]:
    results = [*found["intervals"].values()]
    return {
        "widths": results[0]["widths"],
        "linf": _geometric([r["linf"] for r in results]),
        "l2": _geometric([r["l2"] for r in results]),
    }


def _bound(found: Found) -> dict[str, Any]:
    results = [*found["bound"].values()]
    names = [name for name in results[0] if name not in ("step", "seconds")]
    return {"step": results[0]["step"]} | {name: np.mean([r[name] for r in results], axis=0).tolist() for name in names}


def _estimate(values: Sequence[float]) -> dict[str, Any]:
    """Mean, and its standard error over seeds (None with one)."""
    n = len(values)
    error = float(np.std(values, ddof=1) / math.sqrt(n)) if n > 1 else None
    return {"mean": float(np.mean(values)), "standard_error": error}


def _geometric(per_seed: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """Geometric mean over seeds, and the factor of one standard error, for each place."""
    return [
        {"mean": math.exp(e["mean"]), "factor": None if e["standard_error"] is None else math.exp(e["standard_error"])}
        for e in (_estimate(column) for column in np.log(np.asarray(per_seed)).T.tolist())
    ]

"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.papers.estimates import estimate, geometrics
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
        **{column: [estimate([mean(r, m, column) for r in results]) for m in models] for column in COLUMNS},
        "accuracy": [float(np.mean([r["accuracy"][m] for r in results])) for m in models],
    }


def _gaps(found: Found) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for quantity in ("penalties", "centred"):
        results = [*found[quantity].values()]
        place = results[0]["spans"].index(2.0)
        for name in results[0]["gap"]:
            per_seed = [[by_span[place] for by_span in r["gap"][name]] for r in results]
            numbers[name] = {"widths": results[0]["widths"], "gap": geometrics(per_seed)}
    return numbers


def _intervals(found: Found) -> dict[str, Any]:
    results = [*found["intervals"].values()]
    return {
        "widths": results[0]["widths"],
        "linf": geometrics([r["linf"] for r in results]),
        "l2": geometrics([r["l2"] for r in results]),
    }


def _bound(found: Found) -> dict[str, Any]:
    results = [*found["bound"].values()]
    names = [name for name in results[0] if name not in ("step", "seconds")]
    return {"step": results[0]["step"]} | {name: np.mean([r[name] for r in results], axis=0).tolist() for name in names}

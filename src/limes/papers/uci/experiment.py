"""The steps of the comparison on small tables: one for each table, with all methods.

The protocol is the paper's: settings are chosen on half of the rows by their accuracy on the other half, then each of
four draws of 75 % of the rows is fitted and tested on the rest. The tuning rows come again among the test rows, so
figures are a little high, for all methods alike.
"""

import time
from functools import partial
from typing import Any

from limes.core.progress import Progress
from limes.core.types import Kind
from limes.papers.paper import Found, Part, Plan, Request, Step
from limes.papers.uci import contenders, kernels
from limes.papers.uci.archive import Splits, Table, tables

METHODS = ("ntk-svm", "ntk", "nngp", "rbf-svm", "forest", "boosting", "network")


def plan(request: Request) -> Plan:
    """All tables of a size; without the files, tables that come with scikit-learn.

    Raises:
        FormatError: for a data folder that was named and has none of the tables.
    """
    found, notes = tables(request)
    settings: dict[str, Any] = {
        "tables": {table.name: table.hash for table in found},
        "depths": list(kernels.DEPTHS),
        "penalties": list(kernels.PENALTIES),
        "ridges": list(kernels.RIDGES),
        "most_steps": kernels.MOST_STEPS,
        "gammas": list(kernels.GAMMAS),
        "biases": list(kernels.BIASES),
    }
    steps = [
        Step(
            f"uci-{table.name}",
            seed,
            partial(_measure, table, seed),
            seconds(table),
            Part(f"{table.name}-seed{seed}", settings | {"tables": table.hash}),
            small=table.shape[0] <= 1000,
        )
        for seed in request.seed_range(1)
        for table in found
    ]
    largest = max(table.shape[0] for table in found)
    return Plan(settings, steps, notes, 500_000_000 + 40 * largest**2)


def _measure(table: Table, seed: int, found: Found, progress: Progress) -> dict[str, Any]:
    return measure(table, seed)


def measure(table: Table, seed: int) -> dict[str, Any]:
    """All methods on one table: accuracies, what was chosen, and seconds.

    Cost: 15 kernels of n^2 entries with 7 support vector machines of n / 2 rows each, 20 with 6 factorisations, 35
    machines on radial basis functions, and 20 fits of the contenders.
    """
    splits = table.splits
    work = {
        "ntk-svm": lambda: kernels.measure(kernels.ntk_grid(splits.x), kernels.by_svm, kernels.PENALTIES, splits),
        "ntk": lambda: _regression("ntk", splits),
        "nngp": lambda: _regression("nngp", splits),
        "rbf-svm": lambda: kernels.measure(kernels.rbf_grid(splits.x), kernels.by_svm, kernels.PENALTIES, splits),
        "forest": lambda: contenders.measure("forest", splits, seed),
        "boosting": lambda: contenders.measure("boosting", splits, seed),
        "network": lambda: contenders.measure("network", splits, seed),
    }
    methods = {}
    for name in METHODS:
        since = time.perf_counter()
        methods[name] = work[name]() | {"seconds": time.perf_counter() - since}
    n, d, c = table.shape
    return {"n": n, "columns": d, "classes": c, "methods": methods}


def _regression(kind: Kind, splits: Splits) -> dict[str, Any]:
    return kernels.measure(kernels.grid_with_biases(splits.x, kind), kernels.by_regression, kernels.RIDGES, splits)


def seconds(table: Table) -> float:
    """On two cores, measured on a few tables."""
    n, d, c = table.shape
    return 6.0 + 6e-3 * n + 4e-6 * n**2 + 1e-9 * n**3 + 2e-5 * n * d + 0.02 * c * n**0.5

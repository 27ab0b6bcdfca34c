"""The numbers behind the figures: the whole table, and what it comes to."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Found
from limes.papers.tables.summary import critical_difference, paired, summary
from limes.papers.uci.claims import accuracies
from limes.papers.uci.experiment import METHODS


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Accuracies by table and method, their summary, and seconds; of the first seed."""
    seed = min(min(results) for results in found.values())
    names, accuracy = accuracies(found, seed)
    results = [found[f"uci-{name}"][seed] for name in names]
    return {
        "sets": names,
        "methods": list(METHODS),
        "accuracy": accuracy.tolist(),
        "rows": [r["n"] for r in results],
        "seconds": {m: sum(r["methods"][m]["seconds"] for r in results) for m in METHODS},
        "summary": summary(accuracy) | {"methods": list(METHODS)},
        "critical_difference": critical_difference(len(METHODS), len(names)),
        "against": {m: paired(accuracy[:, 0], accuracy[:, i]) for i, m in enumerate(METHODS) if i},
    }

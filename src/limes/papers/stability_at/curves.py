"""The numbers behind the figures, from what was found: means over seeds with their standard errors."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from limes.papers.estimates import estimate, estimates
from limes.papers.paper import Found
from limes.papers.stability_at.training_claims import stop_of

Numbers = dict[str, Any]


def curves(found: Found, settings: Mapping[str, Any]) -> Numbers:
    """Distances with bounds, losses and gaps along training, what smoothing saves, distances by n, and digits."""
    tables = [result["runs"]["0"] for result in found["table"].values()]
    return {
        "inside": _inside(found),
        "table": _along(tables) | {"stops": [run["marks"][stop_of(run)] for run in tables]},
        "savings": {quantity: _savings([*found[quantity].values()]) for quantity in ("table", "slow")},
        "rows": _rows([*found["rows"].values()]),
        "digits": {
            norm: _along([result["runs"]["0"] for result in found[f"digits-{norm}"].values()])
            for norm in ("l2", "linf")
        },
        "curvature": _curvature([*found["curvature"].values()]),
    }


def _along(runs: Sequence[Mapping[str, Any]]) -> Numbers:
    """Along the steps of one method."""
    names = ("distance", "train", "test", "gap", "exchanged")
    found: Numbers = {name: estimates([run[name] for run in runs]) for name in names}
    return found | {name: runs[0][name] for name in ("marks", "published", "linear")}


def _inside(found: Found) -> list[Numbers]:
    """The longest run of each width within the condition."""
    results = [*found["inside"].values()]
    return [
        {"width": width} | _along([result["runs"][i][-1] for result in results])
        for i, width in enumerate(results[0]["widths"])
    ]


def _savings(results: Sequence[Mapping[str, Any]]) -> Numbers:
    """By mu: reductions of distance (per cent) and gap at the last step and at equal training loss."""
    picks: dict[str, Callable[[Mapping[str, Any]], float]] = {
        "distance": lambda a: a["distance"][-1],
        "equal distance": lambda a: a["equal distance"],
        "gap": lambda a: a["gap"][-1],
        "equal gap": lambda a: a["equal gap"],
    }
    return {
        mu: {name: estimate([pick(result["against"][mu]) for result in results]) for name, pick in picks.items()}
        for mu in results[0]["against"]
    }


def _rows(results: Sequence[Mapping[str, Any]]) -> Numbers:
    return {"n": results[0]["n"]} | {name: estimates([r[name] for r in results]) for name in ("table", "inside")}


def _curvature(results: Sequence[Mapping[str, Any]]) -> Numbers:
    return {"widths": results[0]["widths"], "mean": estimates([r["mean"] for r in results])}

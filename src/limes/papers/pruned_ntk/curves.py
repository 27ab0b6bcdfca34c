"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.estimates import estimate, estimates
from limes.papers.paper import Found
from limes.papers.pruned_ntk.reading import power, words
from limes.papers.pruned_ntk.scale import CASES
from limes.papers.pruned_ntk.training import CRITERIA
from limes.papers.reading import family


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Factors by case, errors by width, and accuracies by width."""
    last = [*family(found, "factors-")[-1].values()]
    mask, gaps = [*found["input-mask"].values()], [*found["gaps"].values()]
    factors = [
        {"case": words(case), "expected": power(case)} | {n: estimate([r[n][i] for r in last]) for n in _KINDS}
        for i, case in enumerate(CASES)
    ]
    return {
        "factors": {"width": last[0]["width"], "cases": factors},
        "mask": {name: mask[0][name] for name in ("cases", "widths")}
        | {name: _table([r[name] for r in mask]) for name in ("arccosine", "mixture")},
        "gaps": {name: gaps[0][name] for name in ("keeps", "widths")} | {"errors": _table([r["errors"] for r in gaps])},
        "training": _training(found),
    }


_KINDS = ("raw", "rescaled")


def _training(found: Found) -> dict[str, Any] | None:
    results = [[*by_seed.values()] for by_seed in family(found, "training-")]
    if not results:
        return None
    first, others = results[0][0], [*found["criteria"].values()]
    lines: dict[str, Any] = {"unpruned": _lines(results, lambda r: r["unpruned"])}
    for i, keep in enumerate(first["keeps"]):
        for kind in _KINDS:
            lines[f"{kind} {keep:g}"] = _lines(results, lambda r, i=i, kind=kind: r[kind][i])
    names = ("accuracy", "factor", "distance to limit")
    return {
        "widths": [r[0]["width"] for r in results],
        "keeps": first["keeps"],
        "kernel": estimate([r["kernel"] for r in results[-1]]),
        "lines": lines,
        "criteria": {c: {name: estimate([r[c][name] for r in others]) for name in names} for c in CRITERIA},
        "share": others[0]["keep"],
    }


def _lines(results: Sequence[Any], part: Any) -> dict[str, Any]:
    return {name: [estimate([part(r)[name] for r in some]) for some in results] for name in ("accuracy", "distance")}


def _table(tables: Sequence[Any]) -> list[list[dict[str, Any]]]:
    """Estimates over seeds of each entry of a matrix."""
    stacked = np.asarray(tables, np.float64)
    return [estimates(stacked[:, i]) for i in range(stacked.shape[1])]

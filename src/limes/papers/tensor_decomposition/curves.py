"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.papers.paper import Found
from limes.papers.reading import family
from limes.papers.tensor_decomposition.moving import SUCCESS
from limes.papers.tensor_decomposition.reading import by_case


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Residuals by number of components, smallest numbers by dimension and rank, success by step, and rounds."""
    lazy = [_lazy([*by_seed.values()]) for by_seed in family(found, "lazy-")]
    return {
        "lazy": sorted(lazy, key=lambda c: (c["order"], c["d"])),
        "moving": [_moving(r) for r in sorted(by_case(found, "moving-"), key=lambda r: (r["order"], r["d"]))],
        "growth": [_growth(r) for r in by_case(found, "growth-")],
        "rank": [_growth(r) for r in by_case(found, "rank-")],
        "times": [_times(by_seed[0]) for by_seed in family(found, "times-")],
        "rescued": _rescued(found["rescued"][0]),
        "rounds": _rounds([*found["rounds"].values()]),
    }


def _lazy(results: list[dict]) -> dict[str, Any]:
    plain = {name: results[0][name] for name in ("d", "order", "rank", "widths", "threshold")}
    return plain | _spread(np.array([r["residual"] for r in results]))


def _moving(result: dict) -> dict[str, Any]:
    plain = {name: result[name] for name in ("d", "order", "rank", "widths")}
    return plain | _spread(np.array(result["residual"]))


def _spread(values: np.ndarray, share: float = 0.1) -> dict[str, Any]:
    low, middle, high = np.quantile(values, (share, 0.5, 1 - share), axis=0)
    return {"low": low.tolist(), "middle": middle.tolist(), "high": high.tolist()}


def _growth(result: dict) -> dict[str, Any]:
    return {name: result[name] for name in ("d", "rank")} | {
        way: float(np.mean(result[way])) for way in ("moving", "lazy")
    }


def _times(result: dict) -> dict[str, Any]:
    return {name: result[name] for name in ("dimensions", "order", "m")} | _spread(
        np.array(result["steps"], float).T, 0.25
    )


def _rescued(result: dict) -> dict[str, Any]:
    success = [(np.array(r) < SUCCESS).mean(0).tolist() for r in result["residuals"]]
    return {"periods": result["periods"], "at": result["at"], "success": success}


def _rounds(results: list[dict]) -> dict[str, Any]:
    names = ("dimensions", "components", "rank")
    numbers = {name: results[0][name] for name in names}
    for way in ("parallel", "sequential"):
        tables = [r[target][way] for r in results for target in ("orthonormal", "random")]
        numbers[way] = np.mean(tables, axis=0).tolist()
    return numbers

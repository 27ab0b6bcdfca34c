"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.estimates import estimate, estimates
from limes.papers.fast_training.deep import NAMES
from limes.papers.fast_training.reading import timed
from limes.papers.fast_training.worse import EVEN
from limes.papers.paper import Found
from limes.papers.reading import Result, family


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Times against shares, shares an index looks at by dimension, lists that run out, what is learned, variances."""
    return {
        "speed": [
            {name: case[name] for name in ("n", "d", "m", "share", "products", "rows", "gram", "dense")}
            for case in timed(found)
        ],
        "index": [_index([*by_seed.values()]) for by_seed in family(found, "index-")],
        "renewal": [_renewal([*by_seed.values()]) for by_seed in family(found, "renewal-")],
        "worse": [_worse([*by_seed.values()]) for by_seed in family(found, "worse-")],
        "deep": [_deep([*by_seed.values()]) for by_seed in family(found, "deep-")],
    }


def _index(results: Sequence[Result]) -> dict[str, Any]:
    plain = {name: results[0][name] for name in ("d", "share")}
    return plain | {name: estimate([r[name] for r in results]) for name in ("balls", "cells")}


def _renewal(results: Sequence[Result]) -> dict[str, Any]:
    plain = {name: results[0][name] for name in ("bias", "m")}
    return plain | {name: np.mean([r[name] for r in results], axis=0).tolist() for name in ("refreshed", "active")}


def _worse(results: Sequence[Result]) -> dict[str, Any]:
    numbers: dict[str, Any] = {name: results[0][name] for name in ("data", "biases", "levels")}
    numbers["even"] = EVEN[numbers["data"]]
    for name in ("error", "robust", "even_error", "even_robust"):
        numbers[name] = estimates([r[name] for r in results])
    steps = np.array([r["steps"] for r in results], float)
    numbers["steps"] = [estimates(steps[:, :, k]) for k in range(steps.shape[2])]
    numbers["active"] = estimates(np.array([r["active"] for r in results])[:, :, 1])
    return numbers


def _deep(results: Sequence[Result]) -> dict[str, Any]:
    plain = {name: results[0][name] for name in ("data", "depth")}
    return plain | {name: [r[name]["variance"] for r in results] for name in NAMES}

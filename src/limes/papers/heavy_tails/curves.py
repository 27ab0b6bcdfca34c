"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.papers.estimates import estimate, estimates
from limes.papers.heavy_tails.networks import KINDS, RATIOS
from limes.papers.heavy_tails.reading import converged, layers_mean, noises, pruned, trainings
from limes.papers.heavy_tails.synthetic import CASES
from limes.papers.paper import Found
from limes.papers.reading import Result, family


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Shares by index, indices by learning rate, trained networks by setting, and networks with noise."""
    return {
        "synthetic": _synthetic([*found["curve"].values()]),
        "theory": {name: found["theory"][0][name] for name in ("rates", "batches", "curves")},
        "chains": [_chain([*by_seed.values()]) for by_seed in family(found, "chains-")],
        "networks": {data: [_network(r) for r in converged(trainings(found, data))] for data in ("digits", "mnist")},
        "noise": _noise(noises(found)),
    }


def _synthetic(results: list[Result]) -> dict[str, Any]:
    alphas = np.concatenate([r["alphas"] for r in results])
    shares = {case: np.concatenate([r[case]["prunable"] for r in results]).round(4).tolist() for case in CASES}
    return {"alphas": alphas.round(4).tolist()} | shares


def _chain(results: list[Result]) -> dict[str, Any]:
    about = {name: results[0][name] for name in ("learning_rate", "batch_size")}
    return about | {name: estimate([r[name] for r in results]) for name in ("hill", "index", "prunable")}


def _network(result: Result) -> dict[str, Any]:
    about = {name: result[name] for name in ("learning_rate", "batch_size", "steps")}
    about |= {name: estimate(layers_mean(result, "stop", name)) for name in ("index", "prunable")}
    return about | {
        "ratios": list(RATIOS),
        "pruned": {kind: [estimate(pruned(result, "stop", kind, i)) for i in range(len(RATIOS))] for kind in KINDS},
    }


def _noise(results: list[Result]) -> dict[str, Any]:
    shares = [estimates(r["prunable"]) for r in results]
    return {"alphas": [r["alpha"] for r in results], "widths": results[0]["widths"], "prunable": shares}

"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from limes.papers.adv_ntk.defence_claims import METHODS
from limes.papers.adv_ntk.defences import ATTACKS, CRITERIA
from limes.papers.estimates import estimate
from limes.papers.paper import Found


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Means, standard errors and values of each seed, for every case, and the dynamics and cost."""
    cases = {name: _case(found, name, case) for name, case in settings["cases"].items()}
    degeneration = found["degeneration"].values()
    cost = found["step-cost"].values()
    linear = [*found["linearisation"].values()]
    return {
        "cases": cases,
        "degeneration": {
            "times": next(iter(degeneration))["times"],
            "residual_at": _estimates([r["residual_at"] for r in degeneration]),
            "residual_standard": _estimates([r["residual_standard"] for r in degeneration]),
            "distance": _estimates([r["distance"] for r in degeneration]),
        },
        "cost": {
            name: {
                "n": next(iter(cost))[f"{name}_n"],
                "seconds": _estimates([r[f"{name}_seconds"] for r in cost]),
            }
            for name in ("krylov", "general")
        },
        "linearisation": {
            "widths": linear[0]["widths"],
            "strengths": linear[0]["strengths"],
            "distance": [_estimates([r["distance"][i] for r in linear]) for i in range(len(linear[0]["strengths"]))],
            "accuracy": _estimates([[row[-1] for row in r["accuracy"]] for r in linear]),
            "limit_accuracy": _estimates([r["limit_accuracy"] for r in linear]),
        },
    }


def _case(found: Found, name: str, case: Mapping[str, Any]) -> dict[str, Any]:
    def curve(part: str) -> dict[str, Any]:
        results = found[f"{name}-curve-{part}"].values()
        return {key: _estimates([r[key] for r in results]) for key in ("clean", *ATTACKS)}

    methods = {}
    for method in METHODS:
        results = found[f"{name}-test-{method}"].values()
        methods[method] = {
            criterion: {
                **{key: _estimates([[r[criterion][key]] for r in results])[0] for key in ("clean", *ATTACKS)},
                "chosen": [_stop(case, r[criterion]) for r in results],
            }
            for criterion in ("pgd", "margin")
        }
    result = {
        "title": f"{'CNN' if case['convolutional'] else 'MLP'}-{case['depth']}",
        "data": case["data"],
        "eps": case["eps"],
        "times": case["times"],
        "steps": list(case["checked"]),
        "n_test": case["n_test"],
        "n_curve": case["n_curve"],
        "seeds": case["seeds"],
        "flow": curve("flow"),
        "adv": curve("adv"),
        "methods": methods,
    }
    if f"{name}-curve-released" in found:
        result["adv_as_released"] = curve("released")
    if (finite := found.get(f"{name}-test-finite")) is not None:
        result["finite"] = {
            "steps": list(case["finite_checked"]),
            "curve": {k: _estimates([r["curve"][k] for r in finite.values()]) for k in ("clean", *CRITERIA)},
            "chosen": {k: _estimates([[r["pgd"][k]] for r in finite.values()])[0] for k in ("clean", *CRITERIA)},
        }
    return result


def _stop(case: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen: a time of the flow, or a learning rate and a step."""
    if place["fit"] == "flow":
        return {"time": case["times"][place["index"]]}
    return {"learning_rate": float(place["fit"].removeprefix("adv-")), "step": case["checked"][place["index"]]}


def _estimates(per_seed: ArrayLike) -> list[dict[str, Any]]:
    """Mean, standard error over seeds (None with one) and the values, for each place of some curves."""
    columns = np.asarray(per_seed, np.float64).T
    return [estimate(column) | {"per_seed": column.tolist()} for column in columns]

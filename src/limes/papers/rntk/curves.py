"""The numbers behind the figures, from what was found."""

from collections.abc import Mapping, Sequence
from typing import Any

from limes.papers.estimates import estimate, estimates, geometrics
from limes.papers.paper import Found
from limes.papers.rntk.table_claims import METHODS, VARIANTS, accuracies, seeds
from limes.papers.tables.summary import critical_difference, paired, summary


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Deviations by width, sensitivity by step, accuracies on random phases, and the archive's table if there is."""
    limit, sensitivity = [*found["limit"].values()], [*found["sensitivity"].values()]
    numbers: dict[str, Any] = {
        "widths": limit[0]["widths"],
        "deviation": {name: geometrics([r["deviation"][name] for r in limit]) for name in limit[0]["deviation"]},
        "sensitivity": {
            "settings": sensitivity[0]["settings"],
            **{
                curve: [estimates([r[curve][i] for r in sensitivity]) for i in range(len(sensitivity[0]["settings"]))]
                for curve in ("derivative", "change")
            },
        },
        "phases": _by_kernel(found["phases"]),
        "easy": _by_kernel(found["easy"]),
    }
    if wide := [*found.get("wide", {}).values()]:
        numbers["wide"] = {
            "widths": wide[0]["widths"],
            "deviation": {name: geometrics([r["deviation"][name] for r in wide]) for name in wide[0]["deviation"]},
        }
    if draws := seeds(found):
        numbers["ucr"] = _table(found, draws[0])
    return numbers


def _by_kernel(results: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    names = [name for name in next(iter(results.values())) if name not in ("w_std", "seconds")]
    return {name: estimate([r[name] for r in results.values()]) for name in names}


def _table(found: Found, seed: int) -> dict[str, Any]:
    """Accuracies by set and method, what they come to, and what was chosen; of the first seed of the folds."""
    names, accuracy = accuracies(found, (*METHODS, *VARIANTS), seed)
    main = accuracy[:, : len(METHODS)]
    results = [found[f"ucr-{name}"][seed] for name in names]
    chosen = [r["methods"]["rntk"] for r in results]
    return {
        "sets": names,
        "methods": [*METHODS, *VARIANTS],
        "accuracy": accuracy.tolist(),
        "windows": [r["window"] for r in results],
        "summary": summary(main) | {"methods": list(METHODS)},
        "variants": {"methods": list(VARIANTS), "mean": accuracy[:, len(METHODS) :].mean(axis=0).tolist()},
        "critical_difference": critical_difference(len(METHODS), len(names)),
        "against": {m: paired(main[:, 0], main[:, i]) for i, m in enumerate(METHODS) if i},
        "chosen": {key: _counts([str(c[key]) for c in chosen]) for key in ("readout", "activation")},
        "settings": {name: _plain(choice) for name, choice in zip(names, chosen, strict=True)},
    }


def _counts(values: Sequence[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}


def _plain(choice: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in choice.items() if key != "accuracy"}

"""The numbers behind the figures, and the figures: overfitting, the frontier of both methods, nets, dynamics, cost."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.adv_ntk.defence_claims import METHODS
from limes.papers.adv_ntk.defences import ATTACKS, CRITERIA
from limes.papers.paper import Drawing, Found
from limes.papers.sources import data_name
from limes.report import format_number, style, time_curve

_NAMES = {"converged": "flow, t = ∞", "stopped": "flow, best stop", "adv": "Adv-NTK"}
_ATTACK_NAMES = {"released": "released attack", "pgd": "true PGD-10", "margin": "PGD-10, margin"}
_FINITE = "finite network, AT"
_NOTHING = {"mean": math.nan, "standard_error": None}
Curve = Mapping[str, Any]


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


def _estimates(per_seed: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """Mean, standard error over seeds (None with one) and the values, for each place of some curves."""
    values = np.array(per_seed, np.float64)
    n = len(values)
    errors = values.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else [None] * values.shape[1]
    return [
        {"mean": float(mean), "standard_error": None if error is None else float(error), "per_seed": column.tolist()}
        for mean, error, column in zip(values.mean(axis=0), errors, values.T, strict=True)
    ]


def figures(numbers: Curve) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    made: dict[str, Drawing] = {}
    main = next(iter(numbers["cases"].values()))
    made["overfitting"] = _overfitting(main)
    made["attacks"] = _attacks(main)
    made["frontier"] = _frontier(main)
    if "finite" in main:
        made["finite"] = _finite(main)
    if len(numbers["cases"]) > 1:
        made["nets"] = _nets(numbers["cases"])
    made["degeneration"] = _degeneration(numbers["degeneration"])
    made["linearisation"] = _linearisation(numbers["linearisation"])
    made["cost"] = _cost(numbers["cost"])
    return made


def _means(entries: Sequence[Mapping[str, Any]]) -> list[float]:
    return [entry["mean"] for entry in entries]


def _errors(entries: Sequence[Mapping[str, Any]]) -> list[float]:
    return [math.nan if entry["standard_error"] is None else entry["standard_error"] for entry in entries]


def _setting(case: Curve) -> str:
    return f"{case['title']} on {data_name(case['data'])}, ℓ∞ ε = {case['eps']}, {case['n_curve']:,} test images"


def _overfitting(case: Curve) -> Drawing:
    flow, times = case["flow"], [float(t) for t in case["times"]]
    stops = [float(place["time"]) for place in case["methods"]["stopped"]["pgd"]["chosen"]]
    common = max(set(stops), key=stops.count)
    robust = flow["pgd"]
    figure = time_curve(
        times,
        _means(flow["clean"]),
        _errors(flow["clean"]),
        _means(robust),
        _errors(robust),
        common,
        eps_label=f"ℓ∞ ε = {case['eps']}",
    )
    best, last = max(_means(robust)), robust[-1]["mean"]
    return Drawing(
        figure,
        "If accuracy under true PGD-10 falls again after a best time while clean accuracy does not, the plain kernel "
        f"flow overfits robustly, and no network is needed for it. {_setting(case)}; the stop was chosen on other "
        "images. Bands are one standard error over seeds.",
        f"Accuracy against training time. Under attack it is at most {best:.3f} and {last:.3f} at t = infinity; clean "
        f"accuracy ends at {flow['clean'][-1]['mean']:.3f}.",
    )


def _attacks(case: Curve) -> Drawing:
    labels = [format_number(float(t)) for t in case["times"]]
    lines = {_ATTACK_NAMES[name]: (_means(case["flow"][name]), _errors(case["flow"][name])) for name in ATTACKS}
    figure = _lines(range(len(labels)), lines, "training time t of the plain flow", "accuracy", ticks=labels)
    ends = "; ".join(f"{name} from {v[0]:.3f} to {v[-1]:.3f}" for name, (v, _) in lines.items())
    return Drawing(
        figure,
        "If all lines fall after a best time, robust overfitting does not hang on the choice of attack. At one time "
        "the lowest line is the strongest attack: the released one leaves the stated ball, the two others stay in it. "
        "Times are not to scale; bars are one standard error over seeds.",
        f"Accuracy under three attacks against training time: {ends}.",
    )


def _frontier(case: Curve) -> Drawing:
    paths = {"flow, over t": case["flow"], "Adv-NTK, over steps": case["adv"]}
    if "adv_as_released" in case:
        paths["Adv-NTK, released attack"] = case["adv_as_released"]
    figure = style.new_figure(style.WIDTH, 3.6)
    ax = figure.add_axes((0.13, 0.15, 0.82, 0.8))
    style.plain_axes(ax)
    for i, (name, path) in enumerate(paths.items()):
        x, y = _means(path["clean"]), _means(path["pgd"])
        ax.errorbar(
            x,
            y,
            xerr=_errors(path["clean"]),
            yerr=_errors(path["pgd"]),
            color=style.SERIES[i],
            marker=style.MARKERS[i],
            markersize=4,
            linewidth=1.4,
            elinewidth=0.8,
            label=name,
        )
    chosen = case["methods"]["adv"]["pgd"]
    point = {"marker": "*", "markersize": 11, "linestyle": "none", "color": style.INK}
    ax.plot([chosen["clean"]["mean"]], [chosen["pgd"]["mean"]], label="Adv-NTK, chosen", **point)
    ax.set_xlabel("clean accuracy")
    ax.set_ylabel("accuracy under true PGD-10")
    style.legend_above(ax)
    coincide = (
        " Where both paths of Adv-NTK coincide, the attack that it is tuned with makes no difference."
        if "adv_as_released" in case
        else ""
    )
    return Drawing(
        figure,
        "A method is better where its path lies above and to the right of the other's; where a path bends down, longer "
        f"training costs robustness.{coincide} Each goes from short to long training; {_setting(case)}, learning rate "
        "0.1, the star at the one chosen; bars are one standard error over seeds.",
        f"Accuracy under attack against clean accuracy. The chosen Adv-NTK has {chosen['clean']['mean']:.3f} clean and "
        f"{chosen['pgd']['mean']:.3f} under attack.",
    )


def _finite(case: Curve) -> Drawing:
    finite = case["finite"]
    names = {"clean": "clean", "pgd": _ATTACK_NAMES["pgd"], "margin": _ATTACK_NAMES["margin"]}
    lines = {label: (_means(finite["curve"][k]), _errors(finite["curve"][k])) for k, label in names.items()}
    figure = _lines(finite["steps"], lines, "step of 128 images", "accuracy")
    ends = "; ".join(f"{label} from {v[0]:.3f} to {v[-1]:.3f}" for label, (v, _) in lines.items())
    return Drawing(
        figure,
        "A peak in the lines under attack is robust overfitting of a finite network: compare its height with that of "
        "the kernel flow and of Adv-NTK. Width 512, adversarial training on the images of the kernel and those that "
        f"tune Adv-NTK. {_setting(case)}.",
        f"Accuracy against step: {ends}.",
    )


def _nets(cases: Mapping[str, Curve]) -> Drawing:
    names = [case["title"] for case in cases.values()]
    lines = {}
    for method in METHODS:
        entries = [case["methods"][method]["pgd"]["pgd"] for case in cases.values()]
        lines[_NAMES[method]] = (_means(entries), _errors(entries))
    finite = [case["finite"]["chosen"]["pgd"] if "finite" in case else _NOTHING for case in cases.values()]
    if any(entry is not _NOTHING for entry in finite):
        lines[_FINITE] = (_means(finite), _errors(finite))
    figure = _lines(range(len(names)), lines, "net", "accuracy under true PGD-10", ticks=names, joined=False)
    told = "; ".join(
        f"{name}: " + ", ".join("none" if math.isnan(v) else f"{v:.3f}" for v in values)
        for name, (values, _) in lines.items()
    )
    return Drawing(
        figure,
        "Compare Adv-NTK with the flow at its best stop: where their bars overlap, tuning a clock for each image "
        "gained nothing over stopping early. What the flow loses from there to t = ∞ is its robust overfitting. Each "
        "method was chosen on validation images; bars are one standard error over seeds, and nets with one seed have "
        "none.",
        f"Accuracy under attack for {', '.join(names)}. {told}.",
    )


def _degeneration(numbers: Curve) -> Drawing:
    lines = {
        "standard training": (_means(numbers["residual_standard"]), None),
        "adversarial training": (_means(numbers["residual_at"]), None),
    }
    figure = _lines(numbers["times"], lines, "training time t", "residual |f − y|", log=True)
    last = ", ".join(f"{name} {format_number(values[-1], 2)}" for name, (values, _) in lines.items())
    return Drawing(
        figure,
        "If both residuals go to zero, linearised adversarial training ends in the interpolant of standard training, "
        "and the attack only changed how fast: the lower line is ahead. Rates vary by example and time; digits, 300 "
        "images.",
        f"Residual against time on logarithmic axes; at the last time: {last}.",
    )


def _linearisation(numbers: Curve) -> Drawing:
    lines = {
        f"a η S = {strength:g}" if strength else "no attack": (_means(entries), _errors(entries))
        for strength, entries in zip(numbers["strengths"], numbers["distance"], strict=True)
    }
    widths = numbers["widths"]
    ticks = [f"{width:,}" for width in widths]
    figure = _lines(widths, lines, "width", "largest distance to the limit over time", ticks=ticks, log=True)
    finite, limit = _means(numbers["accuracy"]), _means(numbers["limit_accuracy"])
    told = "; ".join(
        f"{name}: distance from {v[0]:.2g} to {v[-1]:.2g}, test accuracy {f:.3f} (limit {g:.3f})"
        for (name, (v, _)), f, g in zip(lines.items(), finite, limit, strict=True)
    )
    return Drawing(
        figure,
        "Where a line goes on falling with the width, adversarial training of finite networks approaches its "
        "linearised limit; where it levels off, the attack is too strong for that. a η S is the exponent by which the "
        "linearised attack multiplies residuals. Distances relative to the targets, gradient flow on 100 images of "
        "digits, one hidden layer; bars are one standard error over seeds.",
        f"Distance against width on logarithmic axes. {told}.",
    )


def _cost(numbers: Curve) -> Drawing:
    figure = style.new_figure(style.WIDTH, 3.2)
    ax = figure.add_axes((0.14, 0.21, 0.81, 0.73))
    style.plain_axes(ax)
    names = {"krylov": "two block Krylov spaces, with derivative", "general": "general matrix exponential, without"}
    for i, (name, label) in enumerate(names.items()):
        entry = numbers[name]
        ax.plot(
            entry["n"],
            _means(entry["seconds"]),
            color=style.SERIES[i],
            marker=style.MARKERS[i],
            markersize=4,
            label=label,
        )
    style.log_x(ax)
    style.log_y(ax)
    places = sorted({n for name in names for n in numbers[name]["n"]})
    ax.set_xticks(places, [f"{n:,}" for n in places], rotation=30)
    seconds = [value for name in names for value in _means(numbers[name]["seconds"])]
    ax.set_ylim(10.0 ** math.floor(math.log10(min(seconds))), 10.0 ** math.ceil(math.log10(max(seconds))))
    ax.set_xlabel("images in the kernel, n")
    ax.set_ylabel("CPU seconds, one thread")
    style.legend(ax)
    last = {name: (numbers[name]["n"][-1], _means(numbers[name]["seconds"])[-1]) for name in names}
    told = "; ".join(f"{names[name]}: {value:.2g} s at n = {n}" for name, (n, value) in last.items())
    return Drawing(
        figure,
        "The lower line is the cheaper way to make a step of Adv-NTK, and its slope is the power of n that the step "
        "costs: at slope 3, twice the images take eight times as long. The attack is not counted.",
        f"CPU seconds against n on logarithmic axes. {told}.",
    )


def _lines(
    x: Sequence[float],
    lines: Mapping[str, tuple[Sequence[float], Sequence[float] | None]],
    x_label: str,
    y_label: str,
    ticks: Sequence[str] | None = None,
    log: bool = False,
    joined: bool = True,
) -> Any:
    figure = style.new_figure(style.WIDTH, 3.2)
    ax = figure.add_axes((0.14, 0.16, 0.81, 0.78))
    style.plain_axes(ax)
    for i, (name, (y, errors)) in enumerate(lines.items()):
        look = style.look(i, label=name)
        shift = 0.0 if joined else 0.12 * (i - (len(lines) - 1) / 2)
        places = np.asarray(x, np.float64) + shift
        ax.errorbar(places, y, yerr=errors, linestyle="-" if joined else "none", elinewidth=0.9, **look)
    if log:
        style.log_x(ax)
        style.log_y(ax)
    if ticks is not None:
        ax.set_xticks(list(x), ticks)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    style.legend(ax)
    return figure

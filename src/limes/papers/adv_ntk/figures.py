"""The figures: overfitting, the frontier of both methods, nets, dynamics, cost."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.adv_ntk.defence_claims import METHODS
from limes.papers.adv_ntk.defences import ATTACKS
from limes.papers.paper import Drawing
from limes.papers.plots import axes
from limes.papers.sources import data_name
from limes.report import format_number, style, time_curve

_NAMES = {"converged": "flow, t = ∞", "stopped": "flow, best stop", "adv": "Adv-NTK"}
_ATTACK_NAMES = {"released": "released attack", "pgd": "true PGD-10", "margin": "PGD-10, margin"}
_FINITE = "finite network, AT"
_NOTHING = {"mean": math.nan, "standard_error": None}
Curve = Mapping[str, Any]


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
    figure, ax = axes(3.6, (0.13, 0.15, 0.82, 0.8))
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
    figure, ax = axes(3.2, (0.14, 0.21, 0.81, 0.73))
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
    figure, ax = axes(3.2, (0.14, 0.16, 0.81, 0.78))
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

"""The figures: errors by steps, distance from linearity, balls, bounds, control, environments and trajectories."""

from collections.abc import Mapping, Sequence
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, line, ticks
from limes.report import style

Numbers = Mapping[str, Any]
_BOX = (0.15, 0.16, 0.81, 0.79)
_BELOW_LEGEND = (0.15, 0.14, 0.81, 0.66)


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    drawn = {
        "errors": _errors(numbers["scans"]),
        "linearity": _linearity(numbers["scans"]),
        "balls": _balls(numbers["balls"]),
        "bounds": _bounds(numbers["bounds"]),
        "control": _control(numbers["control"]),
        "markov": _markov(numbers["markov"]),
    }
    if numbers["environments"]:
        drawn["environments"] = _environments(numbers["environments"])
    return drawn


def _told(entries: Sequence[Numbers]) -> str:
    return ", ".join(f"{entry['mean']:.3g}" for entry in entries)


def _finish(ax: Any, x: Sequence[float], xlabel: str, ylabel: str, log: bool = True) -> None:
    ax.set_xscale("log")
    ticks(ax, x)
    if log:
        style.log_y(ax)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)


def _errors(scans: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(4.2, _BELOW_LEGEND)
    shown = [scans[0], scans[-1]]
    looks = {"averaged_value": {}, "last_value": {"linestyle": "--", "markerfacecolor": "none"}}
    told = []
    for i, scan in enumerate(shown):
        for name, look in looks.items():
            label = f"{name.partition('_')[0]}, m = {scan['width']}"
            line(ax, i, scan["steps"], scan[name], label, **look)
            told.append(f"{label}: {_told(scan[name])}")
    scan = scans[-1]
    for name, look in (("averaged_fixed", {}), ("last_fixed", {"linestyle": "--", "markerfacecolor": "none"})):
        label = f"{name.partition('_')[0]} against Q0(W*)"
        line(ax, 2, scan["steps"], scan[name], label, **look)
        told.append(f"{label}: {_told(scan[name])}")
    _finish(ax, scan["steps"], "steps T", "relative mean square error")
    style.legend_above(ax)
    return Drawing(
        figure,
        "Error against the exact value, for the narrowest and the widest network, and of the widest against the "
        "projected fixed point of its linearisation. The averaged weights, which the theory is about, lag behind the "
        "last ones. Bars are one standard error over chains.",
        f"Relative error against steps, logarithmic. {'; '.join(told)}.",
    )


def _linearity(scans: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    widths, told = [scan["width"] for scan in scans], []
    for k, t in enumerate(scans[0]["steps"]):
        entries = [scan["gap"][k] for scan in scans]
        line(ax, k, widths, entries, f"T = {t:,}")
        told.append(f"T = {t}: {_told(entries)}")
    top = scans[0]["gap"][-1]["mean"]
    guide = [top * (widths[0] / m) ** 0.25 for m in widths]
    ax.plot(widths, guide, color=style.MUTED, linestyle=":", linewidth=1.2, label="slope −1/4")
    _finish(ax, widths, "width m", "rms of Q − Q0")
    style.legend(ax)
    return Drawing(
        figure,
        "Distance of the learnt function from its linearisation, by width. The proof allows the dotted slope.",
        f"Root mean square against width, logarithmic. {'; '.join(told)}.",
    )


def _balls(case: Numbers) -> Drawing:
    figure, ax = axes(box=_BOX)
    names = {
        "averaged_value": "learnt, against V",
        "fixed_error": "fixed point, against V",
        "averaged_fixed": "learnt, against fixed point",
    }
    told = []
    for i, (name, label) in enumerate(names.items()):
        line(ax, i, case["radii"], case[name], label)
        told.append(f"{label}: {_told(case[name])}")
    _finish(ax, case["radii"], "radius B", "relative mean square error")
    ticks(ax, [int(b) if b == int(b) else b for b in case["radii"]])
    style.legend(ax)
    return Drawing(
        figure,
        f"The projection where it is active (m = {case['width']}, T = {case['steps']:,}): a small ball holds no good "
        "function, and its best one is reached soon. Errors are over the mean square of V.",
        f"Relative error against radius, logarithmic. {'; '.join(told)}.",
    )


def _bounds(case: Numbers) -> Drawing:
    figure, ax = axes(4.2, _BELOW_LEGEND)
    told = []
    for i, (name, words) in enumerate((("population", "population steps"), ("stochastic", "steps on samples"))):
        line(ax, i, case["steps"], case[name], words)
        bound = f"{name}_bound"
        line(ax, i, case["steps"], case[bound], f"bound, {words}", linestyle="--", markerfacecolor="none")
        told.append(f"{words}: {_told(case[name])}, bound {_told(case[bound])}")
    _finish(ax, case["steps"], "steps T", "mean square of Q − Q0(W*)")
    style.legend_above(ax)
    return Drawing(
        figure,
        "Squared error of the averaged weights and the bounds of Theorems 4.4 and 4.6 without their term of the "
        f"width, m = {case['width']}, B = 10.",
        f"Squared error against steps, logarithmic. {'; '.join(told)}.",
    )


def _control(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(4.2, _BELOW_LEGEND)
    case, told = cases[-1], []
    for i, (kind, words) in enumerate((("hard", "maximum"), ("soft", "soft maximum"))):
        for name, look in (("averaged", {}), ("last", {"linestyle": "--", "markerfacecolor": "none"})):
            label = f"{words}, {name}"
            line(ax, i, case["steps"], case[f"{kind}_{name}_value"], label, **look)
            told.append(f"{label}: {_told(case[f'{kind}_{name}_value'])}")
    _finish(ax, case["steps"], "steps T", "relative mean square error", log=False)
    ax.set_ylim(0, 1)
    style.legend_above(ax)
    return Drawing(
        figure,
        f"Q-learning on random decision processes with 20 states and 4 actions, m = {case['width']}: error against the "
        "exact fixed point of each operator.",
        f"Relative error against steps. {'; '.join(told)}.",
    )


def _environments(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(4.2, _BELOW_LEGEND)
    told = []
    for i, case in enumerate(cases):
        name = case["name"].partition("-")[0]
        for kind, look in (
            ("coordinates", {}),
            ("random", {"linestyle": "--", "markerfacecolor": "none"}),
            ("control", {"linestyle": ":", "markerfacecolor": "none"}),
        ):
            label = f"{name}, {'Q-learning' if kind == 'control' else kind}"
            line(ax, i, case["steps"], case[f"{kind}_averaged_value"], label, **look)
            told.append(f"{label}: {_told(case[f'{kind}_averaged_value'])}")
    _finish(ax, cases[0]["steps"], "steps T", "relative mean square error", log=False)
    ax.set_ylim(0, 1.02)
    style.legend_above(ax)
    return Drawing(
        figure,
        "Environments of Gymnasium: the value of the uniform policy, with a coordinate for each pair of state and "
        "action or with 8 random features, and Q-learning with these against the optimal values; "
        f"m = {cases[0]['width']}, averaged weights. Rare states with large values take long.",
        f"Relative error against steps. {'; '.join(told)}.",
    )


def _markov(case: Numbers) -> Drawing:
    figure, ax = axes(box=_BOX)
    mixing, told = [entry["mean"] for entry in case["mixing"]], []
    for k, t in enumerate(case["steps"]):
        line(ax, k, mixing, case["ratios"][k], f"T = {t:,}")
        told.append(f"T = {t}: {_told(case['ratios'][k])}")
    ax.axhline(1.0, color=style.MUTED, linestyle=":", linewidth=1.2)
    _finish(ax, [round(v) for v in mixing], "mixing time", "error over that of independent samples", log=False)
    style.legend(ax, loc="upper left")
    return Drawing(
        figure,
        f"One trajectory in place of independent samples, on the chain itself and on slowed ones with the same values; "
        f"m = {case['width']}, averaged weights. Only slow mixing costs accuracy, and ever less with more steps.",
        f"Ratio of errors against mixing time. {'; '.join(told)}.",
    )

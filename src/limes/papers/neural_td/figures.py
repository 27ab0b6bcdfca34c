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
        "Lines that fall with the steps approach the exact value, or the projected fixed point Q0(W*) of the "
        "linearised network, which is where the theory leads. Compare averaged weights (solid), which it is about, "
        "with the last ones (dashed). Narrowest and widest network; bars are one standard error over chains.",
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
        "If lines fall at least as fast as the dotted slope, which the proof allows, wide networks learn nearly as "
        "their linearisation does. A line for each number of steps T; bars are one standard error over chains.",
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
        "What a ball costs is the error of its fixed point against V; what learning has left undone is the error "
        "against that fixed point. Where the second is the smaller one, a larger ball would help, and not more steps. "
        f"m = {case['width']}, T = {case['steps']:,}; errors are over the mean square of V, bars one standard error "
        "over chains.",
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
        "Each solid line has to stay below the dashed one of its colour, its bound; the wider the gap, the less the "
        "bound says. Squared error of the averaged weights, and Theorems 4.4 and 4.6 without their term of the width; "
        f"m = {case['width']}, B = 10, bars are one standard error over chains.",
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
        "If lines fall, Q-learning approaches the exact fixed point of its operator; where those of the maximum and of "
        "the soft maximum coincide, softening it makes learning neither faster nor slower. Random decision processes "
        f"with 20 states and 4 actions, m = {case['width']}; bars are one standard error over processes.",
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
        "A line that falls is learning; one that turns up again does not converge where it should. Environments of "
        "Gymnasium: the value of the uniform policy, with a coordinate for each pair of state and action or with 8 "
        "random features, and Q-learning with these against the optimal values; averaged weights, "
        f"m = {cases[0]['width']}, bars of one standard error.",
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
        "On the dotted line one trajectory is as good as independent samples. How far lines rise to the right is what "
        "slow mixing costs, and where those of more steps T lie lower, it costs ever less. The chain itself and slowed "
        f"ones with the same values; m = {case['width']}, averaged weights, bars of one standard error over chains.",
        f"Ratio of errors against mixing time. {'; '.join(told)}.",
    )

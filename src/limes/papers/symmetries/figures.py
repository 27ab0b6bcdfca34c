"""The figures: distances from E^G, losses, distances between schemes, angles, and digits."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, line, ticks
from limes.report import style

Numbers = Mapping[str, Any]
_TEACHERS = ("WI", "SI", "arbitrary")
_LINES = {"vanilla": "-", "augmented": "--"}
_BOX = (0.15, 0.14, 0.81, 0.62)
_CASES = {
    "swap": "the swap of two coordinates",
    "plane": "rotations of the plane",
    "two-layer": "the swap, with small networks as units",
}


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    return {
        **{name: _drift(drawn, _CASES[name]) for name, drawn in numbers["drifts"].items()},
        "losses": _losses(numbers["losses"]),
        "limit": _limit(numbers["limit"]),
        "angles": _angles(numbers["angles"]),
        "digits": _digits(numbers["digits"]),
        "leaving": _leaving(numbers["leaving"]),
    }


def _over_particles(ax: Any, widths: list[int], label: str) -> None:
    ax.set_xscale("log")
    ticks(ax, widths)
    style.log_y(ax)
    ax.set_xlabel("particles N")
    ax.set_ylabel(label)


def _means(values: list[Numbers]) -> str:
    return ", ".join(f"{v['mean']:.2g}" for v in values)


def _drift(runs: list[Numbers], case: str) -> Drawing:
    figure, ax = axes(4.0, _BOX)
    told, widths = [], set()
    for run in runs:
        label = f"{run['teacher']}, {run['scheme']}"
        line(ax, _TEACHERS.index(run["teacher"]), run["widths"], run["values"], label, linestyle=_LINES[run["scheme"]])
        told.append(f"{label}: {_means(run['values'])}")
        widths |= set(run["widths"])
    _over_particles(ax, sorted(widths), "RMD² to the fixed space")
    style.legend_above(ax)
    return Drawing(
        figure,
        "If a line falls with N, a wide network keeps the symmetry by itself; a level line leaves the fixed space "
        f"however wide. Particles that start on it, {case}: geometric means over seeds with bars of one standard "
        "error; teachers are weakly (WI) or strongly invariant (SI) or arbitrary. Schemes that stay within rounding "
        "are not drawn.",
        f"RMD² against N, logarithmic. {'; '.join(told)}.",
    )


def _losses(runs: list[Numbers]) -> Drawing:
    figure, ax = axes(4.0, _BOX)
    told = []
    for i, run in enumerate(runs):
        line(ax, i, run["widths"], run["values"], run["scheme"])
        told.append(f"{run['scheme']}: {_means(run['values'])}")
    _over_particles(ax, sorted({n for run in runs for n in run["widths"]}), "mean of |f - y|²")
    style.legend_above(ax)
    return Drawing(
        figure,
        "A line that stays high belongs to a scheme whose models cannot fit a teacher without symmetry, whatever N: "
        "the price of a symmetry that the data do not have. The swap of two coordinates, geometric means over seeds "
        "with bars of one standard error.",
        f"Loss against N, logarithmic. {'; '.join(told)}.",
    )


def _limit(cases: Numbers) -> Drawing:
    figure, ax = axes(4.4, (0.15, 0.13, 0.81, 0.6))
    told = []
    case = cases["WI"]
    runs = [("one law", case["same"], {"color": style.MUTED, "linestyle": ":", "linewidth": 2.0})]
    for name in case["independent"]:
        runs.append((_short(name), case["independent"][name], {}))
    for name in case["coupled"]:
        runs.append((f"{_short(name)}, coupled", case["coupled"][name], {"linestyle": "--"}))
    for i, (label, values, look) in enumerate(runs):
        line(ax, i % 6 if i < 4 else (i - 3) % 6, case["widths"], values, label, **look)
        told.append(f"{label}: {_means(values)}")
    _over_particles(ax, case["widths"], "RMD² between clouds")
    style.legend_above(ax)
    return Drawing(
        figure,
        "If solid lines lie on the dotted one, two samples of one law, the schemes have one limit; dashed lines, of "
        "clouds with one start and the same samples, should then fall faster. Vanilla training, augmentation (DA) and "
        "averaging (FA), WI teacher and start, the swap; geometric means over seeds with bars of one standard error.",
        f"RMD² against N, logarithmic. {'; '.join(told)}.",
    )


def _short(pair: str) -> str:
    return ", ".join({"augmented": "DA", "averaged": "FA"}.get(scheme, scheme) for scheme in pair.split())


def _angles(case: Numbers) -> Drawing:
    figure, ax = axes()
    told = []
    for i, (scale, errors) in enumerate(zip(case["scales"], case["errors"], strict=True)):
        label = f"inputs of scale {scale:g}"
        line(ax, i, case["angles"], errors, label)
        told.append(f"{label}: {_means(errors)}")
    ticks(ax, case["angles"])
    style.log_y(ax)
    ax.set_xlabel("angles K")
    ax.set_ylabel("largest error")
    style.legend(ax, loc="lower left")
    return Drawing(
        figure,
        "A straight fall, down to rounding, is a geometric one: a few angles then stand for all rotations. How much "
        "flatter the line of larger inputs is says how many more they need. Averages over K angles against SO(2), "
        "geometric means over draws with bars of one standard error.",
        f"Error against K, logarithmic. {'; '.join(told)}.",
    )


def _digits(case: Numbers) -> Drawing:
    figure, ax = axes(box=(0.15, 0.16, 0.81, 0.66))
    places = range(len(case["schemes"]))
    told = []
    for i, name in enumerate(("upright", "turned")):
        heights = [v["mean"] for v in case[name]]
        errors = [v["standard_error"] for v in case[name]]
        shifted = [p + 0.38 * (i - 0.5) for p in places]
        ax.bar(shifted, heights, 0.36, yerr=errors, color=style.SERIES[i], label=f"{name} digits")
        told.append(f"{name}: {', '.join(f'{v:.3f}' for v in heights)}")
    ax.set_xticks([*places], case["schemes"])
    ax.set_ylim(0, 1)
    ax.set_ylabel("test accuracy")
    style.legend_above(ax)
    return Drawing(
        figure,
        "Compare the second bars: a scheme that keeps its accuracy on turned digits has the symmetry, and the first "
        f"bars say what it pays for that on upright ones. {case['n']} ReLU neurons trained on 1,000 upright digits, "
        "tested upright and in all four turns; error bars are one standard error over seeds.",
        f"Accuracy of {', '.join(case['schemes'])}. {'; '.join(told)}.",
    )


def _leaving(case: Numbers) -> Drawing:
    figure, ax = axes()
    told = []
    for i, (time, values) in enumerate(zip(case["times"], case["values"], strict=True)):
        line(ax, i, case["widths"], values, f"time {time:g}")
        told.append(f"time {time:g}: {_means(values)}")
    _over_particles(ax, case["widths"], "RMD² to the fixed space")
    ax.set_xlabel("neurons N")
    style.legend(ax)
    return Drawing(
        figure,
        "Where a line falls with N, what leaves the fixed space is sampling noise, less for wide networks; where it is "
        "level, the space is unstable and width does not help any more. Neurons that start invariant, digits in all "
        "four turns, steps 2 / N; geometric means over seeds with bars of one standard error.",
        f"RMD² against N, logarithmic. {'; '.join(told)}.",
    )

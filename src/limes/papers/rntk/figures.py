"""The figures: deviations by width, sensitivity by step, accuracies on random phases, and the archive's table."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, line
from limes.papers.tables.ranks import mean_ranks
from limes.report import style

NAMES = {
    "rntk": "recurrent NTK",
    "ntk": "NTK",
    "rbf": "RBF",
    "euclidean": "1-NN Euclidean",
    "dtw": "1-NN DTW",
}
_KERNELS = {
    "mean 1.2": "RNTK, mean over steps, w 1.2",
    "mean 1.41": "RNTK, mean over steps, w √2",
    "mean 1.6": "RNTK, mean over steps, w 1.6",
    "last": "RNTK, last step, w √2",
    "rbf": "RBF, padded",
    "ntk": "NTK, padded",
}
Numbers = Mapping[str, Any]


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    made = {
        "widths": _widths(numbers),
        "sensitivity": _sensitivity(numbers["sensitivity"]),
        "phases": _phases(numbers["phases"]),
    }
    if "ucr" in numbers:
        made["ranks"] = mean_ranks(numbers["ucr"], NAMES, "rntk", "sets of the UCR archive")
        made["sets"] = _sets(numbers["ucr"])
    return made


def _widths(numbers: Numbers) -> Drawing:
    from matplotlib.ticker import NullFormatter

    figure, ax = axes(3.4, (0.14, 0.28, 0.81, 0.67))
    widths, told = list(numbers["widths"]), []
    wide = numbers.get("wide", {"widths": [], "deviation": {}})
    for i, (name, entries) in enumerate(numbers["deviation"].items()):
        places, values = widths, [*entries]
        if name in wide["deviation"]:  # the widest networks, of fewer seeds
            places, values = [*widths, wide["widths"][-1]], [*values, wide["deviation"][name][-1]]
        line(ax, i, places, values, name)
        told.append(f"{name} from {values[0]['mean']:.2g} to {values[-1]['mean']:.2g}")
    ends = [widths[0], max([*widths, *wide["widths"]])]
    start = max(entries[0]["mean"] for entries in numbers["deviation"].values())
    guide = [start, start * (ends[0] / ends[1]) ** 0.5]
    ax.plot(ends, guide, color=style.MUTED, linewidth=0.9, linestyle="--", label="slope −1/2")
    ax.set_xscale("log")
    ax.xaxis.set_minor_formatter(NullFormatter())
    style.log_y(ax)
    ticks = [*widths, *(w for w in wide["widths"] if w not in widths)]
    ax.set_xticks(ticks, [f"{width:,}" for width in ticks])
    ax.set_xlabel("width")
    ax.set_ylabel("deviation from the kernel, relative")
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.45, -0.17), ncols=3)
    return Drawing(
        figure,
        "If lines run parallel to the dashed one, the tangent kernels of finite recurrent networks approach the kernel "
        "as one over the root of the width. Three series of 6, 4 and 9 steps; “mean” is the mean over steps with one "
        "read-out; geometric means over networks with bars of one standard error.",
        "Deviation against width on logarithmic axes, beside a line of slope minus one half: " + "; ".join(told) + ".",
    )


def _sensitivity(numbers: Numbers) -> Drawing:
    figure, ax = axes(3.4, (0.14, 0.15, 0.81, 0.8))
    told = []
    shown = [
        i for i, (activation, w) in enumerate(numbers["settings"]) if activation == "relu" or abs(w * w - 2) < 1e-9
    ]
    for place, i in enumerate(shown):
        activation, w_std = numbers["settings"][i]
        values = [entry["mean"] for entry in numbers["derivative"][i]]
        name = f"{activation}, w {'√2' if abs(w_std**2 - 2) < 1e-9 else f'{w_std:g}'}"
        middle = sum(values) / len(values)
        look = style.look(place, markersize=3)
        ax.plot(range(1, len(values) + 1), [v / middle for v in values], label=name, **look)
        told.append(f"{name}: first step over last {values[0] / values[-1]:.2g}")
    ax.set_yscale("log")
    ax.set_ylim(1e-5, 3e1)
    ax.set_xlabel("step t")
    ax.set_ylabel("size of dK/dx at step t, over its mean")
    style.legend(ax, loc="lower center")
    return Drawing(
        figure,
        "A level line listens to all steps of a series alike, one that rises to the last steps, one that falls to the "
        "first. Root mean square of the derivative of the kernel between two different series in each step of one of "
        "them; last-step read-out, no biases, series of independent normal steps.",
        f"Sensitivity against step on a logarithmic axis. {'; '.join(told)}.",
    )


def _phases(numbers: Numbers) -> Drawing:
    figure, ax = axes(2.6, (0.47, 0.2, 0.49, 0.76))
    names = [name for name in _KERNELS if name in numbers]
    told = []
    for i, name in enumerate(names):
        entry = numbers[name]
        colour = style.SERIES[0] if name == "mean 1.41" else style.MUTED
        error = entry["standard_error"]
        ax.errorbar([entry["mean"]], [-i], xerr=None if error is None else [error], color=colour, marker="o")
        told.append(f"{_KERNELS[name]}: {entry['mean']:.3f}")
    ax.axvline(1 / 3, color=style.MUTED, linewidth=0.9, linestyle="--")
    ax.set_yticks([-i for i in range(len(names))], [_KERNELS[name] for name in names])
    ax.grid(axis="y", color=style.FAINT, linewidth=0.7)
    ax.set_xlim(0.3, 1.0)
    ax.set_xlabel("test accuracy")
    return Drawing(
        figure,
        "The further right of the dashed line, which is chance, the better a kernel tells the frequencies apart; "
        "compare the mean over steps (blue at the critical w = √2) with the last step, and with kernels of padded "
        "vectors. Three frequencies, random phases, 30 to 60 steps, much noise; bars are one standard error over "
        "seeds. Padded kernels have their numbers chosen on validation rows.",
        f"Test accuracy by kernel. {'; '.join(told)}.",
    )


def _sets(table: Numbers) -> Drawing:
    figure, ax = axes(3.8, (0.14, 0.13, 0.8, 0.83))
    columns = {name: [row[i] for row in table["accuracy"]] for i, name in enumerate(table["methods"])}
    for i, name in enumerate(("ntk", "dtw")):
        look = style.look(i, linestyle="none")
        ax.plot(columns[name], columns["rntk"], label=f"against {NAMES[name]}", **look)
    low = min(min(columns[name]) for name in ("rntk", "ntk", "dtw")) - 0.02
    ax.plot([low, 1], [low, 1], color=style.MUTED, linewidth=0.9)
    ax.set_xlabel("test accuracy of the other method")
    ax.set_ylabel("test accuracy of the recurrent NTK")
    style.legend(ax)
    told = "; ".join(_counted(table["against"][name], NAMES[name]) for name in ("ntk", "dtw"))
    return Drawing(
        figure,
        "Above the line the recurrent NTK is the more accurate one: see on which side most marks lie, and how far off. "
        "Each data set is drawn twice, once for each of the others.",
        f"Test accuracy of the recurrent NTK against two others, a point for each set. {told}.",
    )


def _counted(pair: Mapping[str, Any], name: str) -> str:
    return f"better than {name} on {pair['wins']} sets, worse on {pair['losses']}"

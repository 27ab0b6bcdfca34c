"""The figures: velocity, barriers, frozen networks, small changes, rates."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.papers.paper import Drawing
from limes.papers.sources import data_name
from limes.report import style

Numbers = Mapping[str, Any]
_LABELS = {
    "barrier": "on training rows",
    "barrier_test": "on test rows",
    "net": "network at that epoch",
    "linear": "linearised there",
    "nonlinear": "all of it, small rate",
    "probe": "linear probe",
    "error": "error of the two networks",
}


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    build = {
        "motion": _motion,
        "children": _barrier,
        "frozen": _frozen,
        "cone": _cone,
        "thresholds": _thresholds,
    }
    return {name: draw(numbers[name], numbers["settings"]) for name, draw in build.items() if name in numbers}


def _motion(entry: Numbers, settings: Numbers) -> Drawing:
    figure, (left, right) = _panels(2)
    epochs = np.asarray(entry["at"])
    _curve(left, 0.5 * (epochs[1:] + epochs[:-1]), entry["velocity"], 0, "")
    left.set_yscale("log")
    left.set_title("velocity, per epoch", fontsize=style.FONT_SIZE, color=style.INK, loc="left")
    _curve(right, epochs, entry["from_start"], 1, "")
    right.set_ylim(bottom=0)
    right.set_title("distance from the start", fontsize=style.FONT_SIZE, color=style.INK, loc="left")
    for ax in (left, right):
        ax.set_xlabel("epoch")
    velocity = entry["velocity"]["mean"]
    return Drawing(
        figure,
        "If the velocity (left) falls early and then stays above 0, and the distance (right) is as large soon as at "
        "the end, most of the kernel's motion is over while training goes on. Tangent kernel of a fully connected "
        f"network on {_data(settings['mlp'])}; kernel distances are one minus the cosine, means over seeds with bands "
        "of one standard error.",
        f"Two curves against the epoch. The velocity, on a logarithmic axis, goes from {velocity[0]:.2g} to "
        f"{velocity[-1]:.2g}; the distance from the first kernel ends at {entry['from_start']['mean'][-1]:.2g}.",
    )


def _barrier(entry: Numbers, settings: Numbers) -> Drawing:
    figure, (ax,) = _panels(1, legend=True)
    for i, name in enumerate(("barrier", "barrier_test")):
        _curve(ax, entry["at"], entry[name], i, _LABELS[name])
    ax.set_ylim(bottom=0)
    ax.set_xlabel("epoch at which the children part")
    ax.set_ylabel("error barrier")
    style.legend_above(ax)
    told = ", ".join(f"{t:g}: {b:.3f}" for t, b in zip(entry["at"], entry["barrier"]["mean"], strict=True))
    return Drawing(
        figure,
        "Where the barrier has vanished, the basin is decided: children that part then end in one. Barrier on the "
        "straight line between two children of one network, in shares of wrong rows; small convolutional network on "
        f"{_data(settings['cnn'])}, bands of one standard error over seeds.",
        f"Two lines of the barrier against the epoch of parting. In training error, by epoch {told}.",
    )


def _frozen(entry: Numbers, settings: Numbers) -> Drawing:
    figure, (ax,) = _panels(1, legend=True)
    for i, name in enumerate(("net", "linear", "nonlinear", "probe")):
        _curve(ax, entry["at"], entry[name], i, _LABELS[name])
    ax.axhline(entry["parent"], color=style.MUTED, linewidth=0.9, linestyle=":")
    ax.set_xlabel("epoch of the switch (dotted: the network at its end)")
    ax.set_ylabel("test error")
    style.legend_above(ax)
    told = "; ".join(
        f"{_LABELS[name]} {entry[name]['mean'][0]:.2f} to {entry[name]['mean'][-1]:.2f}"
        for name in ("net", "linear", "nonlinear", "probe")
    )
    return Drawing(
        figure,
        "Where the linearised network is better than at the start, its kernel has learnt; if all of the network at the "
        "same small rate is as good, it is the rate that helps, and if the linear probe is, the last layer is enough. "
        "Training goes on from the weights of that epoch; small convolutional network on "
        f"{_data(settings['cnn'])}, bands of one standard error over seeds.",
        f"Four lines of the test error against the epoch of the switch, from the first to the last: {told}.",
    )


def _cone(entry: Numbers, settings: Numbers) -> Drawing:
    figure, (ax,) = _panels(1)
    _curve(ax, entry["at"], entry["growth"], 0, "")
    ax.axhline(1.0, color=style.MUTED, linewidth=0.9, linestyle=":")
    style.log_y(ax)
    ax.set_xlabel("epoch of the change")
    ax.set_ylabel(f"growth in {settings['horizon']:g} epochs")
    growth = entry["growth"]["mean"]
    return Drawing(
        figure,
        "Above the dotted line a tiny change grows, and chance still decides where training ends; below it, training "
        "forgets the change. Growth of a change of the weights by a thousandth of their length under the same batches, "
        "with a band of one standard error over seeds.",
        f"Growth against the epoch of the change, on a logarithmic axis, from {growth[0]:.1f} to {growth[-1]:.2f}.",
    )


def _thresholds(entry: Numbers, settings: Numbers) -> Drawing:
    figure, (ax,) = _panels(1, legend=True)
    _curve(ax, entry["at"], entry["barrier"], 0, "barrier between them")
    _curve(ax, entry["at"], entry["error"], 1, _LABELS["error"])
    ax.set_xscale("log")
    ax.set_xticks(entry["at"], [f"{rate:g}" for rate in entry["at"]])
    ax.minorticks_off()
    ax.set_ylim(bottom=0)
    ax.set_xlabel("learning rate")
    ax.set_ylabel("training error")
    style.legend_above(ax)
    told = ", ".join(f"{r:g}: {b:.3f}" for r, b in zip(entry["at"], entry["barrier"]["mean"], strict=True))
    return Drawing(
        figure,
        "If the barrier is nothing below some learning rate, two trainings from one start end in one basin there from "
        "the beginning. Where the error is large as well, neither has learnt, and no barrier says little. Bands are "
        "one standard error over seeds.",
        f"Barrier and error against the learning rate on a logarithmic axis. Barrier by learning rate {told}.",
    )


def _data(problem: Numbers) -> str:
    return f"{problem['n_train']:,} images of {data_name(problem['name'])}"


def _panels(count: int, legend: bool = False) -> tuple[Any, list[Any]]:
    figure = style.new_figure(style.WIDTH, 2.9 if count > 1 else 3.0)
    top = 0.66 if legend else 0.74
    width = 0.81 if count == 1 else 0.36
    return figure, [style.add_axes(figure, (0.16 + 0.47 * i, 0.17, width, top)) for i in range(count)]


def _curve(ax: Any, at: Any, estimate: Numbers, i: int, label: str) -> None:
    mean = np.asarray(estimate["mean"])
    few = len(mean) < 20
    look = {"color": style.SERIES[i], "marker": style.MARKERS[i] if few else None, "markersize": 4, "linewidth": 1.5}
    ax.plot(at, mean, label=label, **look)
    if estimate["standard_error"] is not None:
        error = np.asarray(estimate["standard_error"])
        low = np.maximum(mean - error, 0.2 * mean)  # a band that stays on a logarithmic axis
        ax.fill_between(at, low, mean + error, color=style.SERIES[i], alpha=0.2, linewidth=0)

"""The figures: loss and alignment in the course of descent, losses by penalty, and errors by rows."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, line, ticks
from limes.papers.sources import data_name
from limes.report import style

Numbers = Mapping[str, Any]
_BOX = (0.15, 0.16, 0.81, 0.66)
_NAMES = {
    "annealed": "annealed weight decay",
    "none": "no weight decay",
    "small": "none from a small start",
    "constant": "the last penalty alone",
    "staged": "three stages",
    "direct": "without the first step",
}
_LEARNERS = {"kernel": "best kernel", "none": "network, no decay", "annealed": "network, annealed decay"}


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    drawn = {
        "loss": _loss(numbers["courses"], numbers["resting"]),
        "alignment": _alignment(numbers["courses"]),
        "penalties": _penalties(numbers["penalties"]),
        "stages": _stages(numbers["stages"]),
    }
    if numbers["hidden"]:
        drawn |= {f"hidden-{target}": _hidden(numbers["hidden"], target) for target in ("projections", "parity")}
    return drawn


def _courses(ax: Any, courses: Numbers, name: str) -> list[str]:
    """Medians with bands over seeds; returns what they end with, in words."""
    told = []
    for i, (key, course) in enumerate(courses.items()):
        at, spread = course["at"], course[name]
        ax.plot(at, spread["middle"], label=_NAMES[key], **style.dashed(i))
        ax.fill_between(at, spread["low"], spread["high"], color=style.SERIES[i], alpha=0.15, linewidth=0)
        told.append(f"{_NAMES[key]}: {spread['middle'][-1]:.3g}")
    ax.set_xlabel("step")
    return told


def _loss(courses: Numbers, resting: Numbers) -> Drawing:
    figure, ax = axes(4.0, _BOX)
    told = _courses(ax, courses, "loss")
    for i, (name, words) in enumerate((("best", "random features"), ("tangent", "tangent space"))):
        ax.axhline(resting[name]["loss"], color=style.MUTED, linestyle=(":", "--")[i], linewidth=1.2, label=words)
        told.append(f"best of the {words}: {resting[name]['loss']:.3g}")
    style.log_y(ax)
    ax.set_ylabel("relative loss")
    style.legend_above(ax)
    return Drawing(
        figure,
        "A line below the grey ones does better than any fit that keeps the directions of the start. How low it ends "
        "says nothing of features yet; their alignment does. Medians over seeds with bands from the least to the "
        "largest; relative to the loss of predicting nothing.",
        f"Relative loss against step, logarithmic; at the end {'; '.join(told)}.",
    )


def _alignment(courses: Numbers) -> Drawing:
    figure, ax = axes(4.0, _BOX)
    told = _courses(ax, courses, "share_near")
    ax.set_ylim(-0.03, 1.05)
    ax.set_ylabel("share of mass near the teacher")
    style.legend_above(ax)
    return Drawing(
        figure,
        "At 1 all neurons that count point where the teacher's do: features are learned. A line that stays low belongs "
        "to a network that fits without them, however small its loss. Share of the mass within 10 degrees of a "
        "teacher's direction, medians over seeds with bands from the least to the largest.",
        f"Share of mass near the teacher against step; at the end {'; '.join(told)}.",
    )


def _penalties(case: Numbers) -> Drawing:
    figure, ax = axes()
    penalties, spread = case["penalties"], case["losses"]
    ax.plot(penalties, spread["middle"], label="descent", **style.look(0))
    ax.fill_between(penalties, spread["low"], spread["high"], color=style.SERIES[0], alpha=0.15, linewidth=0)
    top = spread["middle"][0] / penalties[0] ** 2
    ax.plot(penalties, [top * p**2 for p in penalties], color=style.MUTED, linestyle=":", label="lambda squared")
    ax.set_xscale("log")
    ticks(ax, penalties)
    style.log_y(ax)
    ax.set_xlabel("penalty lambda, held constant")
    ax.set_ylabel("relative loss")
    style.legend(ax, loc="upper left")
    return Drawing(
        figure,
        "If losses lie on the dotted line, what a constant penalty costs goes as its square, and a small loss needs a "
        "penalty that falls. Medians over seeds with a band from the least to the largest.",
        f"Relative loss against lambda, both logarithmic: {', '.join(f'{v:.3g}' for v in spread['middle'])}.",
    )


def _stages(courses: Numbers) -> Drawing:
    figure, ax = axes(4.0, _BOX)
    told = _courses(ax, courses, "loss")
    style.log_y(ax)
    ax.set_ylabel("relative loss without affine part")
    style.legend_above(ax)
    near = "; ".join(f"{_NAMES[key]}: {course['share_near']['middle'][-1]:.3g}" for key, course in courses.items())
    return Drawing(
        figure,
        "Compare where the lines begin: that gap is what one long step of the first layer is worth before any descent. "
        "If they meet later, annealing alone would have done. Each fall is a stage of annealing; medians over seeds "
        "with bands from the least to the largest.",
        f"Relative loss against step, logarithmic; at the end {'; '.join(told)}. Shares of mass near: {near}.",
    )


def _hidden(case: Numbers, target: str) -> Drawing:
    figure, ax = axes(3.8, _BOX)
    told = []
    for i, (learner, words) in enumerate(_LEARNERS.items()):
        entries = case["errors"][target][learner]
        line(ax, i, case["rows"], entries, words)
        told.append(f"{words}: " + ", ".join(f"{e['mean']:.3f}" for e in entries))
    ax.set_xscale("log")
    ticks(ax, case["rows"])
    ax.set_ylim(bottom=0)
    ax.set_xlabel("training rows")
    ax.set_ylabel("share of wrong signs" if target == "parity" else "squared error over variance")
    style.legend_above(ax)
    what = "odd against even digits" if target == "parity" else "a function of three directions"
    return Drawing(
        figure,
        "Where the network with annealed decay falls below the best kernel, learning features pays for this target; "
        f"the number of rows at which it does is their price. Target: {what}, hidden in noise "
        f"({data_name(case['task'])} images in {case['dimension']} coordinates). Kernels and ridges, and schedules, "
        "are chosen by validation rows; bars are one standard error over seeds.",
        f"Test error against rows. {'; '.join(told)}.",
    )

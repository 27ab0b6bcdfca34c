"""The figures: residuals by number of components, smallest numbers, success by step, and rounds."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, ticks
from limes.report import style

Numbers = Mapping[str, Any]
_BOX = (0.14, 0.16, 0.82, 0.79)


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    return {
        "thresholds": _thresholds(numbers["lazy"], numbers["moving"]),
        "growth": _growth(numbers["growth"]),
        "rank": _rank(numbers["rank"]),
        "times": _times(numbers["times"]),
        "rescued": _rescued(numbers["rescued"]),
        "rounds": _rounds(numbers["rounds"]),
    }


def _thresholds(lazy: list[Numbers], moving: list[Numbers]) -> Drawing:
    figure, ax = axes(4.2, (0.14, 0.13, 0.82, 0.66))
    told = []
    for i, case in enumerate(lazy):
        label = f"lazy, d = {case['d']}, l = {case['order']}"
        ax.plot(case["widths"], case["middle"], label=label, **style.look(i))
        ax.fill_between(case["widths"], case["low"], case["high"], color=style.SERIES[i], alpha=0.15, linewidth=0)
        ax.axvline(case["threshold"], color=style.SERIES[i], linestyle=":", linewidth=1.2)
        told.append(f"{label}: " + ", ".join(f"{v:.2f}" for v in case["middle"]))
    for i, case in enumerate(moving):
        label = f"moving, d = {case['d']}, l = {case['order']}"
        ax.plot(case["widths"], case["middle"], label=label, **style.look(i, linestyle="--", markerfacecolor="none"))
        told.append(f"{label}: " + ", ".join(f"{v:.3f}" for v in case["middle"]))
    ax.set_xscale("log")
    places = sorted({m for case in [*lazy, *moving] for m in case["widths"]} & {2, 4, 8, 16, 32})
    ticks(ax, places)
    ax.set_ylim(-0.03, 1.05)
    ax.set_xlabel("components m")
    ax.set_ylabel("relative residual")
    style.legend_above(ax)
    return Drawing(
        figure,
        "If lazy lines come down to 0 only at the dotted line of their colour, C(d+l−1, l)/d, lazy training needs as "
        "many components as the tangent space does; where the dashed ones fall is what components that move need, for "
        "rank 2. Medians, with bands from the tenth to the ninetieth percentile.",
        f"Residual against number of components. {'; '.join(told)}.",
    )


def _growth(cases: list[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    d = [case["d"] for case in cases]
    bound = [(n + 1) * (n + 2) / 6 for n in d]
    ax.plot(d, bound, color=style.MUTED, linestyle=":", linewidth=1.2, label="(d+1)(d+2)/6")
    told = []
    for i, (way, label) in enumerate((("lazy", "lazy"), ("moving", "moving"))):
        ax.plot(d, [case[way] for case in cases], label=label, **style.look(i))
        told.append(f"{label}: " + ", ".join(f"{case[way]:.3g}" for case in cases))
    ax.set_ylim(bottom=0)
    ticks(ax, d)
    ax.set_xlabel("dimension d")
    ax.set_ylabel("least number of components")
    style.legend(ax)
    return Drawing(
        figure,
        "If the lazy line follows the dotted one while the other stays level, training beyond the lazy regime escapes "
        "the dimension. Least number of components that fit a tensor of order 3 and rank 2, means over seeds.",
        f"Components against dimension. {'; '.join(told)}.",
    )


def _rank(cases: list[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    ranks, told = [case["rank"] for case in cases], []
    for i, (way, label) in enumerate((("lazy", "lazy"), ("moving", "moving"))):
        ax.plot(ranks, [case[way] for case in cases], label=label, **style.look(i))
        told.append(f"{label}: " + ", ".join(f"{case[way]:.3g}" for case in cases))
    ax.plot(ranks, ranks, color=style.MUTED, linestyle=":", linewidth=1.2, label="rank")
    ax.set_ylim(bottom=0)
    ticks(ax, ranks)
    ax.set_xlabel("rank r")
    ax.set_ylabel("least number of components")
    style.legend(ax, loc="center right")
    return Drawing(
        figure,
        "If the lazy line is level and the other runs along the dotted one, only components that move profit from a "
        f"low rank. Least number of components in {cases[0]['d']} dimensions, order 3, means over seeds.",
        f"Components against rank. {'; '.join(told)}.",
    )


def _times(cases: list[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    for i, case in enumerate(cases):
        label = f"l = {case['order']}"
        ax.plot(case["dimensions"], case["middle"], label=label, **style.look(i))
        ax.fill_between(case["dimensions"], case["low"], case["high"], color=style.SERIES[i], alpha=0.15, linewidth=0)
        told.append(f"{label}: " + ", ".join(f"{v:g}" for v in case["middle"]))
    ax.set_xscale("log")
    ticks(ax, cases[0]["dimensions"])
    style.log_y(ax)
    ax.set_xlabel("dimension d")
    ax.set_ylabel("steps")
    style.legend(ax, loc="upper left")
    return Drawing(
        figure,
        "The slope of a line is the power of d by which steps grow; at most (l − 2)/2 is expected, from how fast a "
        f"direction of small overlap turns. Steps to a relative residual of 0.1 with {cases[0]['m']} components for "
        "rank 2: medians, with bands from the first to the third quartile.",
        f"Steps against dimension, logarithmic. {'; '.join(told)}.",
    )


def _rescued(case: Numbers) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    for i, (period, success) in enumerate(zip(case["periods"], case["success"], strict=True)):
        label = "never drawn again" if period is None else f"every {period} steps"
        ax.plot(case["at"], success, label=label, **style.dashed(i))
        told.append(f"{label}: {success[-1]:.2f}")
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("step")
    ax.set_ylabel("share of seeds below 0.01")
    style.legend(ax, loc="lower right")
    return Drawing(
        figure,
        "A line that levels off below 1 has seeds that are stuck for good; if those with a component drawn again now "
        "and then go on rising, that rescues them. Share of seeds with a relative residual below 0.01, 4 components "
        "for rank 2, d = 8, l = 3.",
        f"Share against step; at the end {'; '.join(told)}.",
    )


def _rounds(case: Numbers) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    for i, (way, line) in enumerate((("parallel", "-"), ("sequential", "--"))):
        for k, n in enumerate(case["dimensions"]):
            label = f"{way}, d = {n}"
            shape = style.MARKERS[k]
            ax.plot(case["components"], case[way][k], label=label, **style.look(i, linestyle=line, marker=shape))
            told.append(f"{label}: " + ", ".join(f"{v:.3g}" for v in case[way][k]))
    ax.axvline(case["rank"] ** 2, color=style.MUTED, linestyle=":", linewidth=1.2)
    ax.set_xscale("log")
    ticks(ax, case["components"])
    style.log_y(ax)
    ax.set_xlabel("components k")
    ax.set_ylabel("rounds")
    style.legend(ax)
    return Drawing(
        figure,
        "If lines drop to a few rounds at the dotted one, the square of the rank, so many components make the fit "
        "easy, and lines of all d should then coincide. Rounds of alternating least squares to a relative squared "
        "residual of 1e-6, means over seeds and both kinds of factors (21 where 20 were not enough).",
        f"Rounds against components, logarithmic. {'; '.join(told)}.",
    )

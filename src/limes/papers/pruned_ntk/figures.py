"""The figures: factors by case, the gap over alpha m, pruned inputs, and networks in training."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, line, ticks
from limes.report import style

Numbers = Mapping[str, Any]


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    made = {
        "factors": _factors(numbers["factors"]),
        "gaps": _gaps(numbers["gaps"]),
        "mask": _mask(numbers["mask"]),
    }
    if numbers["training"]:
        made["accuracy"] = _accuracy(numbers["training"])
        made["distance"] = _distance(numbers["training"])
        made["criteria"] = _criteria(numbers["training"])
    return made


def _factors(numbers: Numbers) -> Drawing:
    cases = numbers["cases"]
    figure, ax = axes(1.0 + 0.34 * len(cases), (0.5, 0.16, 0.46, 0.74))
    for i, (kind, label) in enumerate((("raw", "as it is, over alpha^k"), ("rescaled", "rescaled"))):
        scale = [c["expected"] if kind == "raw" else 1.0 for c in cases]
        means = [c[kind]["mean"] / s for c, s in zip(cases, scale, strict=True)]
        errors = [(c[kind]["standard_error"] or 0.0) / s for c, s in zip(cases, scale, strict=True)]
        look = style.look(i, label=label)
        places = [k + 0.15 * (2 * i - 1) for k in range(len(cases))]
        ax.errorbar(means, places, xerr=errors, linestyle="none", elinewidth=0.9, **look)
    ax.axvline(1.0, color=style.MUTED, linewidth=0.8)
    ax.set_yticks(range(len(cases)), [c["case"].replace(" pruned", "").replace(", alpha", ",\nalpha") for c in cases])
    ax.tick_params(axis="y", labelsize=style.SMALL)
    ax.invert_yaxis()
    ax.set_xlabel("factor of the kernel")
    style.legend(ax, loc="lower right", bbox_to_anchor=(1.02, 1.0), ncols=2, columnspacing=1.2, borderaxespad=0)
    told = "; ".join(f"{c['case']}: {c['raw']['mean']:.4f} and {c['rescaled']['mean']:.3f}" for c in cases)
    return Drawing(
        figure,
        "If all marks lie on the line at 1, random pruning multiplies the kernel by alpha for each pruned layer and "
        "does nothing else, and rescaling the weights that stay undoes it. Factor of the infinite-width kernel in that "
        f"of networks of width {numbers['width']:,}, divided by alpha^k where it is not rescaled (k pruned layers); "
        "bars are one standard error over networks.",
        f"Factors as they are and rescaled. {told}.",
    )


def _gaps(numbers: Numbers) -> Drawing:
    figure, ax = axes()
    widths, told, sizes = numbers["widths"], [], []
    for i, (keep, row) in enumerate(zip(numbers["keeps"], numbers["errors"], strict=True)):
        x = [keep * m for m in widths]
        sizes += x
        line(ax, i, x, row, f"alpha = {keep:g}")
        told.append(f"alpha = {keep:g} from {row[0]['mean']:.3g} to {row[-1]['mean']:.3g}")
    ends = [min(sizes), max(sizes)]
    ax.plot(ends, [12 / e**0.5 for e in ends], color=style.MUTED, linestyle=":", label="12 / √(alpha m)")
    ax.set_xscale("log")
    style.log_y(ax)
    ax.set_xlabel("alpha × width")
    ax.set_ylabel("largest error of the kernel")
    style.legend(ax)
    return Drawing(
        figure,
        "If lines of all alpha fall onto the dotted one, what counts is alpha times the width: a network with a tenth "
        "of its weights needs ten times the width. Largest entry of |kernel − limit|, whose diagonal is 3; rescaled, "
        "inputs whole, L = 2; bars are one standard error over seeds.",
        f"Error against alpha times the width, logarithmic axes. {'; '.join(told)}.",
    )


def _mask(numbers: Numbers) -> Drawing:
    figure, ax = axes()
    told = []
    for i, (case, row, mixed) in enumerate(
        zip(numbers["cases"], numbers["arccosine"], numbers["mixture"], strict=True)
    ):
        d, keep = case
        name = f"d = {d}, alpha = {keep:g}"
        line(ax, i, numbers["widths"], row, name)
        if keep < 1:
            line(ax, i, numbers["widths"], mixed, None, linestyle=":")
        told.append(f"{name}: {row[-1]['mean']:.3g}, to the mean over masks {mixed[-1]['mean']:.3g}")
    ax.set_xscale("log")
    style.log_y(ax)
    ticks(ax, numbers["widths"])
    ax.set_xlabel("width")
    ax.set_ylabel("relative error")
    ax.set_ylim(top=2.0)
    style.legend(ax, ncols=2, loc="upper center")
    return Drawing(
        figure,
        "Where a solid line levels off, pruning the inputs leaves an error that no width removes; if the dotted line "
        "of its colour falls, the kernel still has a limit, the mean over masks. First layer's part of the kernel: "
        "relative distance to that of the whole network (solid) and to the mean over masks (dotted); bars are one "
        "standard error over seeds.",
        f"Relative errors against width, logarithmic axes; at the largest width {'; '.join(told)}.",
    )


def _accuracy(numbers: Numbers) -> Drawing:
    figure, ax = axes()
    told = [f"kernel regression {numbers['kernel']['mean']:.3f}"]
    ax.axhline(numbers["kernel"]["mean"], color=style.MUTED, linewidth=1.0, linestyle="--", label="kernel regression")
    line(ax, 0, numbers["widths"], numbers["lines"]["unpruned"]["accuracy"], "whole")
    told.append(f"whole {numbers['lines']['unpruned']['accuracy'][-1]['mean']:.3f}")
    for i, keep in enumerate(numbers["keeps"], start=1):
        rescaled, raw = (numbers["lines"][f"{kind} {keep:g}"]["accuracy"] for kind in ("rescaled", "raw"))
        line(ax, i, numbers["widths"], rescaled, f"rescaled, alpha = {keep:g}")
        line(ax, i, numbers["widths"], raw, None, linestyle=":")
        told.append(f"alpha = {keep:g} rescaled {rescaled[-1]['mean']:.3f}, not {raw[-1]['mean']:.3f}")
    ax.set_xscale("log")
    ticks(ax, numbers["widths"])
    ax.set_xlabel("width")
    ax.set_ylabel("test accuracy")
    style.legend_above(ax)
    return Drawing(
        figure,
        "Where lines meet with the width, pruning at the start costs nothing there; the gap to the dotted line of the "
        "same colour, pruned without rescaling, is what rescaling is worth. Test accuracy after as many steps of the "
        "same training; bars are one standard error over seeds.",
        f"Accuracy against width; at the largest width {', '.join(told)}.",
    )


def _distance(numbers: Numbers) -> Drawing:
    figure, ax = axes()
    told = []
    names = ["unpruned", *(f"rescaled {keep:g}" for keep in numbers["keeps"])]
    for i, name in enumerate(names):
        row = numbers["lines"][name]["distance"]
        label = "whole" if name == "unpruned" else f"rescaled, alpha = {name.split()[1]}"
        line(ax, i, numbers["widths"], row, label)
        told.append(f"{label} from {row[0]['mean']:.3g} to {row[-1]['mean']:.3g}")
    ax.set_xscale("log")
    style.log_y(ax)
    ticks(ax, numbers["widths"])
    ax.set_xlabel("width")
    ax.set_ylabel("distance of the outputs")
    style.legend(ax)
    return Drawing(
        figure,
        "If all lines fall with the width, pruned networks learn what kernel regression with the unpruned kernel does, "
        "only later by their height above “whole”. Relative distance of the outputs on test rows; bars are one "
        "standard error over seeds.",
        f"Relative distance against width, logarithmic axes. {'; '.join(told)}.",
    )


def _criteria(numbers: Numbers) -> Drawing:
    figure, ax = axes()
    names = list(numbers["criteria"])
    entries = [numbers["criteria"][name]["accuracy"] for name in names]
    errors = [e["standard_error"] or 0.0 for e in entries]
    ax.errorbar(range(len(names)), [e["mean"] for e in entries], yerr=errors, fmt="o", color=style.SERIES[0])
    ax.axhline(numbers["kernel"]["mean"], color=style.MUTED, linewidth=1.0, linestyle="--", label="kernel regression")
    shown = {"snip": "SNIP", "grasp": "GraSP"}
    factors = [numbers["criteria"][n]["factor"]["mean"] for n in names]
    labels = [f"{shown.get(n, n)}\nkernel × {factor:.2g}" for n, factor in zip(names, factors, strict=True)]
    ax.set_xticks(range(len(names)), labels)
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_ylabel("test accuracy")
    style.legend(ax)
    told = "; ".join(
        f"{n} {v['accuracy']['mean']:.3f}, kernel {v['factor']['mean']:.3g} times the limit at a distance of "
        f"{v['distance to limit']['mean']:.2g}"
        for n, v in numbers["criteria"].items()
    )
    return Drawing(
        figure,
        "A mark far below the dashed line belongs to a criterion that costs accuracy in this training; see whether the "
        "size of its kernel before training, under each name in units of the infinite-width kernel, is the reason. "
        f"Four ways to keep {numbers['share']:g} of the weights at initialisation; bars are one standard error over "
        "seeds.",
        f"Accuracy by criterion. {told}.",
    )

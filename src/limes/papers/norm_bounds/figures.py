"""The figures: bounds, errors and gap over epochs, rho with and without weight decay, and last bounds by network."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes
from limes.report import bound_curves, style
from limes.report.bound_figures import BOUND_LABELS, ERROR_LABELS

Numbers = Mapping[str, Any]
_LABELS = BOUND_LABELS | ERROR_LABELS


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    if not numbers:
        return {}
    return {"course": _course(numbers["course"]), "rho": _rho(numbers["rho"]), "ends": _ends(numbers["ends"])}


def _course(numbers: Numbers) -> Drawing:
    lines = {name: [e["mean"] for e in row] for name, row in numbers["lines"].items()}
    told = ", ".join(f"{_LABELS[name]} {row[-1]:.3g}" for name, row in lines.items())
    return Drawing(
        bound_curves(numbers["epochs"], lines),
        "A bound has to stay above the gap, and says something only below the line at 1; the lowest one is the best. "
        f"{numbers['name']}, means over seeds; a gap of 0 or less is not drawn.",
        f"Curves over epochs on a logarithmic axis. At the end: {told}.",
    )


def _rho(numbers: Numbers) -> Drawing:
    figure, ax = axes(3.4, (0.15, 0.16, 0.81, 0.74))
    told = []
    for i, (name, row) in enumerate(numbers["lines"].items()):
        look = style.sparse(i, len(row), label=name, linestyle=":" if "no decay" in name else "-")
        ax.plot(numbers["epochs"], [e["mean"] for e in row], **look)
        told.append(f"{name} from {row[0]['mean']:.3g} to {row[-1]['mean']:.3g}")
    style.log_y(ax)
    ax.set_xlabel("epoch")
    ax.set_ylabel("rho, product of norms")
    style.legend_above(ax)
    return Drawing(
        figure,
        "If solid lines come down while dotted ones rise, it is weight decay that makes rho, and with it the bound, "
        "small. Product of the Frobenius norms of all layers, with weight decay 3e-3 (solid) and without (dotted), "
        "means over seeds.",
        f"rho over epochs on a logarithmic axis. {'; '.join(told)}.",
    )


def _ends(numbers: Numbers) -> Drawing:
    names = list(numbers)
    figure, ax = axes(
        0.8 + 0.3 * len(names), (0.3, 0.5 / (0.8 + 0.3 * len(names)), 0.66, 1 - 0.85 / (0.8 + 0.3 * len(names)))
    )
    kinds = {
        "sparse": "as released",
        "complete": "with the read-out",
        "long_sedghi": "Long–Sedghi",
        "golowich": "Golowich",
    }
    for i, (kind, label) in enumerate(kinds.items()):
        look = style.look(i, markersize=5, label=label)
        ax.plot([numbers[n][kind]["mean"] for n in names], range(len(names)), linestyle="none", **look)
    ax.set_xscale("log")
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.axvline(1.0, color=style.MUTED, linewidth=0.8)
    ax.set_xlabel("bound on the generalisation gap")
    style.legend(
        ax,
        loc="lower right",
        bbox_to_anchor=(1.02, 1.0),
        ncols=4,
        columnspacing=0.8,
        borderaxespad=0,
        fontsize=style.SMALL,
    )
    told = "; ".join(f"{n}: " + ", ".join(f"{v[k]['mean']:.3g}" for k in kinds) for n, v in numbers.items())
    return Drawing(
        figure,
        "Only left of the line at 1 would a bound say something; the leftmost mark of a row is the best one. In rows "
        "of CONV and LC, how far "
        "“with the read-out” lies to the right of “as released” is what the released formula leaves out. Bounds after "
        "training; CONV has shared filters, LC a filter for each position, FC dense layers.",
        f"Bounds by network on a logarithmic axis: {told}.",
    )

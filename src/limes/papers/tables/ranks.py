"""Mean ranks of methods over data sets, as a picture."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes
from limes.report import style

_COLUMNS = (("mean", "mean", 3), ("p90", "P90", 2), ("pma", "PMA", 3))


def mean_ranks(table: Mapping[str, Any], names: Mapping[str, str], own: str, what: str) -> Drawing:
    """Mean ranks on a line with what they must differ by, and the other figures beside it.

    Args:
        table: "sets", "summary" (`limes.papers.tables.summary.summary`, with "methods") and "critical_difference".
        names: of the methods, for a reader.
        own: the method to mark.
        what: the sets in words, as "sets of the UCR archive".
    """
    summary, n = table["summary"], len(table["sets"])
    methods = summary["methods"]
    order = sorted(range(len(methods)), key=lambda i: summary["rank"][i])
    figure, ax = axes(1.2 + 0.26 * len(order), (0.28, 0.2, 0.42, 0.68))
    ax.grid(axis="y", color=style.FAINT, linewidth=0.7)
    look: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "size": style.SMALL}
    for place, i in enumerate(order):
        colour = style.SERIES[0] if methods[i] == own else style.MUTED
        ax.plot([summary["rank"][i]], [-place], marker="o", color=colour)
        for column, (name, _, digits) in enumerate(_COLUMNS):
            text = f"{summary[name][i]:.{digits}f}"
            ax.text(1.08 + 0.2 * column, -place, text, va="center", color=style.INK, **look)
    for column, (_, title, _) in enumerate(_COLUMNS):
        ax.text(1.08 + 0.2 * column, 0.75, title, color=style.MUTED, **look)
    best, span = summary["rank"][order[0]], table["critical_difference"]
    ax.plot([best, best + span], [0.55, 0.55], color=style.INK, linewidth=2)
    ax.set_yticks([-i for i in range(len(order))], [names[methods[i]] for i in order])
    ax.set_ylim(-len(order) + 0.5, 0.75)
    ax.set_xlim(1, max(len(order), best + span))
    ax.set_xlabel("mean rank (1 is the best)")
    told = "; ".join(
        f"{names[methods[i]]}: rank {summary['rank'][i]:.2f}, mean accuracy {summary['mean'][i]:.3f}, "
        f"P90 {summary['p90'][i]:.2f}, PMA {summary['pma'][i]:.3f}"
        for i in order
    )
    return Drawing(
        figure,
        "Further left is better, but only methods that are further apart than the bar is long differ significantly "
        f"(Nemenyi's test at 5 %). Mean (Friedman) ranks of the test accuracy over {n} {what}; beside them mean "
        "accuracy, P90, the share of sets within 90 % of the best method, and PMA, the mean share of its accuracy.",
        f"Mean ranks over {n} sets; critical difference {span:.2f}. {told}.",
    )

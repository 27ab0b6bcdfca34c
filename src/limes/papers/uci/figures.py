"""The figures: mean ranks, and the NTK against two others table by table."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes
from limes.papers.tables.ranks import mean_ranks
from limes.papers.uci.claims import NAMES
from limes.report import style


def figures(numbers: Mapping[str, Any]) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    return {"ranks": mean_ranks(numbers, NAMES, "ntk-svm", "small tables"), "tables": _tables(numbers)}


def _tables(numbers: Mapping[str, Any]) -> Drawing:
    figure, ax = axes(3.8, (0.14, 0.13, 0.8, 0.83))
    columns = {m: [row[i] for row in numbers["accuracy"]] for i, m in enumerate(numbers["methods"])}
    rivals, told = ("forest", "network"), []
    for i, name in enumerate(rivals):
        look = style.look(i, linestyle="none")
        ax.plot(columns[name], columns["ntk-svm"], label=f"against {NAMES[name]}", **look)
        pair = numbers["against"][name]
        told.append(f"better than the {NAMES[name]} on {pair['wins']} tables, worse on {pair['losses']}")
    low = min(min(columns[name]) for name in ("ntk-svm", *rivals)) - 0.02
    ax.plot([low, 1], [low, 1], color=style.MUTED, linewidth=0.9)
    ax.set_xlabel("test accuracy of the other method")
    ax.set_ylabel("test accuracy of the NTK, SVM")
    style.legend(ax)
    return Drawing(
        figure,
        "Above the line the NTK with a support vector machine is the more accurate one: see on which side most marks "
        "lie, and how far off. Each table is drawn twice, once for each of the others.",
        f"Test accuracy of the NTK against two others, a point for each table. {'; '.join(told)}.",
    )

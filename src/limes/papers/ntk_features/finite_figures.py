"""The figures of claims 7 and 8: accuracy of finite networks against their width, and against how far they learn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.ntk_features.transfer_cases import CASES, LAZY
from limes.papers.paper import Drawing, Found
from limes.papers.plots import axes
from limes.papers.reading import means
from limes.report import style

_LABELS = {
    "clean": "clean",
    "random": "random signs",
    "transfer": "kernel's examples",
    "white_box": "white-box PGD",
    "tangent": "own first kernel's",
}
_BY_WIDTH = ("clean", "random", "transfer", "white_box")
_BY_LAZINESS = (*_BY_WIDTH, "tangent")
Numbers = Mapping[str, Any]


def finite_curves(found: Found) -> dict[str, Any]:
    """Means over seeds of each case, by name."""
    numbers: dict[str, Any] = {"cases": {}, "lazy": {}}
    for quantity, runs in found.items():
        kind, _, name = quantity.partition("-")
        first = next(iter(runs.values()))
        if kind == "transfer":
            numbers["cases"][name] = {"widths": first["widths"]} | {n: means(runs, n) for n in _BY_WIDTH}
        elif kind == "lazy":
            numbers["lazy"][name] = {"alphas": first["alphas"]} | {n: means(runs, n) for n in (*_BY_LAZINESS, "moved")}
    return numbers


def finite_figures(numbers: Numbers) -> dict[str, Drawing]:
    """One drawing for each case."""
    made = {}
    for name, entry in numbers.get("cases", {}).items():
        case = CASES["full"][name]
        made[f"widths-{name}"] = transfer_figure(f"{case.words}, ε = {case.problem.eps}", entry)
    for name, entry in numbers.get("lazy", {}).items():
        case = LAZY["full"][name]
        made[f"lazy-{name}"] = _lazy_figure(f"{case.words}, ε = {case.problem.eps}", entry)
    return made


def transfer_figure(title: str, entry: Numbers) -> Drawing:
    """Accuracies of finite networks against their width."""
    places = np.arange(len(entry["widths"]))
    figure, ax = _lines(places, entry, _BY_WIDTH)
    ax.set_xticks(places, [f"{width:,}" for width in entry["widths"]])
    ax.set_xlabel("width of the finite network")
    told = "; ".join(f"{_LABELS[name]} {entry[name][-1]:.2f}" for name in _BY_WIDTH)
    return Drawing(
        figure,
        "If the line of the kernel's examples lies below that of random signs, examples made without any network fool "
        "finite ones; how near it comes to white-box PGD is how much of an attack they are. If width made networks "
        f"more like the kernel, the line would fall. {title[0].upper()}{title[1:]}, mean over seeds.",
        f"Accuracy against width. At the widest: {told}.",
    )


def _lazy_figure(title: str, entry: Numbers) -> Drawing:
    figure, ax = _lines(entry["moved"], entry, _BY_LAZINESS)
    ax.set_xscale("log")
    ax.set_xlabel("relative change of the network's kernel in training")
    ends = (("laziest", 0), ("that which learned most", -1))
    told = "; ".join(
        f"{which}: " + ", ".join(f"{_LABELS[n]} {entry[n][i]:.2f}" for n in _BY_LAZINESS) for which, i in ends
    )
    return Drawing(
        figure,
        "If a line rises from left to right, towards networks that learn features, examples of that kernel lose their "
        "force as features are learnt; compare it with white-box PGD, which knows the network. The kernel's examples "
        "are those of the infinitely wide network, its own first kernel's those of the laziest network. Networks of "
        f"one width, trained to the same loss; {title}, mean over seeds.",
        f"Accuracy against the change of the kernel. The {told}.",
    )


def _lines(places: Any, entry: Numbers, names: Sequence[str]) -> tuple[Any, Any]:
    figure, ax = axes(3.2, (0.115, 0.16, 0.86, 0.64 if len(names) < 5 else 0.58))
    for i, name in enumerate(names):
        look = style.look(i)
        ax.plot(places, entry[name], label=_LABELS[name], **look)
    ax.set_ylim(-0.02, 1.02)
    ax.set_ylabel("accuracy")
    style.legend_above(ax)
    return figure, ax

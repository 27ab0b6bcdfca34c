"""Pictures of heavy tails: survival of lengths on logarithmic axes, and errors of pruning."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from limes.report import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Layer = Mapping[str, Any]
_BOX = (0.15, 0.13, 0.81, 0.66)


def survival_curves(layers: Sequence[Layer]) -> "Figure":
    """Share of vectors that are longer, against length over the median one: a power tail is a line, steep where light.

    Args:
        layers: each with `name`, `lengths` and `shares`, as ``limes measure tails`` has them. Of more than six the six
            with the heaviest tails are drawn.
    """
    figure, ax = style.new_axes(4.2, _BOX)
    for i, layer in enumerate(drawn(layers)):
        look = style.look(i, markersize=3)
        ax.plot(layer["lengths"], layer["shares"], label=layer["name"], **look)
    style.log_x(ax)
    style.log_y(ax)
    ax.set_xlabel("length of a vector, in medians")
    ax.set_ylabel("share of vectors at least as long")
    style.legend_above(ax)
    return figure


def pruning_curves(layers: Sequence[Layer], error: float) -> "Figure":
    """Relative l2 error against the share of weights pruned by magnitude, with the error that is allowed.

    Args:
        layers: each with `name`, `ratios` and `errors`; six at most are drawn, as above.
        error: a horizontal line.
    """
    figure, ax = style.new_axes(4.2, _BOX)
    for i, layer in enumerate(drawn(layers)):
        n = len(layer["ratios"])
        hollow = style.sparse(i, n, linestyle="--", markerfacecolor="none")
        ax.plot(layer["ratios"], layer["errors"]["node"], **hollow)
        ax.plot(layer["ratios"], layer["errors"]["magnitude"], label=layer["name"], **style.sparse(i, n))
    ax.axhline(error, color=style.MUTED, linestyle=":", linewidth=1.2)
    ax.set_xlabel("share of weights pruned")
    ax.set_ylabel("relative l2 error")
    style.legend_above(ax)
    return figure


def drawn(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with the heaviest tails, at most six, in their order in the network."""
    heaviest = sorted(range(len(layers)), key=lambda i: layers[i]["heaviness"]["value"])[: len(style.SERIES)]
    return [layers[i] for i in sorted(heaviest)]

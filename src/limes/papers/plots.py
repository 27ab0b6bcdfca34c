"""What figures of papers are made of: one pair of axes, lines of means with their errors, ticks at given places."""

from collections.abc import Sequence
from typing import Any

from limes.papers.estimates import Estimate
from limes.report import style


def axes(height: float = 3.4, box: style.Box = (0.15, 0.16, 0.81, 0.74)) -> tuple[Any, Any]:
    """A figure with one pair of axes, as of `style.new_axes`."""
    return style.new_axes(height, box)


def line(ax: Any, i: int, x: Sequence[float], entries: Sequence[Estimate], label: str | None, **look: Any) -> None:
    """Means against x with bars of one standard error, in the i-th colour."""
    means = [e["mean"] for e in entries]
    if "factor" in entries[0]:
        factors = [e["factor"] or 1.0 for e in entries]
        low = [m - m / f for m, f in zip(means, factors, strict=True)]
        spread: Any = [low, [m * f - m for m, f in zip(means, factors, strict=True)]]
    else:
        spread = [e["standard_error"] or 0.0 for e in entries]
    drawn = style.look(i)
    ax.errorbar(x, means, yerr=spread, elinewidth=0.9, label=label, **drawn | look)


def ticks(ax: Any, places: Sequence[float]) -> None:
    """Ticks on the x axis at these places alone."""
    from matplotlib.ticker import NullFormatter

    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xticks(places, [f"{place:,}" for place in places])

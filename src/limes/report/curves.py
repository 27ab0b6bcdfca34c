"""Curves of accuracy: against training time, and against the radius of the attack."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from limes.core.errors import InputError
from limes.report import style
from limes.report.formats import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_AXES = (0.115, 0.155, 0.65, 0.75)  # left, bottom, width, height, as shares of the figure
_MARGIN = 1.3  # inches: wider names go above the axes
_Numbers = Sequence[float] | np.ndarray


def time_curve(
    times: _Numbers,
    clean: _Numbers,
    clean_se: _Numbers,
    robust: _Numbers,
    robust_se: _Numbers,
    chosen_time: float | None,
    validation_robust: _Numbers | None = None,
    eps_label: str = "",
) -> "Figure":
    """Accuracy against training time, on a log axis with t = infinity beyond a gap: the robust-overfitting curve.

    Args:
        times: (n,), increasing, in units of 1 / learning rate; 0 and infinity get a place of their own.
        clean: (n,) accuracy on unchanged inputs, in [0, 1]; `clean_se` its standard errors.
        clean_se: (n,), shown as a band of one standard error each way.
        robust: (n,) worst-case accuracy; `robust_se` its standard errors.
        robust_se: (n,).
        chosen_time: marked by a vertical line; None marks nothing.
        validation_robust: (n,) worst-case accuracy on the validation part, by which the time was chosen; drawn without
            a band.
        eps_label: what the attack may do, such as "ℓ∞ ε = 0.05".

    Raises:
        InputError: if the lengths differ, or times are negative, NaN or not increasing.
    """
    t = np.asarray(times, dtype=float)
    lines: dict[str, tuple[_Numbers, _Numbers | None]] = {"clean": (clean, clean_se), "robust": (robust, robust_se)}
    if validation_robust is not None:
        lines["robust, on\nvalidation data"] = (validation_robust, None)
    for name, (values, se) in lines.items():
        if len(values) != len(t) or (se is not None and len(se) != len(t)):
            raise InputError(f"{name} has {len(values)} values for {len(t)} times: give one for each time")
    if len(t) == 0 or np.isnan(t).any() or (t < 0).any() or not (t[1:] > t[:-1]).all():
        raise InputError(f"times must be increasing and not negative, not {t.tolist()}")

    figure, ax = style.new_axes(3.4, _AXES)
    place, parts = _time_places(t)
    x, ends = np.array([place(v) for v in t]), []
    for i, (name, (values, se)) in enumerate(lines.items()):
        y = np.asarray(values, dtype=float)
        _draw_in_parts(ax, x, y, None if se is None else np.asarray(se, dtype=float), parts, i)
        ends.append((x[-1], y[-1], f"robust\n{eps_label}" if name == "robust" and eps_label else name, i))
    _accuracy_limits(ax)
    _time_axis(ax, t, place, parts)
    if chosen_time is not None:
        _mark(ax, place(chosen_time), f"chosen stop, t = {format_number(chosen_time)}")
    ax.set_xlabel("training time t")
    ax.set_ylabel("accuracy")
    _label_ends(ax, ends)
    return figure


def radius_curve(
    eps: _Numbers,
    defences: Mapping[str, tuple[_Numbers, _Numbers | None]],
    eps_label: str = "radius ε",
    used_eps: float | None = None,
    chance: float | None = None,
) -> "Figure":
    """Worst-case accuracy against the radius of the attack, one line per defence.

    Args:
        eps: (n,) increasing radii, in the units of the data.
        defences: name to (accuracy, standard error), both (n,); the error may be None. At most six.
        eps_label: name of the horizontal axis.
        used_eps: the radius the defences were made for, marked by a vertical line.
        chance: accuracy of always naming the most frequent class, as a dotted line.

    Raises:
        InputError: if there is no defence, more than six, or a length differs from that of `eps`.
    """
    if not 1 <= len(defences) <= len(style.SERIES):
        raise InputError(f"a figure shows 1 to {len(style.SERIES)} defences, not {len(defences)}: split them")
    x = np.asarray(eps, dtype=float)
    figure, ax = style.new_axes(3.4, _AXES)
    ends = []
    for i, (name, (accuracy, se)) in enumerate(defences.items()):
        y = np.asarray(accuracy, dtype=float)
        if y.shape != x.shape:
            raise InputError(f"{name} has {y.size} values for {x.size} radii: give one for each radius")
        _draw(ax, x, y, None if se is None else np.asarray(se, dtype=float), i)
        ends.append((x[-1], y[-1], name, i))
    if chance is not None:
        ax.axhline(chance, color=style.MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    _accuracy_limits(ax)
    if chance is not None:  # at the left, where curves are high
        where = {"xy": (0.01, chance), "xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
        ax.annotate("most frequent class", xytext=(0, 3), size=style.SMALL, color=style.MUTED, **where)
    if used_eps is not None:
        _mark(ax, used_eps, f"ε = {format_number(used_eps)}")
    ax.xaxis.set_major_formatter(lambda value, _: format_number(round(value, 12)))
    ax.set_xlabel(eps_label)
    ax.set_ylabel("worst-case accuracy")
    widest = max(style.text_width(figure, name, style.SMALL) for _, _, name, _ in ends)
    if widest <= _MARGIN:
        _label_ends(ax, ends)
    else:
        _legend_above(ax, list(defences))
    return figure


def _draw(ax: "Axes", x: np.ndarray, y: np.ndarray, se: np.ndarray | None, i: int) -> None:
    """A line with markers and a band of one standard error; a lone point gets an error bar."""
    colour = style.SERIES[i]
    if se is not None and len(x) > 1:
        ax.fill_between(x, y - se, y + se, color=colour, alpha=0.18, linewidth=0)
    elif se is not None:
        ax.errorbar(x, y, yerr=se, fmt="none", color=colour, elinewidth=1.2, capsize=2.5)
    ax.plot(x, y, **style.look(i))


def _draw_in_parts(ax: "Axes", x: np.ndarray, y: np.ndarray, se: np.ndarray | None, parts: list[slice], i: int) -> None:
    """A line on each side of a gap in the axis, and dots across it."""
    for part in parts:
        _draw(ax, x[part], y[part], None if se is None else se[part], i)
    for left, right in pairwise(parts):
        across = [left.stop - 1, right.start]
        ax.plot(x[across], y[across], color=style.SERIES[i], linewidth=1.1, linestyle=(0, (1, 2)))


def _time_places(t: np.ndarray) -> tuple[Callable[[float], float], list[slice]]:
    """The horizontal place of a time, and the parts of `t` between the gaps of the axis: zero, finite, infinite."""
    finite = np.log10(t[(t > 0) & np.isfinite(t)])
    low, high = (finite[0], finite[-1]) if finite.size else (0.0, 0.0)
    gap = 0.14 * max(high - low, 1.0)
    n_zero, n_end = int((t == 0).sum()), int(np.isinf(t).sum())

    def place(value: float) -> float:
        if value == 0:
            return low - gap
        return high + gap if math.isinf(value) else math.log10(value)

    cuts = [0, n_zero, len(t) - n_end, len(t)]
    return place, [slice(a, b) for a, b in pairwise(cuts) if b > a]


def _time_axis(ax: "Axes", t: np.ndarray, place: Callable[[float], float], parts: list[slice]) -> None:
    """Ticks at decades, and an axis line that is visibly broken at the gaps."""
    finite = t[(t > 0) & np.isfinite(t)]
    ticks = [v for v in t if v == 0 or math.isinf(v)]
    if finite.size:
        decades = np.arange(math.ceil(np.log10(finite[0]) - 1e-9), math.floor(np.log10(finite[-1]) + 1e-9) + 1)
        shown = 10.0 ** decades[:: max(1, math.ceil(len(decades) / 6))] if len(decades) > 1 else finite
        ticks += list(shown[:: max(1, math.ceil(len(shown) / 6))])
    ax.set_xticks([place(v) for v in ticks], [format_number(v) for v in ticks])
    x = [place(v) for v in t]
    margin = 0.03 * max(x[-1] - x[0], 1.0)
    ax.set_xlim(x[0] - margin, x[-1] + margin)
    ax.spines["bottom"].set_visible(False)
    line = {"transform": ax.get_xaxis_transform(), "clip_on": False, "color": style.MUTED, "linewidth": 0.8}
    start = x[0] - margin
    for left, right in pairwise(parts):
        middle = (x[left.stop - 1] + x[right.start]) / 2
        ax.plot([start, middle - margin / 3], [0, 0], **line)
        for edge in (middle - margin / 3, middle + margin / 3):
            ax.plot([edge - margin / 4, edge + margin / 4], [-0.018, 0.018], **line)
        start = middle + margin / 3
    ax.plot([start, x[-1] + margin], [0, 0], **line)


def _accuracy_limits(ax: "Axes") -> None:
    """As tight as the data allow, but never so tight that noise fills the figure; within [0, 1]."""
    low, high = ax.dataLim.intervaly
    middle, half = (low + high) / 2, max(0.55 * (high - low), 0.1)
    low, high = max(middle - half, -0.015), min(middle + half, 1.015)
    ax.set_ylim(low, high)
    ax.locator_params(axis="y", nbins=6, steps=[1, 2, 5, 10])


def _mark(ax: "Axes", x: float, text: str) -> None:
    """A vertical line with its label above the axes, kept inside the figure."""
    ax.axvline(x, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    low, high = ax.get_xlim()
    share = (x - low) / (high - low)
    align = "left" if share < 0.2 else "right" if share > 0.8 else "center"
    where = {"xy": (x, 1.0), "xycoords": ax.get_xaxis_transform(), "textcoords": "offset points"}
    ax.annotate(text, xytext=(0, 4), ha=align, va="bottom", size=style.SMALL, color=style.INK, **where)


def _label_ends(ax: "Axes", ends: list[tuple[float, float, str, int]]) -> None:
    """Name each line at its right end, moved apart where they would touch, with a leader where moved."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    left, bottom, _, height = ax.get_position().bounds
    room = max(style.text_width(figure, text, style.SMALL) for _, _, text, _ in ends) + 0.32
    ax.set_position((left, bottom, 1 - left - room / figure.get_figwidth(), height))
    low, high = ax.get_ylim()
    line = 1.3 * style.SMALL / 72 / (height * figure.get_figheight())  # a line of text, as a share of the axes
    order = sorted(range(len(ends)), key=lambda k: ends[k][1])
    wanted = [(ends[k][1] - low) / (high - low) for k in order]
    heights = [line * (1 + ends[k][2].count("\n")) for k in order]
    for k, want, centre in zip(order, wanted, _spread(wanted, heights), strict=True):
        x, y, text, i = ends[k]
        moved = abs(centre - want) > line / 3
        leader = {"arrowstyle": "-", "color": style.MUTED, "linewidth": 0.9, "shrinkA": 2, "shrinkB": 4}
        leader |= {"relpos": (0.0, 0.5)}
        ax.annotate(
            text,
            xy=(x, y),
            xytext=(1 + 0.22 / (ax.get_position().width * figure.get_figwidth()), centre),
            textcoords="axes fraction",
            va="center",
            size=style.SMALL,
            color=style.SERIES_TEXT[i],
            arrowprops=leader if moved else None,
        )


def _spread(wanted: list[float], heights: list[float]) -> list[float]:
    """Centres for blocks of the given heights, in the order given, without overlap and close to where wanted.

    Blocks that touch are merged and placed at the mean of what their members want (isotonic regression on the wishes
    less the stack's offsets), then everything is kept between 0 and 1.
    """
    offsets = [0.0]
    for a, b in pairwise(heights):
        offsets.append(offsets[-1] + (a + b) / 2)
    groups: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        groups.append([want - offset])
        while len(groups) > 1 and np.mean(groups[-2]) > np.mean(groups[-1]):
            last = groups.pop()
            groups[-1] += last
    bottom = heights[0] / 2
    top = max(bottom, 1.0 - heights[-1] / 2 - offsets[-1])
    levels = [min(max(float(np.mean(g)), bottom), top) for g in groups for _ in g]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


def _legend_above(ax: "Axes", names: list[str]) -> None:
    """Names too long for the margin go above the axes."""
    from matplotlib.lines import Line2D

    left, bottom, _, height = ax.get_position().bounds
    ax.set_position((left, bottom, 0.97 - left, height))
    handles = [Line2D([], [], label=name, **style.look(i)) for i, name in enumerate(names)]
    style.legend_above(ax, lift=0.2, handles=handles)

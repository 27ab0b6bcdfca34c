"""The look of all figures, and how they become files or part of a page.

The hues are those of Okabe and Ito (2008), moved until each has a contrast of 3 with the page and all stay apart for
every kind of colour vision (by the matrices of Machado, Oliveira and Fernandes 2009; `tests/report/test_colours.py`
computes both). Lines differ by marker or dash as well. Inside a page, each colour is a CSS variable with a light and a
dark value, so that one SVG is readable on both schemes.
"""

import base64
import hashlib
import io
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limes.core.arrays import write_atomic
from limes.report.formats import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK, MUTED, FAINT = "#1b2026", "#5a636e", "#d3d8de"
SERIES = ("#0068a7", "#b64800", "#02995f", "#c77aa9", "#d08200", "#3a94ff")
SERIES_TEXT = ("#00639c", "#a94a00", "#00704f", "#96426f", "#835a00", "#1f66c9")
"""The same hues, dark enough to be read as text on white."""
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
"""For lines of so many points that markers would hide them."""
DARK = {
    INK: "#e8ebee",
    MUTED: "#a3adb8",
    FAINT: "#39414a",
    **dict(zip(SERIES, ("#39a5e7", "#d45d20", "#5ceeb4", "#cd8db1", "#f79a03", "#caedff"), strict=True)),
    **dict(zip(SERIES_TEXT, ("#6fc0ee", "#f59a57", "#7df2c4", "#e3a6c8", "#efb434", "#d6f1ff"), strict=True)),
}
"""The colour that takes the place of each on a dark page."""
FONT_SIZE = 10.0
SMALL = 9.0
"""Of ticks, legends and labels inside the axes: the smallest text of any figure."""
WIDTH = 5.0
"""Inches. A figure is never shown with less than a pixel for a point, which a phone of 390 pixels has room for."""
Box = tuple[float, float, float, float]
"""Left, bottom, width and height in shares of a figure."""
_NAMES = {colour: f"--figure-{i}" for i, colour in enumerate(DARK)}
_PIXELS_PER_POINT = 1.65  # widest display of a figure: text then has about the size of the page's


def css_variables(dark: bool = False) -> str:
    """CSS declarations of the figures' colours, for one scheme."""
    return " ".join(f"{_NAMES[light]}: {DARK[light] if dark else light};" for light in DARK)


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure with a transparent background; width and height in inches, `WIDTH` is a full column."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)  # gives the figure a renderer to measure text with
    figure.patch.set_alpha(0.0)
    return figure


def plain_axes(ax: "Axes", grid: bool = True) -> None:
    """Quiet axes: two spines, faint horizontal lines, small ticks."""
    ax.patch.set_alpha(0.0)
    ax.spines[["top", "right"]].set_visible(False)
    for spine in ax.spines.values():
        spine.set_color(MUTED)
        spine.set_linewidth(0.8)
    ax.tick_params(which="both", colors=MUTED, labelsize=SMALL, length=3, width=0.8)
    ax.xaxis.label.set(color=INK, size=FONT_SIZE)
    ax.yaxis.label.set(color=INK, size=FONT_SIZE)
    if grid:
        ax.grid(axis="y", color=FAINT, linewidth=0.7)
        ax.set_axisbelow(True)


def add_axes(figure: "Figure", box: Box, grid: bool = True) -> "Axes":
    """Plain axes in a figure, at a box in shares of it."""
    ax = figure.add_axes(box)
    plain_axes(ax, grid)
    return ax


def new_axes(height: float, box: Box, grid: bool = True) -> tuple["Figure", "Axes"]:
    """A figure of the full width, inches high, with one pair of plain axes at a box in shares of it."""
    figure = new_figure(WIDTH, height)
    return figure, add_axes(figure, box, grid)


def look(i: int, **changes: Any) -> dict[str, Any]:
    """How the i-th line of a figure is drawn: colour, marker and widths, with changes."""
    i %= len(SERIES)
    return {"color": SERIES[i], "marker": MARKERS[i], "markersize": 4, "linewidth": 1.6} | changes


def dashed(i: int, **changes: Any) -> dict[str, Any]:
    """The same for a line of many points: a dash of its own in place of markers."""
    return look(i, marker="", linestyle=DASHES[i % len(DASHES)]) | changes


def sparse(i: int, n: int, **changes: Any) -> dict[str, Any]:
    """The same where dashes mean something else: about eight of n points are marked, on other lines other ones."""
    step = max(1, n // 8)
    return look(i, markevery=(i * step // len(SERIES), step)) | changes


def log_y(ax: "Axes") -> None:
    """A logarithmic y axis in the report's own numbers; within two decades at 1, 2 and 5."""
    ax.set_yscale("log")
    _plain_ticks(ax.yaxis, ax.get_ylim())


def log_x(ax: "Axes") -> None:
    """The same of the x axis."""
    ax.set_xscale("log")
    _plain_ticks(ax.xaxis, ax.get_xlim())


def _plain_ticks(axis: "Axis", ends: tuple[float, float]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if ends[1] < 100 * ends[0] else (1,)))
    axis.set_major_formatter(lambda value, _: format_number(value))
    axis.set_minor_formatter(NullFormatter())
    axis.set_tick_params(which="minor", length=0)


def legend(ax: "Axes", **where: object) -> None:
    """A quiet legend of what is labelled in the axes."""
    drawn = {"frameon": False, "fontsize": SMALL, "labelcolor": INK} | where
    ax.legend(**drawn)  # pyright: ignore[reportArgumentType]


def legend_above(ax: "Axes", columns: int = 2, lift: float = 0.0, **more: object) -> None:
    """A legend over the axes, where it covers nothing; the figure grows where there is no room.

    Args:
        ax: axes whose lines are labelled.
        columns: of the legend, fewer where names are long.
        lift: inches between the axes and the legend that something else needs.
        more: further options of the legend.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    foot = 1.0 + (lift + 0.06) / (ax.get_position().height * figure.get_figheight())
    where = {"loc": "lower left", "bbox_to_anchor": (-0.02, foot), "columnspacing": 1.2, "borderaxespad": 0}
    for n in range(columns, 0, -1):
        legend(ax, ncols=n, **where | more)
        drawn = ax.get_legend()
        assert drawn is not None
        with _any_glyph():
            box = drawn.get_window_extent()
        if box.x1 <= figure.get_figwidth() * figure.dpi:
            break
    _grow(figure, box.y1 / figure.dpi + 0.02 - figure.get_figheight())


def _grow(figure: "Figure", inches: float) -> None:
    """Room at the top of a figure, all axes as large and as far from its foot as they were."""
    if inches <= 0:
        return
    share = figure.get_figheight() / (figure.get_figheight() + inches)
    figure.set_figheight(figure.get_figheight() + inches)
    for ax in figure.axes:
        left, bottom, width, height = ax.get_position().bounds
        ax.set_position((left, bottom * share, width, height * share))


def text_width(figure: "Figure", text: str, size: float = SMALL) -> float:
    """Width of a text in inches, its longest line."""
    artist = figure.text(0, 0, text, size=size)
    with _any_glyph():
        width = artist.get_window_extent().width / figure.dpi
    artist.remove()
    return width


def to_svg(figure: "Figure") -> str:
    """SVG to put into a page: no fixed size, page's fonts, colours that follow the scheme, nothing loaded.

    The same figure gives the same text.
    """
    svg = _raw_svg(figure)
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r"font: ([^\"';]*?[\d.]+px) [^;\"]*", r"font: \1 system-ui, sans-serif", svg)  # matplotlib to 3.10
    svg = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", svg)  # and later
    for colour, name in _NAMES.items():
        svg = svg.replace(colour, f"var({name}, {colour})")
    width = float(figure.get_figwidth()) * 72
    svg = re.sub(r' width="[^"]*pt"| height="[^"]*pt"', "", svg, count=2)
    limits = f"min-width: {math.ceil(width)}px; max-width: {width * _PIXELS_PER_POINT:.0f}px"
    svg = svg.replace("<svg", f'<svg style="{limits}"', 1)
    return _own_ids(svg).strip()


def to_svg_data_uri(figure: "Figure") -> str:
    """The figure as a ``data:`` address, for an ``<img>``; colours of the light scheme."""
    return "data:image/svg+xml;base64," + base64.b64encode(_raw_svg(figure).encode()).decode()


def save_figure(figure: "Figure", path: str | Path) -> Path:
    """Write a figure to a file, SVG or PNG by its ending, on white, the same bytes each time.

    Raises:
        OSError: if it cannot be written; nothing half-written is left.
    """
    path = Path(path)
    if path.suffix == ".svg":
        data = _raw_svg(figure, facecolor="white").encode()
    else:
        buffer = io.BytesIO()
        _own_numbers(figure)
        with _any_glyph():
            figure.savefig(buffer, format=path.suffix.lstrip(".") or "png", dpi=200, facecolor="white")
        data = buffer.getvalue()
    return write_atomic(path, lambda file: file.write(data))


@contextmanager
def _any_glyph() -> Iterator[None]:
    """Labels may hold letters that matplotlib's own font lacks; a browser draws them with its fonts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _own_numbers(figure: "Figure") -> None:
    """Logarithmic axes in the report's numbers: superscripts that matplotlib sets are too small to be read."""
    from matplotlib.ticker import LogFormatter

    class Numbers(LogFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            text = format_number(x) if super().__call__(x, pos) else ""
            return text if f"{x:e}"[0] in "125" else ""  # others would touch on a short axis

    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if isinstance(axis.get_major_formatter(), LogFormatter):
                axis.set_major_formatter(Numbers())
            if isinstance(axis.get_minor_formatter(), LogFormatter):
                axis.set_minor_formatter(Numbers(labelOnlyBase=False))


def _raw_svg(figure: "Figure", facecolor: str = "none") -> str:
    from matplotlib import rc_context

    _own_numbers(figure)
    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context({"svg.hashsalt": "limes", "svg.fonttype": "none"}), _any_glyph():
        figure.savefig(buffer, format="svg", metadata=no_metadata, facecolor=facecolor)
    return buffer.getvalue()


def _own_ids(svg: str) -> str:
    """Keep only the ids that are referred to, and make them unique to this figure: a page holds several."""
    prefix = "f" + hashlib.sha256(svg.encode()).hexdigest()[:6]
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", svg)
    return re.sub(r'(url\(#|href="#)', rf"\1{prefix}", svg)

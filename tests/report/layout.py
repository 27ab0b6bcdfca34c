"""Whether what a figure draws is apart: texts from one another and from the edge, legends from the data."""

import re

import numpy as np
from matplotlib.container import ErrorbarContainer
from matplotlib.text import Annotation, Text

NUMBER = re.compile(r"[−-]?[\d.,]+(·?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?")


def text_boxes(figure):
    """Extents of all texts that are drawn, in pixels; tick labels beyond the ends of an axis are not."""
    figure.draw_without_rendering()
    beyond = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high or not axis.get_visible():
                    beyond |= {tick.label1, tick.label2}
    found = []
    for artist in figure.findobj(Text):
        box = artist.get_window_extent() if artist.get_visible() and artist.get_text().strip() else None
        if artist.get_rotation() % 90:  # its box says little about where it is
            continue
        if box is not None and artist not in beyond and not isinstance(artist, Annotation):
            found.append((artist.get_text(), box))
        elif box is not None and isinstance(artist, Annotation):
            found.append((artist.get_text(), Text.get_window_extent(artist)))
    return found


def assert_texts_apart_and_inside(figure):
    boxes, (width, height) = text_boxes(figure), figure.get_size_inches() * figure.dpi
    for name, box in boxes:
        assert box.x0 >= -1, name
        assert box.y0 >= -1, name
        assert box.x1 <= width + 1, name
        assert box.y1 <= height + 1, name
    for k, (name, a) in enumerate(boxes):
        for other, b in boxes[k + 1 :]:
            apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1
            assert apart, f"{name!r} overlaps {other!r}"


def assert_legends_cover_no_data(figure):
    figure.draw_without_rendering()
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()] + figure.legends
    for box in (legend.get_window_extent() for legend in legends):
        for ax in figure.axes:
            for line in ax.lines:
                points = line.get_transform().transform(line.get_xydata())
                points = points[np.isfinite(points).all(axis=1)]
                if len(points) > 1 and line.get_linestyle() != "None":
                    along = np.linspace(0, len(points) - 1, 400)
                    points = np.column_stack([np.interp(along, range(len(points)), values) for values in points.T])
                if line.get_clip_on():
                    points = points[[ax.bbox.contains(*point) for point in points]]
                inside = (points > box.min).all(axis=1) & (points < box.max).all(axis=1)
                assert not inside.any(), f"a legend covers {line.get_label()}"


def named_by(bars):
    return bars[0] is not None and not str(bars.get_label()).startswith("_")


def assert_lines_differ_without_colour(figure):
    for ax in figure.axes:
        named = [line for line in ax.lines if not str(line.get_label()).startswith("_")]
        named += [parts[0] for parts in ax.containers if isinstance(parts, ErrorbarContainer) and named_by(parts)]
        looks = [
            (
                line.get_marker(),
                line.get_markerfacecolor() == "none",
                line.get_fillstyle(),
                line.get_linestyle(),
                line._dash_pattern,
            )
            for line in named
        ]
        assert len({str(look) for look in looks}) == len(looks), f"only their colours tell lines apart: {looks}"


def unlabelled_axes(figure):
    """Axes whose ticks are numbers without a word on what they count, a title over the panel for the vertical one."""
    figure.draw_without_rendering()
    found = []
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            shown = [t for t in axis.get_ticklabels() if t.get_visible() and t.get_text().strip()] if ax.axison else []
            numbers = any(NUMBER.fullmatch(text.get_text()) for text in shown)
            titled = axis is ax.yaxis and any(ax.get_title(where) for where in ("left", "center", "right"))
            if numbers and not axis.get_label_text() and not titled:
                found.append((axis.axis_name, [text.get_text() for text in shown]))
    return found

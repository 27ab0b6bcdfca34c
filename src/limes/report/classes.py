"""A picture of a data set: how many rows each class has, and what they look like."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from limes.core.errors import InputError
from limes.report import style
from limes.report.gallery import _short, _visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 20
"""Classes shown at most, the largest ones."""


def class_balance(
    counts: Mapping[Any, int],
    samples: Mapping[Any, np.ndarray] | None = None,
    bounds: tuple[float, float] | None = None,
) -> "Figure":
    """Rows per class as bars, with a few sample images before each.

    Args:
        counts: label to number of rows.
        samples: label to (k, h, w, c) images, of which four are shown; None shows bars only.
        bounds: lowest and highest valid value of the images; None takes those of the samples.

    Raises:
        InputError: if there is no class.
    """
    if not counts:
        raise InputError("there is no class to show: counts is empty")
    largest = set(sorted(counts, key=lambda label: -counts[label])[:MOST])
    labels = [label for label in counts if label in largest]
    per_class = min(4, min(len(samples[label]) for label in labels)) if samples else 0
    row, width = 0.34 if samples else 0.26, style.WIDTH
    height = row * len(labels) + 0.1 + (0.25 if len(counts) > MOST else 0.0)
    figure = style.new_figure(width, height)
    names = [_short(label, 18) for label in labels]
    room = max(style.text_width(figure, name) for name in names) + 0.12
    left = room + per_class * row + (0.1 if samples else 0.0)
    longest = max(counts[label] for label in labels) or 1
    share = (width - left - 0.7) / width / longest
    for i, label in enumerate(labels):
        y = height - 0.05 - (i + 0.5) * row
        figure.text(
            (room - 0.08) / width, y / height, names[i], ha="right", va="center", size=style.SMALL, color=style.INK
        )
        if samples:
            low, high = bounds or (_extreme(samples, np.min), _extreme(samples, np.max))
            for j in range(per_class):
                place = ((room + j * row) / width, (y - row * 0.46) / height, row * 0.92 / width, row * 0.92 / height)
                ax = figure.add_axes(place)
                ax.imshow(_visible(np.asarray(samples[label][j], dtype=float), low, high), interpolation="none")
                ax.set_axis_off()
        _bar(figure, left / width, y / height, counts[label] * share, 0.6 * row / height)
        end = left / width + counts[label] * share + 0.012
        figure.text(end, y / height, f"{counts[label]:,}", va="center", size=style.SMALL, color=style.MUTED)
    if len(counts) > MOST:
        rest = sum(counts.values()) - sum(counts[label] for label in labels)
        text = f"and {len(counts) - MOST} smaller classes with {rest:,} rows together"
        figure.text(left / width, 0.12 / height, text, va="center", size=style.SMALL, color=style.MUTED)
    return figure


def _bar(figure: "Figure", left: float, middle: float, width: float, height: float) -> None:
    from matplotlib.patches import Rectangle

    place = {"transform": figure.transFigure, "facecolor": style.SERIES[0], "linewidth": 0}
    figure.add_artist(Rectangle((left, middle - height / 2), width, height, **place))


def _extreme(samples: Mapping[Any, np.ndarray], which) -> float:
    return float(which([which(images) for images in samples.values()]))

"""Pictures of the features of a kernel: worth of each, spectrum, worth of the first k, and what they look at."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from limes.core.errors import InputError
from limes.report import style
from limes.report.gallery import _short, _visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHADES = (0.12, 0.88)  # of the colour map: neither its darkest, lost on a dark page, nor its brightest
_CELL, _GAP, _HEAD, _TEXT = 0.62, 0.045, 1.0, 0.24  # inches: picture, space, left column, line of text
_Numbers = Sequence[float] | np.ndarray


def feature_scatter(ranks: _Numbers, clean: _Numbers, robust: _Numbers, chance: float) -> "Figure":
    """Robustness of features against usefulness, coloured by the rank of the eigenvalue.

    Args:
        ranks: (m,), 0 for the largest eigenvalue.
        clean: (m,) balanced accuracy on unchanged inputs.
        robust: (m,) balanced accuracy under attack.
        chance: balanced accuracy of a feature that knows nothing.

    Raises:
        InputError: if lengths differ or there is no feature.
    """
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm

    places = np.asarray(ranks, float) + 1
    if not len(places) == len(clean) == len(robust) or not len(places):
        raise InputError(f"{len(places)} ranks, {len(clean)} clean and {len(robust)} robust accuracies: give one each")
    figure, ax = style.new_axes(3.5, (0.115, 0.15, 0.7, 0.81))
    shades = ListedColormap(colormaps["viridis"](np.linspace(*_SHADES, 256)))
    norm = LogNorm(1, max(2.0, float(places.max())))
    order = np.argsort(-places)  # the first features on top
    dots = ax.scatter(
        np.asarray(clean)[order],
        np.asarray(robust)[order],
        c=places[order],
        cmap=shades,
        norm=norm,
        s=20,
        linewidths=0.4,
        edgecolors=style.MUTED,
        clip_on=False,
        zorder=3,
    )
    low, high = min(float(np.min(clean)), chance), max(float(np.max(clean)), chance)
    margin = 0.06 * max(high - low, 0.1)
    ax.set_xlim(low - margin, high + margin)
    ax.set_ylim(-0.02, max(float(np.max(robust)), chance) + margin)
    line = {"color": style.MUTED, "linewidth": 1.0, "linestyle": (0, (1, 2)), "zorder": 1}
    ax.axhline(chance, **line)
    ax.axvline(chance, **line)
    ax.plot([low, high], [low, high], color=style.MUTED, linewidth=1.0, zorder=1)
    ax.set_xlabel("usefulness: balanced accuracy, clean")
    ax.set_ylabel("robustness: balanced accuracy, attacked")
    bar = figure.colorbar(dots, cax=figure.add_axes((0.86, 0.15, 0.025, 0.7)))
    ticks = [10**p for p in range(6) if 10**p <= places.max()]
    bar.set_ticks(ticks, labels=[f"{t:,}" for t in ticks])
    bar.minorticks_off()
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(colors=style.MUTED, labelsize=style.SMALL, length=3, width=0.8)
    bar.ax.set_title("number of the\neigenvalue", size=style.SMALL, color=style.INK, x=5.5, ha="right")
    return figure


def spectrum_figure(spectra: Mapping[str, _Numbers]) -> "Figure":
    """Eigenvalues against their number on logarithmic axes, as shares of their sum; one line a kernel.

    Args:
        spectra: name to eigenvalues, the largest first; those that are not positive are left out. At most six.

    Raises:
        InputError: if there is none, or more than six.
    """
    if not 1 <= len(spectra) <= len(style.SERIES):
        raise InputError(f"a figure shows 1 to {len(style.SERIES)} spectra, not {len(spectra)}: split them")
    figure, ax = style.new_axes(3.0, (0.15, 0.17, 0.81, 0.78))
    for i, (name, values) in enumerate(spectra.items()):
        shares = np.asarray(values, float) / float(np.sum(values))
        shares = shares[shares > 0]
        ax.plot(np.arange(1, len(shares) + 1), shares, label=name, **style.dashed(i))
    style.log_x(ax)
    style.log_y(ax)
    ax.set_xlabel("number of the eigenvalue")
    ax.set_ylabel("share of the trace")
    if len(spectra) > 1:
        style.legend(ax)
    return figure


def cumulative_curves(curves: Mapping[str, tuple[_Numbers, _Numbers, _Numbers]]) -> "Figure":
    """Accuracy of the first k features together, clean and attacked, against k; one colour a kernel.

    Args:
        curves: name to (k, clean accuracy, accuracy under attack). At most six.

    Raises:
        InputError: if there is none, or more than six.
    """
    from matplotlib.lines import Line2D

    if not 1 <= len(curves) <= len(style.SERIES):
        raise InputError(f"a figure shows 1 to {len(style.SERIES)} curves, not {len(curves)}: split them")
    figure, ax = style.new_axes(3.4, (0.115, 0.15, 0.86, 0.65))
    for i, (counts, clean, robust) in enumerate(curves.values()):
        look = style.look(i)
        ax.plot(counts, clean, **look)
        ax.plot(counts, robust, linestyle=(0, (4, 2)), markerfacecolor="none", **look)
    ax.set_ylim(-0.02, 1.02)
    style.log_x(ax)
    ax.set_xlabel("features together, from the largest eigenvalue")
    ax.set_ylabel("accuracy")
    kinds = [
        Line2D([], [], color=style.MUTED, linewidth=1.7, label="clean"),
        Line2D([], [], color=style.MUTED, linewidth=1.7, linestyle=(0, (4, 2)), label="under attack"),
    ]
    nets = [Line2D([], [], label=name, **style.look(i)) for i, name in enumerate(curves)]
    look = {
        "frameon": False,
        "fontsize": style.SMALL,
        "labelcolor": style.INK,
        "borderaxespad": 0,
        "columnspacing": 1.2,
    }
    first = ax.legend(handles=kinds, loc="lower left", bbox_to_anchor=(0.0, 1.02), ncols=2, **look)
    if len(nets) > 1:
        ax.add_artist(first)
        ax.legend(handles=nets, loc="lower left", bbox_to_anchor=(0.0, 1.1), ncols=3, **look)
    return figure


def feature_pictures(
    images: np.ndarray, labels: Sequence[str], gradients: np.ndarray, ranks: Sequence[int]
) -> "Figure":
    """Where features look: the gradient of each feature's loss at a few images, each picture in its own scale.

    Args:
        images: (k, h, w, c).
        labels: (k,) of the images.
        gradients: (m, k, h, w, c).
        ranks: (m,) of the features.

    Raises:
        InputError: for shapes that do not fit.
    """
    if images.ndim != 4 or gradients.shape != (len(ranks), *images.shape) or len(labels) != len(images):
        raise InputError(f"images {images.shape} with gradients {gradients.shape} do not make a picture")
    k, m = len(images), len(ranks)
    width, height = _HEAD + k * (_CELL + _GAP), (m + 1) * (_CELL + _GAP) + _TEXT
    figure = style.new_figure(width, height)
    for j, label in enumerate(labels):
        x = (_HEAD + j * (_CELL + _GAP) + _CELL / 2) / width
        figure.text(
            x, 1 - _TEXT / 2 / height, _short(label), ha="center", va="center", size=style.SMALL, color=style.INK
        )
    low, high = float(images.min()), float(images.max())
    _picture_row(figure, 0, "input", [_visible(image, low, high) for image in images])
    for i, rank in enumerate(ranks):
        row = []
        for gradient in gradients[i]:
            size = float(np.abs(gradient).max()) or 1.0
            row.append(_visible(gradient, -size, size, signed=True))
        _picture_row(figure, i + 1, f"feature {rank}", row)
    return figure


def _picture_row(figure: "Figure", row: int, head: str, pictures: list[np.ndarray]) -> None:
    width, height = figure.get_size_inches()
    bottom = height - _TEXT - (row + 1) * (_CELL + _GAP) + _GAP
    figure.text(0, (bottom + _CELL / 2) / height, head, va="center", size=style.SMALL, color=style.MUTED)
    for j, picture in enumerate(pictures):
        left = _HEAD + j * (_CELL + _GAP)
        ax = figure.add_axes((left / width, bottom / height, _CELL / width, _CELL / height))
        ax.imshow(picture, interpolation="none")
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set(color=style.FAINT, linewidth=0.6)

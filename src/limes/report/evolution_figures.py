"""Pictures of a kernel on its way through a training: velocity, polar curve, distances, concentration."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from limes.core.errors import InputError
from limes.report import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_Numbers = Sequence[float] | np.ndarray
_LINES = {"fixed": "-", "moving": ":"}
_LABELS = {"fixed": "fixed inputs", "moving": "adversarial inputs of each epoch"}


def velocity_curves(curves: Mapping[str, tuple[_Numbers, _Numbers]]) -> "Figure":
    """Kernel distance of neighbouring moments over the epochs between them, on a logarithmic axis.

    Args:
        curves: "fixed" and perhaps "moving" to (k,) epochs and (k - 1,) velocities; zeros are left out.

    Raises:
        InputError: if lengths do not fit.
    """
    figure, ax = style.new_axes(3.0, (0.15, 0.17, 0.82, 0.7))
    for i, (probe, (epochs, velocity)) in enumerate(curves.items()):
        if len(epochs) != len(velocity) + 1:
            raise InputError(f"{len(velocity)} velocities between {len(epochs)} moments: give one less")
        seen = np.asarray(velocity, float)
        look = style.look(i, markersize=3.5)
        shown = np.where(seen > 0, seen, np.nan)
        ax.plot(np.asarray(epochs)[1:], shown, linestyle=_LINES[probe], label=_LABELS[probe], **look)
    if any(np.max(velocity) > 0 for _, velocity in curves.values()):
        style.log_y(ax)
    ax.set_xlabel("epoch")
    ax.set_ylabel("kernel distance, an epoch")
    if len(curves) > 1:
        style.legend_above(ax)
    return figure


def polar_curve(curves: Mapping[str, tuple[_Numbers, _Numbers]]) -> "Figure":
    """The way of a kernel from the first to the last: radius and angle to the first as plane polar coordinates.

    Args:
        curves: "fixed" and perhaps "moving" to radius and angle, each (k,), see `limes.measure.polar`.
    """
    figure, ax = style.new_axes(3.2, (0.13, 0.16, 0.84, 0.71))
    for i, (probe, (radius, angle)) in enumerate(curves.items()):
        along, across = np.asarray(radius) * np.cos(angle), np.asarray(radius) * np.sin(angle)
        look = style.look(i, markersize=3.5)
        ax.plot(along, across, linestyle=_LINES[probe], label=_LABELS[probe], **look)
    ax.set_xlabel("distance × cos of the angle to the first kernel")
    ax.set_ylabel("distance × sin of the angle")
    if len(curves) > 1:
        style.legend_above(ax)
    return figure


def distance_map(epochs: _Numbers, distances: np.ndarray) -> "Figure":
    """Kernel distances between all pairs of moments as shades.

    Args:
        epochs: (k,).
        distances: (k, k).

    Raises:
        InputError: if the sizes do not fit.
    """
    k = len(epochs)
    if np.shape(distances) != (k, k):
        raise InputError(f"distances {np.shape(distances)} are not those of {k} moments")
    figure = style.new_figure(style.WIDTH, 3.9)
    ax = figure.add_axes((0.12, 0.13, 0.64, 0.82))
    shown = ax.imshow(distances, cmap="viridis", origin="lower", interpolation="none")
    places = range(0, k, -(-k // 6))
    names = [f"{epochs[i]:g}" for i in places]
    ax.set_xticks(places, names)
    ax.set_yticks(places, names)
    ax.tick_params(colors=style.MUTED, labelsize=style.SMALL, length=3)
    for spine in ax.spines.values():
        spine.set(color=style.FAINT)
    ax.set_xlabel("epoch", color=style.INK, size=style.FONT_SIZE)
    ax.set_ylabel("epoch", color=style.INK, size=style.FONT_SIZE)
    bar = figure.colorbar(shown, cax=figure.add_axes((0.8, 0.13, 0.03, 0.82)))
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(colors=style.MUTED, labelsize=style.SMALL, length=3)
    bar.set_label("kernel distance (1 − cosine)", color=style.INK, size=style.FONT_SIZE)
    return figure


def shape_curves(epochs: _Numbers, alignment: _Numbers, mass: _Numbers, accuracy: _Numbers, rank: _Numbers) -> "Figure":
    """Alignment with the labels, mass of the top eigenvalues and accuracy in one panel, effective rank in another.

    Args:
        epochs, alignment, mass, accuracy, rank: (k,).
    """
    figure = style.new_figure(style.WIDTH, 4.2)
    upper, lower = (style.add_axes(figure, box) for box in ((0.13, 0.46, 0.84, 0.44), (0.13, 0.12, 0.84, 0.27)))
    lines = {"alignment": alignment, "20 largest": mass, "accuracy": accuracy}
    for i, (name, values) in enumerate(lines.items()):
        look = style.look(i, markersize=3.5)
        upper.plot(epochs, values, label=name, **look)
    upper.set_ylim(-0.02, 1.02)
    upper.set_ylabel("cosine or share")
    style.legend_above(upper, 3)
    lower.plot(epochs, rank, **style.look(3, markersize=3.5))
    upper.tick_params(labelbottom=False)
    lower.set_ylabel("effective rank")
    lower.set_xlabel("epoch")
    return figure

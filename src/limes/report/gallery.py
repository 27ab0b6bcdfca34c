"""Adversarial examples as pictures: images, time series, and plain features."""

from typing import TYPE_CHECKING, Any

import numpy as np

from limes.core.errors import InputError
from limes.report import style
from limes.report.formats import format_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 6
"""Examples shown at most."""
_CELL, _HEAD, _TEXT, _GAP = 0.64, 0.9, 0.24, 0.045  # inches: picture, left column, line of text, space between


def gallery(
    clean: np.ndarray,
    adversarial: np.ndarray,
    labels: Any,
    predicted_clean: Any,
    predicted_adv: Any,
    bounds: tuple[float, float] | None = None,
) -> "Figure":
    """The first examples, unchanged, attacked, and the difference between the two.

    Args:
        clean: (n, h, w, c) images, (n, time, channels) series, or (n, d) features.
        adversarial: what the attack made of them, the same shape.
        labels: (n,) true labels.
        predicted_clean: (n,) labels predicted for `clean`.
        predicted_adv: (n,) labels predicted for `adversarial`.
        bounds: lowest and highest valid value, black and white of an image; None takes those of the examples.

    Raises:
        InputError: if shapes differ, there is no example, or examples are neither images, series nor features.
    """
    clean, adversarial = np.asarray(clean, dtype=float), np.asarray(adversarial, dtype=float)
    if clean.shape != adversarial.shape or not clean.size:
        raise InputError(f"examples of shapes {clean.shape} and {adversarial.shape}: give pairs, and at least one")
    if not 2 <= clean.ndim <= 4:
        raise InputError(f"examples of shape {clean.shape[1:]} are neither images (h, w, c), series (t, c) nor (d,)")
    names = [[_short(v) for v in list(column)[:MOST]] for column in (labels, predicted_clean, predicted_adv)]
    clean, adversarial = clean[:MOST], adversarial[:MOST]
    if clean.ndim == 4:
        return _images(clean, adversarial, names, bounds)
    return _lines(clean, adversarial, names)


def least_robust(
    distances: np.ndarray,
    clean: np.ndarray,
    adversarial: np.ndarray,
    labels: np.ndarray,
    predicted_clean: np.ndarray,
    predicted_adv: np.ndarray,
    bounds: tuple[float, float] | None = None,
) -> "Figure | None":
    """The gallery of the examples that fall at the smallest distances; None where none fell.

    Args:
        distances: (n,) at which each was broken, infinite where it never was; those at 0 needed no attack, and are left
            out.
        clean, adversarial, labels, predicted_clean, predicted_adv, bounds: as for `gallery`.
    """
    order = np.argsort(distances, kind="stable")
    weakest = order[(distances[order] > 0) & np.isfinite(distances[order])][:MOST]
    if not len(weakest):
        return None
    true, before, after = (column[weakest] for column in (labels, predicted_clean, predicted_adv))
    return gallery(clean[weakest], adversarial[weakest], true, before, after, bounds)


def _images(
    clean: np.ndarray, adversarial: np.ndarray, names: list[list[str]], bounds: tuple[float, float] | None
) -> "Figure":
    """A table: one column an example; true label, picture, prediction, difference, attacked picture, prediction."""
    n = len(clean)
    height = 3 * _CELL + 3 * _TEXT + 4 * _GAP
    width = _HEAD + n * (_CELL + _GAP)
    figure = style.new_figure(width, height)
    low, high = bounds if bounds is not None else (np.inf, -np.inf)
    low = min(float(np.min(low)), clean.min(), adversarial.min())
    high = max(float(np.max(high)), clean.max(), adversarial.max())
    change = adversarial - clean
    scale = float(np.abs(change).max()) or 1.0
    true, before, after = names

    top = height
    top = _text_row(figure, top, "true label", true, [style.INK] * n)
    top = _picture_row(figure, top, "clean", [_visible(x, low, high) for x in clean])
    top = _text_row(figure, top, "read as", before, _verdicts(true, before))
    around = f"change,\nfrom −{format_number(scale)}\nto +{format_number(scale)}"
    top = _picture_row(figure, top, around, [_visible(x, -scale, scale, signed=True) for x in change]) - _GAP
    top = _picture_row(figure, top, "attacked", [_visible(x, low, high) for x in adversarial])
    _text_row(figure, top, "read as", after, _verdicts(true, after))
    return figure


def _visible(image: np.ndarray, low: float, high: float, signed: bool = False) -> np.ndarray:
    """An image of 8-bit colours. Signed images of one channel run from purple over white to orange."""
    from matplotlib import colormaps

    unit = np.clip((image - low) / ((high - low) or 1.0), 0.0, 1.0)
    if unit.shape[-1] != 3:
        unit = unit.mean(axis=-1)
        unit = colormaps["PuOr_r"](unit)[..., :3] if signed else np.repeat(unit[..., None], 3, axis=-1)
    return np.round(unit * 255).astype(np.uint8)


def _picture_row(figure: "Figure", top: float, head: str, images: list[np.ndarray]) -> float:
    width, height = figure.get_size_inches()
    figure.text(0, (top - _CELL / 2) / height, head, va="center", size=style.SMALL, color=style.MUTED)
    for i, image in enumerate(images):
        left = _HEAD + i * (_CELL + _GAP)
        ax = figure.add_axes((left / width, (top - _CELL) / height, _CELL / width, _CELL / height))
        ax.imshow(image, interpolation="none")
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set(color=style.FAINT, linewidth=0.6)
    return top - _CELL


def _text_row(figure: "Figure", top: float, head: str, texts: list[str], colours: list[str]) -> float:
    width, height = figure.get_size_inches()
    y = (top - _TEXT / 2) / height
    figure.text(0, y, head, va="center", size=style.SMALL, color=style.MUTED)
    for i, (text, colour) in enumerate(zip(texts, colours, strict=True)):
        x = (_HEAD + i * (_CELL + _GAP) + _CELL / 2) / width
        wrong = "bold" if colour == style.SERIES_TEXT[1] else "normal"
        figure.text(x, y, text, ha="center", va="center", size=style.SMALL, color=colour, weight=wrong)
    return top - _TEXT


def _verdicts(true: list[str], read: list[str]) -> list[str]:
    return [style.INK if a == b else style.SERIES_TEXT[1] for a, b in zip(true, read, strict=True)]


def _lines(clean: np.ndarray, adversarial: np.ndarray, names: list[list[str]]) -> "Figure":
    """Two columns of small axes; of a series the channel that changed most. Features are points, not a line."""
    series = clean.ndim == 3
    n, columns = len(clean), 2 if len(clean) > 1 else 1
    rows = -(-n // columns)
    figure = style.new_figure(style.WIDTH, 1.55 * rows + 0.35)
    for i in range(n):
        x, x_adv, channel = clean[i], adversarial[i], ""
        if series:
            k = int(np.abs(x_adv - x).sum(axis=0).argmax())
            channel = f", channel {k}" if x.shape[1] > 1 else ""
            x, x_adv = x[:, k], x_adv[:, k]
        ax = figure.add_subplot(rows, columns, i + 1)
        style.plain_axes(ax)
        joined = series or len(x) > 60
        marks = {"linestyle": "-", "linewidth": 1.3} if joined else {"linestyle": "none", "markersize": 4}
        steps = np.arange(len(x))
        if not joined:
            ax.vlines(steps, x, x_adv, color=style.SERIES[1], linewidth=1.2)
        ax.plot(steps, x, color=style.SERIES[0], marker="" if joined else "o", label="clean", **marks)
        ax.plot(steps, x_adv, color=style.SERIES[1], marker="" if joined else "s", label="attacked", **marks)
        ax.locator_params(axis="x", integer=True)
        true, before, after = (column[i] for column in names)
        title = f"true {true}, read as {before},\nattacked as {after}{channel}"
        ax.set_title(title, loc="left", size=style.SMALL, color=style.INK)
    inch = 1 / figure.get_figheight()
    figure.subplots_adjust(0.07, 0.28 * inch, 0.99, 1 - 0.62 * inch, wspace=0.2, hspace=0.85)
    handles, texts = figure.axes[0].get_legend_handles_labels()
    look = {"frameon": False, "fontsize": style.SMALL, "labelcolor": style.INK, "borderaxespad": 0.1}
    figure.legend(handles, texts, loc="upper left", bbox_to_anchor=(0.06, 1.0), ncols=2, **look)
    return figure


def _short(label: Any, most: int = 8) -> str:
    text = str(label)
    return text if len(text) <= most else text[: most - 1] + "…"

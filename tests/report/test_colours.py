"""Colours of figures and pages: contrast as WCAG 2 defines it, and distances as people with other vision see them."""

import re
from importlib import resources
from itertools import combinations

import numpy as np
import pytest

from limes.report import style

SIGHT = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Linear RGB as seen: Machado, Oliveira and Fernandes 2009, IEEE TVCG 15(6), severity 1."""
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])
APART = 18.0
"""Distance in CIE 1976 L*a*b*, of which about 2 can just be told apart side by side; thin lines need more."""
VARIABLE = re.compile(r"--([a-z-]+): (#[0-9a-f]{3,6})")


def linear(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    value = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    relative = XYZ @ np.clip(rgb, 0, 1) / XYZ.sum(axis=1)
    f = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(a, b):
    low, high = sorted(float(XYZ[1] @ linear(colour)) for colour in (a, b))
    return (high + 0.05) / (low + 0.05)


def pages():
    """Variables of the page by scheme: the light ones, and those that the dark scheme and print change."""
    text = resources.files("limes.report").joinpath("templates/report.html.j2").read_text(encoding="utf-8")
    light, dark, printed = (
        dict(VARIABLE.findall(block)) for block in re.findall(r":root \{(.*?)\n? *\}", text, re.DOTALL)
    )
    return {"light": light, "dark": light | dark, "print": light | printed}


def figure_colours(colours, scheme):
    return [style.DARK[colour] for colour in colours] if scheme == "dark" else list(colours)


def test_contrast_is_that_of_the_standard():
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_can_be_read(scheme):
    page = pages()[scheme]
    pairs = [(text, back) for text in ("text", "quiet", "accent") for back in ("page", "panel", "note-panel")]
    for text, back in [*pairs, ("warn", "warn-panel"), ("text", "warn-panel")]:
        assert contrast(page[text], page[back]) >= 4.5, (text, back)
    for colour in figure_colours((style.INK, style.MUTED, *style.SERIES_TEXT), scheme):
        assert contrast(colour, page["page"]) >= 4.5, colour


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_lines_and_marks_can_be_seen(scheme):
    page = pages()[scheme]
    for colour in figure_colours((*style.SERIES, style.MUTED, style.INK), scheme):
        assert contrast(colour, page["page"]) >= 3.0, colour
    assert contrast(page["accent"], page["page"]) >= 3.0  # of the focus
    assert contrast(page["warn"], page["warn-panel"]) >= 3.0


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_series_stay_apart_for_every_colour_vision(scheme, sight):
    seen = {colour: lab(np.array(SIGHT[sight]) @ linear(colour)) for colour in figure_colours(style.SERIES, scheme)}
    for a, b in combinations(seen, 2):
        assert np.linalg.norm(seen[a] - seen[b]) >= APART, (a, b)


def test_series_differ_by_marker_and_dash_too():
    n = len(style.SERIES)
    assert len(set(style.SERIES)) == len(set(style.MARKERS)) == len(set(style.DASHES)) == len(style.DARK) - n - 3 == n

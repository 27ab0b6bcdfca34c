import base64
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from limes.core.errors import InputError
from limes.report import class_balance, gallery, radius_curve, save_figure, style, time_curve, to_svg, to_svg_data_uri
from limes.report.curves import _spread
from report.layout import assert_texts_apart_and_inside

TIMES = np.array([0.1, 1, 10, 100, 1000, np.inf])
CLEAN = np.array([0.4, 0.7, 0.9, 0.95, 0.97, 0.98])
ROBUST = np.array([0.1, 0.4, 0.6, 0.5, 0.45, 0.44])
SE = np.full(6, 0.02)


def curve(**changes):
    settings = {"chosen_time": 10.0, "validation_robust": ROBUST + 0.01, "eps_label": "ℓ∞ ε = 0.05", **changes}
    return time_curve(TIMES, CLEAN, SE, ROBUST, SE, **settings)


def texts(svg):
    return ["".join(node.itertext()).strip() for node in ElementTree.fromstring(svg).iter("text")]


def test_time_curve_names_its_lines_the_stop_and_infinity():
    found = texts(to_svg(curve()))
    assert {"clean", "∞", "chosen stop, t = 10", "training time t", "accuracy", "0.1", "1000"} <= set(found)
    assert any("robust" in t for t in found)
    assert any("ℓ∞ ε = 0.05" in t for t in found)
    assert any("validation" in t for t in found)


def test_time_curve_without_a_stop_or_validation():
    found = texts(to_svg(curve(chosen_time=None, validation_robust=None)))
    assert not [t for t in found if "chosen" in t or "validation" in t]


def test_time_curve_draws_infinity_beyond_a_gap_and_never_joins_it_by_a_solid_line():
    ax = curve().axes[0]
    data = [line for line in ax.lines if line.get_color() == style.SERIES[0]]
    end = max(line.get_xdata().max() for line in data)
    joined = [line for line in data if end in line.get_xdata() and len(line.get_xdata()) > 1]
    assert end > 3.3
    assert len(joined) == 1
    assert joined[0].get_linestyle() == "--"  # matplotlib's word for any dash pattern; solid lines say "-"
    solid = next(line for line in data if len(line.get_xdata()) == 5)
    np.testing.assert_allclose(solid.get_ydata(), CLEAN[:5])


@pytest.mark.parametrize(
    ("times", "message"),
    [([1, 2], "clean has 3 values for 2 times"), ([2, 1, 3], "increasing"), ([-1, 0, 1], "not negative")],
)
def test_time_curve_refuses(times, message):
    with pytest.raises(InputError, match=message):
        time_curve(times, [0.1] * 3, [0.1] * 3, [0.1] * 3, [0.1] * 3, None)


EPS = np.linspace(0, 0.1, 5)
FALLING = {
    name: (np.clip(0.97 - s * EPS, 0, 1), np.full(5, 0.01)) for name, s in zip("abcdef", range(8, 14), strict=True)
}


@pytest.mark.parametrize(
    "figure",
    [
        curve(),
        curve(chosen_time=0.1),
        curve(chosen_time=np.inf),
        time_curve([0, 1, np.inf], [0.1, 0.5, 0.5], SE[:3], [0.1, 0.5, 0.5], SE[:3], 0.0),
        time_curve([np.inf], [0.5], [0.1], [0.5], [0.1], np.inf),
        time_curve([2, 3, 5], [0.0, 0, 0], SE[:3], [0.0, 0, 0], SE[:3], 3, eps_label="ℓ2 ε = 1"),
        radius_curve(EPS, FALLING, "radius ε (ℓ∞)", used_eps=0.05, chance=0.1),
        radius_curve(EPS, {f"{k}, a defence with a long name": v for k, v in FALLING.items()}, used_eps=0.05),
        radius_curve(EPS, {f"{k}, of medium name": v for k, v in FALLING.items()}, used_eps=0.05),
    ],
)
def test_no_text_overlaps_another_or_leaves_the_figure(figure):
    assert_texts_apart_and_inside(figure)


def test_radius_curve_names_all_and_refuses_bad_input():
    found = texts(to_svg(radius_curve(EPS, FALLING, "radius ε (ℓ∞)", used_eps=0.05, chance=0.1)))
    assert {*FALLING, "radius ε (ℓ∞)", "ε = 0.05", "most frequent class"} <= set(found)
    with pytest.raises(InputError, match="1 to 6 defences, not 0"):
        radius_curve(EPS, {})
    with pytest.raises(InputError, match="a has 2 values for 5 radii"):
        radius_curve(EPS, {"a": ([1, 2], None)})


def test_labels_are_spread_without_overlap_in_order_and_inside():
    rng = np.random.default_rng(0)
    for _ in range(200):
        wanted, heights = np.sort(rng.random(6)).tolist(), (0.05 + 0.08 * rng.random(6)).tolist()
        centres = _spread(wanted, heights)
        gaps = np.diff(centres) - (np.array(heights[:-1]) + heights[1:]) / 2
        assert gaps.min() > -1e-12
        assert centres[0] - heights[0] / 2 > -1e-12
        assert centres[-1] + heights[-1] / 2 < 1 + 1e-12
    assert _spread([0.2, 0.8], [0.1, 0.1]) == pytest.approx([0.2, 0.8])


def test_svg_for_a_page_is_the_same_each_time_and_loads_nothing(images):
    first, again = to_svg(gallery(*images)), to_svg(gallery(*images))
    assert first == again
    assert "http" not in first
    assert "<!--" not in first
    assert "Date" not in first
    references = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', first))
    assert references == set(re.findall(r' id="([^"]*)"', first))


def test_svg_colours_follow_the_scheme_and_ids_differ_between_figures():
    one, two = to_svg(curve()), to_svg(curve(chosen_time=100.0))
    assert "var(--figure-" in one
    bare = re.sub(r"var\(--figure-\d+, #\w+\)", "", one)
    assert not re.findall(r"#[0-9a-f]{6}(?![\w-])", bare.replace('href="#', ""))
    ids = [set(re.findall(r' id="([^"]*)"', svg)) for svg in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("colour", [style.INK, style.MUTED, *style.SERIES_TEXT])
def test_text_has_contrast_on_both_schemes(colour):
    light = 1.05 / (luminance(colour) + 0.05)
    dark = (luminance(style.DARK[colour]) + 0.05) / (luminance("#14171a") + 0.05)
    assert min(light, dark) >= 4.5


def test_saved_figures_are_files_that_stand_alone(tmp_path):
    svg = save_figure(curve(), tmp_path / "figures" / "time.svg").read_text()
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in svg
    png = save_figure(curve(), tmp_path / "time.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert save_figure(curve(), tmp_path / "again.png").read_bytes() == png
    uri = to_svg_data_uri(curve())
    decoded = base64.b64decode(uri.removeprefix("data:image/svg+xml;base64,"))
    assert ElementTree.fromstring(decoded).tag.endswith("svg")


def test_gallery_of_images_shows_labels_predictions_and_scale(images):
    figure = gallery(*images, bounds=(0, 1))
    found = [t.get_text() for t in figure.texts]
    assert found.count("read as") == 2
    assert "change,\nfrom −0.05\nto +0.05" in found
    bold = [t.get_text() for t in figure.texts if t.get_weight() == "bold"]
    assert bold == ["8", "9"]  # the two predictions that are wrong
    assert len(figure.axes) == 18
    assert_texts_apart_and_inside(figure)


def test_gallery_centres_the_change_and_keeps_the_pictures(images):
    clean, adversarial, *names = images
    figure = gallery(clean, clean, *names)
    same = np.asarray(figure.axes[6].images[0].get_array())
    assert same.min() >= 246  # no change is white
    shown = np.asarray(gallery(clean, adversarial, *names, bounds=(0, 1)).axes[0].images[0].get_array())
    np.testing.assert_array_equal(shown[..., 0], np.round(clean[0, ..., 0] * 255))


@pytest.mark.parametrize("shape", [(3, 5, 6, 3), (2, 5, 6, 2), (1, 4, 4, 1), (5, 40, 2), (1, 40, 1), (3, 13), (1, 200)])
def test_gallery_takes_images_series_and_features(shape):
    clean = np.random.default_rng(1).normal(size=shape)
    labels = ["a label that is long"] * shape[0]
    figure = gallery(clean, clean + 0.1, labels, labels, ["other"] * shape[0])
    assert_texts_apart_and_inside(figure)
    assert any("other" in text for text in texts(to_svg(figure)))


def test_gallery_of_series_shows_the_channel_that_changed():
    clean = np.zeros((1, 20, 3))
    changed = clean.copy()
    changed[0, 5, 2] = 1.0
    figure = gallery(clean, changed, [0], [0], [1])
    assert "channel 2" in figure.axes[0].get_title(loc="left")
    assert figure.axes[0].lines[-1].get_ydata().max() == 1.0


def test_gallery_refuses():
    with pytest.raises(InputError, match="give pairs"):
        gallery(np.zeros((2, 3)), np.zeros((2, 4)), [0] * 2, [0] * 2, [0] * 2)
    with pytest.raises(InputError, match="neither images"):
        gallery(np.zeros(3), np.zeros(3), [0] * 3, [0] * 3, [0] * 3)


def test_class_balance():
    rng = np.random.default_rng(0)
    plain = class_balance({"malignant": 212, "benign": 1357})
    assert [t.get_text() for t in plain.texts] == ["malignant", "212", "benign", "1,357"]
    pictures = class_balance({0: 3, 1: 5}, {k: rng.random((6, 8, 8, 1)) for k in (0, 1)})
    assert len(pictures.axes) == 8
    many = class_balance({f"class {i}": i for i in range(40)})
    assert many.texts[-1].get_text() == "and 20 smaller classes with 190 rows together"
    for figure in (plain, pictures, many):
        assert_texts_apart_and_inside(figure)
    with pytest.raises(InputError, match="no class"):
        class_balance({})


def test_letters_that_the_font_lacks_do_not_warn():
    to_svg(class_balance({"猫": 3, "犬": 4}))

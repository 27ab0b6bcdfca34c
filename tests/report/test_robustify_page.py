import copy
import json
import math

import pytest

from limes.report import gallery, headline, metric_figures, render, robustify_page, to_svg
from limes.report.html import KeyValues, Notice, Paragraph
from limes.report.reading import Estimate, difference, is_clear, sentences

SECTIONS = [
    "Summary",
    "Data",
    "Set-up",
    "Robust accuracy against training time",
    "Robust accuracy against radius",
    "Defences compared",
    "Adversarial examples",
    "Audit of the attack",
    "Time and memory",
    "Use the model",
    "Reproduce",
]


def titles(page):
    return [section.title for section in page.sections]


def section(page, title):
    return next(s for s in page.sections if s.title == title)


def plain(html):
    return html.replace("\u00a0", " ").replace("&nbsp;", " ")


@pytest.fixture
def figures(metrics, images):
    return {name: to_svg(f) for name, f in {**metric_figures(metrics), "gallery": gallery(*images)}.items()}


def test_the_whole_page(metrics, figures, check_html):
    assert set(figures) == {"time", "radius", "gallery"}
    page = robustify_page(json.loads(json.dumps(metrics)), figures)
    assert titles(page) == SECTIONS
    html = render(page)
    text = plain(check_html(html).text)
    for words in ("0.983 ± 0.003", "ℓ∞ ε = 0.05", "one standard error over 3 seeds", "734.0 MB", "1 min 11 s"):
        assert words in text, words
    assert metrics["command"] in text
    assert "lm.load('model.npz')" in text
    assert len(html) < 400_000


@pytest.mark.parametrize(
    ("missing", "gone"),
    [
        ("data", {"Data"}),
        ("settings", {"Set-up"}),
        ("radius", {"Robust accuracy against radius"}),
        ("table", {"Defences compared"}),
        ("audit", {"Audit of the attack"}),
        ("curve", {"Robust accuracy against training time"}),
        ("files", {"Use the model"}),
    ],
)
def test_a_part_without_figures_has_no_section(metrics, figures, missing, gone, check_html):
    del metrics[missing]
    page = robustify_page(metrics, figures)
    assert set(SECTIONS) - set(titles(page)) == gone
    check_html(render(page))
    assert isinstance(headline(metrics), str)


def test_without_anything_there_is_an_empty_page(check_html):
    page = robustify_page({}, {})
    assert page.sections == []
    assert metric_figures({}) == {}
    check_html(render(page))


def test_names_from_data_are_escaped(metrics, figures, check_html):
    metrics["data"]["name"] = metrics["data"]["notes"][0] = "<b>evil</b>"
    metrics["table"][0]["defence"] = "<i>x</i>"
    html = render(robustify_page(metrics, figures))
    assert "<b>evil" not in html
    assert "<i>x" not in html
    check_html(html)


def test_tiles_and_headline(metrics):
    tiles = robustify_page(metrics, {}).headline
    # Seeds chose 10, 10 and 30: (0.548 + 0.566 + 0.558) / 3
    assert [value for _, value, _ in tiles] == ["0.983 ± 0.003", "0.437 ± 0.006", "0.557 ± 0.005", "t = 10"]
    assert tiles[3][2] == "the seeds chose 10, 30"
    text = headline(metrics)
    assert "0.557 ± 0.005" in text
    assert "1 check of the attack out of 3 failed" in text


def test_a_failed_audit_is_a_warning_with_what_to_do(metrics):
    page = robustify_page(metrics, {})
    warning = section(page, "Audit of the attack").blocks[0]
    assert isinstance(warning, Notice)
    assert warning.kind == "warning"
    assert "Raise the number of restarts" in warning.text
    assert any(isinstance(b, Notice) and b.kind == "warning" for b in section(page, "Summary").blocks)
    for entry in metrics["audit"]:
        entry["passed"] = True
    page = robustify_page(metrics, {})
    assert section(page, "Audit of the attack").blocks[0] == Paragraph("All 3 checks passed.")
    assert not any(isinstance(b, Notice) for b in section(page, "Summary").blocks)


def one_seed(metrics, plain_robust, stop_robust, se):
    """Metrics of one seed, with given worst-case accuracies at convergence and at t = 10."""
    found = copy.deepcopy(metrics)
    found["settings"]["seeds"] = [0]
    found["chosen"] = {"time": 10, "per_seed": [10]}
    for point in found["curve"]:
        value = {10: stop_robust, "inf": plain_robust}.get(point["time"], 0.3)
        point["robust"] = {"mean": value, "standard_error": se, "per_seed": [value]}
    return found


@pytest.mark.parametrize(
    ("plain_robust", "stop_robust", "se", "words"),
    [
        (0.40, 0.50, 0.02, "beyond two standard errors, so the early stop helps"),
        (0.50, 0.40, 0.02, "beyond two standard errors, so the early stop hurts"),
        (0.48, 0.50, 0.02, "within two standard errors, so these data do not show"),
        (0.50, 0.50, 0.02, "the same as at convergence"),
        (0.40, 0.50, None, "without a standard error this decides nothing"),
    ],
)
def test_the_reading_claims_no_more_than_the_errors_allow(metrics, plain_robust, stop_robust, se, words):
    assert words in sentences(one_seed(metrics, plain_robust, stop_robust, se))[1]


def test_the_reading_says_when_there_is_no_protection_at_all(metrics):
    said = " ".join(sentences(one_seed(metrics, 0.05, 0.08, 0.01)))
    assert "no better than always naming the most frequent class, which is right on 0.102" in said
    assert "no better" not in " ".join(sentences(metrics))


def test_the_reading_when_validation_wants_no_stop(metrics):
    metrics["chosen"] = {"time": "inf", "per_seed": ["inf"] * 3}
    assert "none of the earlier times tried is more robust" in sentences(metrics)[1]


def test_the_best_defence_is_named_with_its_doubt(metrics):
    assert "Adv-NTK (0.612 ± 0.010), is within two standard errors" in sentences(metrics)[2]
    metrics["table"][3]["robust"] = {"mean": 0.8, "standard_error": 0.01, "per_seed": [0.79, 0.8, 0.81]}
    assert "beyond two standard errors above the next, Adv-NTK" in sentences(metrics)[2]


def test_difference_takes_the_larger_error():
    a, b = Estimate(0.6, 0.03, (0.5, 0.6, 0.7)), Estimate(0.5, 0.04, (0.4, 0.5, 0.6))
    assert difference(a, b) == (pytest.approx(0.1), pytest.approx(0.05), pytest.approx((0.1, 0.1, 0.1)))
    opposed = difference(Estimate(0.6, 0.01, (0.4, 0.8)), Estimate(0.5, 0.01, (0.6, 0.4)))
    assert opposed.se == pytest.approx(0.3)
    assert is_clear(Estimate(0.1, 0.049))
    assert not is_clear(Estimate(-0.1, 0.051))
    assert not is_clear(Estimate(0.1, math.nan))


def test_one_seed_says_what_its_error_is_over(metrics):
    html = plain(render(robustify_page(one_seed(metrics, 0.4, 0.5, 0.02), {})))
    assert "one standard error over the 360 test points; one seed was run" in html


def test_missing_standard_errors_still_give_figures(metrics):
    for point in metrics["curve"]:
        point["robust"]["standard_error"] = None
    for defence in metrics["radius"]["defences"]:
        for entry in defence["robust"]:
            entry["standard_error"] = None
    made = metric_figures(metrics)
    assert all("nan" not in to_svg(figure).lower() for figure in made.values())


@pytest.mark.parametrize(("rows", "shown"), [(360, "360"), (0, "none: test rows are drawn from these")])
def test_data_without_a_test_part_say_where_test_rows_come_from(metrics, rows, shown):
    metrics["data"]["n_test"] = rows
    (about,) = (block for block in section(robustify_page(metrics, {}), "Data").blocks if isinstance(block, KeyValues))
    assert ("Test part", shown) in about.pairs

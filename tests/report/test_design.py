"""What the design of every report promises, as far as it can be seen without a browser."""

import re
from pathlib import Path

import pytest

from limes.report import Page, Section, links, render, style
from report.layout import (
    assert_legends_cover_no_data,
    assert_lines_differ_without_colour,
    assert_texts_apart_and_inside,
    unlabelled_axes,
)
from report.made_up import MAKERS, made

DOCS = Path(__file__).parents[2] / "docs"
PHONE = 390 - 2 * 0.9 * 16  # CSS pixels, less the page's margins there
every_report = pytest.mark.parametrize("name", MAKERS)


@pytest.fixture(autouse=True)
def no_known_address(monkeypatch):
    monkeypatch.setattr(links, "base", lambda: None)


@every_report
def test_structure(name, check_html):
    page = made(name)[0]
    html = render(page)
    tags = check_html(html).tags
    names = [tag for tag, _ in tags]
    assert ("html", {"lang": "en"}) in tags
    assert [tag for tag in names if re.fullmatch("h[1-6]", tag)] == ["h1"] + ["h2"] * len(page.sections)
    assert all(names.count(landmark) == 1 for landmark in ("header", "nav", "main", "footer"))
    focusable = [attributes for tag, attributes in tags if tag in ("a", "summary") or "tabindex" in attributes]
    assert focusable[0] == {"class": "skip", "href": "#content"}
    assert ("main", {"id": "content"}) in tags
    assert {attributes["scope"] for tag, attributes in tags if tag == "th"} <= {"col", "row"}
    assert not [attributes for tag, attributes in tags if any(key.startswith("on") for key in attributes)]
    assert "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"" in html


@every_report
def test_what_is_wide_scrolls_inside_of_itself(name):
    html = render(made(name)[0])
    assert html.count("<table>") == len(
        re.findall(r'<div class="scroll" tabindex="0" role="region"[^>]*>\s*<table>', html)
    )
    assert html.count("<figure>") == len(re.findall(r'<div class="scroll" tabindex="0" role="img"[^>]*><svg', html))


@every_report
def test_figures_have_words(name):
    blocks = [block for section in made(name)[0].sections for block in section.blocks]
    figures = [block for block in blocks if hasattr(block, "svg")]
    assert figures
    for figure in figures:
        assert figure.alt
        assert figure.caption.endswith(".")
        assert figure.caption not in (figure.alt, f"{figure.alt}.")


@every_report
def test_text_in_figures_is_large_enough_on_a_phone_and_follows_the_scheme(name):
    for block in (block for section in made(name)[0].sections for block in section.blocks if hasattr(block, "svg")):
        least = float(re.search(r"min-width: (\d+)px", block.svg)[1])
        units = float(re.search(r'viewBox="0 0 ([\d.]+) ', block.svg)[1])
        sizes = [float(size) for size in re.findall(r"font(?:-size)?: [^;\"]*?([\d.]+)px", block.svg)]
        assert sizes
        assert min(sizes) * least / units >= style.SMALL
        assert least <= PHONE
        assert all("var(--figure-" in text for text in re.findall(r"<text[^>]*>", block.svg))
        assert set(re.findall(r"font-family: ([^;\"]*)", block.svg)) <= {"system-ui, sans-serif"}


@every_report
def test_figures_are_drawn_apart_with_labelled_axes(name):
    for figure in made(name)[1]:
        assert_texts_apart_and_inside(figure)
        assert_legends_cover_no_data(figure)
        assert_lines_differ_without_colour(figure)
        assert unlabelled_axes(figure) == []


@every_report
def test_links_to_the_documentation_lead_to_headings(name):
    page = made(name)[0]
    for target in [page.docs, *(section.docs for section in page.sections if section.docs)]:
        path, _, anchor = target.partition("#")
        headings = re.findall(r"^#+ (.*)$", (DOCS / path).read_text(), re.MULTILINE)
        slugs = [re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings]
        assert not anchor or anchor in slugs


def test_documentation_is_linked_where_its_address_is_known(monkeypatch):
    page = Page("t", [Section("A", [], docs="attacks.md#the-audit")], docs="robustify.md")
    assert "<code>docs/robustify.md</code>" in render(page)
    monkeypatch.setattr(links, "base", lambda: "https://example.org/limes")
    html = render(page)
    assert '<a href="https://example.org/limes/robustify.html">robustify</a>' in html
    assert '<a href="https://example.org/limes/attacks.html#the-audit">attacks, the audit</a>' in html


def test_address_of_the_documentation(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("LIMES_DOCS", "file:///home/me/site/")
    assert links.base() == "file:///home/me/site"
    monkeypatch.delenv("LIMES_DOCS")
    monkeypatch.setattr(links, "_stated", lambda: "https://example.org/stated")
    assert links.base() == "https://example.org/stated"
    monkeypatch.setattr(links, "_stated", lambda: None)
    assert links.base() is None

import pytest

from limes.core.errors import InputError
from limes.report import Code, Figure, KeyValues, Notice, Page, Paragraph, Section, Table, render

EVIL = '<script>alert("x")</script>&'


def everything(text):
    table = Table((text, "b"), [(text, text)], text)
    blocks = [
        Paragraph(text),
        Figure("<svg></svg>", text, text),
        table,
        Table((text, "b"), [(text, text)], text, folded=True),
        Notice(text, "warning"),
        Notice(text),
        KeyValues([(text, text)]),
        Code(text),
    ]
    return Page(text, [Section(text, blocks, text), Section("Second", [])], text, [(text, text, text)], text)


def test_every_text_is_escaped_and_the_page_is_well_formed(check_html):
    html = render(everything(EVIL))
    checker = check_html(html)
    assert html.count("<svg></svg>") == 1
    assert checker.text.count(EVIL) == html.count("&lt;script&gt;") - html.count('aria-label="&lt;script')
    assert checker.text.count(EVIL) == 25


def test_page_is_accessible(check_html):
    checker = check_html(render(everything("word")))
    tags = [tag for tag, _ in checker.tags]
    assert ("html", {"lang": "en"}) in checker.tags
    assert tags.count("h1") == 1
    assert {"main", "nav", "figcaption", "caption"} <= set(tags)
    assert {attrs["scope"] for tag, attrs in checker.tags if tag == "th"} == {"col", "row"}
    assert ("div", {"class": "scroll", "tabindex": "0", "role": "img", "aria-label": "word"}) in checker.tags
    assert all(attrs.get("tabindex") == "0" for tag, attrs in checker.tags if attrs.get("class") == "scroll")


def test_contents_link_to_sections(check_html):
    checker = check_html(render(Page("t", [Section("A & B", []), Section("ε = 0", [])])))
    assert [link for link in checker.links if link != "#content"] == ["#a-b", "#0"]


def test_figures_stay_with_their_errors_when_lines_break():
    html = render(Page("t", [Section("s", [Paragraph("0.5 ± 0.1 at t = 3"), Code("a = 3")])]))
    assert "0.5\u00a0±\u00a00.1 at t\u00a0=\u00a03" in html
    assert "<code>a = 3</code>" in html


def test_mistakes_are_refused():
    with pytest.raises(InputError, match="row of another length"):
        Table(("a", "b"), [("1",)])
    with pytest.raises(InputError, match="2 columns, but 1 alignments"):
        Table(("a", "b"), [], align=("left",))
    with pytest.raises(InputError, match="titles that differ"):
        Page("t", [Section("A", []), Section("a", [])])

"""A small document model, and its rendering to one HTML file that loads nothing from anywhere.

A page is sections of blocks. All texts are escaped; only the SVG of a figure is taken as it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from limes.core.errors import InputError
from limes.report import links, style

Align = Literal["left", "right"]
FOOTER = "Made by limes. This page is one file: it loads nothing and runs no script."


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Figure:
    """A picture: SVG as `limes.report.style.to_svg` gives it, what to see in it, and a description in words."""

    svg: str
    caption: str
    alt: str


@dataclass(frozen=True)
class Table:
    """Rows of texts; the first column names the row.

    Attributes:
        columns: headings.
        rows: as long as the headings.
        caption: what the table shows.
        align: of each column; by default the first is left and the others are right.
        folded: whether the table is hidden behind its caption until opened.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    align: Sequence[Align] = ()
    folded: bool = False

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise InputError(f"table {self.caption!r} has {len(self.columns)} columns, but a row of another length")
        if self.align and len(self.align) != len(self.columns):
            raise InputError(
                f"table {self.caption!r} has {len(self.columns)} columns, but {len(self.align)} alignments"
            )

    @property
    def alignment(self) -> list[Align]:
        """One alignment per column."""
        if self.align:
            return list(self.align)
        return ["left" if i == 0 else "right" for i in range(len(self.columns))]


@dataclass(frozen=True)
class Notice:
    """Something a reader must not miss."""

    text: str
    kind: Literal["note", "warning"] = "note"


@dataclass(frozen=True)
class KeyValues:
    """Names with their values."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Code:
    """Text to type, as it stands."""

    text: str


Block = Paragraph | Figure | Table | Notice | KeyValues | Code


@dataclass(frozen=True)
class Section:
    """A titled part of a page, listed in the table of contents.

    Attributes:
        title: its heading.
        blocks: what it has.
        intro: running text before them.
        docs: the page of the documentation that says more, see `limes.report.links.address`.
    """

    title: str
    blocks: Sequence[Block]
    intro: str = ""
    docs: str = ""

    @property
    def anchor(self) -> str:
        """Its address within the page."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "section"


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes:
        title: what the report is about.
        subtitle: one line under it.
        headline: (label, value, hint) of the figures shown large.
        sections: with titles that differ.
        docs: the page of the documentation that says how to read this one.
        footer: one line at the end.
    """

    title: str
    sections: Sequence[Section]
    subtitle: str = ""
    headline: Sequence[tuple[str, str, str]] = ()
    docs: str = ""
    footer: str = FOOTER

    def __post_init__(self) -> None:
        anchors = [section.anchor for section in self.sections]
        if len(set(anchors)) < len(anchors):
            raise InputError(f"sections of a page need titles that differ, not {[s.title for s in self.sections]}")


def render(page: Page) -> str:
    """The page as one self-contained HTML file.

    Example:
        >>> text = render(Page("A < B", [Section("Data", [Paragraph("8x8 & grey")])]))
        >>> "A &lt; B" in text and "8x8 &amp; grey" in text
        True
    """
    return _template().render(page=page, light=style.css_variables(), dark=style.css_variables(dark=True))


def _tie(text: str) -> str:
    """Keep figures together with their errors and names when lines break: ``0.5 ± 0.1``, ``t = 3``."""
    return re.sub(r"(ℓ\S) ", "\\1\u00a0", re.sub(r" ([±=]) ", "\u00a0\\1\u00a0", text))


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["tie"] = _tie
    environment.filters["address"] = links.address
    environment.filters["kind"] = lambda block: type(block).__name__
    text = resources.files("limes.report").joinpath("templates/report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)

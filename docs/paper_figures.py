"""MkDocs hook: a page's mark ``<!-- figure: NAME -->`` becomes that figure of its paper, from committed results."""

import re
from functools import cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from limes.papers.registry import find
from limes.papers.result import counted_run
from limes.report import save_figure

MARK = re.compile(r"^<!-- figure: ([\w-]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Called by MkDocs with the text of each page; the drawing becomes a file of the site beside it."""
    from mkdocs.structure.files import File

    where = PurePosixPath(page.file.src_uri)

    def drawn(match: re.Match[str]) -> str:
        svg, text = figure(where.stem, match[1])
        files.append(File.generated(config, str(where.parent / f"{where.stem}-{match[1]}.svg"), content=svg))
        return text

    return MARK.sub(drawn, markdown)


@cache
def figure(key: str, name: str) -> tuple[str, str]:
    """A paper's figure as an SVG file, on white, and the Markdown that shows it with its caption.

    Raises:
        KeyError: if the paper draws no such figure of its committed results.
    """
    run = counted_run(key)
    assert run is not None, f"{key} has no committed results to draw"
    drawing = find(key).figures(run["curves"])[name]
    alt, caption = (re.sub(r"([\\*_\[\]<])", r"\\\1", text) for text in (drawing.alt, drawing.caption))
    with TemporaryDirectory() as folder:
        svg = save_figure(drawing.figure, Path(folder, "figure.svg")).read_text(encoding="utf-8")
    return svg, f"![{alt}]({key}-{name}.svg)\n\n*{caption}*"

"""MkDocs hook: the files of ``examples/`` are part of the site, and links to them lead there.

Pages link to ``../examples/NAME.py``, which is right in the repository; the site has them in ``examples/``.
"""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

EXAMPLES = Path(__file__).parents[1] / "examples"


def on_files(files: Files, *, config: Any) -> Files:
    """Add the examples to what is copied."""
    for path in sorted(EXAMPLES.glob("*.py")):
        files.append(File.generated(config, f"examples/{path.name}", content=path.read_text()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn links of the repository into those of the site."""
    return markdown.replace("](../examples/", "](examples/")

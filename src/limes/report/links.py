"""Where the documentation is, for links from reports.

A report names pages of the documentation by their files. It links to them where an address is known: that of
``$LIMES_DOCS``, such as ``file:///home/me/limes/site`` after ``make docs``, else the one that the installed package
states as its documentation. Without either it names the file, which every copy of the source has.
"""

import os
from importlib.metadata import PackageNotFoundError, metadata

VARIABLE = "LIMES_DOCS"


def base() -> str | None:
    """The address of the documentation without a slash at its end, or None where none is known."""
    return (os.environ.get(VARIABLE) or _stated() or "").rstrip("/") or None


def address(page: str) -> str | None:
    """The address of a page of the documentation, or None where none is known.

    Args:
        page: its file in ``docs/``, perhaps with a heading, such as ``attacks.md#the-audit``.

    Example:
        >>> os.environ["LIMES_DOCS"] = "https://example.org/limes/"
        >>> address("attacks.md#the-audit")
        'https://example.org/limes/attacks.html#the-audit'
        >>> del os.environ["LIMES_DOCS"]
    """
    start = base()
    return None if start is None else f"{start}/{page.replace('.md', '.html', 1)}"


def _stated() -> str | None:
    """The address in the installed package's metadata."""
    try:
        urls = metadata("limes").get_all("Project-URL") or []
    except PackageNotFoundError:  # run from the source without being installed
        return None
    stated = dict(url.split(", ", 1) for url in urls)
    return stated.get("Documentation")

"""From a finished run to committed results, and from these to the tables of the pages; neither is ever typed.

``python -m limes.papers.publish RUN`` in a checkout writes the result of a run beside those of other sizes into
``results/<key>.json`` and renews the tables in ``README.md``, ``docs/papers`` and ``docs/reproducibility.md``; without
RUN only the tables.
"""

import json
import sys
from pathlib import Path

from limes.core.arrays import write_text
from limes.core.errors import FormatError
from limes.papers.registry import entries
from limes.papers.result import read_result
from limes.papers.verdicts import claims_table, runs_table, system_verdicts, systems_table
from limes.report.marks import between

RESULTS = Path(__file__).parent / "results"
GUIDE = Path("docs", "papers")
REPRODUCIBILITY = "reproducibility.md"
_KEPT = ("size", "claims", "curves", "settings", "notes", "timings", "command", "date", "commit", "versions", "machine")


def publish(folder: str | Path, results: Path = RESULTS) -> Path:
    """Put the result of a finished run among the committed ones, in place of an older one of the same size.

    Args:
        folder: of the run.
        results: where the files ``<key>.json`` lie.

    Raises:
        FormatError: if the folder holds no finished result, or the committed file is damaged.
        OSError: if the file cannot be written.
    """
    result = read_result(folder)
    path = results / f"{result.key}.json"
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else []
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is damaged ({error}): restore it, or delete it") from error
    kept = [run for run in runs if run["size"] != result.size]
    runs = [*kept, {name: result.metrics[name] for name in _KEPT}]
    record = {"key": result.key, "title": result.title, "runs": sorted(runs, key=lambda run: run["date"], reverse=True)}
    return write_text(path, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def pages(root: str | Path = ".") -> list[Path]:
    """Pages of a checkout that show committed results: README, guide, what was run where, and one for each system."""
    guide = Path(root) / GUIDE
    together = [Path(root) / "README.md", guide / "index.md", guide.parent / REPRODUCIBILITY]
    return [*together, *(guide / f"{entry.key}.md" for entry in entries())]


def renewed(page: Path, root: str | Path = ".") -> str:
    """The text of one of these pages, with what the committed results say now between its marks.

    Args:
        page: with the marks.
        root: of the checkout.

    Raises:
        InputError: if the marks are not there.
        OSError: if the page cannot be read.
    """
    text = page.read_text(encoding="utf-8")
    if page.stem in {entry.key for entry in entries()}:
        blocks = {"verdicts": system_verdicts(page.stem)}
    elif page.name == REPRODUCIBILITY:
        blocks = {"runs": runs_table()}
    else:
        folder = "" if page.parent == Path(root) / GUIDE else f"{GUIDE.as_posix()}/"
        blocks = {"systems": systems_table(folder), "claims": claims_table(folder)}
    for name, block in blocks.items():
        text = between(text, f"<!-- {name}:start -->", f"<!-- {name}:end -->", block)
    return text


def write_pages(root: str | Path = ".") -> list[Path]:
    """Renew the pages of a checkout.

    Raises:
        InputError, OSError: as `renewed`, or if a page cannot be written.
    """
    return [write_text(page, renewed(page, root)) for page in pages(root)]


if __name__ == "__main__":
    for run in sys.argv[1:]:
        print(publish(run))
    for page in write_pages():
        print(page)

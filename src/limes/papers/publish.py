"""From a finished run to committed results, and from these to the tables of the pages; neither is ever typed.

``python -m limes.papers.publish RUN`` in a checkout writes the result of a run beside those of other sizes into
``results/<key>.json`` and renews the tables in ``README.md`` and ``docs/papers``; without RUN it renews the tables only.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from limes.core.arrays import write_text
from limes.core.errors import FormatError
from limes.papers.registry import entries
from limes.papers.result import read_result
from limes.papers.verdicts import claims_table, system_verdicts, systems_table
from limes.report.marks import between

RESULTS = Path(__file__).parent / "results"
GUIDE = Path("docs", "papers")
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
        runs = json.loads(path.read_text())["runs"] if path.exists() else []
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is damaged ({error}): restore it, or delete it") from error
    kept = [run for run in runs if run["size"] != result.size]
    runs = [*kept, {name: result.metrics[name] for name in _KEPT}]
    record = {"key": result.key, "title": result.title, "runs": sorted(runs, key=lambda run: run["date"], reverse=True)}
    return write_text(path, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_pages(root: str | Path = ".") -> list[Path]:
    """Renew what pages show of the committed results: the tables of README and guide, the verdicts on each system's page.

    Args:
        root: of the checkout.

    Raises:
        InputError: if the marks are not there.
        OSError: if a page cannot be read or written.
    """
    guide = Path(root) / GUIDE
    written = [_write(Path(root) / "README.md", _tables(f"{GUIDE.as_posix()}/")), _write(guide / "index.md", _tables())]
    own = ((guide / f"{entry.key}.md", {"verdicts": system_verdicts(entry.key)}) for entry in entries())
    return written + [_write(page, blocks) for page, blocks in own]


def _tables(folder: str = "") -> dict[str, str]:
    return {"systems": systems_table(folder), "claims": claims_table(folder)}


def _write(page: Path, blocks: Mapping[str, str]) -> Path:
    text = page.read_text(encoding="utf-8")
    for name, block in blocks.items():
        text = between(text, f"<!-- {name}:start -->", f"<!-- {name}:end -->", block)
    return write_text(page, text)


if __name__ == "__main__":
    for run in sys.argv[1:]:
        print(publish(run))
    for page in write_pages():
        print(page)

"""From a finished run to committed results, and from these to tables in pages; neither is ever typed.

``python -m limes.papers.publish RUN`` in a checkout writes the result of a run beside those of other sizes into
``results/<key>.json`` and renews the tables in ``README.md`` and ``docs/reproducibility.md``; without RUN it renews the
tables only.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from limes.core.arrays import write_text
from limes.core.errors import FormatError
from limes.papers.overview import Listed, listing
from limes.papers.page import format_measured
from limes.papers.result import read_result
from limes.report import format_seconds
from limes.report.marks import between

RESULTS = Path(__file__).parent / "results"
START, END = "<!-- papers:start -->", "<!-- papers:end -->"
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


def verdict_table(papers: Sequence[Listed] | None = None) -> str:
    """Markdown: the headline claims of all papers with their committed verdicts.

    Args:
        papers: what to show; None for what is committed.
    """
    papers = listing() if papers is None else papers
    lines = ["| System | Claim | Expected | Measured | Verdict | Size |", "| --- | --- | --- | ---: | --- | --- |"]
    for paper in papers:
        for claim in paper.claims:
            if claim.headline:
                cells = (paper.title, claim.statement, str(claim.expected), format_measured(claim), claim.verdict)
                lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in (*cells, claim.size))} |")
    return "\n".join(lines) if len(lines) > 2 else "No headline claim has a committed verdict."


def provenance_table(results: Path = RESULTS) -> str:
    """Markdown: of every committed run what it was measured with, when, from which commit and in what time.

    Args:
        results: where the files ``<key>.json`` lie.
    """
    lines = ["| Paper | Size | Date | Commit | Python | JAX | NumPy | Cores | Time |", f"| {' | '.join(['---'] * 9)} |"]
    for path in sorted(results.glob("*.json")):
        for run in sorted(json.loads(path.read_text())["runs"], key=lambda run: run["size"]):
            versions, seconds = run["versions"], sum(part["seconds"] for part in run["timings"])
            cells = [path.stem, run["size"], run["date"][:10], (run["commit"] or "–")[:7]]
            cells += [versions[name] for name in ("python", "jax", "numpy")]
            lines.append(f"| {' | '.join([*cells, str(run['machine']['cpu_count']), format_seconds(seconds)])} |")
    return "\n".join(lines)


def write_table(page: str | Path, table: str | None = None) -> Path:
    """Renew the table in a page.

    Args:
        page: with the marks.
        table: Markdown; None for `verdict_table`.

    Raises:
        InputError: if the marks are not there.
        OSError: if the page cannot be read or written.
    """
    block = verdict_table() if table is None else table
    return write_text(page, between(Path(page).read_text(encoding="utf-8"), START, END, block))


if __name__ == "__main__":
    for run in sys.argv[1:]:
        print(publish(run))
    print(write_table("README.md"))
    print(write_table("docs/reproducibility.md", provenance_table()))

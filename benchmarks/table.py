"""The benchmark table of README.md, made from ``benchmarks/results/*.json`` and never typed.

A result is what `common.report` writes: name, sentence, rows, command, machine, versions and date. The table shows
case, ratio, what the ratio means, and accuracy; details stay in the file. Run ``python benchmarks/table.py --write``
after a benchmark; without ``--write`` the table is printed.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from limes.report.marks import between

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
START, END = "<!-- benchmarks:start -->", "<!-- benchmarks:end -->"
_COLUMNS = {"case": "---", "ratio": "---:", "against": "---", "accuracy": "---"}


def load(folder: Path = HERE / "results") -> list[dict[str, Any]]:
    """The results in a folder, in the order of their file names."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def render(results: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: for each result its sentence, its table, and how it was made."""
    return "\n\n".join(_section(result) for result in results) or "No results have been committed."


def _section(result: Mapping[str, Any]) -> str:
    lines = [f"**{result['name']}.** {result['what']}", "", _row(name.capitalize() for name in _COLUMNS)]
    lines.append(_row(_COLUMNS.values()))
    lines += [_row(_cell(name, row.get(name)) for name in _COLUMNS) for row in result["rows"]]
    versions = ", ".join(f"{package} {version}" for package, version in result["versions"].items())
    return "\n".join([*lines, "", f"`{result['command']}`, {result['date']}, {result['machine']}, {versions}."])


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(column: str, value: Any) -> str:
    if value is None or value == "" or value == {}:
        return "–"
    if isinstance(value, Mapping):
        return "; ".join(f"{_cell(column, part)} {name}" for name, part in value.items())
    if column == "ratio":
        return f"{value:.2f}" if value < 10 else f"{value:.1f}"
    text = f"{value:.2g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    table = render(load())
    if sys.argv[1:] == ["--write"]:
        README.write_text(between(README.read_text(), START, END, table))
    else:
        print(table)

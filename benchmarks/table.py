"""The benchmark tables of README.md and docs, made from ``benchmarks/results/*.json`` and never typed.

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
README, CERTIFY = HERE.parent / "README.md", HERE.parent / "docs" / "certify.md"
REPRODUCIBILITY = HERE.parent / "docs" / "reproducibility.md"
START, END = "<!-- benchmarks:start -->", "<!-- benchmarks:end -->"
_BRIEF = {
    "certified_radius": (
        {name: f"mean radius, {name}" for name in ("interval", "norm", "joint", "attack")},
        "share proved",
    ),
    "certified_training": (
        {name: name for name in ("accuracy", "robust accuracy", "certified radius", "attacked radius")},
        "certified, over plain",
    ),
}
"""Of results with a table in docs/certify.md: headings with the figures below them, and what the ratio is there."""
_COLUMNS = {"case": "---", "ratio": "---:", "against": "---", "accuracy": "---"}


def load(folder: Path = HERE / "results") -> list[dict[str, Any]]:
    """The results in a folder, in the order of their file names."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def render(results: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: for each result its sentence, its table, and how it was made."""
    return "\n\n".join(_section(result) for result in results) or "No results have been committed."


def brief(result: Mapping[str, Any], columns: Mapping[str, str], share: str) -> str:
    """Markdown: of each row the case, some of its figures by the headings of their columns, and the ratio."""
    lines = [_row(["case", *columns, share]), _row(["---", *["---:"] * (len(columns) + 1)])]
    for row in result["rows"]:
        figures = [row["accuracy"].get(name) for name in columns.values()]
        cells = [f"{one:.3f}" if isinstance(one, float) else "–" if one is None else str(one) for one in figures]
        lines.append(_row([row["case"], *cells, f"{row['ratio']:.2f}"]))
    return "\n".join([*lines, "", f"`{result['command']}`, {result['date']}."])


def certificates(text: str, folder: Path = HERE / "results") -> str:
    """The text of docs/certify.md with its tables, those of results that are there."""
    for name, (columns, share) in _BRIEF.items():
        path, marks = folder / f"{name}.json", (f"<!-- {name}:start -->", f"<!-- {name}:end -->")
        if path.exists():
            text = between(text, *marks, brief(json.loads(path.read_text()), columns, share))
    return text


def provenance(results: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: of each result the command that made it, where, when and with which versions."""
    names = ("python", "jax", "numpy")
    lines = [_row(["Result", "Command", "Machine", "Date", "Python", "JAX", "NumPy"]), _row(["---"] * 7)]
    for result in results:
        cells = [f"`{result['name']}`", f"`{result['command']}`", result["machine"], result["date"]]
        lines.append(_row([*cells, *(result["versions"].get(name, "–") for name in names)]))
    return "\n".join(lines)


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
        CERTIFY.write_text(certificates(CERTIFY.read_text()))
        REPRODUCIBILITY.write_text(between(REPRODUCIBILITY.read_text(), START, END, provenance(load())))
    else:
        print(table)

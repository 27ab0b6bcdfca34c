"""The benchmark tables of README.md and the documentation, made from ``benchmarks/results/*.json`` and never typed.

A result is what `common.report` writes: name, sentence, rows, command, machine, versions and date. docs/benchmarks.md
has all rows with their accuracies, README.md the ranges of the ratios of the main results, docs/certify.md some
accuracies of two results. Details stay in the files. Run ``python benchmarks/table.py --write`` after a benchmark;
without ``--write`` the tables are printed.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from limes.report.marks import between

HERE = Path(__file__).parent
README, DOCS = HERE.parent / "README.md", HERE.parent / "docs"
CERTIFY, BENCHMARKS = DOCS / "certify.md", DOCS / "benchmarks.md"
REPRODUCIBILITY = DOCS / "reproducibility.md"
START, END = "<!-- benchmarks:start -->", "<!-- benchmarks:end -->"
_MAIN = (
    "fc_kernel",
    "conv_kernel",
    "gpu_kernel",
    "empirical_ntk",
    "input_gradient",
    "robustify_cifar",
    "full_cifar",
    "public_attacks",
    "lazy_limit",
    "certified_radius",
    "certificate_soundness",
)
"""The results that README.md sums up, in the order of the data's way."""
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


def summary(results: Sequence[Mapping[str, Any]], names: Sequence[str] = _MAIN) -> str:
    """Markdown: of each result named, for each meaning of its ratios the smallest and the largest, and how many."""
    by_name, lines = {result["name"]: result for result in results}, [_row(["Benchmark", "Ratio", "Against", "Cases"])]
    lines.append(_row(["---", "---:", "---", "---:"]))
    for result in (by_name[name] for name in names if name in by_name):
        ratios: dict[str, list[float]] = {}
        for row in result["rows"]:
            if row["ratio"] is not None:
                ratios.setdefault(row["against"], []).append(row["ratio"])
        link = f"[{result['name']}](docs/benchmarks.md#{result['name']})"
        for against, values in ratios.items():
            ends = dict.fromkeys(_cell("ratio", end) for end in (min(values), max(values)))
            lines.append(_row([link, " to ".join(ends), _cell("against", against), str(len(values))]))
    return "\n".join(lines)


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
    lines = [f"### {result['name']}", "", result["what"], "", _row(name.capitalize() for name in _COLUMNS)]
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
    tables = {README: summary(load()), BENCHMARKS: render(load())}
    if sys.argv[1:] == ["--write"]:
        for page, table in tables.items():
            page.write_text(between(page.read_text(), START, END, table))
        CERTIFY.write_text(certificates(CERTIFY.read_text()))
        REPRODUCIBILITY.write_text(between(REPRODUCIBILITY.read_text(), START, END, provenance(load())))
    else:
        print(*tables.values(), sep="\n\n")

"""The page on reproducibility has the tables of the committed results."""

import importlib.util
import json
from pathlib import Path

from limes.papers import publish
from limes.report.marks import between

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reproducibility.md"


def test_every_committed_run_is_told():
    text = PAGE.read_text()
    assert publish.renewed(PAGE, ROOT) == text, "run: python -m limes.papers.publish"
    for path in publish.RESULTS.glob("*.json"):
        for run in json.loads(path.read_text())["runs"]:
            assert f"| {path.stem} | {run['size']} | {run['date'][:10]} | " in text


def test_benchmarks_are_those_that_are_committed():
    spec = importlib.util.spec_from_file_location("benchmark_table", ROOT / "benchmarks" / "table.py")
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    text, rows = PAGE.read_text(), table.provenance(table.load())
    assert "`fc_kernel`" in rows
    assert text == between(text, table.START, table.END, rows), "run: python benchmarks/table.py --write"

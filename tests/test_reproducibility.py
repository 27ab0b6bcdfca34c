"""The page on reproducibility has the tables of the committed results."""

import importlib.util
from pathlib import Path

from limes.papers import publish
from limes.report.marks import between

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reproducibility.md"


def test_runs_of_papers_are_those_that_are_committed():
    text, table = PAGE.read_text(), publish.provenance_table()
    assert table.count("\n") > 20
    assert text == between(text, publish.START, publish.END, table), "run: python -m limes.papers.publish"


def test_benchmarks_are_those_that_are_committed():
    spec = importlib.util.spec_from_file_location("benchmark_table", ROOT / "benchmarks" / "table.py")
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    text, rows = PAGE.read_text(), table.provenance(table.load())
    assert "`fc_kernel`" in rows
    assert text == between(text, table.START, table.END, rows), "run: python benchmarks/table.py --write"

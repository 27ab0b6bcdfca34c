"""Tables and pages made of committed results: what they say, and that those of the repository are up to date."""

import importlib.util
import json
from pathlib import Path

import pytest

from limes.core.errors import InputError
from limes.papers import publish, result, run
from limes.papers.registry import Entry, entries, entry
from limes.papers.result import counted_run, cpu_seconds, run_seconds
from limes.papers.verdicts import claims_table, system_verdicts, systems_table
from papers.toy_paper import KEY, Resources, Toy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Where committed results are looked for: without any, with the toy among the papers."""
    monkeypatch.chdir(tmp_path)
    Toy().install(monkeypatch)
    monkeypatch.setattr(result, "resources", Resources(tmp_path))
    return tmp_path / "results"


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_pages_have_what_the_committed_results_say():
    pages = {page: page.read_text(encoding="utf-8") for page in publish.pages(ROOT)}
    assert len(pages) == 3 + len(list(entries()))
    assert all(text == publish.renewed(page, ROOT) for page, text in pages.items()), (
        "run: python -m limes.papers.publish"
    )


def test_pages_are_written_between_their_marks(folder):
    guide = folder.parent / "docs" / "papers"
    guide.mkdir(parents=True)
    for page in publish.pages(folder.parent):
        names = {"README": ("systems", "claims"), "index": ("systems", "claims"), "reproducibility": ("runs",)}
        names = names.get(page.stem, ("verdicts",))
        page.write_text("a\n" + "".join(f"<!-- {n}:start -->\nold\n<!-- {n}:end -->\nb\n" for n in names))
    publish.publish(run(KEY, seeds=3).folder, folder)
    publish.write_pages(folder.parent)
    assert (guide / f"{KEY}.md").read_text() == (
        f"a\n<!-- verdicts:start -->\n{system_verdicts(KEY)}\n<!-- verdicts:end -->\nb\n"
    )
    assert f"]({KEY}.md)" in (guide / "index.md").read_text()
    assert f"](docs/papers/{KEY}.md)" in (folder.parent / "README.md").read_text()
    (guide / f"{KEY}.md").write_text("no marks")
    with pytest.raises(InputError, match="needs the marks"):
        publish.write_pages(folder.parent)


def test_a_row_tells_of_the_run_that_counts(folder):
    publish.publish(run(KEY, seeds=3).folder, folder)
    small = cells(systems_table("docs/", [entry(KEY)]))
    name, command = f"[Toy heights (Nobody 1900)](docs/{KEY}.md)", f"`limes papers run {KEY} --size"
    assert small[2][:3] == [name, "1 holds, 1 fails", f"{command} smoke --seeds 3`"]
    publish.publish(run(KEY, "full", seeds=1).folder, folder)
    full = cells(systems_table("docs/", [entry(KEY)]))
    assert full[2][:3] == [name, "2 are inconclusive", f"{command} full --seeds 1`"]
    assert full[2][4] == small[2][4] == full[3][4]
    assert full[3][:3] == ["all 1", "2 are inconclusive", "`limes papers check`"]
    assert counted_run(KEY)["size"] == "full"


def test_what_is_not_measured_is_a_dash(folder):
    assert cells(systems_table("", [entry(KEY)]))[2][1:] == ["no claim was measured", "–", "–", "–"]
    assert "No headline claim" in claims_table("", [entry(KEY)])
    assert f"limes papers run {KEY}" in system_verdicts(KEY)
    assert counted_run(KEY) is None


def test_main_claims_stand_below_their_system(folder):
    publish.publish(run(KEY, seeds=3).folder, folder)
    assert cells(claims_table("", [Entry(KEY, "Toy | heights", "unused")])) == [
        ["Claim", "Expected", "Measured", "Verdict"],
        ["---", "---", "---:", "---"],
        [f"**[Toy &#124; heights]({KEY}.md)**, smoke size", "", "", ""],
        ["Heights are about 1.1", "1.1 ± 0.05", "1.1 ± 0.058", "holds"],
    ]


def test_a_page_shows_failures_that_are_no_main_claims(folder):
    publish.publish(run(KEY, seeds=3).folder, folder)
    text = system_verdicts(KEY)
    assert text.startswith("Of 2 claims 1 holds, 1 fails, at smoke size.")
    assert "| 2. Twice &#124; that is at most 1 | at most 1 | 2.2 ± 0.12 | **fails** |" in text
    assert "of processor time | " in text


def test_processor_time_is_that_of_runs_that_recorded_it(folder):
    path = publish.publish(run(KEY, seeds=2).folder, folder)
    found = counted_run(KEY)
    assert run_seconds(found) == pytest.approx(sum(t["seconds"] for t in found["timings"]))
    assert cpu_seconds(found) == pytest.approx(sum(t["cpu_seconds"] for t in found["timings"]))
    record = json.loads(path.read_text())
    del record["runs"][0]["timings"][0]["cpu_seconds"]
    path.write_text(json.dumps(record))
    assert cpu_seconds(counted_run(KEY)) is None
    assert "processor" not in system_verdicts(KEY)


def test_figures_of_the_pages_are_drawn_from_committed_results():
    spec = importlib.util.spec_from_file_location("paper_figures", ROOT / "docs" / "paper_figures.py")
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    svg, text = hook.figure("tensor-decomposition", "rank")
    assert "xmlns=" in svg  # a file, not a part of a page
    assert text.startswith("![")
    assert "](tensor-decomposition-rank.svg)\n\n*" in text
    with pytest.raises(KeyError):
        hook.figure("tensor-decomposition", "nothing")

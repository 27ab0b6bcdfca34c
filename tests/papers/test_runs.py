"""What all papers share: steps that are stored and resumed, reports, and committed results."""

import json
import re
from pathlib import Path

import pytest

from limes.core.errors import FormatError, InputError, MemoryRefused, RunFolderError
from limes.papers import (
    Request,
    as_json,
    committed,
    committed_runs,
    entries,
    find_local,
    listing,
    measure,
    plan,
    publish,
    read_result,
    result,
    run,
)
from limes.papers.carry import Carried
from limes.papers.registry import entry, find
from limes.papers.result import counted_run
from papers.toy_paper import KEY, Resources, Toy


@pytest.fixture
def toy(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return Toy().install(monkeypatch)


def test_a_run_measures_its_claims_and_writes_a_report(toy, tmp_path):
    found = run(KEY, seeds=3)
    assert found.folder.parent.name == "runs"
    assert found.folder.name.startswith(f"papers-{KEY}-")
    first, second = found.claims
    assert (first.measured, first.verdict, first.headline) == (pytest.approx(1.1), "holds", True)
    assert (second.verdict, second.values) == ("fails", (2.0, 2.2, 2.4))
    assert found.figures["heights"].is_file()
    page = found.report.read_text()
    assert "<script" not in page
    for words in ("Heights are about 1.1", "1 holds, 1 fails", "a note", "FAILS", "limes papers run toy-heights"):
        assert words in page, words
    metrics = json.loads((found.folder / "metrics.json").read_text())
    assert metrics["curves"] == {"height": [1.0, 1.1, 1.2]}
    assert metrics["versions"]["numpy"]
    assert metrics["timings"][0]["seeds"] == [0, 1, 2]


def test_a_finished_run_is_not_computed_again(toy):
    first = run(KEY)
    before = first.report.stat().st_mtime_ns
    again = run(KEY)
    assert again.resumed
    assert (again.claims, again.report.stat().st_mtime_ns) == (first.claims, before)
    assert len(toy.computed) == 6


def test_an_interrupted_run_continues_with_the_step_that_is_missing(toy):
    whole = run(KEY, out="whole")
    toy.computed.clear()
    toy.interrupt_at = ("double", 1)
    with pytest.raises(KeyboardInterrupt):
        run(KEY, out="cut")
    assert toy.computed == [("height", 0), ("height", 1), ("height", 2), ("double", 0)]
    with pytest.raises(FormatError, match="no result"):
        read_result("cut")
    toy.computed.clear()
    toy.interrupt_at = None
    found = run(KEY, out="cut")
    assert toy.computed == [("double", 1), ("double", 2)]
    assert found.resumed
    assert found.claims == whole.claims


def test_finished_parts_are_carried_to_another_machine(toy, tmp_path):
    whole = run(KEY, out="whole")
    toy.computed.clear()
    toy.interrupt_at = ("double", 1)
    with pytest.raises(KeyboardInterrupt):
        run(KEY, out="here", carry="carried.json")
    carried = json.loads((tmp_path / "carried.json").read_text())
    assert list(carried["parts"]) == ["seed0"]
    toy.computed.clear()
    toy.interrupt_at = None
    there = run(KEY, out="there", carry="carried.json")
    assert toy.computed == [("height", 1), ("height", 2), ("double", 1), ("double", 2)]
    assert there.claims == whole.claims
    toy.computed.clear()
    run(KEY, out="elsewhere", carry="carried.json")
    assert toy.computed == []


def test_parts_are_measured_one_by_one_into_a_shared_file(toy, tmp_path):
    file = tmp_path / "carried.json"
    measure(KEY, ["seed1"], file, out="one")
    held = Carried(file, KEY, "smoke", toy.plan(Request()).steps)  # another process, which does not know of seed 0
    measure(KEY, ["seed0"], file, out="other")
    assert toy.computed == [("height", 1), ("double", 1), ("height", 0), ("double", 0)]
    assert {name for name, seconds in plan(KEY, carry=file)["parts"].items() if seconds} == {"seed2"}
    step = next(s for s in toy.plan(Request()).steps if s.name == "double-seed1")
    kept = {s.quantity: {1: held.get(s)} for s in toy.plan(Request()).steps if s.seed == 1}
    held.keep(step, kept)
    assert set(json.loads(file.read_text())["parts"]) == {"seed0", "seed1"}
    toy.computed.clear()
    assert run(KEY, out="all", carry=file).claims == run(KEY, out="whole").claims
    assert toy.computed[:2] == [("height", 2), ("double", 2)]
    for parts, said in ((["seed7"], "no part seed7: seed0, seed1, seed2"), ([], "none given")):
        with pytest.raises(InputError, match=said):
            measure(KEY, parts, file)


def test_carried_results_of_other_settings_are_measured_again(toy, tmp_path):
    run(KEY, out="here", carry="carried.json")
    toy.computed.clear()
    toy.offset = 0.5
    changed = run(KEY, out="there", carry="carried.json")
    assert len(toy.computed) == 6
    assert changed.claims[0].measured == pytest.approx(1.6)


def test_a_part_without_one_of_its_steps_is_measured_again_and_others_stay_in_the_file(toy, tmp_path):
    file = tmp_path / "carried.json"
    run(KEY, out="here", carry=file)
    record = json.loads(file.read_text())
    del record["parts"]["seed1"]["steps"]["double-seed1"]
    record["parts"]["elsewhere"] = {"settings": {}, "steps": {}}
    file.write_text(json.dumps(record))
    toy.computed.clear()
    run(KEY, out="there", carry=file)
    assert toy.computed == [("height", 1), ("double", 1)]
    assert list(json.loads(file.read_text())["parts"]) == ["seed0", "seed1", "seed2", "elsewhere"]


@pytest.mark.parametrize(
    ("text", "said"), [("{", "can be read"), ('{"parts": {}}', "can be read"), (None, "size smoke")]
)
def test_a_carried_file_that_does_not_fit_is_refused(toy, tmp_path, text, said):
    file = tmp_path / "carried.json"
    if text is None:
        run(KEY, out="here", carry=file)
        with pytest.raises(FormatError, match=said):
            run(KEY, "full", out="there", carry=file)
    else:
        file.write_text(text)
        with pytest.raises(FormatError, match=said):
            run(KEY, out="here", carry=file)


def test_other_settings_need_another_folder_or_force(toy):
    run(KEY, out="here")
    with pytest.raises(RunFolderError, match="--force"):
        run(KEY, out="here", seeds=2)
    found = run(KEY, out="here", seeds=2, force=True)
    assert found.claims[0].seeds == (0, 1)


def test_a_plan_computes_nothing(toy, tmp_path):
    found = plan(KEY, seeds=2)
    assert found["quantities"]["height"] == {"seeds": [0, 1], "seconds": 2.0}
    assert (found["n_steps"], found["seconds"], found["peak_bytes"]) == (4, 4.0, 1000)
    assert not toy.computed
    assert not any(tmp_path.iterdir())


def test_a_run_that_would_not_fit_is_refused(toy, monkeypatch, tmp_path):
    monkeypatch.setenv("LIMES_MEMORY", "500")
    with pytest.raises(MemoryRefused, match="toy-heights at size smoke"):
        run(KEY)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"key": "toy-hights"}, "did you mean toy-heights"),
        ({"key": "adv_ntk"}, "did you mean adv-ntk"),
        ({"key": "zzz"}, "there are adv-ntk, ntk-features, nn-svm, deep-vs-kernel"),
        ({"size": "huge"}, "one of smoke, full"),
        ({"seeds": 0}, "at least 1, not 0"),
        ({"seeds": 1.5}, "whole number"),
        ({"seeds": True}, "whole number"),
    ],
)
def test_wrong_requests_are_refused(toy, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        run(**{"key": KEY, **arguments})
    assert not any(tmp_path.iterdir())


def test_the_newest_local_run_is_found(toy):
    assert find_local(KEY) is None
    run(KEY, seeds=2)
    newest = run(KEY, seeds=3)
    path = newest.folder / "metrics.json"
    path.write_text(path.read_text().replace('"date": "20', '"date": "30'))
    (newest.folder.parent / f"papers-{KEY}-damaged").mkdir()
    (newest.folder.parent / f"papers-{KEY}-damaged" / "metrics.json").write_text("{")
    assert find_local(KEY).folder == newest.folder
    assert listing()[-1].local.folder == newest.folder


@pytest.mark.parametrize("key", [e.key for e in entries()])
def test_committed_results_are_readable_and_of_this_paper(key):
    runs = committed_runs(key)
    assert runs, f"{key} has no committed results"
    claims = committed(key)
    assert len({claim.id for claim in claims}) == len(claims)
    assert find(key).title == entry(key).title
    for one in runs:
        assert {"size", "claims", "date", "command", "commit", "versions", "settings"} <= set(one)
        assert all(claim["seeds"] or len(claim["values"]) == 1 for claim in one["claims"])
    drawn = {one["size"]: find(key).figures(one["curves"]) for one in runs}
    assert all(drawn.values())
    for name, drawing in [pair for figures in drawn.values() for pair in figures.items()]:
        assert drawing.caption.endswith("."), name
        assert drawing.alt.endswith("."), name
        assert drawing.alt not in drawing.caption, name
        assert len(drawing.caption.split()) >= 20, f"{name}: what to look for, what it would mean, what is plotted"
    page = (Path(__file__).parents[2] / "docs" / "papers" / f"{key}.md").read_text(encoding="utf-8")
    (figure,) = re.findall(r"^<!-- figure: (.*) -->$", page, re.MULTILINE)
    assert figure in drawn[counted_run(key)["size"]]


def test_publishing_keeps_other_sizes_and_the_full_run_counts(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(result, "resources", Resources(tmp_path))
    assert committed(KEY) == ()
    assert any("no committed results" in warning for warning in as_json(listing())["warnings"])
    smoke = run(KEY, seeds=2)
    publish.publish(smoke.folder, tmp_path / "results")
    assert committed(KEY) == smoke.claims
    toy.offset = 1.0
    full = run(KEY, size="full")
    publish.publish(full.folder, tmp_path / "results")
    record = json.loads((tmp_path / "results" / f"{KEY}.json").read_text())
    assert {one["size"] for one in record["runs"]} == {"smoke", "full"}
    for year in (2001, 2003):  # the small run older than the full one, and newer
        for one in record["runs"]:
            one["date"] = {"smoke": f"{year}-01-01T00:00:00Z", "full": "2002-01-01T00:00:00Z"}[one["size"]]
        (tmp_path / "results" / f"{KEY}.json").write_text(json.dumps(record))
        assert committed(KEY) == full.claims
    (shown,) = [paper for paper in as_json(listing())["data"] if paper["key"] == KEY]
    assert shown["claims"][0] == full.claims[0].row()
    (tmp_path / "results" / f"{KEY}.json").write_text("{")
    with pytest.raises(FormatError, match="publish them again"):
        committed(KEY)
    with pytest.raises(FormatError, match="damaged"):
        publish.publish(full.folder, tmp_path / "results")

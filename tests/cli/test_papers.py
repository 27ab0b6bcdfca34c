"""``limes papers``: list, run and show."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from limes.cli.app import app
from limes.papers import committed, run
from papers.toy_paper import KEY, Toy

LIMES = [sys.executable, "-c", "from limes.cli import main; main()"]
PAGE = Path(__file__).parents[2] / "docs" / "papers" / "index.md"
CLAIM = {"statement", "expected", "measured", "standard_error", "verdict", "size", "headline"}


@pytest.fixture
def toy(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIMES_DATA", raising=False)
    return Toy().install(monkeypatch)


def limes(*args, code=0):
    done = CliRunner().invoke(app, ["papers", *map(str, args)])
    assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
    return done


def test_the_list_as_json_has_exactly_what_is_promised(tmp_path):
    done = subprocess.run(
        [*LIMES, "papers", "list", "--json"], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert list(found) == ["data", "warnings", "meta"]
    assert (found["warnings"], found["meta"]) == ([], {})
    assert [paper["key"] for paper in found["data"]] == [
        "adv-ntk",
        "ntk-features",
        "nn-svm",
        "deep-vs-kernel",
        "rntk",
        "uci",
        "stability-at",
        "convergence-at",
        "bias-ntk",
        "fast-training",
        "pruned-ntk",
        "norm-bounds",
        "feature-learning",
        "tensor-decomposition",
        "symmetries",
        "heavy-tails",
        "epistemic",
        "neural-td",
    ]
    for paper in found["data"]:
        assert list(paper) == ["key", "title", "claims"]
        assert paper["claims"] == [claim.row() for claim in committed(paper["key"])]
        for claim in paper["claims"]:
            assert set(claim) == CLAIM
            assert claim["verdict"] in ("holds", "fails", "inconclusive")
            assert isinstance(claim["expected"], str)
            assert isinstance(claim["measured"], float)


def test_the_list_for_people_shows_a_local_run_beside_the_committed_one(toy):
    before = limes("list").stdout
    assert "adv-ntk  Adv-NTK" in before
    assert "local run" not in before
    limes("run", KEY, "--quiet")
    after = limes("list").stdout
    assert "local run (smoke, runs/papers-toy-heights-" in after
    assert "1 holds, 1 fails" in after


def test_run_prints_verdicts_and_where_the_report_is(toy, tmp_path):
    done = limes("run", KEY, "--out", "here", "--seeds", "2")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("holds        1    Heights are about 1.1: expected 1.1 ± 0.05, measured 1.05")
    assert lines[-2:] == ["1 holds, 1 fails", "Report: here/report.html"]
    assert "[4/4] double-seed1" in done.stderr
    assert (tmp_path / "here" / "report.html").is_file()
    again = json.loads(limes("run", KEY, "--out", "here", "--seeds", "2", "--json", "--quiet").stdout)
    assert again["resumed"]
    assert (again["key"], again["size"], again["folder"], again["notes"]) == (KEY, "smoke", "here", ["a note"])
    assert [claim["verdict"] for claim in again["claims"]] == ["holds", "fails"]
    assert set(again["claims"][0]) > CLAIM


def test_an_interrupted_run_says_so_and_continues(toy):
    toy.interrupt_at = ("double", 0)
    done = limes("run", KEY, "--out", "here", code=130)
    assert "the same command continues" in done.stderr
    toy.interrupt_at = None
    toy.computed.clear()
    limes("run", KEY, "--out", "here")
    assert toy.computed == [("double", 0), ("double", 1), ("double", 2)]


def test_mistakes_get_one_sentence(toy):
    for arguments, words in (
        (("run", "adv-nkt"), "did you mean adv-ntk"),
        (("show", "adv-nkt"), "did you mean adv-ntk"),
        (("run", KEY, "--size", "huge"), "smoke, full"),
        (("run", KEY, "--seeds", "0"), "at least 1"),
        (("run", "adv-ntk", "--data", "nowhere"), "does not exist"),
        (("run", KEY, "--memory", "lots"), "amount of memory"),
    ):
        done = limes(*arguments, code=2)
        assert words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stdout == ""
    limes("run", KEY, "--out", "here")
    assert "--force" in limes("run", KEY, "--out", "here", "--seeds", "1", code=2).stderr
    limes("run", KEY, "--out", "here", "--seeds", "1", "--force")


def test_the_plan_is_printed_and_nothing_is_written(toy, tmp_path):
    found = json.loads(limes("run", "adv-ntk", "--dry-run", "--json").stdout)
    assert found["seconds"] > 10
    assert found["peak_bytes"] < found["memory_limit_bytes"]
    assert "too easy" in found["notes"][0]
    shown = limes("run", KEY, "--dry-run").stdout
    assert re.search(r"height +3 seeds +about 3\.0 s", shown)
    assert "note: a note" in shown
    assert re.search(r"parts +3 of 3 to be measured", shown)
    assert not any(tmp_path.iterdir())


def test_parts_of_a_run_go_into_a_file(toy, tmp_path):
    assert "--carry" in limes("run", KEY, "--part", "seed0", code=2).stderr
    assert "no part other: seed0" in limes("run", KEY, "--part", "other", "--carry", "c.json", code=2).stderr
    assert limes("run", KEY, "--part", "seed0", "--carry", "c.json").stdout == "seed0 in c.json\n"
    assert "2 of 3 to be measured" in limes("run", KEY, "--dry-run", "--carry", "c.json").stdout
    assert "Report:" in limes("run", KEY, "--carry", "c.json").stdout


def test_show_tells_how_each_claim_was_measured(toy):
    shown = limes("show", "adv-ntk").stdout
    for claim in committed("adv-ntk"):
        assert claim.statement in shown
        assert claim.expected.refutation in shown
    run(KEY)
    local = limes("show", KEY)
    assert "(local run)" in local.stdout
    assert "has no committed results" in local.stdout
    found = json.loads(limes("show", KEY, "--json").stdout)
    assert found["claims"] == []
    assert [claim["id"] for claim in found["local"]] == ["1", "2"]


def test_a_check_tells_of_verdicts_that_turned(toy, tmp_path, monkeypatch):
    committed_now(monkeypatch, run(KEY, out="first").metrics)
    agrees = limes("check", KEY, "--quiet")
    assert agrees.stdout.splitlines()[0].startswith(f"{KEY:<22} agrees     2 same; ")
    assert agrees.stdout.splitlines()[-1] == "1 of 1 papers agree with what is committed"
    toy.computed.clear()
    limes("check", KEY, "--quiet")
    assert toy.computed == []  # a finished check is taken as it is
    toy.offset = 5.0
    turned = limes("check", KEY, "--quiet", "--force", code=1)
    assert "DISAGREES  1 contradicts, 1 same" in turned.stdout
    assert "contradicts: fails        1    Heights are about 1.1" in turned.stdout
    found = json.loads(limes("check", KEY, "--json", "--quiet", code=1).stdout)
    assert not found["agree"]
    (paper,) = found["papers"]
    assert (paper["key"], paper["counts"], paper["agrees"]) == (KEY, {"contradicts": 1, "same": 1}, False)
    assert [(c["id"], c["before"]["verdict"], c["now"]["verdict"]) for c in paper["changed"]] == [
        ("1", "holds", "fails")
    ]


def test_claims_that_came_or_went(toy, monkeypatch):
    result = run(KEY)
    first = result.metrics["claims"][0]
    other = result.metrics | {"claims": [first, first | {"id": "9"}]}
    committed_now(monkeypatch, other)
    assert "1 same, 1 new, 1 missing" in limes("check", KEY, "--quiet", code=1).stdout
    committed_now(monkeypatch, other | {"notes": []})
    assert "1 same, 1 new; " in limes("check", KEY, "--quiet").stdout  # this run notes that it lacked data
    monkeypatch.setattr("limes.papers.comparison.committed_runs", lambda key: [])
    assert re.search(r"NEW +2 new; ", limes("check", KEY, "--quiet", code=1).stdout)


def committed_now(monkeypatch, metrics):
    for module in ("comparison", "stored_report"):
        monkeypatch.setattr(f"limes.papers.{module}.committed_runs", lambda key: [metrics] if key == KEY else [])


def test_a_report_of_committed_results_needs_no_run(toy, tmp_path, monkeypatch):
    committed_now(monkeypatch, run(KEY, out="first").metrics)
    toy.computed.clear()
    assert limes("report", KEY).stdout == f"Report: runs/papers-{KEY}.html\n"
    assert toy.computed == []
    assert Path(f"runs/papers-{KEY}.html").read_text() == Path("first/report.html").read_text()
    assert json.loads(limes("report", KEY, "--out", "a/b.html", "--json").stdout) == {"key": KEY, "report": "a/b.html"}
    refused = limes("report", KEY, "--size", "full", code=2).stderr
    assert f"no committed results of size full (there are: smoke): limes papers run {KEY} --size full" in refused
    assert "did you mean adv-ntk" in limes("report", "adv-nkt", code=2).stderr


@pytest.mark.parametrize("words", [("papers", "--help"), ("papers", "run", "--help"), ("papers", "list", "--help")])
def test_help_does_not_wait_for_numerics(words):
    script = f"""
import sys, atexit
heavy = ("jax", "sklearn", "scipy", "numpy", "matplotlib")
atexit.register(lambda: print("loaded:", [name for name in heavy if name in sys.modules]))
from limes.cli import main; sys.argv = {["limes", *words]!r}; main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_the_commands_of_the_guide_exist():
    group = typer.main.get_command(app).commands["papers"]
    lines = re.findall(r"^limes papers (\w+)(.*)$", PAGE.read_text(), re.MULTILINE)
    assert {verb for verb, _ in lines} == {"list", "run", "show", "check", "report"}
    for verb, rest in lines:
        known = {option for parameter in group.commands[verb].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest.split("#")[0])) <= known, (verb, rest)

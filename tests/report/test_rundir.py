import errno
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import limes.core.arrays
from limes.core.errors import FormatError, InputError, RunFolderError
from limes.report.rundir import config_hash, default_run_path, open_run

CONFIG = {"data": "digits", "eps": 0.05, "bounds": [0, 1], "time": float("inf"), "net": {"depth": 3}, "extra": None}


def finish_a_run(out, config=CONFIG):
    with open_run(out, "robustify", config) as run:
        run.stage("fit", lambda: {"coef": np.eye(2)})
        run.write_json("metrics.json", {"accuracy": 0.9})
        run.finish()


def no_computing():
    raise AssertionError("the stage was stored and must not be computed again")


def events(folder, kind):
    entries = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [e for e in entries if e["event"] == kind]


def test_a_new_folder_says_what_was_run_with_what(tmp_path):
    with open_run(tmp_path / "deep" / "run", "robustify", CONFIG) as run:
        assert not run.resumed
        assert not run.finished
    stored = tomllib.loads((run.folder / "config.toml").read_text())
    assert stored == {"verb": "robustify", **{k: v for k, v in CONFIG.items() if v is not None}}
    env = json.loads((run.folder / "environment.json").read_text())
    assert {"limes", "jax", "numpy", "scipy", "scikit-learn"} <= set(env["packages"])
    assert set(env) == {"python", "packages", "platform", "cpu_count", "date"}


def test_default_path_depends_on_what_decides_the_result_only():
    path = default_run_path("fit", "/home/me/My Data.npz", CONFIG)
    assert path.parent == Path("runs")
    assert path.name.startswith("fit-my-data-")
    assert default_run_path("fit", "My Data", dict(reversed(CONFIG.items()))) == path
    assert default_run_path("fit", "My Data", {**CONFIG, "eps": 0.1}) != path
    assert len(config_hash(CONFIG)) == 8


def test_a_stage_is_computed_once_and_reads_back_as_it_was_returned(tmp_path):
    result = {"gram": np.arange(6.0).reshape(2, 3), "acc": np.float64(0.5), "names": ("a", "b"), "t": float("inf")}
    with open_run(tmp_path / "run", "fit", CONFIG) as run:
        first = run.stage("gram", lambda: result)
    with open_run(tmp_path / "run", "fit", CONFIG) as run:
        assert run.resumed
        again = run.stage("gram", no_computing)
    assert first.keys() == again.keys() == result.keys()
    np.testing.assert_array_equal(again["gram"], result["gram"])
    assert first["names"] == again["names"] == ["a", "b"]
    assert first["acc"] == again["acc"] == 0.5
    assert type(first["acc"]) is type(again["acc"]) is float
    assert first["t"] == again["t"] == float("inf")
    assert [e["state"] for e in events(run.folder, "stage")] == ["started", "done"]
    assert events(run.folder, "stage")[1]["seconds"] >= 0


def test_finished_until_a_file_is_missing(tmp_path):
    finish_a_run(tmp_path / "run")
    with open_run(tmp_path / "run", "robustify", CONFIG) as run:
        assert run.finished
        assert run.read_json("metrics.json") == {"accuracy": 0.9}
        (run.folder / "metrics.json").unlink()
        assert not run.finished
        with pytest.raises(FormatError, match=r"metrics\.json cannot be read"):
            run.read_json("metrics.json")


@pytest.mark.parametrize(
    ("verb", "change", "named"),
    [
        ("robustify", {"eps": 0.1}, r"\(eps\)"),
        ("robustify", {"net": {"depth": 4}, "seed": 1}, r"\(net\.depth, seed\)"),
        ("robustify", {"bounds": [0, 1.0]}, r"\(bounds\)"),
        ("fit", {}, r"\(verb\)"),
    ],
)
def test_other_settings_are_refused_and_named(tmp_path, verb, change, named):
    finish_a_run(tmp_path / "run")
    with pytest.raises(RunFolderError, match=f"other settings {named}.*--force"):
        open_run(tmp_path / "run", verb, {**CONFIG, **change})


def test_foreign_files_are_refused_and_survive_force(tmp_path):
    (tmp_path / "figures").mkdir()
    foreign = [tmp_path / "thesis.tex", tmp_path / "figures" / "mine.svg"]
    for path in foreign:
        path.write_text("years of work")
    with pytest.raises(RunFolderError, match=r"did not write \(figures, thesis.tex\).*--force"):
        open_run(tmp_path, "fit", CONFIG)
    assert not (tmp_path / ".lock").exists()
    with open_run(tmp_path, "fit", CONFIG, force=True) as run:
        run.write_text("figures/time.svg", "<svg/>")
        run.finish()
    with open_run(tmp_path, "fit", {**CONFIG, "eps": 1.0}, force=True):
        assert not (tmp_path / "figures" / "time.svg").exists()
    assert [path.read_text() for path in foreign] == ["years of work"] * 2


def test_force_starts_afresh_even_with_the_same_settings(tmp_path):
    finish_a_run(tmp_path / "run")
    with open_run(tmp_path / "run", "robustify", CONFIG, force=True) as run:
        assert not run.finished
        assert not run.resumed
        assert {p.name for p in run.folder.iterdir()} == {".lock", "config.toml", "environment.json", "log.jsonl"}
        assert run.stage("fit", lambda: {"coef": np.zeros(1)})["coef"].tolist() == [0.0]


def test_stages_of_other_settings_are_never_read(tmp_path):
    finish_a_run(tmp_path / "run")
    for name in ("config.toml", "log.jsonl"):  # the folder has forgotten whose stages these are
        (tmp_path / "run" / name).unlink()
    with open_run(tmp_path / "run", "robustify", {**CONFIG, "eps": 1.0}, force=True) as run:
        assert run.stage("fit", lambda: {"coef": np.zeros(1)})["coef"].tolist() == [0.0]
        assert "another configuration" in events(run.folder, "damaged")[0]["detail"]


def damage_zip(path):
    path.write_bytes(path.read_bytes()[:-30])


def damage_content(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def damage_header(path):
    np.savez(path, __meta__=np.frombuffer(b"\xff{", np.uint8))


@pytest.mark.parametrize("damage", [damage_zip, damage_content, damage_header])
def test_a_damaged_stage_is_computed_again(tmp_path, damage):
    with open_run(tmp_path, "fit", CONFIG) as run:
        run.stage("gram", lambda: {"k": np.zeros(1000)})
        damage(run.folder / "stages" / "gram.npz")
        assert run.stage("gram", lambda: {"k": np.ones(1000)})["k"].sum() == 1000
        assert run.stage("gram", no_computing)["k"].sum() == 1000
        assert [e["stage"] for e in events(run.folder, "damaged")] == ["gram"]


def test_ctrl_c_leaves_nothing_half_written_and_can_be_continued(tmp_path):
    def interrupted():
        raise KeyboardInterrupt

    with open_run(tmp_path / "run", "fit", CONFIG) as run:
        run.stage("a", lambda: {"x": np.ones(2)})
        with pytest.raises(KeyboardInterrupt):
            run.stage("b", interrupted)
    assert [p.name for p in (run.folder / "stages").iterdir()] == ["a.npz"]
    assert events(run.folder, "stage")[-1]["state"] == "interrupted"
    with open_run(tmp_path / "run", "fit", CONFIG) as run:
        run.stage("a", no_computing)
        assert run.stage("b", lambda: {"y": 1}) == {"y": 1}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_sentence_and_keeps_what_was_finished(tmp_path, monkeypatch, code):
    def full(*args, **kwargs):
        raise OSError(code, "No space left on device")

    with open_run(tmp_path / "run", "fit", CONFIG) as run:
        run.stage("a", lambda: {"x": np.ones(2)})
        with monkeypatch.context() as patch:
            patch.setattr(limes.core.arrays.np, "savez", full)
            with pytest.raises(RunFolderError, match="is full: free some space"):
                run.stage("b", lambda: {"x": np.ones(2)})
            patch.setattr(limes.core.arrays.os, "fsync", full)
            with pytest.raises(RunFolderError, match="is full"):
                run.write_json("metrics.json", {})
        assert [p.name for p in (run.folder / "stages").iterdir()] == ["a.npz"]
        assert not (run.folder / "metrics.json").exists()
        run.stage("a", no_computing)
        run.stage("b", lambda: {"x": np.ones(2)})


def test_a_second_process_is_kept_out_until_the_first_dies(tmp_path):
    hold = "import sys; from limes.report.rundir import open_run; run = open_run(sys.argv[1], 'fit', {}); "
    hold += "print('ready', flush=True); sys.stdin.read()"
    folder = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            with pytest.raises(RunFolderError, match="another limes run is writing"):
                open_run(folder, "fit", {})
        finally:
            process.kill()
            process.wait()
    with open_run(folder, "fit", {}) as run:
        assert run.resumed


def test_leftovers_of_a_killed_write_are_removed(tmp_path):
    finish_a_run(tmp_path / "run")
    leftover = tmp_path / "run" / "stages" / ".fit.npz.ab12cd34"
    leftover.write_bytes(b"half")
    note = tmp_path / "run" / "notes.txt"
    note.write_text("mine")
    with open_run(tmp_path / "run", "robustify", CONFIG):
        assert not leftover.exists()
        assert note.exists()


def test_killed_before_the_settings_were_written(tmp_path):
    (tmp_path / ".lock").touch()
    (tmp_path / ".config.toml.ab12cd34").touch()
    with open_run(tmp_path, "fit", CONFIG) as run:
        assert not run.resumed


def test_a_log_cut_in_the_middle_of_a_line_goes_on(tmp_path):
    finish_a_run(tmp_path / "run")
    with (tmp_path / "run" / "log.jsonl").open("a") as file:
        file.write('{"time": "2026-')
    with open_run(tmp_path / "run", "robustify", CONFIG) as run:
        run.log("note", text="later")
        assert run.finished
    assert json.loads((run.folder / "log.jsonl").read_text().splitlines()[-1])["text"] == "later"


def test_other_versions_are_told_when_an_unfinished_run_continues(tmp_path):
    with open_run(tmp_path / "run", "fit", CONFIG) as run:
        env = run.read_json("environment.json")
        env["packages"]["numpy"] = "1.0"
        run.write_json("environment.json", env)
    told = []
    with open_run(tmp_path / "run", "fit", CONFIG, warn=told.append) as run:
        assert len(told) == 1
        assert "numpy 1.0 -> " in told[0]
        run.finish()
    open_run(tmp_path / "run", "fit", CONFIG, warn=no_computing).close()


def test_folders_that_cannot_be_used(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="is a file, not a folder"):
        open_run(tmp_path / "file", "fit", CONFIG)
    with pytest.raises(RunFolderError, match=r"cannot write in .*Not a directory"):
        open_run(tmp_path / "file" / "below", "fit", CONFIG)

    def denied(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(limes.core.arrays.tempfile, "mkstemp", denied)
    with pytest.raises(RunFolderError, match=r"cannot write in .*Permission denied.*--out"):
        open_run(tmp_path / "run", "fit", CONFIG)


def test_names_stay_inside_the_folder(tmp_path):
    with open_run(tmp_path / "run", "fit", CONFIG) as run:
        with pytest.raises(RunFolderError, match="leads out"):
            run.path("../model.npz")
        with pytest.raises(InputError, match="cannot name a stage"):
            run.stage("../a", no_computing)
        with pytest.raises(InputError, match="'f' cannot be stored"):
            run.stage("a", lambda: {"f": no_computing})
        with pytest.raises(InputError, match="'file' cannot name a part"):
            run.stage("a", lambda: {"file": np.ones(1)})


def test_metrics_are_strict_json(tmp_path):
    with open_run(tmp_path / "run", "fit", CONFIG) as run:
        value = {"t": [np.inf, -np.inf, np.nan], "x": np.float32(0.5), "n": np.arange(2), "ok": np.bool_(True)}
        text = run.write_json("metrics.json", value).read_text()
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name)) == {
        "t": ["inf", "-inf", None],
        "x": 0.5,
        "n": [0, 1],
        "ok": True,
    }


def test_a_damaged_config_is_said(tmp_path):
    finish_a_run(tmp_path / "run")
    path = tmp_path / "run" / "config.toml"
    path.write_text(path.read_text() + "\nbroken = \n")
    with pytest.raises(RunFolderError, match=r"config\.toml is damaged.*--force"):
        open_run(tmp_path / "run", "robustify", CONFIG)


def test_errors_of_the_work_itself_pass_through_but_for_a_full_disk(tmp_path):
    def raising(error):
        def compute():
            raise error

        return compute

    with open_run(tmp_path / "run", "fit", CONFIG) as run:
        with pytest.raises(FileNotFoundError, match=r"data\.npz"):
            run.stage("a", raising(FileNotFoundError(errno.ENOENT, "No such file", "data.npz")))
        with pytest.raises(RunFolderError, match="is full"):
            run.stage("a", raising(OSError(errno.ENOSPC, "No space left on device")))
    assert [e["state"] for e in events(run.folder, "stage")] == ["started", "failed"] * 2


def test_opening_a_run_imports_no_heavy_package(tmp_path):
    code = """
import sys
import limes
before = set(sys.modules)
from limes.report.rundir import open_run
open_run(sys.argv[1], "fit", {}).close()
print([m for m in ("jax", "scipy", "sklearn", "matplotlib", "jinja2") if m in set(sys.modules) - before])
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr

"""The command line, as a person uses it: exit codes, one sentence for each mistake, JSON, resuming."""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from typer.testing import CliRunner

from limes.cli.app import app

LIMES = [sys.executable, "-c", "from limes.cli import main; main()"]
SMALL = ["--n-train", "120", "--n-validation", "30", "--n-test", "30", "--seeds", "1", "--n-times", "3"]
SMALL += ["--defence", "none", "--certify", "2"]
WEAK = ["--steps", "3", "--queries", "10"]


def limes(*args, cwd, code=0):
    """The command in this process, which has loaded and compiled most of what it needs."""
    with contextlib.chdir(cwd), mock.patch.dict(os.environ):
        done = CliRunner().invoke(app, [*map(str, args)])
    assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
    return done


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small finished run of the main job."""
    folder = tmp_path_factory.mktemp("run")
    command = [*LIMES, "robustify", "digits", "--out", "run", "--json", *SMALL, *WEAK]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout), done


def test_robustify_writes_all_that_is_promised(finished):
    folder, result, done = finished
    for name in ("report.html", "metrics.json", "config.toml", "environment.json", "model.npz", "log.jsonl"):
        assert (folder / "run" / name).is_file(), name
    assert result["chosen"]["time"] in result["settings"]["times"]
    assert 0 <= result["table"][0]["robust"]["mean"] <= result["table"][0]["clean"]["mean"] <= 1
    assert "left" in done.stderr
    page = (folder / "run" / "report.html").read_text()
    assert "<script" not in page
    assert "Robust accuracy against training time" in page


def test_a_finished_run_is_a_no_op_with_the_same_result(finished):
    folder, result, _ = finished
    before = (folder / "run" / "report.html").stat().st_mtime_ns
    again = json.loads(limes("robustify", "digits", "--out", "run", "--json", *SMALL, *WEAK, cwd=folder).stdout)
    assert again["resumed"]
    assert again["curve"] == result["curve"]
    assert (folder / "run" / "report.html").stat().st_mtime_ns == before


def test_the_folder_of_another_run_is_refused(finished):
    folder, _, _ = finished
    done = limes("robustify", "digits", "--out", "run", "--eps", "0.2", *SMALL, *WEAK, cwd=folder, code=2)
    assert "other settings" in done.stderr
    assert "--force" in done.stderr


def test_the_saved_model_is_certified(finished):
    folder, metrics, _ = finished
    assert metrics["certificates"]["n_points"] == 2
    assert metrics["certificates"]["violations"] == 0
    args = ("certify", "run/model.npz", "digits", "--n-test", "2", "--method", "norm", "--out", "certificates")
    found = json.loads(limes(*args, "--json", cwd=folder).stdout)
    assert 0 < found["certified_radius"]["mean"] < found["attacked_radius"]["mean"]
    page = (folder / "certificates" / "report.html").read_text()
    assert all(title in page for title in ("Accuracy against radius", "Radii of the points", "Least robust inputs"))
    again = limes(*args, cwd=folder)
    assert "certified radius  mean" in again.stdout
    assert "another run" not in again.stderr
    wrong = limes("certify", "run/model.npz", "digits", "--method", "magic", "--out", "other", cwd=folder, code=2)
    assert "methods must be a sequence of some of joint, norm, interval" in wrong.stderr


def test_the_saved_model_predicts_and_is_attacked(finished):
    folder, _, _ = finished
    done = limes("predict", "run/model.npz", "digits", "--json", cwd=folder)
    assert json.loads(done.stdout)["accuracy"] > 0.7
    args = ("attack", "run/model.npz", "digits", "--eps", "0.05", "--eps", "0", "--n-test", "20", "--json")
    found = json.loads(limes(*args, "--out", "attack", *WEAK, cwd=folder).stdout)
    assert found["robust_accuracy"][1] == found["clean_accuracy"] >= found["robust_accuracy"][0]
    assert (folder / "attack" / "adversarial.npz").is_file()
    report = (folder / "attack" / "report.html").read_text()
    assert f"{found['robust_accuracy'][0]:.3f}" in report
    assert "Audit of the attack" in report


def test_an_interrupted_run_continues(tmp_path):
    args = ["robustify", "digits", "--out", "run", "--n-train", "100", "--n-validation", "20", "--n-test", "20"]
    args += ["--seeds", "2", "--defence", "none", "--certify", "0", *WEAK]
    process = subprocess.Popen([*LIMES, *args], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    stages = tmp_path / "run" / "stages"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list(stages.glob("seed0-validation*.npz"))) < 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "the same command continues" in errors
    kept = {path: path.stat().st_mtime_ns for path in stages.glob("*.npz")}
    assert len(kept) >= 3
    assert not (tmp_path / "run" / "metrics.json").exists()
    done = limes(*args, cwd=tmp_path)
    assert "Report:" in done.stdout
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())


def test_defences_are_trained_and_a_small_budget_leaves_them_out(tmp_path):
    args = [
        "robustify",
        "digits",
        "--out",
        "run",
        "--n-train",
        "60",
        "--n-validation",
        "20",
        "--n-test",
        "20",
        "--certify",
        "0",
        *WEAK,
    ]
    args += ["--seeds", "1", "--n-times", "2", "--defence", "adv-ntk", "--json"]
    first = json.loads(limes(*args, "--budget", "1s", cwd=tmp_path).stdout)
    assert [row["defence"] for row in first["table"]] == ["plain flow, trained to the end", "best stopping time"]
    assert first["left_out"][0]["defence"] == "Adv-NTK"
    assert "Left out: Adv-NTK" in (tmp_path / "run" / "report.html").read_text()
    again = json.loads(limes(*args, "--budget", "1h", cwd=tmp_path).stdout)
    assert again["table"][:2] == first["table"]
    assert [row["defence"] for row in again["table"][2:]] == ["Adv-NTK"]
    assert not again["left_out"]
    assert len(again["radius"]["defences"]) == 3
    with np.load(tmp_path / "run" / "stages" / "seed0-adv-ntk.npz") as model:
        assert "centres" in model.files


def write(folder: Path, name: str, x, y) -> str:
    np.savez(folder / name, X=x, y=y)
    return name


@pytest.mark.parametrize(
    ("make", "options", "code", "words"),
    [
        (lambda d: write(d, "a.npz", np.full((8, 3), np.nan), np.arange(8) % 2), [], 2, "NaN"),
        (lambda d: write(d, "a.npz", np.eye(8), np.zeros(8, int)), [], 2, "class"),
        (lambda d: write(d, "a.npz", np.eye(8), np.arange(5)), [], 2, "5"),
        (lambda d: write(d, "a.npz", 255 * np.eye(8), np.arange(8) % 2), ["--bounds", "0", "1"], 2, "box"),
        (lambda d: write(d, "a.npz", np.eye(1), np.zeros(1, int)), [], 2, "only one row"),
        (lambda d: "missing.npz", [], 2, "no file"),
        (lambda d: "digits", ["--net", "mpl-3"], 2, "unknown net"),
        (lambda d: "digits", ["--net", '[{"layer": "rule"}]'], 2, "unknown layer"),
        (lambda d: "digits", ["--eps", "-1"], 2, "eps"),
        (lambda d: "digits", ["--eps", "much"], 2, "eps"),
        (lambda d: "digits", ["--norm", "l7"], 2, "norm"),
        (lambda d: "digits", ["--defence", "luck"], 2, "known ones are"),
        (lambda d: "digits", ["--budget", "soon"], 2, "budget"),
        (lambda d: "digits", ["--memory", "1kB"], 3, "limit"),
        (lambda d: "digits", ["--no-such-option"], 2, "No such option"),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path, make, options, code, words):
    source = make(tmp_path)
    done = limes("robustify", source, "--out", "run", "--certify", "0", *WEAK, *options, cwd=tmp_path, code=code)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "run" / "report.html").exists()


def test_files_that_are_not_what_they_say(tmp_path):
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps({"X": 1}))
    np.savez(tmp_path / "whole.npz", X=np.eye(50), y=np.arange(50) % 2)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:500])
    for name in ("pickle.npz", "cut.npz"):
        done = limes("robustify", name, cwd=tmp_path, code=2)
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_odd_but_usable_data_works(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(60, 6)).astype(np.float32)
    x[:, 2] = 0.5
    x[0] = 0
    x[1] = x[3]
    write(tmp_path, "odd.npz", x, np.arange(60) % 2)
    done = limes(
        "robustify",
        "odd.npz",
        "--out",
        "run",
        "--seeds",
        "1",
        "--n-times",
        "2",
        "--defence",
        "none",
        "--certify",
        "1",
        *WEAK,
        cwd=tmp_path,
    )
    assert "Report:" in done.stdout
    assert "zero" in done.stderr


def test_the_plan_is_printed_and_nothing_is_written(tmp_path):
    plan = json.loads(limes("robustify", "--dry-run", "--json", cwd=tmp_path).stdout)
    assert plan["peak_bytes"] > plan["kernel_bytes"] > 0
    assert plan["seconds"] > 0
    assert not any(tmp_path.iterdir())


def test_fit_predict_without_labels_and_refusals(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 3))
    rows = "".join(f"{a:.4f},{b:.4f},{c:.4f},{'hot' if a > 0 else 'cold'}\n" for a, b, c in x)
    (tmp_path / "train.csv").write_text("a,b,c,label\n" + rows)
    (tmp_path / "new.csv").write_text("a,b,c\n3,0,0\n-3,0,0\n")
    limes("fit", "train.csv", "--out", "model.npz", cwd=tmp_path)
    assert limes("predict", "model.npz", "new.csv", cwd=tmp_path).stdout.split() == ["hot", "cold"]
    limes("predict", "model.npz", "new.csv", "--out", "out.csv", cwd=tmp_path)
    assert (tmp_path / "out.csv").read_text().startswith("row,label,score_cold,score_hot\n0,hot,")
    assert "--force" in limes("fit", "train.csv", "--out", "model.npz", cwd=tmp_path, code=2).stderr
    assert "shape" in limes("predict", "model.npz", "digits", cwd=tmp_path, code=2).stderr


def test_doctor_finds_this_installation_sound(tmp_path):
    found = json.loads(limes("doctor", "--json", cwd=tmp_path).stdout)
    assert all(check["passed"] for check in found["checks"])
    assert found["versions"]["jax"]

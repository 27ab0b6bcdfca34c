"""``limes measure activity``: its figures, a run that continues, its report, and what it refuses."""

import contextlib
import json
import os
from unittest import mock

import numpy as np
import pytest
from typer.testing import CliRunner

from limes.cli.app import app
from limes.report.activity_page import thinnest

SMALL = ["--bias", "1", "--keep", "0.2", "--width", "64", "--steps", "20", "--epochs", "2", "--seeds", "2"]
SMALL += ["--n-train", "40", "--n-test", "15"]


@pytest.fixture
def limes(tmp_path):
    """The command in this process, in a folder with small images and a table of two classes."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = np.clip(rng.uniform(0, 0.6, (60, 4, 4, 1)) + 0.3 * y[:, None, None, None], 0, 1)
    np.savez(tmp_path / "data.npz", X=x, y=y)
    np.savez(tmp_path / "table.npz", X=5 * x.reshape(60, -1) - 3, y=y)

    def run(*args, code=0, data="data.npz"):
        with contextlib.chdir(tmp_path), mock.patch.dict(os.environ):
            done = CliRunner().invoke(app, ["measure", "activity", data, *map(str, args)])
        assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
        return done

    return run


@pytest.mark.slow  # a table is measured below
def test_a_run_is_measured_reported_and_continued(limes, tmp_path):
    found = json.loads(limes(*SMALL, "--out", "run", "--json").stdout)
    rows = {row["name"]: row for row in found["networks"]}
    assert list(rows) == [
        *("threshold 0", "threshold 1", "all weights", "random, 0.2 kept", "magnitude, 0.2 kept"),
        *("all pixels", "3 x 3, own weights", "3 x 3, shared weights"),
    ]
    assert rows["threshold 1"]["share"]["mean"] < rows["threshold 0"]["share"]["mean"]
    assert rows["magnitude, 0.2 kept"]["share"]["mean"] == pytest.approx(0.2, abs=0.01)
    assert rows["3 x 3, own weights"]["weights"]["mean"] > rows["3 x 3, shared weights"]["weights"]["mean"]
    for row in rows.values():
        assert 0 <= row["robust"]["mean"] <= row["accuracy"]["mean"] <= 1
        assert len(row["accuracy"]["per_seed"]) == 2
    folder = tmp_path / "run"
    page = (folder / "report.html").read_text()
    for words in ("Inactive units", "Masked weights", "Local connections", "is enough", "Reproduce"):
        assert words in page, words
    assert "<script" not in page
    (folder / "stages" / "masked3-seed1.npz").unlink()
    (folder / "report.html").unlink()
    again = json.loads(limes(*SMALL, "--out", "run", "--json").stdout)
    assert again["resumed"]
    assert [r["accuracy"] for r in again["networks"]] == [r["accuracy"] for r in found["networks"]]
    limes(*SMALL, "--seed", 1, "--out", "run", code=2)


def test_tables_have_no_locality(limes):
    done = limes(*SMALL[:-6], "--seeds", 1, "--n-train", 40, "--n-test", 15, "--out", "table", data="table.npz")
    assert "threshold 1" in done.stdout
    assert "pixels" not in done.stdout
    assert "locality is left out" in done.stderr


def test_the_plan_names_the_networks(limes):
    plan = json.loads(limes(*SMALL, "--dry-run", "--json").stdout)
    assert len(plan["networks"]) == 8
    assert plan["seconds"] > 0
    assert "memory" in limes(*SMALL, "--dry-run").stdout


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--width", "30"], "multiple of 8"),
        (["--keep", "0"], "shares of weights"),
        (["--bias", "-1"], "thresholds must be"),
        (["--seeds", "0"], "at least 1"),
        (["--class", "0"], "two classes"),
    ],
)
def test_bad_options_are_met_at_the_door(limes, wrong, message):
    assert message in limes(*wrong, code=2).stderr


def test_the_thinnest_network_that_is_enough():
    def row(share, accuracy):
        return {"share": {"mean": share}, "accuracy": {"mean": accuracy, "standard_error": 0.001}}

    rows = [row(1.0, 0.9), row(0.5, 0.895), row(0.2, 0.8), row(0.3, 0.9)]
    assert thinnest(rows) is rows[3]
    assert thinnest([rows[0], rows[2]]) is rows[0]

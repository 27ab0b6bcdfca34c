"""``limes measure widths``: finite networks beside their limit, a run folder that continues, and what it refuses."""

import contextlib
import json
import os
from unittest import mock

import numpy as np
import pytest
from typer.testing import CliRunner

from limes import nets
from limes.cli.app import app
from limes.core.errors import InputError
from limes.jobs import WidthOptions, measure_widths, prepare_widths
from limes.machines import NTKClassifier
from limes.machines.flow import time_of_share

pytestmark = pytest.mark.usefixtures("quick_compilation")
SMALL = ["--net", "mlp-2", "--n-train", "24", "--n-test", "12", "--eps", "0.1", "--seeds", "2", "--share", "0.02"]
WIDTHS = ["--width", "16", "--width", "512"]


@pytest.fixture
def limes(tmp_path):
    """The command in this process, in a folder with small images of two classes."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = np.clip(rng.uniform(0, 0.6, (60, 3, 3, 1)) + 0.2 * y[:, None, None, None], 0, 1)
    np.savez(tmp_path / "data.npz", X=x, y=y)

    def run(*args, code=0):
        with contextlib.chdir(tmp_path), mock.patch.dict(os.environ):
            done = CliRunner().invoke(app, ["measure", "widths", "data.npz", *map(str, args)])
        assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
        return done

    return run


def test_wider_networks_are_closer_to_the_limit_and_a_run_continues(limes, tmp_path):
    found = json.loads(limes(*SMALL, *WIDTHS, "--out", "run", "--json").stdout)
    narrow, wide = found["widths"]
    assert (narrow["width"], wide["width"]) == (16, 512)
    assert narrow["reached"]
    assert wide["reached"]
    for name in ("start_distance", "kernel_distance", "kernel_change", "scores_distance"):
        assert wide[name]["mean"] < 0.5 * narrow[name]["mean"], name
    folder = tmp_path / "run"
    page = (folder / "report.html").read_text()
    for words in ("Finite networks and their limit", "Infinitely wide", "Reproduce", "512"):
        assert words in page, words
    assert "<script" not in page
    assert (folder / "figures" / "widths.svg").exists()
    before = json.loads((folder / "metrics.json").read_text())
    (folder / "stages" / "width512-seed1.npz").unlink()
    (folder / "report.html").unlink()
    assert json.loads(limes(*SMALL, *WIDTHS, "--out", "run", "--json").stdout)["resumed"]
    after = json.loads((folder / "metrics.json").read_text())
    assert after["widths"][1]["accuracy"] == before["widths"][1]["accuracy"]
    limes("--seed", 1, *SMALL, *WIDTHS, "--out", "run", code=2)


def test_the_infinite_network_is_the_machine_at_the_same_loss(tmp_path):
    rng = np.random.default_rng(1)
    y = np.arange(40) % 2
    x = rng.normal(size=(40, 5)) + y[:, None]
    np.savez(tmp_path / "data.npz", X=x, y=y)
    options = WidthOptions("mlp-2", (8,), 0.2, n_train=20, n_test=15, share=0.3, seeds=1, attack_steps=2)
    settings = prepare_widths(str(tmp_path / "data.npz"), options=options)
    found = measure_widths(settings, out=tmp_path / "run").metrics
    from limes.data import split

    parts = split(settings.data, 0, 20, 0, 15)
    clf = NTKClassifier(nets.mlp(2), scale=settings.data.scale, solver="eigh").fit(parts.x_train, parts.y_train)
    time = time_of_share(clf.spectrum(), clf.targets_, 0.3)
    assert found["infinite"]["accuracy"] == pytest.approx((clf.predict_at(parts.x_test, time) == parts.y_test).mean())


def test_a_plan_and_bad_input(limes):
    plan = json.loads(limes(*SMALL, *WIDTHS, "--dry-run", "--json").stdout)
    assert plan["weights"] == [9 * 16 + 16 * 2, 9 * 512 + 512 * 2]
    assert "2 networks of each width" in limes(*SMALL, *WIDTHS, "--dry-run").stdout
    for wrong, words in (
        (["--width", 0], "widths must be"),
        (["--share", 1.5], "share is a part"),
        (["--steps", 0], "at least 1"),
        (["--n-train", 1000], "rows to draw from"),
        (["--net", "mlp-0"], "depth"),
    ):
        assert words in limes(*wrong, code=2).stderr


def test_training_that_falls_short_is_told(limes, tmp_path):
    found = json.loads(limes(*SMALL, "--width", 16, "--steps", 1, "--out", "short", "--json").stdout)
    assert not found["widths"][0]["reached"]
    assert "did not reach that loss" in (tmp_path / "short" / "report.html").read_text()


def test_too_large_a_network_is_refused(limes):
    with mock.patch.dict(os.environ, {"LIMES_MEMORY": "10MB"}):
        assert "memory" in limes(*SMALL, "--width", 100000, code=3).stderr.lower()


def test_options_are_checked_in_python():
    with pytest.raises(InputError, match="seed at least 0"):
        prepare_widths(None, options=WidthOptions(seed=-1))

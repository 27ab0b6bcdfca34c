"""``limes measure bounds``: its figures, a run that continues, its report, and what it refuses."""

import contextlib
import json
import os
from unittest import mock

import numpy as np
import pytest
from typer.testing import CliRunner

from limes.cli.app import app
from limes.core.errors import InputError
from limes.jobs import BoundOptions, prepare_bounds
from limes.measure import data_norms
from limes.report import bound_curves

pytestmark = pytest.mark.usefixtures("quick_compilation")
SMALL = ["--depth", "1", "--channels", "3", "--epochs", "2", "--n-train", "40", "--n-test", "10"]


@pytest.fixture
def limes(tmp_path):
    """The command in this process, in a folder with small images and a table of two classes."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = np.clip(rng.uniform(0, 0.6, (60, 4, 4, 1)) + 0.2 * y[:, None, None, None], 0, 1)
    np.savez(tmp_path / "data.npz", X=x, y=y)
    np.savez(tmp_path / "table.npz", X=5 * x.reshape(60, -1) - 3, y=y)

    def run(*args, code=0, data="data.npz"):
        with contextlib.chdir(tmp_path), mock.patch.dict(os.environ):
            done = CliRunner().invoke(app, ["measure", "bounds", data, *map(str, args)])
        assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
        return done

    return run


def test_a_run_is_measured_reported_and_continued(limes, tmp_path):
    found = json.loads(limes(*SMALL, "--out", "run", "--json").stdout)
    curves, last = found["curves"], found["last"]
    assert curves["epochs"] == [0, 1, 2]
    np.testing.assert_allclose(np.subtract(curves["test_error"], curves["train_error"]), curves["gap"])
    assert last["degrees"] == [4]
    assert last["sparse"] == pytest.approx(last["first"] + last["additive"])
    assert curves["complete"][-1] == pytest.approx(last["complete"])
    assert last["complete"] > last["sparse"]
    assert last["channel"] == pytest.approx(last["sparse"])  # one channel
    assert last["rows"]["sparse"] == pytest.approx(40 * last["sparse"] ** 2)
    folder = tmp_path / "run"
    page = (folder / "report.html").read_text()
    for words in ("Norm bounds of a network", "as released", "Long–Sedghi", "There are no biases", "Reproduce"):
        assert words in page, words
    assert "<script" not in page
    with np.load(folder / "bounds.npz") as arrays:
        assert arrays["ledent"].shape == (3,)
    assert not (folder / "stages" / "training-steps.npz").exists()
    (folder / "stages" / "bounds.npz").unlink()
    (folder / "report.html").unlink()
    again = json.loads(limes(*SMALL, "--out", "run", "--json").stdout)
    assert again["resumed"]
    assert again["last"]["rho"] == last["rho"]
    limes(*SMALL, "--seed", 1, "--out", "run", code=2)


def test_tables_have_dense_networks(limes, tmp_path):
    assert "no positions to convolve over" in limes(*SMALL, data="table.npz", code=2).stderr
    done = limes(*SMALL, "--kind", "dense", "--out", "table", data="table.npz")
    assert "with the read-out" in done.stdout
    metrics = json.loads((tmp_path / "table" / "metrics.json").read_text())
    assert metrics["settings"]["standardised"]
    assert metrics["last"]["degrees"] == [16]


def test_a_plan_and_bad_input(limes):
    plan = json.loads(limes(*SMALL, "--kind", "local", "--dry-run", "--json").stdout)
    assert plan["weights"] == 9 * 4 * 3 + 27 * 2
    assert "3 moments" in limes(*SMALL, "--dry-run").stdout
    for wrong, words in (
        (["--kind", "mlp"], "kind must be one of conv, local, dense"),
        (["--depth", 4], "leave nothing of inputs"),
        (["--epochs", 0], "epochs must be a whole number"),
        (["--weight-decay", -1], "weight_decay must be a number"),
        (["--n-train", 1000], "rows to draw from"),
    ):
        assert words in limes(*wrong, code=2).stderr


def test_inputs_in_a_box_are_taken_as_they_are():
    settings = prepare_bounds(None, options=BoundOptions(n_train=50))
    assert settings.data.name == "digits"
    assert not settings.standardised
    assert not [note for note in settings.notes if "standardised" in note]
    assert data_norms(settings.data.x).node <= len(settings.data.x)


def test_curves_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="values for"):
        bound_curves([0, 1], {"sparse": [1.0]})
    with pytest.raises(InputError, match="no curve 'width'"):
        bound_curves([0, 1], {"width": [1.0, 2.0]})

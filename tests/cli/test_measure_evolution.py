"""``limes measure evolution``: its figures, a run that continues, its report, and what it refuses."""

import contextlib
import json
import os
from unittest import mock

import numpy as np
import pytest
from typer.testing import CliRunner

from limes import jobs
from limes.cli.app import app
from limes.core.errors import InputError
from limes.data import from_arrays
from limes.finite import train
from limes.measure import weight_distance
from limes.report import distance_map, velocity_curves

pytestmark = pytest.mark.usefixtures("quick_compilation")
SMALL = ["--net", "mlp-2", "--width", "8", "--epochs", "3", "--n-train", "30", "--n-probe", "6"]


def rows(n=50):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    return np.clip(rng.uniform(0, 0.7, (n, 3, 3, 1)) + 0.1 * y[:, None, None, None], 0, 1), y


@pytest.fixture
def limes(tmp_path):
    """The command in this process, in a folder with small images of three classes."""
    x, y = rows()
    np.savez(tmp_path / "data.npz", X=x, y=y)

    def run(*args, code=0):
        with contextlib.chdir(tmp_path), mock.patch.dict(os.environ):
            done = CliRunner().invoke(app, ["measure", "evolution", "data.npz", *map(str, args)])
        assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
        return done

    return run


def test_a_run_is_measured_reported_and_continued(limes, tmp_path):
    found = json.loads(limes(*SMALL, "--eps", "0.1", "--out", "run", "--json").stdout)
    assert set(found["probes"]) == {"fixed", "moving"}
    fixed = found["probes"]["fixed"]
    assert fixed["epochs"] == [0, 1, 2, 3]
    assert len(fixed["velocity"]) == 3
    assert set(fixed["steps"]) == {"kernel", "function", "weights", "pattern"}
    assert fixed["velocity"] != found["probes"]["moving"]["velocity"]
    folder = tmp_path / "run"
    page = (folder / "report.html").read_text()
    for words in ("Motion", "Effective rank", "switched (Hamming)", "adversarial training", "Reproduce"):
        assert words in page, words
    assert "<script" not in page
    with np.load(folder / "evolution.npz") as arrays:
        assert arrays["moving_kernel_distance"].shape == (4, 4)
    assert not (folder / "stages" / "training-steps.npz").exists()
    assert json.loads(limes(*SMALL, "--eps", "0.1", "--out", "run", "--json").stdout)["resumed"]
    (folder / "stages" / "moving.npz").unlink()
    (folder / "report.html").unlink()
    again = json.loads(limes(*SMALL, "--eps", "0.1", "--out", "run", "--json").stdout)
    assert again["probes"] == found["probes"]


def test_scaled_rows_are_attacked_in_their_own_units():
    x, y = rows()
    data = from_arrays(1000.0 * x.reshape(50, 9), y, name="table")
    assert data.scale == "standard"
    options = jobs.EvolutionOptions("mlp-2", 8, 2, eps=30.0, n_train=30, n_probe=6)
    settings = jobs.prepare_evolution(data, options=options)
    work = jobs.evolution._Work(mock.Mock(), settings, mock.Mock())
    work.folder.path.return_value = None
    run = work.run
    inside = run.apply(run.params, work.rows.x_test.astype(np.float32))
    by_hand = settings.net.apply(run.params, work.affine(work.rows.x_test.astype(np.float32)))
    np.testing.assert_allclose(inside, by_hand, rtol=1e-4, atol=1e-5)
    labels = work.labels(work.rows.y_train)
    plain = train(run.apply, run.snapshots[0], work.rows.x_train.astype(np.float32), labels, settings.recipe)
    assert weight_distance(plain.params, run.params) < 1e-6
    with np.errstate(all="ignore"):
        clean = jobs.prepare_evolution(data, options=jobs.EvolutionOptions("mlp-2", 8, 2, n_train=30, n_probe=6))
    assert clean.adversary is None
    unattacked = train(run.apply, run.snapshots[0], work.rows.x_train.astype(np.float32), labels, clean.recipe)
    assert weight_distance(plain.params, unattacked.params) > 1e-4


def test_a_plan_is_printed(limes, tmp_path):
    plan = json.loads(limes(*SMALL, "--dry-run", "--json").stdout)
    assert (plan["rows"], plan["moments"], plan["weights"]) == ({"train": 30, "probe": 6}, 4, 9 * 8 + 8 * 3)
    assert "96 weights, 4 kernels" in limes(*SMALL, "--dry-run").stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--epochs", "1"], "epochs must be at least 2"),
        (["--learning-rate", "0"], "learning_rate must be above 0"),
        (["--n-train", "60"], "60 training rows"),
        (["--eps", "much"], "eps"),
        (["--class", "1"], "two classes or more"),
        (["--net", "mlp-zero"], "mlp-zero"),
    ],
)
def test_what_cannot_be_is_refused(limes, args, words):
    assert words in limes(*SMALL, *args, code=2).stderr


def test_figures_refuse_what_does_not_fit():
    with pytest.raises(InputError, match="one less"):
        velocity_curves({"fixed": ([0, 1], [0.1, 0.2])})
    with pytest.raises(InputError, match="not those of 2 moments"):
        distance_map([0, 1], np.zeros((3, 3)))

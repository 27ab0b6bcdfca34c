"""``limes measure features``: a run folder that continues, its report, and what it refuses."""

import contextlib
import json
import os
from unittest import mock

import numpy as np
import pytest
from typer.testing import CliRunner

from limes.cli.app import app
from limes.core.errors import InputError
from limes.report import cumulative_curves, feature_pictures, feature_scatter, spectrum_figure

pytestmark = pytest.mark.usefixtures("quick_compilation")
SMALL = ["--net", "mlp-2", "--n-train", "24", "--n-test", "4", "--n-features", "6", "--eps", "0.1"]


@pytest.fixture
def limes(tmp_path):
    """The command in this process, in a folder with small images of three classes."""
    rng = np.random.default_rng(0)
    y = np.arange(50) % 3
    np.savez(
        tmp_path / "data.npz", X=np.clip(rng.uniform(0, 0.7, (50, 3, 3, 1)) + 0.1 * y[:, None, None, None], 0, 1), y=y
    )

    def run(*args, code=0):
        with contextlib.chdir(tmp_path), mock.patch.dict(os.environ):
            done = CliRunner().invoke(app, ["measure", "features", "data.npz", *map(str, args)])
        assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
        return done

    return run


def test_a_run_is_measured_reported_and_continued(limes, tmp_path):
    found = json.loads(limes(*SMALL, "--net", "mlp-1", "--out", "run", "--json").stdout)
    assert [net["name"] for net in found["nets"]] == ["mlp-2", "mlp-1"]
    assert len(found["nets"][0]["features"]) == 6
    assert np.array(found["agreement"]["robust"]).shape == (2, 2)
    folder = tmp_path / "run"
    page = (folder / "report.html").read_text()
    for words in ("Features of mlp-2", "Agreement between nets", "Where features look", "Reproduce"):
        assert words in page, words
    assert "<script" not in page
    with np.load(folder / "features.npz") as arrays:
        assert arrays["net0_eigenvalues"].shape == (24,)
        assert arrays["net1_robust"].shape == (6,)
    assert {path.stem for path in (folder / "figures").iterdir()} >= {
        "features-0",
        "together",
        "spectrum",
        "gradients-1",
    }
    before = (folder / "metrics.json").read_bytes()
    assert json.loads(limes(*SMALL, "--net", "mlp-1", "--out", "run", "--json").stdout)["resumed"]
    (folder / "stages" / "net1-features0.npz").unlink()
    (folder / "report.html").unlink()
    limes(*SMALL, "--net", "mlp-1", "--out", "run")
    after = json.loads((folder / "metrics.json").read_bytes())
    first = json.loads(before)
    assert after["nets"][1]["features"] == first["nets"][1]["features"]


def test_two_classes_centred_and_attacked_in_steps(limes):
    done = limes(*SMALL, "--class", "0", "--class", "2", "--centred", "--steps", "2", "--kind", "nngp", "--norm", "l2")
    assert "of 6 features" in done.stdout
    assert "measure-features-data-0-2" in done.stdout


def test_a_plan_is_printed(limes, tmp_path):
    plan = json.loads(limes(*SMALL, "--dry-run", "--json").stdout)
    assert (plan["rows"], plan["features"], plan["attack"]) == ({"train": 24, "test": 4}, 6, "FGSM")
    assert plan["seconds"] > 0
    assert "memory" in limes(*SMALL, "--dry-run").stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--class", "7", "--class", "0"], "no class 7: its classes are 0, 1, 2"),
        (["--class", "1"], "two classes or more"),
        (["--net", "mlp-2", "--net", "mlp-2"], "name different ones"),
        (["--net", "mlp-2", "--net", "mlp-3", "--net", "mlp-4", "--net", "mlp-5"], "1 to 3 nets"),
        (["--n-train", "60"], "60 training"),
        (["--n-features", "1"], "at least 2"),
    ],
)
def test_what_cannot_be_is_refused(limes, args, words):
    assert words in limes(*args, code=2).stderr


def test_figures_refuse_what_does_not_fit():
    with pytest.raises(InputError, match="give one each"):
        feature_scatter([0, 1], [0.5], [0.5], 0.5)
    for figure in (spectrum_figure, cumulative_curves):
        with pytest.raises(InputError, match="1 to 6"):
            figure({})
    with pytest.raises(InputError, match="do not make a picture"):
        feature_pictures(np.zeros((2, 3, 3, 1)), ["a"], np.zeros((1, 2, 3, 3, 1)), [0])

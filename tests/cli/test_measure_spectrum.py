"""``limes measure spectrum``: kernels, bounds with their status, a run folder that continues, and what it refuses."""

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
from limes.jobs import SpectrumOptions, measure_spectrum, prepare_spectrum
from limes.machines.scaling import scaled
from limes.measure import bias_kernel

pytestmark = pytest.mark.usefixtures("quick_compilation")
RNG = np.random.default_rng(0)
Y = np.arange(40) % 2
X = np.clip(RNG.uniform(0.1, 0.7, (40, 3, 3, 1)) + 0.2 * Y[:, None, None, None], 0, 1)
FAMILY = ["--n-train", "20", "--bias", "1", "--bias", "0"]


@pytest.fixture
def limes(tmp_path):
    """The command in this process, in a folder with small images of two classes."""
    np.savez(tmp_path / "data.npz", X=X, y=Y)

    def run(*args, code=0):
        with contextlib.chdir(tmp_path), mock.patch.dict(os.environ):
            done = CliRunner().invoke(app, ["measure", "spectrum", "data.npz", *map(str, args)])
        assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
        return done

    return run


def test_biases_with_bounds_and_a_run_that_continues(limes, tmp_path):
    found = json.loads(limes(*FAMILY, "--out", "run", "--json").stdout)
    assert [kernel["name"] for kernel in found["kernels"]] == ["B = 0", "B = 1"]
    rows = np.random.default_rng(0).permutation(40)[:20]
    last = found["kernels"][1]
    values = np.linalg.eigvalsh(bias_kernel(X[rows], 1.0).ntk())
    assert last["smallest"] == pytest.approx(values[0], rel=1e-6)
    assert last["condition"] == pytest.approx(values[-1] / values[0], rel=1e-6)
    assert last["active"] == pytest.approx(0.158655, rel=1e-5)
    assert last["scaled"] == pytest.approx(values[0] * np.exp(0.5), rel=1e-6)
    assert last["other"] == pytest.approx(np.linalg.eigvalsh(bias_kernel(X[rows], 1.0).ntk(False))[0], rel=1e-6)
    assert last["network"] == pytest.approx(values[0], rel=0.5)  # one network of finite width
    y = np.where(Y[rows] == 1, 1.0, -1.0)
    inverse = y @ np.linalg.solve(bias_kernel(X[rows], 1.0).ntk(), y)
    assert last["generalisation"] == pytest.approx(2 * np.sqrt(values.sum() * inverse) / 20, rel=1e-6)
    for bound in last["bounds"]:
        if bound["status"] != "in a region":
            assert (bound["value"] <= values[0]) == (bound["side"] == "lower"), bound
    assert {bound["status"] for bound in last["bounds"]} == {"rigorous", "worst case", "in a region"}
    folder = tmp_path / "run"
    page = (folder / "report.html").read_text()
    for words in ("Bounds on the smallest eigenvalue", "Hermite series", "outside of the region", "scaled to length 1"):
        assert words in page, words
    assert "<script" not in page
    assert (folder / "figures" / "bounds.svg").exists()
    assert len(np.load(folder / "spectrum.npz")["values_1"]) == 20
    (folder / "stages" / "bias1.npz").unlink()
    (folder / "report.html").unlink()
    again = limes(*FAMILY, "--out", "run")
    assert "p0 - min p" in again.stdout
    assert "no bound: the eigenvector is outside of the region" in again.stdout
    assert json.loads((folder / "metrics.json").read_text())["kernels"] == found["kernels"]


def test_a_net_and_frozen_thresholds_in_python(tmp_path):
    from limes.data import from_arrays

    data = from_arrays(X.reshape(40, -1), Y)
    net = nets.mlp(2)
    found = measure_spectrum(data, out=tmp_path / "net", options=SpectrumOptions(net=net, n_train=12)).metrics
    rows = np.random.default_rng(0).permutation(40)[:12]
    kernel = net.kernel(np.asarray(scaled(data.x[rows], data.scale), np.float64)).ntk
    assert found["kernels"][0]["smallest"] == pytest.approx(np.linalg.eigvalsh(kernel)[0], rel=1e-6)
    assert "active" not in found["kernels"][0]
    options = SpectrumOptions(biases=(1.0,), frozen=True, n_train=12)
    kernel = measure_spectrum(data, out=tmp_path / "frozen", options=options).metrics["kernels"][0]
    smallest = np.linalg.eigvalsh(bias_kernel(data.x[rows], 1.0).ntk(trainable=False))[0]
    assert kernel["smallest"] == pytest.approx(smallest, rel=1e-6)
    assert {bound["status"] for bound in kernel["bounds"]} == {"rigorous", "worst case"}


def test_equal_rows_make_a_singular_kernel_and_are_told(tmp_path):
    from limes.data import from_arrays

    x = np.concatenate([X[:8], X[:8]]).reshape(16, -1)
    data = from_arrays(x, np.arange(16) % 2)
    result = measure_spectrum(data, out=tmp_path / "run", options=SpectrumOptions(biases=(1.0,)))
    kernel = result.metrics["kernels"][0]
    assert (kernel["condition"], kernel["generalisation"], kernel["localised"]) == (None, None, None)
    assert "The kernel is singular" in result.report.read_text()


def test_the_plan_and_mistakes(limes, tmp_path):
    plan = json.loads(limes(*FAMILY, "--dry-run", "--json").stdout)
    assert plan["kernels"] == ["B = 0", "B = 1"]
    assert plan["peak_bytes"] < plan["memory_limit_bytes"]
    assert "kernels: mlp-3" in limes("--dry-run").stdout
    for args, words in (
        (["--net", "mlp-2", "--bias", 1], "not both"),
        (["--frozen"], "give --bias"),
        (["--bias", "inf"], "finite"),
        (["--bias=-1"], "at least 0"),
        ([word for i in range(7) for word in ("--bias", i)], "up to 6"),
        (["--n-train", 1], "cannot be measured"),
        (["--delta", 0], "probability"),
    ):
        assert words in limes(*args, code=2).stderr, args
    assert not (tmp_path / "runs").exists()
    with pytest.raises(InputError, match="seed must be"):
        prepare_spectrum(None, options=SpectrumOptions(seed=-1))
    assert "memory" in limes(*FAMILY, "--memory", "1MB", code=3).stderr.lower()

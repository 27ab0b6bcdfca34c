"""``limes gram``: build, interrupt, continue, check, mend; its exit codes; it takes the rows of ``limes fit``."""

import contextlib
import json
import os
from unittest import mock

import numpy as np
import pytest
from distributed import LocalCluster
from typer.testing import CliRunner

from limes import gram, load
from limes.cli.app import app
from limes.gram import cluster as on_cluster

SMALL = ["--net", "mlp-2", "--tile", "16", "--n-train", "50"]


@pytest.fixture
def limes(tmp_path):
    """The command in this process, in a folder with data."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(70, 3)) * [1, 10, 100]
    np.savez(tmp_path / "data.npz", X=x[:60], y=np.arange(60) % 3, X_test=x[60:], y_test=np.arange(10) % 3)

    def run(*args, code=0):
        with contextlib.chdir(tmp_path), mock.patch.dict(os.environ):
            done = CliRunner().invoke(app, [*map(str, args)])
        assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
        return done

    return run


def test_build_check_and_mend(limes, tmp_path):
    found = json.loads(limes("gram", "build", "data.npz", "--out", "store", *SMALL, "--json").stdout)
    assert (found["rows"], found["tiles"], found["tile"], found["dtype"]) == (50, 10, 16, "float64")
    assert found["disk_bytes"] == 10 * 16 * 16 * 8
    assert "all there and whole" in limes("gram", "check", "store").stdout
    file = tmp_path / "store" / "c" / "1" / "2"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    (tmp_path / "store" / "c" / "0" / "3").unlink()
    done = limes("gram", "check", "store", code=1)
    assert "1 missing, 1 damaged" in done.stdout
    assert "run the limes gram build that made it again" in done.stdout
    found = json.loads(limes("gram", "check", "store", "--json", code=1).stdout)
    assert (found["missing"], found["damaged"]) == ([[0, 3]], [[1, 2]])
    done = limes("gram", "build", "data.npz", "--out", "store", *SMALL)
    assert "9 tiles are there already, 1 missing" in done.stderr
    assert done.stdout == "store: ntk of 50 rows in float64, 10 tiles of 16 rows, complete\n"
    limes("gram", "check", "store")


def test_the_store_is_of_what_fit_fits_to(limes, tmp_path):
    with np.load(tmp_path / "data.npz") as data:
        np.savez(tmp_path / "bare.npz", X=data["X"], y=data["y"])  # nothing to test on, which would take a while
    limes("gram", "build", "bare.npz", "--out", "store", *SMALL, "--seed", "3")
    limes("fit", "bare.npz", "--net", "mlp-2", "--n-train", "50", "--seed", "3", "--time", "1")
    machine = load(tmp_path / "model.npz")
    assert machine.affine is not None
    store = gram.build(tmp_path / "store", machine.net_, machine.centres, tile=16)  # refuses others
    np.testing.assert_array_equal(store[:], machine.net_.kernel(machine.centres, get="ntk").ntk)


def test_an_interrupted_build_continues(limes, tmp_path, monkeypatch):
    write, done = gram.GramStore._write, []

    def interrupted(store, i, j, values):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append((i, j))
        write(store, i, j, values)

    monkeypatch.setattr(gram.GramStore, "_write", interrupted)
    told = limes("gram", "build", "data.npz", "--out", "store", *SMALL, code=130).stderr
    assert "the same command continues" in told
    monkeypatch.undo()
    plan = json.loads(limes("gram", "build", "data.npz", "--out", "store", *SMALL, "--dry-run", "--json").stdout)
    assert (plan["tiles_left"], plan["tiles"]) == (7, 10)
    assert "3 tiles are there already, 7 missing" in limes("gram", "build", "data.npz", "--out", "store", *SMALL).stderr


def test_a_plan_writes_nothing(limes, tmp_path):
    before = sorted(tmp_path.iterdir())
    done = limes("gram", "build", "data.npz", "--out", "store", *SMALL, "--dtype", "float32", "--dry-run")
    assert "tiles     10 of 10 to do" in done.stdout
    assert "disk      10.2 kB" in done.stdout
    assert sorted(tmp_path.iterdir()) == before


def test_on_a_cluster(limes):
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=":0"
    ) as cluster:
        address = cluster.scheduler_address
        done = limes("gram", "build", "data.npz", "--out", "store", *SMALL, "--scheduler", address)
    assert "cluster: 1 worker, 1 thread; dashboard http" in done.stderr
    limes("gram", "check", "store")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--net", "mlp-3"], 2, "another net"),
        (["--kind", "nngp"], 2, "not the nngp"),
        (["--dtype", "float32"], 2, "other inputs"),
        (["--dtype", "float16"], 2, "float32 or float64"),
        (["--kind", "cntk"], 2, "kind must be"),
        (["--net", "cnn-2"], 2, "use mlp"),
        (["--n-train", "600"], 2, "600"),
        (["--tile", "0"], 2, "tile must be"),
        (["--memory", "1kB"], 3, "smaller tiles"),
        (["--scheduler", "here"], 2, "tcp://HOST:PORT"),
        (["--scheduler", "tcp://127.0.0.1:9"], 1, "no scheduler answers"),
    ],
)
def test_what_cannot_be_built_is_refused(limes, tmp_path, monkeypatch, options, code, words):
    monkeypatch.setattr(on_cluster, "_PATIENCE", 1)
    store = tmp_path / "store"
    if "other" in words or "not the" in words:
        limes("gram", "build", "data.npz", "--out", store, *SMALL)
    done = limes("gram", "build", "data.npz", "--out", store, *SMALL, *options, code=code)
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert store.exists() == ("other" in words or "not the" in words)


def test_folders_that_hold_no_store(limes, tmp_path):
    assert "holds no Gram matrix" in limes("gram", "check", "nothing", code=2).stderr
    assert "is not empty" in limes("gram", "build", "data.npz", "--out", tmp_path, *SMALL, code=2).stderr

"""Saved machines: whole or not at all, the same after loading, and clear about files that are something else."""

import errno
import json
import math
import pickle

import numpy as np
import pytest

from limes import NTKClassifier, NTKRegressor, load, nets
from limes.core.arrays import load_npz, save_npz
from limes.core.errors import FormatError

INF = math.inf
MACHINES = {
    "defaults": NTKClassifier(),
    "all parameters": NTKClassifier(nets.mlp(2, "erf", b_std=0.1), 3.0, 0.1, 0.2, "nngp", "unit", "eigh", 7, "one_hot"),
    "regressor": NTKRegressor(nets.mlp(2, b_std=0.1), time=0.5, scale="standard"),
    "numpy numbers": NTKClassifier(nets.mlp(2, b_std=0.1), np.float64(2), np.float32(0.5), random_state=np.int64(3)),
    "no seed": NTKClassifier(nets.mlp(2, b_std=0.1), INF, random_state=None),
}


@pytest.fixture
def saved(table, tmp_path):
    """A fitted classifier and its file."""
    clf = NTKClassifier(table.net, 2.0).fit(table.x, np.array(["u", "v", "w"])[table.labels])
    clf.save(tmp_path / "model.npz")
    return clf, tmp_path / "model.npz"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_what_is_loaded_is_what_was_saved(table, tmp_path, machine, dtype):
    problem = table.astype(dtype)
    y = table.targets if isinstance(machine, NTKRegressor) else np.array(["u", "v", "w"])[table.labels]
    machine.fit(problem.x, y).save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    assert type(again) is type(machine)
    assert again.get_params() == machine.get_params()
    np.testing.assert_array_equal(again.scores(problem.queries), machine.scores(problem.queries))
    np.testing.assert_array_equal(again.predict(problem.queries), machine.predict(problem.queries))
    assert again.scores(problem.queries).dtype == dtype
    v = np.ones((8, machine.n_outputs), dtype)
    np.testing.assert_array_equal(again.scores_vjp(problem.queries, v), machine.scores_vjp(problem.queries, v))
    for name in ("ridge_", "solver_", "jitter_", "n_features_in_", "time_"):
        assert getattr(again, name) == getattr(machine, name), name
    refitted = again.fit(problem.x, y)
    np.testing.assert_array_equal(refitted.scores(problem.queries), machine.scores(problem.queries))


def test_a_default_net_stays_none(table, tmp_path):
    NTKClassifier().fit(table.x, table.labels).save(tmp_path / "m.npz")
    loaded = load(tmp_path / "m.npz")
    assert loaded.net is None
    assert loaded.net_ == nets.mlp()
    assert loaded.time == INF


@pytest.mark.parametrize("net", [nets.cnn(1, "gap"), nets.resnet(1), nets.cnn(1, padding="CIRCULAR")])
def test_nets_on_images_round_trip(images, tmp_path, net):
    clf = NTKClassifier(net, 1.0, scale="standard").fit(images.x, images.labels)
    clf.save(tmp_path / "m.npz")
    assert load(tmp_path / "m.npz").net == net
    np.testing.assert_array_equal(load(tmp_path / "m.npz").scores(images.queries), clf.scores(images.queries))


def test_labels_given_as_objects_need_no_pickle(table, tmp_path):
    y = np.array(["ä", "b", "long name"], dtype=object)[table.labels]
    NTKClassifier(table.net, 1.0).fit(table.x, y).save(tmp_path / "m.npz")
    assert load(tmp_path / "m.npz").classes_.tolist() == ["b", "long name", "ä"]


def test_the_header_says_that_training_rows_are_inside(saved):
    arrays, meta = load_npz(saved[1])
    assert meta["contains_training_rows"] is True
    assert arrays["centres"].shape == (24, 3)
    json.dumps(meta, allow_nan=False)


def test_a_missing_file(tmp_path):
    with pytest.raises(FormatError, match=r"there is no file .*absent\.npz"):
        load(tmp_path / "absent.npz")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file(saved, share):
    content = saved[1].read_bytes()
    saved[1].write_bytes(content[: int(share * len(content))])
    with pytest.raises(FormatError, match=r"model\.npz"):
        load(saved[1])


def test_a_pickle_is_not_run(tmp_path):
    trap, path = tmp_path / "run", tmp_path / "model.npz"

    class Payload:
        def __reduce__(self):
            return open, (str(trap), "w")

    path.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(FormatError, match="not an npz file"):
        load(path)
    with path.open("wb") as file:
        np.savez(file, __meta__=np.array([Payload()], dtype=object))
    with pytest.raises(FormatError, match="without pickle"):
        load(path)
    assert not trap.exists()


def test_foreign_files(tmp_path):
    path = tmp_path / "foreign.npz"
    np.savez(path, X=np.eye(3))
    with pytest.raises(FormatError, match="limes did not write it"):
        load(path)
    save_npz(path, {"x": np.eye(3)}, {"what": "adversarial points"})
    with pytest.raises(FormatError, match="holds no machine"):
        load(path)


@pytest.mark.parametrize(("name", "value"), [("format", 99), ("machine", "QuantumClassifier"), ("format", None)])
def test_another_version(saved, name, value):
    arrays, meta = load_npz(saved[1])
    save_npz(saved[1], arrays, meta | {name: value})
    with pytest.raises(FormatError, match=f"no machine that this version of limes reads .*{value!r}"):
        load(saved[1])


@pytest.mark.parametrize("lost", ["centres", "path_coef", "parameters", "values", "unknown parameter", "time"])
def test_a_damaged_file(saved, lost):
    arrays, meta = load_npz(saved[1])
    arrays.pop(lost, None)
    meta.pop(lost, None)
    if lost == "unknown parameter":
        meta["parameters"]["momentum"] = 0.9
    if lost == "time":
        meta["values"]["time"] = 5.0  # of which the file has no coefficients
    save_npz(saved[1], arrays, meta)
    with pytest.raises(FormatError, match="damaged, or was written by another version"):
        load(saved[1])


def test_a_full_disk_leaves_the_old_file_and_nothing_else(saved, table, monkeypatch):
    clf, path = saved
    before = path.read_bytes()

    def full(file, **arrays):
        file.write(b"PK half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    for target in (path, path.with_name("new.npz")):
        with pytest.raises(OSError, match="No space left"):
            clf.stopped_at(1.0).save(target)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["model.npz"]


def test_a_machine_that_is_not_fitted_is_not_saved(tmp_path):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        NTKClassifier().save(tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())

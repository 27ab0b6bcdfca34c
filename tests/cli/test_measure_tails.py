"""``limes measure tails``: weights in several kinds of file, a run folder that continues, and what it refuses."""

import contextlib
import json
import os
import pickle
import sys
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from typer.testing import CliRunner

from limes.beyond.tails import heaviness_index, hill_index, layer_tails, prunable_ratio
from limes.cli.app import app
from limes.core.arrays import save_npz
from limes.jobs import TailOptions, measure_tails, read_weights

RNG = np.random.default_rng(0)
WEIGHTS = {"first": RNG.standard_cauchy((6, 30)), "bias": np.zeros(30), "last": RNG.standard_normal((30, 3))}


@pytest.fixture
def limes(tmp_path):
    """The command in this process, in a folder with a file of weights."""
    np.savez(tmp_path / "net.npz", **WEIGHTS)

    def run(*args, code=0):
        with contextlib.chdir(tmp_path), mock.patch.dict(os.environ):
            done = CliRunner().invoke(app, ["measure", "tails", *map(str, args)])
        assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
        return done

    return run


def _safetensors(path, arrays, types):
    header, content = {"__metadata__": {"format": "pt"}}, b""
    for name, a in arrays.items():
        header[name] = {"dtype": types[name], "shape": list(a.shape)}
        header[name]["data_offsets"] = [len(content), len(content) + a.nbytes]
        content += a.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)


def test_layers_are_measured_reported_and_continued(limes, tmp_path):
    found = json.loads(limes("net.npz", "--error", "0.2", "--out", "run", "--json").stdout)
    first, last = found["layers"]
    rows = WEIGHTS["first"].T
    expected = heaviness_index(rows)
    assert [first["name"], last["name"]] == ["first", "last"]
    assert (first["vectors"], last["vectors"]) == ([30, 6], [30, 3])
    assert first["heaviness"]["value"] == pytest.approx(expected.value)
    assert first["heaviness"]["low"] == pytest.approx(expected.low)
    assert first["hill"]["value"] == pytest.approx(hill_index(rows, top=0.1).value)
    for kind in ("magnitude", "singular", "node"):
        assert first["prunable"][kind] == prunable_ratio(rows, 0.2, kind)
        assert first["errors"][kind][-1] == 1.0
    assert first["lengths"][0] > 5 > last["lengths"][0]
    assert first["shares"] == sorted(first["shares"])
    assert found["overall"]["smallest"] == first["heaviness"]["value"]
    assert found["model"]["left_out"] == ["bias"]
    folder = tmp_path / "run"
    page = (folder / "report.html").read_text()
    for words in ("Tails of the weights of net.npz", "Not measured", "no tail index", "20% relative l2 error"):
        assert words in page, words
    assert "<script" not in page
    assert {path.stem for path in (folder / "figures").iterdir()} == {"survival", "pruning"}
    (folder / "stages" / "layer1.npz").unlink()
    (folder / "report.html").unlink()
    again = limes("net.npz", "--error", "0.2", "--out", "run")
    assert "first: heaviness" in again.stdout
    assert "all layers: heaviness" in again.stdout
    assert (folder / "report.html").exists()
    assert json.loads((folder / "metrics.json").read_text())["layers"] == found["layers"]


def test_kinds_of_files(limes, tmp_path):
    turned = {"fc.weight": WEIGHTS["first"].T.astype("f4"), "out.weight": WEIGHTS["last"].T.astype("f8")}
    half = (turned["fc.weight"].view(np.uint32) >> 16).astype(np.uint16)
    _safetensors(tmp_path / "a.safetensors", turned, {"fc.weight": "F32", "out.weight": "F64"})
    _safetensors(tmp_path / "b.safetensors", turned | {"fc.weight": half}, {"fc.weight": "BF16", "out.weight": "F64"})
    file = read_weights(tmp_path / "a.safetensors")
    assert file.layout == "out_in"
    for name, a in turned.items():
        np.testing.assert_array_equal(file.arrays[name], a)
    np.testing.assert_allclose(
        read_weights(tmp_path / "b.safetensors").arrays["fc.weight"], turned["fc.weight"], rtol=0.01
    )
    found = json.loads(limes("a.safetensors", "--json").stdout)
    own = layer_tails(WEIGHTS)
    assert [layer["heaviness"]["value"] for layer in found["layers"]] == pytest.approx(
        [layer.heaviness.value for layer in own], rel=1e-5
    )
    assert "no layer to measure" in limes("a.safetensors", "--layout", "in_out", code=2).stderr  # 6 and 3 vectors
    save_npz(tmp_path / "machine.npz", {"weights0": WEIGHTS["first"], "losses": np.ones((9, 9))}, {"machine": "Net"})
    assert list(read_weights(tmp_path / "machine.npz").arrays) == ["weights0"]


def test_a_network_that_limes_saved(tmp_path):
    import limes as lm

    x = RNG.uniform(size=(40, 5)).astype("f4")
    machine = lm.robust.FiniteATClassifier(lm.nets.mlp(2), eps=0.0, width=20, steps=1, attack_steps=0, validation=0)
    machine.fit(x, np.arange(40) % 2).save(tmp_path / "net.npz")
    result = measure_tails(tmp_path / "net.npz", out=tmp_path / "run", options=TailOptions(seed=3))
    assert "FiniteATClassifier" in result.report.read_text()
    assert [layer["vectors"] for layer in result.metrics["layers"]] == [[20, 5], [20, 2]]
    lm.NTKClassifier(lm.nets.mlp(2)).fit(x.astype("f8"), np.arange(40) % 2).save(tmp_path / "kernel.npz")
    with pytest.raises(lm.core.errors.FormatError, match="kernel machine has training rows"):
        read_weights(tmp_path / "kernel.npz")


def test_a_state_dict_of_torch(limes, tmp_path):
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'limes[torch]'")
    module = torch.nn.Sequential(torch.nn.Linear(6, 30), torch.nn.ReLU(), torch.nn.Linear(30, 3))
    torch.save({"model": module.state_dict(), "epoch": 3}, tmp_path / "net.pt")
    found = json.loads(limes("net.pt", "--json").stdout)
    assert [layer["name"] for layer in found["layers"]] == ["0.weight", "2.weight"]
    rows = module[0].weight.detach().numpy()
    assert found["layers"][0]["heaviness"]["value"] == pytest.approx(heaviness_index(rows).value, rel=1e-6)
    assert layer_tails(module.state_dict(), layout="out_in")[0].heaviness == heaviness_index(rows)
    torch.save(module, tmp_path / "module.pt")
    assert "could run code" in limes("module.pt", code=2).stderr
    torch.save([torch.ones(3)], tmp_path / "list.pt")
    assert "no tensors by name" in limes("list.pt", code=2).stderr


def test_the_plan_and_mistakes(limes, tmp_path):
    plan = json.loads(limes("net.npz", "--dry-run", "--json").stdout)
    assert (plan["arrays"], plan["weights"]) == (2, 270)
    assert "2 arrays, 270 weights" in limes("net.npz", "--dry-run").stdout
    (tmp_path / "net.pkl").write_bytes(pickle.dumps(WEIGHTS))
    (tmp_path / "hidden.npz").write_bytes(pickle.dumps(WEIGHTS))
    (tmp_path / "torn.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    (tmp_path / "net.h5").write_bytes(b"x")
    (tmp_path / "orbax").mkdir()
    np.savez(tmp_path / "small.npz", w=np.ones((3, 3)))
    np.savez(tmp_path / "nan.npz", w=np.full((30, 30), np.nan))
    for args, words in (
        (["missing.npz"], "there is no file"),
        (["net.pkl"], "may run code"),
        (["hidden.npz"], "may run code"),
        (["torn.safetensors"], "damaged"),
        (["net.h5"], "not read"),
        (["orbax"], "is a folder"),
        (["small.npz"], "no layer to measure"),
        (["nan.npz"], "not finite"),
        (["net.npz", "--layout", "torch"], "in_out, out_in"),
        (["net.npz", "--error", 0], "share between 0 and 1"),
        (["net.npz", "--top", 1], "share between 0 and 1"),
        (["net.npz", "--seed", -1], "at least 0"),
    ):
        assert words in limes(*args, code=2).stderr, args
    assert not (tmp_path / "runs").exists()
    assert "memory" in limes("net.npz", "--memory", "1MB", code=3).stderr.lower()


def test_torch_that_is_not_there_is_named(limes, tmp_path, monkeypatch):
    (tmp_path / "net.pt").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "pip install 'limes[torch]'" in limes("net.pt", code=1).stderr


class _Tensor:
    """As much of a torch tensor as is asked of one."""

    def __init__(self, values, size=4):
        self.values, self.size = values, size

    def detach(self):
        return self

    def is_floating_point(self):
        return True

    def element_size(self):
        return self.size

    def float(self):
        return _Tensor(self.values.astype("f4"))

    def numpy(self):
        assert self.size > 2, "NumPy has no bfloat16"
        return self.values


def test_a_state_is_found_where_scripts_put_it(limes, tmp_path, monkeypatch):
    """Without PyTorch: what is done with what torch.load returns, or raises."""
    state = {"fc.weight": _Tensor(WEIGHTS["first"].T, 2), "step": 3}
    content = {"a.pt": state, "b.pth": {"epoch": 1, "state_dict": state}, "c.ckpt": {"model": {"step": 3}}}

    def load(path, map_location, weights_only):
        assert (map_location, weights_only) == ("cpu", True)
        if path.name not in content:
            raise pickle.UnpicklingError("Weights only load failed")
        return content[path.name]

    fake = SimpleNamespace(load=load, is_tensor=lambda value: isinstance(value, _Tensor))
    monkeypatch.setitem(sys.modules, "torch", fake)
    for name in (*content, "d.bin"):
        (tmp_path / name).write_bytes(b"x")
    for name in ("a.pt", "b.pth"):
        file = read_weights(tmp_path / name)
        assert (file.layout, list(file.arrays)) == ("out_in", ["fc.weight"])
        np.testing.assert_allclose(file.arrays["fc.weight"], WEIGHTS["first"].T, rtol=1e-6)
    assert "no tensors by name" in limes("c.ckpt", code=2).stderr
    assert "could run code" in limes("d.bin", code=2).stderr

"""``limes measure tails``: weights in several kinds of file, a run folder that continues, and what it refuses."""

import contextlib
import json
import os
import pickle
import struct
import sys
import warnings
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from typer.testing import CliRunner

from limes.beyond.tails import heaviness_index, hill_index, layer_tails, prunable_ratio
from limes.cli.app import app
from limes.core.arrays import save_npz
from limes.core.errors import InputError
from limes.jobs import TailOptions, measure_tails, plan_tails, prepare_tails, read_weights
from limes.jobs.weight_files import WeightFile

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


def test_a_negative_seed_is_refused_from_python_too(tmp_path):
    np.savez(tmp_path / "net.npz", **WEIGHTS)
    with pytest.raises(InputError, match="at least 0"):
        measure_tails(tmp_path / "net.npz", options=TailOptions(seed=-1))


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
    torch.save({"w": torch.eye(30).to_sparse()}, tmp_path / "sparse.pt")
    with warnings.catch_warnings(action="ignore"):  # quantised tensors are on their way out
        torch.save({"w": torch.quantize_per_tensor(torch.eye(30), 0.1, 0, torch.qint8)}, tmp_path / "quantised.pt")
        assert "sparse, quantised" in limes("quantised.pt", code=2).stderr
    assert "sparse, quantised" in limes("sparse.pt", code=2).stderr
    torch.save([torch.ones(3)], tmp_path / "list.pt")
    assert "no tensors by name" in limes("list.pt", code=2).stderr


def test_the_plan_and_mistakes(limes, tmp_path):
    plan = json.loads(limes("net.npz", "--dry-run", "--json").stdout)
    assert (plan["arrays"], plan["weights"]) == (2, 270)
    assert "2 arrays, 270 weights" in limes("net.npz", "--dry-run").stdout
    (tmp_path / "net.pkl").write_bytes(pickle.dumps(WEIGHTS))
    (tmp_path / "hidden.npz").write_bytes(pickle.dumps(WEIGHTS))
    (tmp_path / "torn.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    deep = b"[" * 100_000
    (tmp_path / "deep.safetensors").write_bytes(len(deep).to_bytes(8, "little") + deep)
    np.savez(tmp_path / "foreign.npz", __meta__=np.array(["x"]), w=np.ones((3, 3)))
    np.savez(tmp_path / "list.npz", __meta__=np.frombuffer(b"[1]", np.uint8), w=np.ones((3, 3)))
    (tmp_path / "net.h5").write_bytes(b"x")
    (tmp_path / "orbax").mkdir()
    np.savez(tmp_path / "small.npz", w=np.ones((3, 3)))
    np.savez(tmp_path / "nan.npz", w=np.full((30, 30), np.nan))
    for args, words in (
        (["missing.npz"], "there is no file"),
        (["net.pkl"], "may run code"),
        (["hidden.npz"], "may run code"),
        (["torn.safetensors"], "damaged"),
        (["deep.safetensors"], "damaged"),
        (["foreign.npz"], "limes did not write"),
        (["list.npz"], "limes did not write"),
        (["net.h5"], "not read"),
        (["orbax"], "is a folder"),
        (["small.npz"], "no layer to measure"),
        (["nan.npz"], "not finite"),
        (["net.npz", "--layout", "torch"], "in_out, out_in"),
        (["net.npz", "--error", 0], "share between 0 and 1"),
        (["net.npz", "--top", 1], "share between 0 and 1"),
        (["net.npz", "--seed", -1], "--seed"),
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

    fake = SimpleNamespace(__version__="2.6.0+cpu", load=load, is_tensor=lambda value: isinstance(value, _Tensor))
    monkeypatch.setitem(sys.modules, "torch", fake)
    for name in (*content, "d.bin"):
        (tmp_path / name).write_bytes(b"x")
    for name in ("a.pt", "b.pth"):
        file = read_weights(tmp_path / name)
        assert (file.layout, list(file.arrays)) == ("out_in", ["fc.weight"])
        np.testing.assert_allclose(file.arrays["fc.weight"], WEIGHTS["first"].T, rtol=1e-6)
    assert "no tensors by name" in limes("c.ckpt", code=2).stderr
    assert "could run code" in limes("d.bin", code=2).stderr
    state["fc.weight"].numpy = state["fc.weight"].float = mock.Mock(side_effect=TypeError("can't convert Sparse"))
    assert "sparse" in limes("a.pt", code=2).stderr
    for error in (AttributeError, TypeError, IndexError, struct.error, RuntimeError, OverflowError):
        fake.load = mock.Mock(side_effect=error("torn"))
        assert "could run code" in limes("a.pt", code=2).stderr, error
    fake.__version__, fake.load = "2.5.1", mock.Mock()
    assert "torch>=2.6" in limes("a.pt", code=1).stderr
    assert not fake.load.called


def test_equal_lengths_have_no_hill_index(limes, tmp_path):
    np.savez(tmp_path / "signs.npz", w=np.diag(RNG.choice([-1.0, 1.0], 40)))
    found = json.loads(limes("signs.npz", "--error", "0.3", "--out", "run", "--json").stdout)
    assert found["layers"][0]["hill"]["value"] == "inf"
    page = (tmp_path / "run" / "report.html").read_text()
    assert ">∞</td>" in page
    assert "Gaussian matrix" not in page  # its share is known at the error .1
    assert "Hill inf" in limes("signs.npz", "--error", "0.3", "--out", "run").stdout


def test_the_last_layer_is_named_or_said(limes, tmp_path):
    layers = {"a_head": RNG.normal(size=(40, 3)), "b_hidden": RNG.normal(size=(20, 40))}
    np.savez(tmp_path / "sorted.npz", **layers)
    found = json.loads(limes("sorted.npz", "--out", "run", "--json").stdout)
    assert [layer["name"] for layer in found["layers"]] == ["b_hidden"]
    assert "b_hidden is taken for the last layer" in found["model"]["notes"][0]
    assert "is taken for the last layer" in (tmp_path / "run" / "report.html").read_text()
    found = json.loads(limes("sorted.npz", "--last", "a_head", "--json").stdout)
    assert [layer["vectors"] for layer in found["layers"]] == [[40, 3], [40, 20]]
    assert (found["settings"]["last"], found["model"]["notes"]) == ("a_head", [])
    assert "a_head, b_hidden" in limes("sorted.npz", "--last", "head", code=2).stderr
    renamed = WeightFile(
        "sorted.npz", "sorted.npz", "npz of arrays", dict(zip("ab", layers.values(), strict=True)), "in_out"
    )
    before = read_weights(tmp_path / "sorted.npz")
    assert before.arrays.keys() != renamed.arrays.keys()
    assert prepare_tails(before).config()["sha256"] != prepare_tails(renamed).config()["sha256"]


def test_halves_do_not_underflow(limes, tmp_path):
    w = (1e-4 * RNG.standard_normal((20, 40))).astype(np.float16)
    np.savez(tmp_path / "half.npz", w=w)
    np.savez(tmp_path / "single.npz", w=w.astype(np.float32))
    half, single = (json.loads(limes(name, "--json").stdout)["layers"][0] for name in ("half.npz", "single.npz"))
    assert half["lengths"] == single["lengths"]


def test_seconds_know_the_vectors_of_convolutions(monkeypatch):
    monkeypatch.setattr("limes.jobs.tail_settings.flops", lambda dtype: 1e6)
    w = np.random.default_rng(0).normal(size=(3, 3, 40, 40))
    plan = plan_tails(prepare_tails(WeightFile("conv", "conv", "npz of arrays", {"w": w}, "in_out")))
    assert plan["seconds"] == pytest.approx(2 + 4e-6 * w.size + 16 * w.size * 9 / 1e6, abs=0.1)

"""CIFAR-10 batches in both forms, and pickles that want more than to be read."""

import pickle

import numpy as np
import pytest

from limes.core.errors import FormatError
from limes.data import load
from limes.data.unpickle import read_plain_pickle

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (12, 3072), dtype=np.uint8)
LABELS = [int(label) for label in RNG.permutation(np.arange(12) % 10)]


def write_python(folder, protocol=2, encode=True, n=5):
    for i, name in enumerate([f"data_batch_{k + 1}" for k in range(n)] + ["test_batch"]):
        rows = slice(2 * i, 2 * i + 2)
        batch = {"batch_label": b"", "labels": LABELS[rows], "data": PIXELS[rows], "filenames": ["a.png", "b.png"]}
        if encode:
            batch = {key.encode(): value for key, value in batch.items()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=protocol))


def write_binary(folder):
    for i, name in enumerate([f"data_batch_{k + 1}.bin" for k in range(5)] + ["test_batch.bin"]):
        rows = slice(2 * i, 2 * i + 2)
        records = np.column_stack([np.array(LABELS[rows], np.uint8), PIXELS[rows]])
        (folder / name).write_bytes(records.tobytes())


def check(data):
    expected = PIXELS.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(data.x, expected[:10])
    np.testing.assert_array_equal(data.x_test, expected[10:])
    assert data.y.tolist() == LABELS[:10]
    assert data.y_test.tolist() == LABELS[10:]
    assert data.x.flags.c_contiguous
    assert (data.name, data.bounds, data.kind) == ("cifar10", (0.0, 1.0), "images")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("encode", [True, False])
def test_python_batches_of_each_protocol(tmp_path, protocol, encode):
    write_python(tmp_path, protocol, encode)
    check(load(tmp_path))


def test_python_2_batches(tmp_path):
    """The official files were written by Python 2, whose str is bytes and whose NumPy lived at other names."""
    write_python(tmp_path)
    pixels = PIXELS[:2]
    body = (
        b"\x80\x02}q\x00(U\x04dataq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85"
        b"U\x01b\x87Rq\x04(K\x01K\x02M\x00\x0c\x86cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87Rq\x06(K\x03U\x01|NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x00\x18\x00\x00" + pixels.tobytes() + b"tb"
        b"U\x06labelsq\x07]q\x08(K" + bytes([LABELS[0]]) + b"K" + bytes([LABELS[1]]) + b"eu."
    )
    (tmp_path / "data_batch_1").write_bytes(body)
    check(load(tmp_path))


def test_binary_batches_and_the_name_cifar10(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    write_binary(folder)
    check(load(folder))
    check(load("CIFAR-10", data_dir=tmp_path))
    check(load("cifar10", data_dir=folder))


def test_missing_batches_are_noted(tmp_path):
    write_python(tmp_path, n=2)
    (tmp_path / "test_batch").unlink()
    data = load(tmp_path)
    assert len(data.x) == 4
    assert data.x_test is None
    assert any("only 2 of the 5" in note for note in data.notes)


class Payload:
    """Would create a file when unpickled as pickle.load does."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_malicious_pickle_runs_nothing(tmp_path, protocol):
    write_python(tmp_path)
    target = tmp_path / "run"
    content = pickle.dumps({b"data": PIXELS[:2], b"labels": Payload(target)}, protocol=protocol)
    (tmp_path / "data_batch_3").write_bytes(content)
    with pytest.raises(FormatError, match=r"data_batch_3 asks for .*open.*nothing of it was run"):
        load(tmp_path)
    assert not target.exists()
    pickle.loads(content)[b"labels"].close()
    assert target.exists(), "the payload has to work where it is not stopped, or this test shows nothing"


@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\n(S'echo'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"(S'echo'\nios\nsystem\n.",
        b"cnumpy\nload\n(S'x'\ntR.",
        b"c_codecs\nencode\n(Vx\nVrot13\ntR.",
        b"cnumpy\ndtype\n(S'O8'\ntR.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R.",
    ],
)
def test_every_other_name_is_refused(tmp_path, program):
    path = tmp_path / "data_batch_1"
    path.write_bytes(program)
    with pytest.raises(FormatError, match=r"asks for .*nothing of it was run"):
        read_plain_pickle(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no pickle, or is truncated or damaged"),
        (b"just text\n", "no pickle, or is truncated or damaged"),
        (pickle.dumps({"data": PIXELS, "labels": LABELS})[:5000], "truncated"),
        (pickle.dumps([1, 2]), "holds a list, not the dict"),
        (b"cbuiltins\nbytes\n(I99999999999\ntR.", "truncated or damaged"),
        (pickle.dumps({"data": PIXELS}), r"'data' and 'labels' are needed, it has \['data'\]"),
        (pickle.dumps({"data": [1], "labels": [1]}), "'data' and 'labels' are needed"),
        (pickle.dumps({"data": PIXELS[:, :3000], "labels": LABELS}), r"shape \(12, 3000\)"),
        (pickle.dumps({"data": PIXELS.astype(np.int64), "labels": LABELS}), "dtype int64"),
        (pickle.dumps({"data": PIXELS.astype(float), "labels": LABELS}), "asks for an array of type 'f8'"),
        (pickle.dumps({"data": PIXELS, "labels": LABELS[:5]}), "12 images but its labels"),
        (pickle.dumps({"data": PIXELS, "labels": ["cat"] * 12}), "not as many whole numbers"),
        (pickle.dumps({"data": PIXELS, "labels": [10] * 12}), "labels from 10 to 10"),
    ],
)
def test_damaged_and_foreign_batches_are_refused(tmp_path, content, message):
    (tmp_path / "data_batch_1").write_bytes(content)
    with pytest.raises(FormatError, match=message):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "has 0 bytes"), (bytes(3072), "3072 bytes, not a multiple of 3073"), (b"\xff" * 3073, "labels from 255")],
)
def test_damaged_binary_batches_are_refused(tmp_path, content, message):
    (tmp_path / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(FormatError, match=message):
        load(tmp_path)

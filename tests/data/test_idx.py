"""MNIST idx files, plain and gzipped, whole and damaged."""

import gzip
import struct

import numpy as np
import pytest

from limes.core.errors import FormatError, InputError
from limes.data import load
from limes.data.idx import read_idx

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2], np.uint8)


def encode(a, kind=8):
    return struct.pack(f">HBB{a.ndim}I", 0, kind, a.ndim, *a.shape) + a.tobytes()


def write(folder, part, x, y, gz=False):
    folder.mkdir(exist_ok=True)
    for name, a in ((f"{part}-images-idx3-ubyte", x), (f"{part}-labels-idx1-ubyte", y)):
        content = gzip.compress(encode(a), mtime=0) if gz else encode(a)
        (folder / (name + ".gz" * gz)).write_bytes(content)
    return folder / (f"{part}-images-idx3-ubyte" + ".gz" * gz)


@pytest.mark.parametrize("gz", [False, True])
def test_a_file_finds_its_labels_and_its_test_part(tmp_path, gz):
    images = write(tmp_path, "train", IMAGES, LABELS, gz)
    write(tmp_path, "t10k", IMAGES[:3], LABELS[:3], not gz)
    for source in (images, str(images).replace("images-idx3", "labels-idx1"), tmp_path):
        data = load(source)
        np.testing.assert_array_equal(data.x[..., 0], IMAGES.astype(np.float32) / np.float32(255))
        np.testing.assert_array_equal(data.y, LABELS)
        np.testing.assert_array_equal(data.x_test, data.x[:3])
        assert (data.x.shape, data.bounds, data.y.dtype) == ((6, 4, 5, 1), (0.0, 1.0), np.int64)


def test_without_test_files_there_is_no_test_part(tmp_path):
    assert load(write(tmp_path, "train", IMAGES, LABELS)).x_test is None
    test = load(write(tmp_path, "t10k", IMAGES, LABELS))
    assert test.x_test is None


def test_the_name_mnist_is_looked_up(tmp_path, monkeypatch):
    write(tmp_path / "mnist", "train", IMAGES, LABELS)
    assert load("mnist", data_dir=tmp_path).name == "mnist"
    monkeypatch.setenv("LIMES_DATA", str(tmp_path / "mnist"))
    assert len(load("MNIST").x) == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an MNIST idx file: it begins with nothing"),
        (b"PNG!" + bytes(20), "not an MNIST idx file: it begins with 50 4e 47 21"),
        (encode(IMAGES, kind=0x0D), "idx type 0x0d, but only unsigned bytes"),
        (encode(IMAGES)[:9], "truncated within its header"),
        (encode(IMAGES)[:-1], "truncated: its header promises|promises .* but holds"),
        (encode(IMAGES)[:60], "truncated: its header promises"),
        (encode(IMAGES) + b"x", "but holds more"),
        (gzip.compress(encode(IMAGES), mtime=0)[:-9], "damaged or truncated"),
        (gzip.compress(encode(IMAGES), mtime=0)[:40], "damaged or truncated"),
        (gzip.compress(encode(IMAGES)[:-5], mtime=0), "but holds 115"),
        (gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 2**31, 2**31, 2**31), mtime=0), "too many for its size"),
    ],
)
def test_damaged_images_are_refused(tmp_path, content, message):
    images = write(tmp_path, "train", IMAGES, LABELS)
    images.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        load(images)


def test_a_flipped_byte_in_a_gzip_file_is_noticed(tmp_path):
    images = write(tmp_path, "train", IMAGES, LABELS, gz=True)
    content = bytearray(images.read_bytes())
    content[-6] ^= 1  # within the checksum
    images.write_bytes(content)
    with pytest.raises(FormatError, match="damaged"):
        load(images)


def test_missing_partner_and_swapped_files_are_named(tmp_path):
    images = write(tmp_path, "train", IMAGES, LABELS)
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(encode(IMAGES))
    with pytest.raises(FormatError, match="not images and labels"):
        load(images)
    labels.unlink()
    with pytest.raises(FormatError, match="no file train-labels-idx1-ubyte"):
        load(images)
    with pytest.raises(FormatError, match="there is no file"):
        read_idx(labels)


def test_labels_of_another_length_are_refused(tmp_path):
    with pytest.raises(InputError, match="6 rows but y has 5 labels"):
        load(write(tmp_path, "train", IMAGES, LABELS[:5]))

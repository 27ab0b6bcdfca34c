"""Data in npz files: names of arrays, and files that are something else."""

import pickle

import numpy as np
import pytest

from limes.core.errors import FormatError, InputError
from limes.data import load

X = np.random.default_rng(0).normal(size=(6, 3))
Y = np.array([0, 1, 2, 0, 1, 2])


def save(tmp_path, **arrays):
    path = tmp_path / "toy.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("names", [("X", "y", "X_test", "y_test"), ("x_train", "Y_train", "x_TEST", "y_test")])
def test_both_sets_of_names_are_read(tmp_path, names):
    data = load(save(tmp_path, **dict(zip(names, (X, Y, X[:3], Y[:3]), strict=True))))
    np.testing.assert_array_equal(data.x, X)
    np.testing.assert_array_equal(data.x_test, X[:3])
    np.testing.assert_array_equal(data.y_test, Y[:3])
    assert (data.name, data.kind, data.scale) == ("toy", "table", "standard")
    assert data.source.endswith("toy.npz")


def test_string_labels_and_images(tmp_path):
    images = np.arange(6 * 16, dtype=np.uint8).reshape(6, 4, 4)
    data = load(save(tmp_path, X=images, y=np.array(list("abcabc"))))
    assert data.x.shape == (6, 4, 4, 1)
    assert data.classes.tolist() == ["a", "b", "c"]


def test_arrays_that_are_not_used_are_named(tmp_path):
    extra = {f"fold{i}": np.arange(3) for i in range(6)}
    notes = load(save(tmp_path, X=X, y=Y, **extra)).notes
    assert "not used: the arrays fold0, fold1, fold2, fold3 and 2 more" in notes


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X}, r"has no array y: X and y .*it has X"),
        ({"features": X, "labels": Y}, "has no array x: .*it has features, labels"),
        ({"X": X, "x_train": X, "y": Y}, "X and x_train, which mean the same"),
        ({"X": X, "y": Y, "X_test": X}, "there is x_test but no y_test"),
        ({"X": X, "y": Y[:4]}, "6 rows but y has 4 labels"),
        ({"X": np.where(X > 0, np.nan, X), "y": Y}, "NaN"),
        ({"X": X, "y": np.array(["a", 1, None] * 2, dtype=object)}, "without pickle"),
    ],
)
def test_missing_and_unusable_arrays_are_named(tmp_path, arrays, message):
    with pytest.raises(InputError, match=message):
        load(save(tmp_path, **arrays))


def test_truncated_and_foreign_files_are_refused(tmp_path):
    path = save(tmp_path, X=X, y=Y)
    whole = path.read_bytes()
    for content in (whole[:-40], whole[: len(whole) // 2], b"", b"text", b"PK\x03\x04" + bytes(50)):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"toy\.npz .*(truncated|damaged|cannot be read)"):
            load(path)
    np.savez_compressed(path, X=np.zeros((500, 50)), y=np.arange(500))
    damaged = bytearray(path.read_bytes())
    damaged[60:90] = b"\xff" * 30
    path.write_bytes(damaged)
    with pytest.raises(FormatError, match=r"toy\.npz"):
        load(path)


def test_a_pickle_named_npz_is_not_opened(tmp_path):
    path = tmp_path / "trap.npz"
    target = tmp_path / "run"

    class Payload:
        def __reduce__(self):
            return open, (str(target), "w")

    path.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(FormatError, match="is a pickle, which may run code"):
        load(path)
    assert not target.exists()


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FormatError, match="there is no file or folder"):
        load(tmp_path / "absent.npz")

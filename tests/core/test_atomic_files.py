import os
import pickle
import re
import stat
from pathlib import Path

import numpy as np
import pytest

import limes
from limes.core import arrays
from limes.core.errors import FormatError, InputError


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "deep" / "note.txt"
    assert arrays.write_text(path, "first ü") == path
    arrays.write_text(path, "second")
    assert path.read_text() == "second"
    assert [p.name for p in path.parent.iterdir()] == ["note.txt"]


def test_text_is_read_as_it_was_written_whatever_the_locale():
    """`write_text` writes UTF-8; a reader without an encoding takes that of the locale."""
    sources = sorted(Path(limes.__file__).parent.rglob("*.py"))
    assert len(sources) > 100
    bare = re.compile(r"read_text\((errors|\))|\.open\(errors")
    assert [path.name for path in sources if bare.search(path.read_text("utf-8"))] == []


def test_permissions_follow_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        path = arrays.write_text(tmp_path / "note.txt", "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_writer_that_raises_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = arrays.write_text(tmp_path / "note.txt", "old")

    def write(file):
        file.write(b"half")
        raise error("stop")

    for target in (path, tmp_path / "new.txt"):
        with pytest.raises(error):
            arrays.write_atomic(target, write)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["note.txt"]


def test_the_final_name_appears_only_when_all_is_written(tmp_path):
    path = tmp_path / "a.bin"

    def write(file):
        file.write(b"all")
        assert not path.exists()

    arrays.write_atomic(path, write)
    assert path.read_bytes() == b"all"


class TestNpz:
    def test_round_trip(self, tmp_path):
        data = {
            "x": np.arange(6.0).reshape(2, 3),
            "labels": np.array(["a", "bc"]),
            "empty": np.zeros((0, 2), np.float32),
        }
        meta = {"version": 1, "spec": [{"layer": "dense", "w_std": 1.5}], "name": "ü"}
        path = arrays.save_npz(tmp_path / "a.npz", data, meta)
        loaded, header = arrays.load_npz(path)
        assert header == meta
        assert sorted(loaded) == sorted(data)
        for name, a in data.items():
            np.testing.assert_array_equal(loaded[name], a)
            assert loaded[name].dtype == a.dtype

    def test_objects_are_refused_and_nothing_is_written(self, tmp_path):
        with pytest.raises(InputError, match="'bad' has dtype object"):
            arrays.save_npz(tmp_path / "a.npz", {"bad": np.array([{}, None])}, {})
        assert list(tmp_path.iterdir()) == []

    def test_missing(self, tmp_path):
        with pytest.raises(FormatError, match="there is no file"):
            arrays.read_npz(tmp_path / "a.npz")
        with pytest.raises(FormatError, match="there is no file"):
            arrays.read_npz(tmp_path)

    @pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
    def test_truncated(self, tmp_path, keep):
        path = arrays.save_npz(tmp_path / "a.npz", {"x": np.arange(1000.0)}, {})
        whole = path.read_bytes()
        path.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
        with pytest.raises(FormatError, match="is not an npz file, or is truncated"):
            arrays.load_npz(path)

    def test_damaged_inside(self, tmp_path):
        path = arrays.save_npz(tmp_path / "a.npz", {"x": np.arange(1000.0)}, {})
        damaged = bytearray(path.read_bytes())
        middle = len(damaged) // 2
        damaged[middle : middle + 8] = bytes(255 - b for b in damaged[middle : middle + 8])
        path.write_bytes(bytes(damaged))
        with pytest.raises(FormatError, match=r"cannot be read as an npz file.*CRC"):
            arrays.read_npz(path)

    def test_pickle_by_that_name(self, tmp_path):
        path = tmp_path / "a.npz"
        path.write_bytes(pickle.dumps({"x": 1}))
        with pytest.raises(FormatError, match="is not an npz file"):
            arrays.read_npz(path)

    def test_pickle_inside(self, tmp_path):
        path = tmp_path / "a.npz"
        np.savez(path, x=np.array([{"a": 1}], dtype=object))
        with pytest.raises(FormatError, match="without pickle"):
            arrays.read_npz(path)

    def test_foreign(self, tmp_path):
        path = tmp_path / "a.npz"
        np.savez(path, x=np.arange(3))
        assert list(arrays.read_npz(path)) == ["x"]
        with pytest.raises(FormatError, match="limes did not write it: it has no header"):
            arrays.load_npz(path)

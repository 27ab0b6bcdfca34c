"""The one entrance: names, paths, and what is said about sources that are neither."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from limes.core.errors import FormatError, InputError
from limes.data import load


@pytest.mark.parametrize("source", [None, "digits", "Digits"])
def test_digits_are_the_default(source):
    data = load(source)
    assert (data.x.shape, data.x.dtype, data.bounds, data.scale) == (
        (1797, 8, 8, 1),
        np.float32,
        (0.0, 1.0),
        "standard",
    )
    np.testing.assert_array_equal(data.x[..., 0] * 16, load_digits().images)
    np.testing.assert_array_equal(data.y, load_digits().target)
    assert (data.name, data.source) == ("digits", "scikit-learn")
    assert any("divided by 16" in note for note in data.notes)


def test_a_mistyped_name_is_answered_with_the_names(tmp_path):
    with pytest.raises(FormatError, match=r"no file or folder mnits: did you mean mnist\? Built-in names are digits"):
        load("mnits")
    with pytest.raises(FormatError, match=r"no file or folder .*absent\.csv: built-in names are digits, mnist"):
        load(tmp_path / "absent.csv")


@pytest.mark.parametrize("name", ["mnist", "cifar10", "ucr/Coffee", "uci/wine"])
def test_official_data_need_a_folder(monkeypatch, tmp_path, name):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError, match=rf"{name} is read from official files: pass --data DIR or set \$LIMES_DATA"):
        load(name)
    with pytest.raises(FormatError, match=r"data folder .*absent does not exist"):
        load(name, data_dir=tmp_path / "absent")
    with pytest.raises(FormatError, match=r"has no mnist: it is looked for in mnist|no '|has no cifar10"):
        load(name, data_dir=tmp_path)


def test_a_uci_file_is_looked_up(tmp_path):
    (tmp_path / "uci").mkdir()
    np.savez(tmp_path / "uci" / "toy.npz", X=np.eye(4) * 3, y=np.arange(4))
    data = load("uci/toy", data_dir=tmp_path)
    assert (data.name, data.kind) == ("toy", "table")


def test_unknown_files_and_folders_are_refused(tmp_path):
    strange = tmp_path / "data.xlsx"
    strange.write_bytes(b"PK")
    with pytest.raises(FormatError, match=r"unknown extension \.xlsx: what is read is \.npz, \.csv"):
        load(strange)
    with pytest.raises(FormatError, match="holds no data that is known"):
        load(tmp_path)


def test_a_target_is_for_tables_only(tmp_path):
    with pytest.raises(InputError, match="target='a' names a column"):
        load("digits", target="a")
    np.savez(tmp_path / "toy.npz", X=np.eye(4), y=np.arange(4))
    with pytest.raises(InputError, match="target=0 names a column"):
        load(tmp_path / "toy.npz", target=0)


def test_scikit_learn_is_imported_only_when_digits_are_asked_for():
    program = "import sys, limes.data; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

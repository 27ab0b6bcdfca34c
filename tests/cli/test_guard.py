"""Errors become one sentence and an exit code."""

import errno

import pytest
import typer

from limes.cli.guard import exit_code, guarded, sentence
from limes.core.arrays import write_text
from limes.core.errors import DiskFullError, FormatError, InputError, MemoryRefused, NumericalError, RunFolderError


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("x holds NaN"), 2),
        (
            caused(FormatError("truncated"), OSError(errno.EIO, "not a gzipped file")),
            2,
        ),  # a reader's error is bad input
        (RunFolderError("holds another run"), 2),
        (caused(DiskFullError("full"), OSError(errno.ENOSPC, "no space")), 1),
        (NumericalError("not positive definite"), 1),
        (MemoryError(), 1),
        (OSError(errno.ENOSPC, "No space left on device"), 1),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "a.npz"), 2),
        (MemoryRefused("needs 40 GB"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(error, code, capsys):
    def command():
        raise error

    assert exit_code(error) == code
    with pytest.raises(typer.Exit) as found:
        guarded(command)()
    assert found.value.exit_code == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1


def test_a_place_that_cannot_be_is_named_with_what_to_do(tmp_path):
    with pytest.raises(OSError, match="directory") as found:
        write_text(tmp_path, "a")
    assert sentence(found.value).startswith(f"{tmp_path} cannot be read or written: ")
    assert sentence(found.value).endswith("choose another place, or correct its rights")


def test_a_package_that_is_missing_leads_to_the_doctor_and_a_bug_of_limes_does_not():
    def command(name):
        raise ImportError(f"No module named {name!r}", name=name)

    missing = ModuleNotFoundError("No module named 'jax'", name="jax")
    assert exit_code(missing) == 1
    assert "limes doctor says which" in sentence(missing)
    with pytest.raises(typer.Exit):
        guarded(command)("jax")
    with pytest.raises(ImportError, match="limes"):
        guarded(command)("limes.nets.nonsense")


def test_a_full_disk_is_named_with_the_file(tmp_path):
    path = tmp_path / "model.npz"

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("limes.core.arrays.os.fsync", full)
        with pytest.raises(OSError, match="No space") as found:
            write_text(path, "a")
    assert sentence(found.value) == f"{path} cannot be read or written: No space left on device"
    assert not any(tmp_path.iterdir())

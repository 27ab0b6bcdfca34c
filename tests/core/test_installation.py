"""What is said of an installation that lacks something."""

from importlib import metadata

import pytest

from limes.core import installation
from limes.core.installation import Requirement, problems


@pytest.fixture
def asked(monkeypatch):
    """Make limes ask for certain packages; what is installed stays as it is."""
    return lambda *lines: monkeypatch.setattr(installation.metadata, "requires", lambda name: list(lines))


def test_this_installation_is_whole():
    assert problems() == []
    assert {"python", "limes", "jax", "numpy"} <= set(installation.versions())
    assert {"torch", "cuda", "scale"} <= set(installation.extras())
    assert "test" not in installation.extras()


def test_a_missing_package_is_named_with_the_command_that_brings_it(asked):
    asked("nothing-like-it>=1.2", 'neither>=3; extra == "torch"')
    assert problems() == ['nothing-like-it is not installed: pip install --upgrade "nothing-like-it>=1.2"']
    assert installation.versions()["nothing-like-it"] == "missing"
    assert installation.extras() == {"torch": False}


def test_an_old_package_is_too_old(asked):
    version = metadata.version("numpy")
    asked("numpy>=999.1")
    assert problems() == [f'numpy is {version}, but limes needs 999.1 or newer: pip install --upgrade "numpy>=999.1"']


def test_a_package_that_does_not_load_is_found(asked, monkeypatch):
    def broken(name):
        raise ImportError("libfortran.so: cannot open shared object file\n  in numpy")

    asked("numpy>=1")
    monkeypatch.setattr(installation.importlib, "import_module", broken)
    (sentence,) = problems()
    assert "cannot be imported (ImportError: libfortran.so: cannot open shared object file in numpy)" in sentence
    assert sentence.endswith("--force-reinstall")


def test_without_metadata_nothing_is_known(monkeypatch):
    def gone(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(installation.metadata, "requires", gone)
    assert installation.requirements() == []


@pytest.mark.parametrize(
    ("version", "least", "enough"),
    [
        ("0.10.2", "0.9", True),
        ("0.9", "0.10", False),
        ("2.13.0+cpu", "2.6", True),
        ("3.0", "", True),
        (None, "1", False),
    ],
)
def test_versions_are_compared_by_their_numbers(version, least, enough):
    assert Requirement("a", least, None, version).satisfied == enough

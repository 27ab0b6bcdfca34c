"""The check of wheel and sdist finds what is missing and what is too much."""

import pytest

from release.check_dist import check_contents, pythons, sources

FILES = {"limes/__init__.py", "limes/py.typed", "limes/papers/results/adv-ntk.json"}
TOP = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"}
WHEEL = FILES | {"limes-0.1.0.dist-info/METADATA"}
SDIST = TOP | {f"src/{name}" for name in FILES} | {"tests/test_docs.py"}


def test_archives_that_are_right_pass():
    check_contents(WHEEL, SDIST, FILES)


@pytest.mark.parametrize(
    ("wheel", "sdist", "words"),
    [
        (WHEEL - {"limes/py.typed"}, SDIST, "the wheel lacks limes/py.typed"),
        (WHEEL | {"tests/test_docs.py"}, SDIST, "the wheel also has tests/test_docs.py"),
        (WHEEL, SDIST - {"LICENSE"}, "the sdist lacks LICENSE"),
        (WHEEL, SDIST | {"src/limes/__pycache__/a.nbi"}, "caches src/limes/__pycache__/a.nbi"),
    ],
)
def test_others_are_refused(wheel, sdist, words):
    with pytest.raises(ValueError, match=words):
        check_contents(wheel, sdist, FILES)


def test_the_files_of_the_package_are_found():
    found = sources()
    assert {"limes/py.typed", "limes/report/templates/report.html.j2", "limes/kernels/loops/pairs.cu"} <= found
    assert not [name for name in found if "__pycache__" in name]


def test_pythons_that_are_named_are_taken():
    assert list(pythons(["python9.9"])) == ["python9.9"]

"""The structure of the code: which room may import which, what the command may import, and what is public."""

import ast
import importlib
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "limes"

# Room -> the rooms that it may import, also inside functions. The order is the order of the table: no edge goes down.
ALLOWED = {
    "core": set(),
    "kernels": {"core"},
    "nets": {"core", "kernels"},
    "linalg": {"core"},
    "gram": {"core", "kernels", "nets"},
    "attacks": {"core"},
    "interop": {"core"},
    "data": {"core"},
    "report": {"core"},
    "machines": {"core", "kernels", "nets", "linalg", "gram"},
    "finite": {"core", "linalg", "attacks"},
    "certify": {"core", "kernels", "nets", "machines", "attacks"},
    "robust": {"core", "kernels", "nets", "linalg", "machines", "attacks", "finite"},
    "measure": {"core", "kernels", "nets", "linalg", "machines", "attacks", "finite"},
    "beyond": {"core", "kernels", "nets", "linalg", "machines", "attacks", "finite"},
    "papers": {
        *("core", "kernels", "nets", "linalg", "machines", "attacks", "finite", "certify", "robust", "measure"),
        *("beyond", "data", "report"),
    },
    "jobs": {
        *("core", "kernels", "nets", "linalg", "gram", "machines", "attacks", "finite", "certify", "robust", "measure"),
        *("beyond", "interop", "data", "report"),
    },
    "cli": {"core", "jobs", "papers", "report"},
}


def imported(path: Path) -> set[str]:
    """Dotted names that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import: write limes.<room>"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_rooms(path: Path) -> set[str]:
    """The rooms of limes that a file imports."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("limes.")} & set(ALLOWED)


def test_every_room_is_in_the_table():
    assert {path.name for path in PACKAGE.iterdir() if any(path.glob("*.py"))} == set(ALLOWED)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_it_may(room):
    wrong = {}
    for path in (PACKAGE / room).rglob("*.py"):
        if extra := imported_rooms(path) - ALLOWED[room] - {room}:
            wrong[str(path.relative_to(PACKAGE))] = extra
    assert not wrong


def test_no_paper_imports_another():
    papers = PACKAGE / "papers"
    packages = {path.parent.name for path in papers.glob("*/experiment.py")}
    assert len(packages) > 10
    for path in papers.rglob("*.py"):
        of = {name.split(".")[2] for name in imported(path) if name.startswith("limes.papers.")} & packages
        assert of <= {path.parent.name}, f"{path.relative_to(PACKAGE)}: put into papers/ what papers share"


def test_the_allowed_imports_have_no_cycle():
    order = list(TopologicalSorter(ALLOWED).static_order())
    assert set(order) == set(ALLOWED)


@pytest.mark.parametrize(
    "code",
    [
        "import limes",
        "import limes.cli",
        "from limes.cli import main; sys.argv = ['limes', '--help']; main()",
        "from limes.cli import main; sys.argv = ['limes', 'robustify', '--help']; main()",
        "from limes.cli import main; sys.argv = ['limes', 'gram', 'build', '--help']; main()",
        "from limes.cli import main; sys.argv = ['limes', 'measure', 'features', '--help']; main()",
    ],
)
def test_help_does_not_wait_for_numerics(code):
    heavy = ("jax", "sklearn", "scipy", "numpy", "matplotlib")
    script = f"""
import sys, atexit
atexit.register(lambda: print("loaded:", [name for name in {heavy} if name in sys.modules]))
{code}
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "loaded: []"


@pytest.mark.parametrize("module", ["limes", *(f"limes.{room}" for room in ALLOWED)])
def test_public_names_exist_and_are_documented(module):
    room = importlib.import_module(module)
    assert room.__doc__
    for name in getattr(room, "__all__", ()):
        public = getattr(room, name)
        if callable(public):
            assert public.__doc__, f"{module}.{name} has no docstring"
            assert not public.__doc__.startswith(f"{name}("), f"{module}.{name} has only the docstring of a dataclass"

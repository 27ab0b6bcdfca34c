"""What must be true before any test runs."""

from pathlib import Path

import jax
import pytest

import limes


def _forget_old_loops():
    """Remove compiled loops that are older than one of their sources, see `limes.kernels.loops.rows`."""
    folder = Path(limes.__file__).parent / "kernels"
    newest = max(path.stat().st_mtime for path in folder.rglob("*.py"))
    for compiled in folder.rglob("*.nb[ic]"):
        if compiled.exists() and compiled.stat().st_mtime < newest:
            compiled.unlink(missing_ok=True)


_forget_old_loops()


@pytest.fixture(scope="module")
def _programs_of_this_module():
    """Forgotten at its end: programs compiled quickly round otherwise than those that later modules compare."""
    yield
    jax.clear_caches()


@pytest.fixture
def quick_compilation(_programs_of_this_module):
    """XLA without most of its optimisations, for modules that compile much and run little: a quarter of their time."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


_SLOW = (
    "test_docs.py",
    "test_compiled_loops.py",
    "test_command_line.py",
    "test_soundness.py",
    "test_adv_ntk_steps.py",
    "test_cluster.py",
)


def pytest_collection_modifyitems(items):
    """Long files first, so that workers which take whole files end together (with --no-loadscope-reorder)."""
    items.sort(key=lambda item: item.path.name not in _SLOW)

"""What must be true before any test runs."""

import contextlib
import gc
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import jax
import pytest

import limes


def _forget_old_loops():
    """Remove compiled loops that are older than one of their sources, see `limes.kernels.loops.rows`."""
    folder = Path(limes.__file__).parent / "kernels"
    newest = max(path.stat().st_mtime for path in folder.rglob("*.py"))
    for compiled in folder.rglob("*.nb[ic]"):
        with contextlib.suppress(FileNotFoundError):  # another worker was quicker
            if compiled.stat().st_mtime < newest:
                compiled.unlink()


_forget_old_loops()

# Most of a test's time goes into compiling programs that run once.
_QUICK = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"


def pytest_addoption(parser):
    parser.addoption("--full-compilation", action="store_true", help="let XLA optimise all programs, as users do")


def pytest_configure(config):
    """Settings of this process and, through the environment, of those that it starts; before JAX looks for devices."""
    if not config.getoption("full_compilation"):
        _settings(jax_disable_most_optimizations=True)
        flags = f"{os.environ.get('XLA_FLAGS', '')} {_QUICK}".strip()
        if not _is_worker(config) and _known(flags):
            os.environ["XLA_FLAGS"] = flags
    if _is_worker(config) or not config.getoption("numprocesses", None):
        _keep_programs(config)


def _is_worker(config):
    return hasattr(config, "workerinput")


def _settings(**values):
    for name, value in values.items():
        os.environ[name.upper()] = str(value)
        jax.config.update(name, value)


def _known(flags):
    """Whether this version of XLA takes flags: it ends a process with others."""
    command = [sys.executable, "-c", "import jax; jax.devices()"]
    return subprocess.run(command, env=os.environ | {"XLA_FLAGS": flags}, capture_output=True).returncode == 0


def _keep_programs(config):
    """What is compiled again, by a later module or by a process that a test starts, is read from a file instead.

    Each worker has a folder of its own, because JAX reads files that another process has begun to write.
    """
    folder = TemporaryDirectory(prefix="limes-programs-")
    config.add_cleanup(folder.cleanup)
    _settings(
        jax_compilation_cache_dir=folder.name,
        jax_persistent_cache_min_compile_time_secs=0,
        jax_persistent_cache_min_entry_size_bytes=-1,
    )


@pytest.fixture(scope="module")
def _programs_of_this_module():
    """Forgotten at its end, for memory, and because programs compiled quickly round otherwise than those of others."""
    yield
    jax.clear_caches()


@pytest.fixture
def quick_compilation(request, _programs_of_this_module):
    """XLA without most of its optimisations under --full-compilation too, for modules that compile much."""
    full = request.config.getoption("full_compilation")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", not full)


_SLOW = (
    "test_docs.py",
    "test_compiled_loops.py",
    "test_command_line.py",
    "test_soundness.py",
    "test_cluster.py",
)


def pytest_collection_modifyitems(items):
    """Long files first, so that workers which take whole files end together (with --no-loadscope-reorder)."""
    items.sort(key=lambda item: item.path.name not in _SLOW)


def pytest_collection_finish(session):
    """The garbage collector leaves alone what is there before the first test, and looks less often at the rest.

    Its full passes go over all modules and tests of a worker again and again, and find little there to free.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)

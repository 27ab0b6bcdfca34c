"""What must be true before any test runs."""

from pathlib import Path

import limes


def _forget_old_loops():
    """Remove compiled loops that are older than one of their sources, see `limes.kernels.rows`."""
    folder = Path(limes.__file__).parent / "kernels"
    newest = max(path.stat().st_mtime for path in folder.glob("*.py"))
    for compiled in folder.glob("__pycache__/*.nb[ic]"):
        if compiled.exists() and compiled.stat().st_mtime < newest:
            compiled.unlink(missing_ok=True)


_forget_old_loops()

"""Which version of the code made a result."""

import subprocess
from pathlib import Path


def commit() -> str | None:
    """The commit of the checkout that this code runs from; None where it was installed from elsewhere.

    Changes that are not committed are said: "1a2b3c4 with changes".
    """
    here = Path(__file__).resolve().parent
    try:
        _git(here, "ls-files", "--error-unmatch", "claim.py")  # else the package lies in somebody else's repository
        changed = _git(here, "status", "--porcelain", "--", "..")
        return _git(here, "rev-parse", "--short=10", "HEAD") + (" with changes" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout.strip()

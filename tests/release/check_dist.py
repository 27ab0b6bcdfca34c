"""Whether the wheel and the sdist in a folder hold what they should, and whether the wheel works where nothing else is.

``python tests/release/check_dist.py dist [PYTHON ...]``; without Pythons those that `pythons` finds. Each
gets an environment of its own in a temporary folder, with the wheel and what pip brings for it, and runs `smoke.py`.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
SMOKE = Path(__file__).with_name("smoke.py")
NAMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3.15")
CACHES = ("__pycache__", ".nbc", ".nbi", ".pyc", ".pytest_cache", ".ruff_cache")


def sources() -> set[str]:
    """Files of the package in the checkout, as paths below ``src``."""
    files = (path.relative_to(ROOT / "src") for path in (ROOT / "src" / "limes").rglob("*") if path.is_file())
    return {path.as_posix() for path in files if not _cache(path.as_posix())}


def check_contents(wheel: set[str], sdist: set[str], expected: set[str]) -> None:
    """Refuse archives that lack a file of the package, or hold what is none.

    Args:
        wheel: names in the wheel.
        sdist: names in the sdist, below its folder.
        expected: files of the package.

    Raises:
        ValueError: naming some of the files.
    """
    package = {name for name in wheel if not name.split("/")[0].endswith(".dist-info")}
    lacking = expected - package
    foreign = package - expected
    unbuilt = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"} - sdist
    unbuilt |= {f"src/{name}" for name in expected} - sdist
    caches = {name for name in wheel | sdist if _cache(name)}
    found = {"the wheel lacks": lacking, "the wheel also has": foreign, "the sdist lacks": unbuilt, "caches": caches}
    if wrong := {what: sorted(names)[:5] for what, names in found.items() if names}:
        raise ValueError("; ".join(f"{what} {', '.join(names)}" for what, names in wrong.items()))


def _cache(name: str) -> bool:
    return any(word in name for word in CACHES)


def pythons(named: list[str]) -> list[str]:
    """Those that are named, else the first of each version from 3.11 on, on the path or among those of pyenv."""
    if named:
        return named
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    there = [*map(shutil.which, NAMES), *(str(path) for path in sorted(pyenv.glob("*/bin/python3.??")))]
    versions = {version: path for path in reversed(there) if path and (version := _version(path)) >= (3, 11)}
    return [versions[version] for version in sorted(versions)]


def _version(python: str) -> tuple[int, ...]:
    """Major and minor number; none of a Python that does not start, as the shim of one that is not chosen."""
    command = [python, "-c", "import sys; print(*sys.version_info[:2])"]
    done = subprocess.run(command, capture_output=True, text=True)
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else ()


def try_out(python: str, wheel: Path) -> None:
    """Install the wheel into an empty environment, and run `smoke.py` in an empty folder.

    Raises:
        subprocess.CalledProcessError: if anything fails.
    """
    with TemporaryDirectory(prefix="limes-dist-") as folder:
        place = Path(folder)
        subprocess.run([python, "-m", "venv", place / "venv"], check=True)
        new = place / "venv" / "bin" / "python"
        pip = [new, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, wheel.resolve()], check=True)
        (place / "work").mkdir()
        subprocess.run([new, "-I", SMOKE.resolve()], check=True, cwd=place / "work")


def main(folder: str, *named: str) -> None:
    """Check what lies in a folder."""
    (wheel,), (sdist,) = Path(folder).glob("*.whl"), Path(folder).glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive, tarfile.open(sdist) as other:
        inside = {name.split("/", 1)[1] for name in other.getnames() if "/" in name}
        check_contents(set(archive.namelist()), inside, sources())
    print(f"{wheel.name} and {sdist.name} hold what they should", flush=True)
    tried = [try_out(python, wheel) for python in pythons(list(named))]
    if not tried:
        raise SystemExit("no Python from 3.11 on was found: name one")


if __name__ == "__main__":
    main(*sys.argv[1:])

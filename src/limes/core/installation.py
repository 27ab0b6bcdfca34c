"""Whether what limes needs is installed: read from the metadata of the packages, so that a broken one does no harm."""

import importlib
import platform
import re
from dataclasses import dataclass
from importlib import metadata

_MODULES = {"scikit-learn": "sklearn"}  # where a distribution's module has another name
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(\[[^]]*\])?(?:>=([0-9.]+))?(?:\s*;\s*extra\s*==\s*['\"]([a-z]+)['\"])?")
_FOR_DEVELOPERS = ("crosscheck", "docs", "test")


@dataclass(frozen=True)
class Requirement:
    """A package that limes asks for.

    Attributes:
        name: of the distribution.
        least: the lowest version, "" for any.
        extra: the extra of limes that brings it, None for what limes cannot do without.
        version: what is installed, None for nothing.
    """

    name: str
    least: str
    extra: str | None
    version: str | None

    @property
    def satisfied(self) -> bool:
        """Whether it is installed and new enough."""
        return self.version is not None and numbers(self.version) >= numbers(self.least)


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, to compare by.

    Example:
        >>> numbers("0.10.2") >= numbers("0.9"), numbers("2.13.0+cpu")
        (True, (2, 13, 0))
    """
    return tuple(int(part) for part in re.match(r"[0-9.]*", version)[0].split(".") if part)  # pyright: ignore[reportOptionalSubscript]


def requirements() -> list[Requirement]:
    """What limes asks for, as its own metadata have it; empty where limes runs without being installed."""
    try:
        lines = metadata.requires("limes") or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for line in lines:
        match = _REQUIREMENT.fullmatch(line.strip())
        assert match is not None, f"a requirement of an unknown form: {line}"
        found.append(Requirement(match[1], match[3] or "", match[4], version_of(match[1])))
    return found


def version_of(name: str) -> str | None:
    """The installed version of a distribution, None where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Python, limes and what it cannot do without, with "missing" for what is not there."""
    found = {"python": platform.python_version(), "limes": version_of("limes") or "not installed"}
    return found | {need.name: need.version or "missing" for need in requirements() if need.extra is None}


def extras() -> dict[str, bool]:
    """The extras for users, and whether all of each is installed."""
    found: dict[str, bool] = {}
    for need in requirements():
        if need.extra is not None and need.extra not in _FOR_DEVELOPERS:
            found[need.extra] = found.get(need.extra, True) and need.satisfied
    return found


def problems() -> list[str]:
    """A sentence with its remedy for every needed package that is missing, too old, or cannot be imported."""
    found = []
    for need in requirements():
        if need.extra is not None:
            continue
        mend = f'pip install --upgrade "{need.name}{f">={need.least}" if need.least else ""}"'
        if need.version is None:
            found.append(f"{need.name} is not installed: {mend}")
        elif not need.satisfied:
            found.append(f"{need.name} is {need.version}, but limes needs {need.least} or newer: {mend}")
        elif failure := _import_error(_MODULES.get(need.name, need.name)):
            found.append(f"{need.name} {need.version} cannot be imported ({failure}): {mend} --force-reinstall")
    return found


def _import_error(module: str) -> str | None:
    try:
        importlib.import_module(module)
    except Exception as error:  # a package built for another version of NumPy, say, may raise anything
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return None

"""What a run was computed with: versions and the machine in words, nothing that identifies a person or a host."""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

PACKAGES = ("limes", "jax", "jaxlib", "numpy", "scipy", "scikit-learn")


def environment() -> dict[str, Any]:
    """Versions, platform, number of processors and the date (UTC).

    Versions come from the installed metadata, so that no package is imported for it; a package that is not installed
    is left out.

    Example:
        >>> sorted(environment())
        ['cpu_count', 'date', 'packages', 'platform', 'python']
    """
    return {
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "date": utc_now(),
    }


def utc_now() -> str:
    """The time now, to the second, as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """The versions that differ between two environments, each as ``name old -> new``."""
    old = {"python": before.get("python"), **before.get("packages", {})}
    new = {"python": now.get("python"), **now.get("packages", {})}
    names = dict.fromkeys((*old, *new))
    return [f"{n} {old.get(n, 'absent')} -> {new.get(n, 'absent')}" for n in names if old.get(n) != new.get(n)]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None

"""How much memory there is, and refusing what will not fit before any of it is allocated."""

import math
import os
import re
from pathlib import Path

from limes.core.errors import InputError, MemoryRefused

_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_CGROUP_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_SHARE = 0.8


def parse_bytes(text: str | int | float) -> int:
    """Bytes from ``"6GB"``, ``"512 MiB"`` or a plain number.

    Raises:
        InputError: if the text is not an amount of memory.

    Example:
        >>> parse_bytes("1.5 GB"), parse_bytes("2KiB")
        (1500000000, 2048)
    """
    if isinstance(text, int | float):
        value, unit = float(text), ""
    else:
        match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]*)?(?:e[0-9]+)?)\s*([kmgt]i?)?b?\s*", text.lower())
        if match is None:
            raise InputError(f"{text!r} is not an amount of memory: write it as 6GB or 512MiB")
        value, unit = float(match[1]), match[2] or ""
    if not 0 < value < math.inf:
        raise InputError(f"an amount of memory must be positive and finite, not {text!r}")
    return int(value * _UNITS[unit])


def format_bytes(n: float) -> str:
    """A short human form, in decimal units.

    Example:
        >>> format_bytes(1234567)
        '1.2 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if abs(n) < 1000:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} TB"


def available() -> int:
    """Bytes that a new process could take: the smaller of the kernel's estimate and the container's limit."""
    found = []
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        lines = meminfo.read_text("ascii").splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")]
    for name in _CGROUP_FILES:
        path = Path(name)
        if path.exists() and (text := path.read_text("ascii").strip()).isdigit():
            found.append(int(text))
    if not found:
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found)


def limit(memory: str | int | float | None = None) -> int:
    """The memory limit in bytes: `memory`, else ``$LIMES_MEMORY``, else 0.8 of what is available."""
    if memory is not None:
        return parse_bytes(memory)
    if env := os.environ.get("LIMES_MEMORY"):
        return parse_bytes(env)
    return int(_SHARE * available())


def require(needed: float, what: str, ways_out: str, memory: str | int | float | None = None) -> None:
    """Refuse work that needs more bytes than the limit.

    Args:
        needed: estimated peak in bytes.
        what: the work, with its sizes ("an NTK of 50000 x 50000 in float64").
        ways_out: what the caller can do instead, specific to the work.
        memory: overrides the limit, see `limit`.

    Raises:
        MemoryRefused: with size, limit and ways out.
    """
    bound = limit(memory)
    if needed > bound:
        raise MemoryRefused(
            f"{what} needs {format_bytes(needed)}, but the limit is {format_bytes(bound)}: {ways_out}, "
            "or raise the limit (memory=..., or $LIMES_MEMORY)"
        )

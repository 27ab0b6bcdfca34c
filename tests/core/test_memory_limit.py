import math

import pytest

from limes.core import memory
from limes.core.errors import InputError, MemoryRefused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6GB", 6_000_000_000),
        ("1.5 gb", 1_500_000_000),
        ("512 MiB", 512 * 2**20),
        ("2KiB", 2048),
        ("3k", 3000),
        ("1T", 10**12),
        ("100", 100),
        ("100B", 100),
        ("1e9", 10**9),
        (12345, 12345),
        (1e6, 10**6),
    ],
)
def test_parse(text, expected):
    assert memory.parse_bytes(text) == expected


@pytest.mark.parametrize(
    "text", ["", "six", "6 XB", "GB", "1..5GB", "-1GB", "nan", "1,5GB", "0", "0 MB", -5, 0, math.nan, math.inf]
)
def test_parse_refuses(text):
    with pytest.raises(InputError, match="amount of memory"):
        memory.parse_bytes(text)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1234567, "1.2 MB"), (8e9, "8.0 GB"), (2.5e15, "2500.0 TB")],
)
def test_format(n, expected):
    assert memory.format_bytes(n) == expected


def test_limit_is_argument_then_environment_then_share_of_what_is_available(monkeypatch):
    monkeypatch.delenv("LIMES_MEMORY", raising=False)
    monkeypatch.setattr(memory, "available", lambda: 1000)
    assert memory.limit() == 800
    monkeypatch.setenv("LIMES_MEMORY", "2KiB")
    assert memory.limit() == 2048
    assert memory.limit("3k") == 3000
    monkeypatch.setenv("LIMES_MEMORY", "plenty")
    with pytest.raises(InputError, match="'plenty' is not an amount"):
        memory.limit()


def test_available_is_the_smaller_of_machine_and_container(monkeypatch, tmp_path):
    unlimited = memory.available()
    assert 2**20 < unlimited < 2**50
    capped, free = tmp_path / "memory.max", tmp_path / "free"
    capped.write_text("1048576\n")
    free.write_text("max\n")
    monkeypatch.setattr(memory, "_CGROUP_FILES", (str(free), str(tmp_path / "absent")))
    assert memory.available() > 2**20
    monkeypatch.setattr(memory, "_CGROUP_FILES", (str(free), str(capped)))
    assert memory.available() == 2**20


def test_require():
    memory.require(1000, "work", "do less", memory=1000)
    with pytest.raises(MemoryRefused) as caught:
        memory.require(1001, "a store of 7 tiles", "use fewer tiles", memory=1000)
    assert str(caught.value) == (
        "a store of 7 tiles needs 1.0 kB, but the limit is 1.0 kB: use fewer tiles, "
        "or raise the limit (memory=..., or $LIMES_MEMORY)"
    )

"""Gram matrices on disk: what they hold, and what happens when something goes wrong."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple

import numpy as np
import pytest

from limes import gram, nets
from limes.core.errors import DiskFullError, FormatError, InputError, MemoryRefused
from limes.linalg import cg, cholesky

NET, N, TILE = nets.mlp(2), 50, 16
X = np.random.default_rng(0).standard_normal((N, 3))
WHOLE = np.asarray(NET.kernel(X, get="ntk").ntk)


class Counter:
    def __init__(self, at_step=lambda done: None):
        self.total, self.done, self.at_step = 0, 0, at_step

    def start(self, label, total):
        self.total = total

    def step(self, n=1):
        self.done += n
        self.at_step(self.done)


@pytest.fixture
def store(tmp_path):
    return gram.build(tmp_path / "gram", NET, X, tile=TILE)


def test_is_read_by_rows(store):
    assert (store.shape, store.dtype, len(store)) == ((N, N), np.float64, N)
    np.testing.assert_allclose(store[:], WHOLE, rtol=1e-12)
    np.testing.assert_allclose(store[14:35], WHOLE[14:35], rtol=1e-12)
    np.testing.assert_allclose(store[[49, 3, 3]], WHOLE[[49, 3, 3]], rtol=1e-12)
    np.testing.assert_allclose(store[-1], WHOLE[-1], rtol=1e-12)
    np.testing.assert_allclose(store.diagonal(), np.diagonal(WHOLE), rtol=1e-12)
    np.testing.assert_array_equal(store[:], store[:].T)
    with pytest.raises(InputError, match="read by rows"):
        store[2:4, 3]
    with pytest.raises(IndexError):
        store[N]


def test_multiplies_and_solves(store):
    y = np.random.default_rng(1).standard_normal((N, 2))
    np.testing.assert_allclose(store @ y, WHOLE @ y, rtol=1e-11)
    for preconditioner in ("nystrom", "cholesky"):
        found = cg.solve(store, y, 0.1, tol=1e-12, preconditioner=preconditioner).check().coef[0]
        np.testing.assert_allclose(found, cholesky.solve(WHOLE, y, 0.1).check().coef[0], rtol=1e-8)


def test_is_opened_again(store):
    again = gram.open(store.path)
    assert again.manifest == store.manifest
    np.testing.assert_array_equal(again[:], store[:])
    single = gram.build(store.path.with_name("single"), NET, X.astype(np.float32), tile=TILE, kind="nngp")
    assert single.dtype == np.float32
    np.testing.assert_allclose(single[:], NET.kernel(X, get="nngp").nngp, atol=1e-5)


def test_a_killed_build_is_continued(tmp_path):
    """kill -9 after the fifth of ten tiles: at most one of those is computed again."""
    script = f"""
import os, signal, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_store import NET, TILE, X, Counter, gram
kill = lambda done: os.kill(os.getpid(), signal.SIGKILL) if done == 5 else None
gram.build({str(tmp_path / "gram")!r}, NET, X, tile=TILE, progress=Counter(kill))
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    with pytest.raises(FormatError, match="not there yet"):
        gram.open(tmp_path / "gram")[:]
    counter = Counter()
    store = gram.build(tmp_path / "gram", NET, X, tile=TILE, progress=counter)
    assert counter.total in (5, 6)
    np.testing.assert_allclose(store[:], WHOLE, rtol=1e-12)


def test_a_flipped_bit_costs_its_tile(store):
    file = store.path / "c" / "1" / "2"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    assert store.damaged() == [(1, 2)]
    with pytest.raises(FormatError, match=r"tile 1, 2 of .* is damaged"):
        store[40]
    before = {path: path.stat().st_mtime_ns for path in store.path.rglob("*") if path.is_file() and path != file}
    counter = Counter()
    again = gram.build(store.path, NET, X, tile=TILE, progress=counter)
    assert counter.total == 1
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    np.testing.assert_allclose(again[:], WHOLE, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": X + 1e-9}, "of other inputs"),
        ({"x": X.astype(np.float32)}, "of other inputs"),
        ({"net": nets.mlp(3)}, "of another net"),
        ({"kind": "nngp"}, "of the ntk, not the nngp"),
        ({"tile": 8}, "tiles of 16 rows, not 8"),
    ],
)
def test_a_store_of_something_else_is_refused(store, change, message):
    arguments = {"net": NET, "x": X, "tile": TILE} | change
    with pytest.raises(InputError, match=message):
        gram.build(store.path, **arguments)


def test_two_processes_build_one_store(tmp_path):
    """The other process makes tiles while this one is at its second."""
    script = f"""
import pathlib, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_store import NET, X, Counter, gram
begun = lambda done: pathlib.Path({str(tmp_path / "begun")!r}).touch()
gram.build({str(tmp_path / "gram")!r}, NET, X, tile=8, progress=Counter(begun))
"""
    with subprocess.Popen([sys.executable, "-c", script]) as other:

        def wait(done):
            while done == 1 and not (tmp_path / "begun").exists() and other.poll() is None:
                time.sleep(0.01)

        store = gram.build(tmp_path / "gram", NET, X, tile=8, progress=Counter(wait))
        assert other.wait() == 0
    assert (tmp_path / "begun").exists()
    assert store.missing() == store.damaged() == []
    np.testing.assert_allclose(store[:], WHOLE, rtol=1e-12)


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path, monkeypatch):
    write = gram.GramStore._write
    done = []

    def full(store, i, j, values):
        if len(done) < 3:
            done.append((i, j))
            return write(store, i, j, values)

        class Full:
            def __setitem__(self, at, values):
                raise OSError(errno.ENOSPC, "No space left on device")

        return write(gram.GramStore(store.path, Full(), store.manifest), i, j, values)

    monkeypatch.setattr(gram.GramStore, "_write", full)
    with pytest.raises(DiskFullError, match="the disk is full: 7 tiles"):
        gram.build(tmp_path / "gram", NET, X, tile=TILE)
    monkeypatch.undo()
    counter = Counter()
    gram.build(tmp_path / "gram", NET, X, tile=TILE, progress=counter)
    assert counter.total == 7


def test_a_disk_that_is_too_small_is_refused_at_once(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(9, 9, 9))
    with pytest.raises(DiskFullError, match=r"takes 20\.5 kB of disk, but 9 B are free"):
        gram.build(tmp_path / "gram", NET, X, tile=TILE)


def test_bad_input(tmp_path, store):
    with pytest.raises(FormatError, match="holds no Gram matrix"):
        gram.open(tmp_path / "nothing")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        gram.build(tmp_path / "full", NET, X)
    with pytest.raises(InputError, match="not finite"):
        gram.build(tmp_path / "a", NET, np.where(X > 1, np.nan, X))
    with pytest.raises(InputError, match="kind must be"):
        gram.build(tmp_path / "a", NET, X, kind="cntk")
    with pytest.raises(InputError, match="tile must be"):
        gram.build(tmp_path / "a", NET, X, tile=0)
    with pytest.raises(MemoryRefused, match="smaller tiles"):
        gram.build(tmp_path / "a", NET, X, memory="1kB")

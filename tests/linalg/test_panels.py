"""Cholesky out of core against Cholesky in memory: kills, damage, singular matrices, foreign folders."""

from collections import namedtuple

import numpy as np
import pytest

from limes.core import chunks
from limes.core.errors import DiskFullError, FormatError, InputError, MemoryRefused
from limes.core.progress import Quiet
from limes.core.status import Status
from limes.linalg import cholesky, panels

N, WIDTH = 70, 16  # four panels and a narrow one
Y = np.random.default_rng(1).standard_normal((N, 3))


class Steps(Quiet):
    def __init__(self, last=None):
        self.done, self.last = 0, last

    def start(self, name, total):
        self.total = total

    def step(self, n=1):
        self.done += n
        if self.done == self.last:
            raise KeyboardInterrupt


@pytest.fixture
def gram(symmetric):
    return symmetric(np.geomspace(1e-3, 10, N))


@pytest.mark.parametrize("width", [WIDTH, 33, N, 4096])
def test_equals_cholesky_in_memory(gram, tmp_path, width):
    found = panels.solve(gram, Y, tmp_path / "factor", 1e-3, width=width).check()
    exact = cholesky.solve(gram, Y, 1e-3)
    assert (found.status, found.solver) == (Status.SOLVED, "out_of_core")
    np.testing.assert_allclose(found.coef[0], exact.coef[0], atol=1e-11 * np.abs(exact.coef[0]).max())
    true = np.linalg.cond(gram + 1e-3 * np.eye(N), 1)
    assert 1 / true <= 1.0001 * found.rcond
    assert found.rcond <= 4 / true


def test_single_precision_is_widened(gram, tmp_path):
    narrow = gram.astype(np.float32)
    found = panels.solve(narrow, Y, tmp_path / "factor", 1e-2, width=WIDTH).check()
    exact = cholesky.solve(narrow, Y, 1e-2).coef[0]
    np.testing.assert_allclose(found.coef[0], exact, atol=1e-11 * np.abs(exact).max())


@pytest.mark.parametrize("last", [1, 5, 20, 34])
def test_a_run_that_was_stopped_makes_no_finished_panel_again(gram, tmp_path, last):
    whole = Steps()
    exact = panels.solve(gram, Y, tmp_path / "whole", width=WIDTH, progress=whole)
    assert whole.done == whole.total == 5 + 4 * 2 + 3 * 3 + 2 * 4 + 5
    with pytest.raises(KeyboardInterrupt):
        panels.solve(gram, Y, tmp_path / "factor", width=WIDTH, progress=Steps(last))
    rest = Steps()
    found = panels.solve(gram, Y, tmp_path / "factor", width=WIDTH, progress=rest)
    np.testing.assert_array_equal(found.coef[0], exact.coef[0])
    assert rest.done == rest.total <= whole.total - (0 if last < 5 else 5)
    again = Steps()
    panels.solve(gram, Y, tmp_path / "factor", width=WIDTH, progress=again)
    assert again.done == again.total == 0


def test_a_flipped_bit_is_noticed_and_costs_one_panel(gram, tmp_path):
    exact = panels.solve(gram, Y, tmp_path / "factor", width=WIDTH)
    tile = tmp_path / "factor" / "c" / "3" / "1"
    data = bytearray(tile.read_bytes())
    data[100] ^= 1
    tile.write_bytes(data)
    with pytest.raises(FormatError, match=r"tile 3, 1 of .* is damaged .* was removed"):
        panels.solve(gram, Y, tmp_path / "factor", width=WIDTH)
    rest = Steps()
    found = panels.solve(gram, Y, tmp_path / "factor", width=WIDTH, progress=rest)
    np.testing.assert_array_equal(found.coef[0], exact.coef[0])
    assert rest.done == 4 * 2


def test_singular_matrices_climb_the_ladder_and_remember_where_they_were(symmetric, tmp_path):
    singular = symmetric(np.r_[np.zeros(30), np.ones(N - 30)])
    found, expected = panels.solve(singular, Y, tmp_path / "factor", width=WIDTH), cholesky.solve(singular, Y)
    assert (found.status, found.jitter) == (expected.status, expected.jitter)
    assert found.status is Status.JITTER_ADDED
    again = Steps()
    twice = panels.solve(singular, Y, tmp_path / "factor", width=WIDTH, progress=again)
    np.testing.assert_array_equal(twice.coef[0], found.coef[0])
    assert again.done == 0
    negative = panels.solve(-np.eye(N), Y, tmp_path / "negative", width=WIDTH)
    assert negative.status is Status.NOT_POSITIVE_DEFINITE


def test_what_is_not_finite_is_said(gram, tmp_path):
    gram[3, 5] = np.nan
    assert panels.solve(gram, Y, tmp_path / "factor").status is Status.NOT_FINITE
    assert panels.solve(np.eye(N), np.full((N, 1), np.inf), tmp_path / "factor").status is Status.NOT_FINITE
    assert not (tmp_path / "factor").exists()


def test_foreign_folders_are_refused(gram, tmp_path):
    panels.solve(gram, Y, tmp_path / "factor", width=WIDTH)
    with pytest.raises(InputError, match="no factor of this matrix"):
        panels.solve(2 * gram, Y, tmp_path / "factor", width=WIDTH)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("text")
    with pytest.raises(InputError, match="is not empty"):
        panels.solve(gram, Y, tmp_path / "mine", width=WIDTH)


def test_memory_and_disk_are_looked_at_first(gram, tmp_path, monkeypatch):
    assert panels.choose_width(50_000, "3GB") == 2048
    assert panels.estimate_bytes(50_000, 2048) <= 3e9
    with pytest.raises(MemoryRefused, match="narrower panels"):
        panels.solve(gram, Y, tmp_path / "factor", width=WIDTH, memory="1kB")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(chunks.shutil, "disk_usage", lambda path: usage(9, 9, 9))
    with pytest.raises(DiskFullError, match="the factor of 70 rows takes"):
        panels.solve(gram, Y, tmp_path / "factor", width=WIDTH)

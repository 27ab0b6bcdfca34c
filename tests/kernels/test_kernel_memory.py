"""Bytes: estimated within 1.5 times the peak, refused before allocation."""

from pathlib import Path

import numpy as np
import pytest

from limes import nets
from limes.core.errors import MemoryRefused
from limes.kernels import estimate_bytes
from oracles.backend import cpu_only
from oracles.peak_memory import compare


# The peak is the kernel's own (VmHWM); ru_maxrss would start at the peak of the process that forked.
@cpu_only
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from /proc")
def test_estimate_is_within_1_5_of_the_measured_peak():
    compare("nets.mlp(3)", (8,), 6000, 500)


def test_refused_with_size_limit_and_ways_out():
    x = np.broadcast_to(np.float32(1), (1_000_000, 3))  # no memory behind it
    with pytest.raises(MemoryRefused) as caught:
        nets.mlp(2).kernel(x, memory="1GB")
    text = str(caught.value)
    assert "1000000 x 1000000 in float32 needs 8.0 TB, but the limit is 1.0 GB" in text
    for way_out in ("fewer rows", "float32", "get='ntk'", "memory=", "$LIMES_MEMORY"):
        assert way_out in text
    assert isinstance(caught.value, MemoryError)


def test_limit_from_the_environment(monkeypatch):
    x = np.ones((500, 3), np.float32)
    monkeypatch.setenv("LIMES_MEMORY", "1MB")
    with pytest.raises(MemoryRefused, match=r"the limit is 1\.0 MB"):
        nets.mlp(2).kernel(x)
    assert nets.mlp(2).kernel(x[:4], memory="1GB").ntk.shape == (4, 4)


@cpu_only
def test_estimate_grows_with_what_the_net_keeps():
    def estimate(net, names=("ntk",), dtype=np.float32, n=20_000):
        return estimate_bytes(net, n, n, (32, 32, 3), names, dtype)

    mlp, flatten, gap = nets.mlp(3), nets.cnn(3, activation="gelu"), nets.cnn(3, "gap", activation="gelu")
    assert estimate(mlp, dtype=np.float64) == pytest.approx(2 * estimate(mlp), rel=0.05)
    assert estimate(mlp, ("nngp", "ntk")) == pytest.approx(2 * estimate(mlp), rel=0.05)
    assert estimate(mlp) <= estimate(flatten) < estimate(gap)
    assert estimate(gap, n=4) > 2 * 8 * 1024**2 * 4  # two tiles of one pair of 32 x 32 positions, eight arrays each


def test_progress_counts_the_tiles():
    class Counter:
        total = done = 0

        def start(self, label, total):
            assert label == "kernel"
            self.total = total

        def step(self, n=1):
            self.done += n

        def note(self, text):
            pass

    x = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)
    own, given = Counter(), Counter()
    nets.mlp(2).kernel(x, tile=2, progress=own)
    nets.mlp(2).kernel(x, x, tile=2, progress=given)
    assert (own.total, own.done) == (6, 6)  # half of 3 x 3 tiles, the diagonal included
    assert (given.total, given.done) == (9, 9)

"""How fast this machine is, from a matrix product timed for a moment."""

import functools
import math
import time
from typing import Any

import numpy as np

from limes.jobs.settings import Settings
from limes.kernels.tiles import entries_per_pair
from limes.nets import Net


@functools.cache
def flops(dtype: str) -> float:
    """Floating point operations a second of a matrix product here."""
    a = np.ones((768, 768), dtype)
    np.matmul(a, a)
    since = time.perf_counter()
    for _ in range(3):
        np.matmul(a, a)
    return 3 * 2 * 768**3 / max(time.perf_counter() - since, 1e-9)


def inner_shape(settings: Settings) -> tuple[int, ...]:
    """Shape of one input as the net takes it."""
    return _inner(settings.net, settings.data.shape)


def seconds_per_pair(settings: Settings) -> float:
    """Time of one kernel entry of a run."""
    return pair_seconds(settings.net, settings.data.shape, settings.data.x.dtype)


def pair_seconds(net: Net, shape: tuple[int, ...], dtype: Any) -> float:
    """Time of one kernel entry: its inner product, and about 25 operations an entry and layer."""
    inner, layers = _inner(net, shape), len(net.layers)
    entries = entries_per_pair(net, inner)
    work = 2 * math.prod(inner) * (entries if net.layout == "pairs" else 1) + 25 * layers * entries
    return work / flops(str(dtype))


def _inner(net: Net, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape if net.needs_positions else (math.prod(shape),)

"""What a run will take, before it starts: bytes and time."""

import math
import time
from typing import Any

import numpy as np

from limes.core import memory as mem
from limes.jobs.settings import Settings
from limes.kernels import estimate_bytes
from limes.kernels.tiles import entries_per_pair
from limes.machines.flow import choose, require_memory

_STANDING = 0.3  # of the attacks that all points could meet, those that are run: a point that has fallen costs no more
_STEP_SECONDS = 1.2  # what a step costs whatever its size: compilation, many small calls


def plan(settings: Settings) -> dict[str, Any]:
    """Bytes and seconds that a run will take.

    Seconds come from a matrix product timed for a moment on this machine, and operation counts; expect a factor of two.

    Raises:
        MemoryRefused: if the run would not fit.
    """
    n, shape, dtype = settings.n_train, settings.data.shape, settings.data.x.dtype
    times = settings.times or (*[1.0] * (settings.n_times - 1), math.inf)
    solver = choose(n, times)
    require_memory(n, solver)
    inner = shape if settings.net.needs_positions else (math.prod(shape),)
    kernel_bytes = estimate_bytes(settings.net, n, n, inner, (settings.kind,), dtype)
    solve_bytes = {"cholesky": 2, "eigh": 4, "krylov": 2}[solver] * n * n * 8
    data_bytes = settings.data.x.nbytes + (0 if settings.data.x_test is None else settings.data.x_test.nbytes)
    pairs = _seconds_per_pair(settings, inner)
    attacks = 2 * settings.restarts * (3 * settings.steps) + 0.3 * settings.queries
    points = settings.n_times * (settings.n_validation + settings.n_test) + 2 * 5 * settings.n_test
    solve_flops = {"cholesky": n**3 / 3, "eigh": 22 * n**3, "krylov": n**3 / 3 + 600 * n**2}[solver]
    seconds = len(settings.seeds) * (
        pairs * n * n / 2
        + 2 * solve_flops / _flops(np.float64)
        + _STANDING * pairs * n * points * attacks
        + _STEP_SECONDS * (1 + 2 * settings.n_times)
    )
    return {
        "solver": solver,
        "seeds": len(settings.seeds),
        "stopping_times": settings.n_times,
        "rows": {"train": n, "validation": settings.n_validation, "test": settings.n_test},
        "kernel_bytes": int(kernel_bytes),
        "peak_bytes": int(data_bytes + kernel_bytes + solve_bytes),
        "memory_limit_bytes": mem.limit(),
        "seconds": round(float(seconds), 1),
    }


def _seconds_per_pair(settings: Settings, inner: tuple[int, ...]) -> float:
    """Time of one kernel entry: its inner product, and about 40 operations an entry and layer."""
    layers = len(settings.net.layers)
    entries = entries_per_pair(settings.net, inner)
    flops = 2 * math.prod(inner) * (entries if settings.net.layout == "pairs" else 1) + 25 * layers * entries
    return flops / _flops(settings.data.x.dtype)


def _flops(dtype: Any) -> float:
    """Multiply-adds x 2 a second of a matrix product here."""
    a = np.ones((768, 768), dtype)
    np.matmul(a, a)
    since = time.perf_counter()
    for _ in range(3):
        np.matmul(a, a)
    return 3 * 2 * 768**3 / max(time.perf_counter() - since, 1e-9)

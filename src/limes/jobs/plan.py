"""What a run will take, before it starts: bytes and time."""

import math
from typing import Any

from limes.core import memory as mem
from limes.jobs.defences import DEFENCES
from limes.jobs.settings import Settings
from limes.jobs.speed import flops, inner_shape, seconds_per_pair
from limes.kernels import estimate_bytes
from limes.machines.flow import choose, require_memory

_STANDING = 0.3  # of the attacks that all points could meet, those that are run: a point that has fallen costs no more
_STEP_SECONDS = 1.2  # what a step costs whatever its size: compilation, many small calls

CERTIFICATE_TOLERANCE = 0.1
_RIVAL_ROW = 2.5e-4  # seconds of a certificate for each rival label and training row


def certificate_seconds(settings: Settings) -> float:
    """About what the certificate of a point takes."""
    width = 1 + math.prod(settings.data.shape) / 500
    return 0.3 + _RIVAL_ROW * (settings.data.n_classes - 1) * settings.n_train * width


def plan(settings: Settings) -> dict[str, Any]:
    """Bytes and seconds that a run will take.

    Seconds come from a matrix product timed for a moment on this machine, and operation counts; expect a factor of two.

    Raises:
        MemoryRefused: if the run would not fit.
    """
    n, dtype = settings.n_train, settings.data.x.dtype
    times = settings.times or (*[1.0] * (settings.n_times - 1), math.inf)
    solver = choose(n, times)
    require_memory(n, solver)
    kernel_bytes = estimate_bytes(settings.net, n, n, inner_shape(settings), (settings.kind,), dtype)
    solve_bytes = {"cholesky": 2, "eigh": 4, "krylov": 2, "cg": 1}[solver] * n * n * 8
    data_bytes = settings.data.x.nbytes + (0 if settings.data.x_test is None else settings.data.x_test.nbytes)
    pairs = seconds_per_pair(settings)
    attacks = 2 * settings.restarts * (3 * settings.steps) + 0.3 * settings.queries
    models = settings.n_times + len(settings.defences)
    points = models * (settings.n_validation + settings.n_test) + (2 + len(settings.defences)) * 5 * settings.n_test
    solve_flops = {"cholesky": n**3 / 3, "eigh": 22 * n**3, "krylov": n**3 / 3 + 600 * n**2, "cg": 1000 * n**2}[solver]
    seconds = len(settings.seeds) * (
        pairs * n * n / 2
        + 2 * solve_flops / flops("float64")
        + _STANDING * pairs * n * points * attacks
        + _STEP_SECONDS * (1 + 2 * models)
        + sum(DEFENCES[key].seconds(settings) for key in settings.defences)
    )
    seconds += settings.certify * certificate_seconds(settings)
    return {
        "solver": solver,
        "seeds": len(settings.seeds),
        "stopping_times": settings.n_times,
        "rows": {"train": n, "validation": settings.n_validation, "test": settings.n_test},
        "kernel_bytes": int(kernel_bytes),
        "peak_bytes": int(data_bytes + kernel_bytes + solve_bytes),
        "memory_limit_bytes": mem.limit(),
        "defences": list(settings.defences),
        "seconds": round(float(seconds), 1),
        "budget_seconds": settings.budget,
    }

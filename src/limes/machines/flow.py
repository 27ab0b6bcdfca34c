"""The coefficients of the gradient flow of a Gram matrix at given times, by the solver that fits."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.optimize import brentq

from limes.core import memory as mem
from limes.core.errors import InputError
from limes.core.progress import Progress
from limes.core.status import Status
from limes.linalg import cg, cholesky, krylov, panels, spectrum
from limes.linalg.solution import Solution

Solver = Literal["auto", "cholesky", "eigh", "krylov", "cg", "out_of_core"]
SOLVERS = ("auto", "cholesky", "eigh", "krylov", "cg", "out_of_core")
AT_THE_END = ("cholesky", "cg", "out_of_core")  # solvers that serve time inf only
ON_DISK = ("krylov", "cg", "out_of_core")  # solvers that take a kernel on disk as it is
_BAND = 3000  # rows of a kernel on disk that are in memory at once, at most
_EIGH_LIMIT = 3000  # above, an eigendecomposition costs more than Krylov spaces for a handful of times


def check_times(times: tuple[float, ...]) -> tuple[float, ...]:
    """The times as floats.

    Raises:
        InputError: for a time that is negative or NaN.
    """
    try:
        values = tuple(float(t) for t in times)
    except (TypeError, ValueError):
        raise InputError(f"time must be a number, or float('inf'), not {times!r}") from None
    if any(np.isnan(t) or t < 0 for t in values):
        raise InputError(f"time must be at least 0 (float('inf') for training to the end), not {values}")
    return values


def choose(n: int, times: tuple[float, ...], solver: Solver = "auto", on_disk: bool = False) -> str:
    """The solver for n rows and these times, as it will be reported.

    Where only time inf is asked, Cholesky; where a factor beside the kernel would not fit into memory, preconditioned
    conjugate gradients, or for a kernel on disk Cholesky out of core. One eigendecomposition for finite times up to
    3000 rows, block Krylov beyond (with Cholesky for time inf).

    Raises:
        InputError: for an unknown solver, or one that cannot do these times, or not without a kernel on disk.
    """
    if solver not in SOLVERS:
        raise InputError(f"solver must be one of {', '.join(SOLVERS)}, not {solver!r}")
    finite = [t for t in times if np.isfinite(t)]
    if solver in AT_THE_END and finite:
        raise InputError(f"solver={solver!r} serves time=inf only, not {finite[0]:g}: use 'auto', 'eigh' or 'krylov'")
    if solver == "out_of_core" and not on_disk:
        raise InputError("solver='out_of_core' needs a kernel on disk: limes.gram.build, and fit(..., gram=...)")
    if solver != "auto":
        return "cholesky" if solver == "krylov" and not finite else solver
    if not finite:
        larger = "out_of_core" if on_disk else "cg"
        return "cholesky" if estimate_bytes(n, "cholesky") <= mem.limit() else larger
    return "eigh" if n <= _EIGH_LIMIT else "krylov"


def estimate_bytes(n: int, solver: str, on_disk: bool = False) -> int:
    """Estimated peak of kernel and solver for n rows, in bytes; the worst case for block Krylov."""
    kernel = 8 * n * (min(n, _BAND) if on_disk else n)
    if solver == "krylov":
        size = min(n, krylov.MAX_SIZE)
        return kernel + 8 * (n * size + 4 * size * size)  # basis, and the small problem with its solver
    if solver == "cg":
        return kernel + 8 * n * cg.default_rank(n) * 4  # the preconditioner while it is made
    if solver == "out_of_core":
        return panels.estimate_bytes(n, panels.choose_width(n))
    return 8 * {"cholesky": 2, "eigh": 4}[solver] * n * n


def require_memory(n: int, solver: str, on_disk: bool = False) -> None:
    """Refuse a problem of n rows that would not fit.

    Raises:
        MemoryRefused: with size, limit and ways out.
    """
    ways_out = "use fewer training rows, " + ("" if solver in ON_DISK else "solver='krylov' with a finite time, ")
    ways_out += "a machine with more memory" if on_disk else "or a kernel on disk (limes.gram.build, fit(gram=...))"
    mem.require(estimate_bytes(n, solver, on_disk), f"solving {n} training rows by {solver}", ways_out)


def solve(
    gram: Any,
    y: np.ndarray,
    times: tuple[float, ...],
    ridge: float,
    solver: str,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> tuple[Solution, spectrum.Spectrum | None]:
    """Coefficients at each time, and the eigendecomposition where one was made.

    Args:
        gram: (n, n); a matrix on disk for a solver of `ON_DISK`.
        y: (n, c).
        times: in units of 1 / learning rate; inf allowed.
        ridge: absolute.
        solver: from `choose`.
        progress: reports the steps of iterative solvers.
        folder: of a factor on disk.
    """
    if solver == "eigh":
        decomposition = spectrum.decompose(gram)
        return decomposition.solve(y, times, ridge), decomposition
    if solver in ("cg", "out_of_core"):
        if solver == "cg":
            found = cg.solve(gram, y, ridge, progress=progress)
        else:
            assert folder is not None
            found = panels.solve(gram, y, folder, ridge, progress=progress)
        return replace(found, coef=found.coef * len(times)), None
    finite = tuple(t for t in times if np.isfinite(t))
    parts = [cholesky.solve(gram, y, ridge)] if len(finite) < len(times) else []
    if finite:
        parts.append(krylov.solve(gram, y, finite, ridge, progress=progress))
    return _join(times, parts), None


def _join(times: tuple[float, ...], parts: list[Solution]) -> Solution:
    """One solution in the order of `times` from one for inf and one for the finite times."""
    failed = [p for p in parts if not p.status.usable]
    if failed:
        return failed[0]
    at_inf = next((p for p in parts if p.solver == "cholesky"), None)
    flows = iter(parts[-1].coef)
    coef = tuple(at_inf.coef[0] if np.isinf(t) and at_inf else next(flows) for t in times)
    status = Status.JITTER_ADDED if any(p.status is Status.JITTER_ADDED for p in parts) else Status.SOLVED
    name = " + ".join(p.solver for p in parts)
    return Solution(coef, status, name, parts[0].jitter, parts[0].rcond, parts[-1].iterations)


def time_of_share(decomposed: spectrum.Spectrum, targets: np.ndarray, share: float) -> float:
    """When the flow of a kernel from f = 0 has a share of its first training loss left.

    In the eigenvectors the residuals fall as exp(-l t), so that the loss is a sum of exp(-2 l t).

    Args:
        decomposed: the kernel of the training rows.
        targets: (n, c).
        share: in (0, 1).
    """
    weights = ((decomposed.vectors.T @ targets) ** 2).sum(axis=1)
    values = np.maximum(decomposed.values, 0.0)

    def excess(log_time: float) -> float:
        return float(weights @ np.exp(-2 * values * np.exp(log_time)) / weights.sum()) - share

    fastest, slowest = -np.log(values[-1]), -np.log(values[values > 1e-9 * values[-1]][0])
    root: Any = brentq(excess, fastest - 20, slowest + 5)
    return float(np.exp(root))

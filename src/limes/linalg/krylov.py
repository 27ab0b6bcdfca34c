"""Gradient flows at many times from one block Krylov space, for matrices too large to decompose.

With an orthonormal basis Q of span{Y, K Y, K^2 Y, ...} (`limes.linalg.lanczos`) and T = Q^T K Q,
the flow g_t(K) Y is approximated by Q g_t(T) Q^T Y for every time at once (Saad 1992, "Analysis of some Krylov subspace
approximations to the matrix exponential operator").
"""

from typing import Any

import numpy as np
from scipy.linalg import eigh

from limes.core.progress import Progress, Quiet
from limes.core.status import Status
from limes.linalg.lanczos import BlockLanczos
from limes.linalg.solution import Solution, all_finite, finite_rows
from limes.linalg.spectrum import flow_filter

MAX_SIZE = 4000


def solve(
    gram: Any,
    y: np.ndarray,
    times: tuple[float, ...],
    ridge: float = 0.0,
    *,
    tol: float = 1e-8,
    max_size: int | None = None,
    progress: Progress | None = None,
) -> Solution:
    """Coefficients of the flow at each (finite) time.

    Args:
        gram: (n, n) symmetric positive semidefinite; float32 is widened to float64. A matrix on disk needs slices of
            rows and products with arrays, which are in float64.
        y: (n, c).
        times: finite times, in units of 1 / learning rate.
        ridge: absolute.
        tol: stop when no time's coefficients moved by more than this, relative, over the last quarter of the steps.
        max_size: largest dimension of the space; default min(n, MAX_SIZE).
        progress: reports one step for each basis vector.

    Returns:
        A `Solution`; its status is NOT_CONVERGED if the space reached `max_size` first.

    Cost: n^2 + 4 n s multiplications for each of the s basis vectors, s n numbers of memory. s grows with the square
    root of time x largest eigenvalue.
    """
    if not (all_finite(y) and finite_rows(gram)):
        return Solution((), Status.NOT_FINITE, "krylov")
    progress = progress or Quiet()
    if isinstance(gram, np.ndarray):
        gram = gram.astype(np.float64, copy=False)
    space = BlockLanczos(lambda block: gram @ block, y, max_size or MAX_SIZE)
    if space.exhausted:
        return Solution(tuple(np.zeros_like(y, dtype=np.float64) for _ in times), Status.SOLVED, "krylov")
    progress.start("flow (block Krylov)", space.limit)
    checked, before = 0, None
    while True:
        progress.step(space.extend())
        if space.full or space.size >= 1.25 * checked + 8:
            small = _project(space.projected, space.first, times, ridge)
            moved = np.inf if before is None else _largest_move(before, small)
            before, checked = small, space.size
            if space.full or moved < tol:
                status = Status.SOLVED if space.exhausted or moved < tol else Status.NOT_CONVERGED
                return Solution(tuple(space.basis @ c for c in small), status, "krylov", iterations=space.steps)


def _project(t: np.ndarray, first: np.ndarray, times: tuple[float, ...], ridge: float) -> list[np.ndarray]:
    """g_t(T) E_1 R for each time."""
    values, vectors = eigh(t, driver="evd")
    start = vectors[: len(first)].T @ first
    return [vectors @ (flow_filter(values, time, ridge)[:, None] * start) for time in times]


def _largest_move(before: list[np.ndarray], now: list[np.ndarray]) -> float:
    moves = []
    for a, b in zip(before, now, strict=True):
        change = b.copy()
        change[: len(a)] -= a
        moves.append(float(np.linalg.norm(change) / max(np.linalg.norm(b), 1e-300)))
    return max(moves)

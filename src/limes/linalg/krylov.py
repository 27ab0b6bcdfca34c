"""Gradient flows at many times from one block Krylov space, for matrices too large to decompose.

Block Lanczos with full reorthogonalisation builds an orthonormal basis Q of span{Y, K Y, K^2 Y, ...}; with T = Q^T K Q,
the flow g_t(K) Y is approximated by Q g_t(T) Q^T Y for every time at once (Saad 1992, "Analysis of some Krylov subspace
approximations to the matrix exponential operator"). Directions that vanish are dropped from the block, so linearly
dependent columns of Y (one-hot labels minus 1/c) do no harm.
"""

import numpy as np
from scipy.linalg import eigh

from limes.core.progress import Progress, Quiet
from limes.core.status import Status
from limes.linalg.solution import Solution, all_finite
from limes.linalg.spectrum import flow_filter

MAX_SIZE = 4000


def solve(
    gram: np.ndarray,
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
        gram: (n, n) symmetric positive semidefinite; float32 is widened to float64.
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
    if not all_finite(gram, y):
        return Solution((), Status.NOT_FINITE, "krylov")
    progress = progress or Quiet()
    gram, n = gram.astype(np.float64, copy=False), len(y)
    limit = min(n, max_size or MAX_SIZE)
    basis = np.empty((n, limit), order="F")
    projected = np.zeros((limit, limit))
    block, first = _orthonormal(np.asarray(y, np.float64))
    if not block.shape[1]:
        return Solution(tuple(np.zeros_like(y, dtype=np.float64) for _ in times), Status.SOLVED, "krylov")
    progress.start("flow (block Krylov)", limit)
    size, steps, checked, before = 0, 0, 0, None
    while True:
        width = min(block.shape[1], limit - size)
        new = slice(size, size + width)
        basis[:, new] = block[:, :width]
        size += width
        steps += 1
        progress.step(width)
        image = gram @ basis[:, new]
        known = basis[:, :size]
        coupling = known.T @ image
        projected[:size, new], projected[new, :size] = coupling, coupling.T
        image = image - known @ coupling
        image -= known @ (known.T @ image)  # twice is enough to stay orthogonal to rounding
        block, _ = _orthonormal(image, reference=float(np.linalg.norm(coupling)))
        exhausted = not block.shape[1] or size == n
        if exhausted or size == limit or size >= 1.25 * checked + 8:
            small = _project(projected[:size, :size], first, times, ridge)
            moved = np.inf if before is None else _largest_move(before, small)
            before, checked = small, size
            if exhausted or moved < tol or size == limit:
                status = Status.SOLVED if exhausted or moved < tol else Status.NOT_CONVERGED
                return Solution(tuple(known @ c for c in small), status, "krylov", iterations=steps)


def _orthonormal(a: np.ndarray, reference: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """An orthonormal basis of the columns of `a`, and the factor R with a = basis R; vanishing directions dropped."""
    q, r = np.linalg.qr(a)
    u, s, vt = np.linalg.svd(r, full_matrices=False)
    keep = s > 1e-12 * max(float(s[0]) if len(s) else 0.0, reference)
    return q @ u[:, keep], s[keep, None] * vt[keep]


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

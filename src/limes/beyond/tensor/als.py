"""Alternating least squares with more components than the rank, in parallel and one after the other.

A tensor of order 3, T* = sum_i a*_i x b*_i x c*_i, is fitted by k components; given two factors the third solves a
least squares problem by pseudo-inverse,

    A = T*_(1) pinv(B . C)^T,    B . C the columns b_j x c_j,    T*_(1) = A* (B* . C*)^T.

*One after the other* (Gauss-Seidel) each solve takes the newest factors. *In parallel* (Jacobi) all three take those of
the round before. Each of the new factors is then a fit with the two old ones, and the residual of a round is the least
of these three. The three new ones together are none: with one component of size e times what it should be, each of them
makes up for it, and the next size is e^-2 times that. So parallel rounds have to stop when a fit is good.

Why few rounds suffice, in the dimension whatever: after one round all columns lie in the spans of A*, B* and C*, with r
dimensions each. From then on b_j x c_j lie in r^2 dimensions and span them for k >= r^2 generic components, which holds
all of B* . C*: the next solve is exact.

Over-parametrised alternating least squares is known here by the abstract of a paper of NeurIPS 2025: k >= c r^2,
parallel, Gaussian start, O(1) rounds. The reading above is ours. Nothing is written out: factors are turned into the
spans of their columns first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limes.core.errors import InputError

_CUT = 1e-10

Factors = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Three factors (n, k), column by column one component."""


@dataclass(frozen=True, eq=False)
class Alternation:
    """What alternating least squares leaves.

    Attributes:
        factors: three factors (n, k), the best fit of the last round.
        residuals: relative squared residuals |T - T*|^2 / |T*|^2 after each round that was made.
    """

    factors: Factors
    residuals: np.ndarray

    def rounds(self, residual: float) -> int | None:
        """Rounds until the relative squared residual is below `residual`; None if that was not reached."""
        below = np.flatnonzero(self.residuals < residual)
        return int(below[0]) + 1 if len(below) else None


def alternate(
    target: Sequence[np.ndarray],
    n_components: int,
    *,
    parallel: bool = True,
    rounds: int = 20,
    tol: float = 1e-12,
    key: int = 0,
) -> Alternation:
    """Fit a tensor of order 3 from a Gaussian start.

    Args:
        target: A*, B*, C*, (n, r) each; n may differ.
        n_components: k.
        parallel: all factors from those of the round before; otherwise one after the other.
        rounds: how many at most.
        tol: relative squared residual at which to stop.
        key: seed of the start.

    Raises:
        InputError: for factors that do not belong together, no components or no rounds.

    Cost: O(n k^2 + r^2 k^2) a round, in the first one min(n, k)^2 k^2 in the place of r^2 k^2.

    Example:
        >>> a = np.linalg.qr(np.random.default_rng(0).standard_normal((16, 2)))[0]
        >>> [alternate((a, a, a), 4, parallel=parallel).rounds(1e-6) for parallel in (True, False)]
        [2, 1]
    """
    wanted = [np.asarray(f, float) for f in target]
    if len(wanted) != 3 or any(f.ndim != 2 or f.shape[1] != wanted[0].shape[1] for f in wanted):
        raise InputError(f"a target has three factors (n, r), not {[f.shape for f in wanted]}")
    if n_components < 1 or rounds < 1:
        raise InputError(f"there must be components and rounds, not {n_components} and {rounds}")
    rng = np.random.default_rng([key, n_components])
    factors = [rng.standard_normal((f.shape[0], n_components)) for f in wanted]
    total, residuals, best = _inner(wanted, wanted), [], list(factors)
    for _ in range(rounds):
        old, tried = list(factors), []
        for i in range(3):
            around = old if parallel else factors
            factors[i] = _solve(wanted, around, i)
            tried.append([factors[j] if j == i else around[j] for j in range(3)])
        distances = [_distance(fit, wanted) / total for fit in tried]
        k = int(np.argmin(distances)) if parallel else 2
        residuals.append(distances[k])
        best = tried[k]
        if residuals[-1] < tol:
            break
        factors = [_balanced(f) for f in factors]
    return Alternation((best[0], best[1], best[2]), np.array(residuals))


def _balanced(factor: np.ndarray) -> np.ndarray:
    """To root mean square 1 a column: a common scale of a factor is taken up by the next solve."""
    size = np.linalg.norm(factor)
    return factor * (np.sqrt(factor.shape[1]) / size) if size > 0 else factor


def _solve(wanted: Sequence[np.ndarray], factors: Sequence[np.ndarray], i: int) -> np.ndarray:
    """The best factor i, given the other two: (n, k)."""
    pairs = []
    for j in range(3):
        if j != i:
            q, size, turned = np.linalg.svd(factors[j], full_matrices=False)
            rank = int((size > _CUT * size[0]).sum())
            pairs.append((size[:rank, None] * turned[:rank], q[:, :rank].T @ wanted[j]))
    (b, b_wanted), (c, c_wanted) = pairs
    inverse = np.linalg.pinv(_products(b, c), rcond=_CUT)
    return wanted[i] @ (inverse @ _products(b_wanted, c_wanted)).T


def _products(b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Columns b_j x c_j: (p, k), (q, k) -> (p q, k)."""
    return (b[:, None] * c[None]).reshape(-1, b.shape[1])


def _inner(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> float:
    return float(np.prod([f.T @ s for f, s in zip(first, second, strict=True)], axis=0).sum())


def _distance(fit: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> float:
    """|T - T*|^2; to 1e-16 of what cancels."""
    return max(0.0, _inner(fit, fit) - 2 * _inner(fit, wanted) + _inner(wanted, wanted))

"""How heavy tails are, from a sample: an index of heaviness by the growth of sums, and Hill's estimate of the tail.

Sums of K strictly stable vectors of index alpha are K^(1/alpha) times as large as one of them. So with the sum Y_j of
the j-th block of K vectors (Mohammadi, Mohammadpour & Ogata 2015),

    1/alpha = E(log |Y_j| - log |X_i|) / log K.

This is a fit of a stable law, and no more. Of a sample that is not stable it says how sums of the lengths K grow: tails
of finite variance, whose exponent is 2.8 for instance, give some 1.7 at lengths in use, and 2 at infinite ones. So the
figure is called *heaviness* here, and `hill_index`, which looks at the largest values only, stands beside it. No stable
law has an index above 2, so the estimate ends there: what lies above is noise of a sample with Gaussian sums, and 2
means that no heavy tail was found.

Each block gives one term D_j = log |Y_j| - mean over the block of log |X_i|, and the estimate is their mean: terms of
different blocks are independent, and their spread gives the standard error. The band is that of the block length
in the middle. It takes no account of the permutations, which make the error smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limes.core.errors import InputError

BLOCKS = (2, 5, 10, 20, 50, 100, 500, 1000)
"""Lengths of blocks in use; one near the square root of the sample's size comes in addition."""
CAP = 2.0
"""The largest index of a stable law."""
_PERMUTATIONS = 5
_NORMAL = 1.959964  # 97.5 % quantile
_LEAST = 8  # vectors


@dataclass(frozen=True)
class TailIndex:
    """An estimate of a tail index with a band of 95 %.

    Attributes:
        value: the estimate; smaller is heavier.
        low, high: ends of the band.
        n: vectors that it rests on; of `hill_index` the largest values in use.
    """

    value: float
    low: float
    high: float
    n: int


def heaviness_index(
    x: np.ndarray,
    *,
    blocks: Sequence[int] | None = None,
    permutations: int = _PERMUTATIONS,
    centre: bool = True,
    cap: bool = True,
    key: int = 0,
) -> TailIndex:
    """The index of the strictly stable law whose sums grow as those of a sample do; see the top of this file.

    Args:
        x: (n,) numbers, or (n, d) vectors; at least 8 that differ from their median.
        blocks: lengths of blocks; default `BLOCKS` up to n/2, and the root of n. The estimate is the median over them.
        permutations: of the rows, the median over which is taken: blocks are made of rows in a random order.
        centre: subtract the median of each coordinate first. Rows that equal it have no logarithm and are left out.
        cap: whether the estimate and its band end at 2.
        key: seed of the permutations.

    Raises:
        InputError: for a sample that is too small, or has values that are not finite.

    Cost: O(permutations len(blocks) n d).

    Reference: Mohammadi, Mohammadpour & Ogata 2015; block lengths, median and cap as in the code of Barsbey et al. 2021
        (arXiv 2106.03795). There lengths are reduced to divisors of n; here rows that are left over wait for another
        permutation.

    Example:
        >>> from limes.beyond.tails import symmetric_stable
        >>> found = heaviness_index(symmetric_stable(1.5, 20_000))
        >>> round(found.value, 1), found.low < 1.5 < found.high
        (1.5, True)
    """
    rows = _rows(x, centre)
    n = len(rows)
    wanted = [*[k for k in BLOCKS if 2 * k <= n], int(np.sqrt(n))] if blocks is None else list(blocks)
    if not wanted or min(wanted) < 2 or 2 * max(wanted) > n:
        raise InputError(f"blocks have 2 to {n // 2} of {n} vectors, not {wanted}")
    if permutations < 1:
        raise InputError(f"there must be at least one permutation, not {permutations}")
    logs, rng = np.log(_lengths(rows)), np.random.default_rng(key)
    middles = []
    for _ in range(permutations):
        order = rng.permutation(n)
        terms = [_growth(rows[order], logs[order], k) for k in sorted(set(wanted))]
        terms = sorted(term for term in terms if np.isfinite(term).all())
        if not terms:
            raise InputError("vectors of the sample cancel in all blocks: it holds no independent draws")
        half = (len(terms) - 1) / 2
        middles.append(np.mean([terms[int(np.floor(half))], terms[int(np.ceil(half))]], axis=0))
    inverse, error = np.median(middles, axis=0)
    low, value, high = (min(_index(inverse + z * error), CAP if cap else np.inf) for z in (_NORMAL, 0.0, -_NORMAL))
    return TailIndex(value, low, high, n)


def hill_index(x: np.ndarray, *, top: float = 0.01, centre: bool = True) -> TailIndex:
    """Hill's estimate of alpha in P(|X| > t) = L(t) t^-alpha, from the largest values only.

    1 / alpha = the mean of log |X_(i)| - log |X_(k+1)| over the k largest; the band is 1 +- 1.96 / sqrt(k) times it.
    Right for tails that are a power from the k-th largest on; of a light tail it is a number that grows as `top` falls.

    Args:
        x: (n,) numbers, or (n, d) vectors, of which lengths are taken.
        top: share of the values in use; at least 5 of them.
        centre: subtract the median of each coordinate first.

    Returns:
        The index, infinite with an infinite band if the k + 1 largest values are equal, as lengths of ternary or binary
        weights are: no tail is seen then.

    Raises:
        InputError: for a sample that is too small, or a share out of range.

    Reference: Hill 1975.

    Example:
        >>> found = hill_index(np.random.default_rng(0).pareto(3.0, 100_000) + 1, centre=False)
        >>> round(found.value, 1), found.n
        (2.9, 1000)
    """
    if not 0 < top < 1:
        raise InputError(f"top is the share of the largest values, between 0 and 1, not {top!r}")
    lengths = np.sort(_lengths(_rows(x, centre)))[::-1]
    k = min(max(5, round(top * len(lengths))), len(lengths) - 1)
    inverse = float(np.mean(np.log(lengths[:k])) - np.log(lengths[k]))
    value, spread = _index(inverse), _NORMAL / np.sqrt(k)
    return TailIndex(value, value * max(0.0, 1 - spread), value * (1 + spread), k)


def _rows(x: np.ndarray, centre: bool) -> np.ndarray:
    """(n, d) vectors other than zero, centred."""
    rows = np.asarray(x, float)
    if rows.ndim not in (1, 2):
        raise InputError(f"a sample is (n,) numbers or (n, d) vectors, not an array of shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise InputError(f"{np.sum(~np.isfinite(rows))} values of the sample are not finite")
    rows = rows.reshape(len(rows), -1)
    rows = rows - np.median(rows, axis=0) if centre and len(rows) else rows
    rows = rows[rows.any(axis=1)]
    if len(rows) < _LEAST:
        raise InputError(f"{len(rows)} vectors that differ from their median are no sample: give at least {_LEAST}")
    return rows


def _lengths(rows: np.ndarray) -> np.ndarray:
    return np.abs(rows[:, 0]) if rows.shape[1] == 1 else np.linalg.norm(rows, axis=1)


def _growth(rows: np.ndarray, logs: np.ndarray, k: int) -> tuple[float, float]:
    """1/alpha and its standard error from blocks of k."""
    n = len(rows) // k
    sums = _lengths(rows[: n * k].reshape(n, k, -1).sum(axis=1))
    with np.errstate(divide="ignore"):
        terms = np.log(sums) - logs[: n * k].reshape(n, k).mean(axis=1)
    terms = terms[np.isfinite(terms)] / np.log(k)  # vectors of a block may cancel
    if len(terms) < 2:
        return np.inf, np.inf
    return float(terms.mean()), float(terms.std(ddof=1) / np.sqrt(len(terms)))


def _index(inverse: float) -> float:
    return float(1 / inverse) if inverse > 0 else float("inf")

"""Pruning of a trained layer in three ways, and how much of it may go at a given error.

A layer is a matrix of n vectors in d dimensions, one for each neuron (see `weight_vectors`). What is pruned are its
smallest

- **entries** ("magnitude"), after the median of all,
- **singular values** ("singular"), after the median of each column,
- **vectors** ("node"), after the median of each column;

medians are taken away before and added again after, as in the code of Barsbey et al. 2021 (arXiv 2106.03795). In each
way squared sizes add up to the squared length of the centred matrix, so that the error of leaving some out is known
from their sizes alone.

`limes.finite.prune` is another thing: it masks weights before training, keeps the mask in training, and centres
nothing.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from limes.core.errors import InputError

PruningKind = Literal["magnitude", "singular", "node"]


def prune_vectors(vectors: np.ndarray, ratio: float, kind: PruningKind = "magnitude") -> np.ndarray:
    """A layer without its smallest parts.

    Args:
        vectors: (n, d).
        ratio: share of entries, singular values or vectors that go, from 0 to 1: round(ratio count) of them.
        kind: see the top of this file.

    Returns:
        (n, d), the same type; float64 for integers, which medians and singular values do not keep whole.

    Raises:
        InputError: for an unknown kind, a ratio out of range, or an array that is no matrix of finite numbers.

    Cost: a sort; "singular" O(n d min(n, d)).

    Example:
        >>> prune_vectors(np.array([[0.0, 9.0, 1.0, -8.0, 0.0]]), 0.6)
        array([[ 0.,  9.,  0., -8.,  0.]])
    """
    if not 0 <= ratio <= 1:
        raise InputError(f"ratio is the share that is pruned, from 0 to 1, not {ratio!r}")
    vectors = np.asarray(vectors)
    centre = _centre(vectors, kind)
    whole = np.asarray(vectors, float) - centre
    if kind == "magnitude":
        kept = whole * _largest(np.abs(whole).ravel(), ratio).reshape(whole.shape)
    elif kind == "node":
        kept = whole * _largest(np.linalg.norm(whole, axis=1), ratio)[:, None]
    else:
        u, sizes, v = np.linalg.svd(whole, full_matrices=False)
        kept = (u * (sizes * _largest(sizes, ratio))) @ v
    return (kept + centre).astype(vectors.dtype if vectors.dtype.kind == "f" else float)


def pruning_errors(
    vectors: np.ndarray, ratios: Sequence[float] | np.ndarray, kind: PruningKind = "magnitude"
) -> np.ndarray:
    """Relative l2 errors |pruned - W| / |W - median| of `prune_vectors`, one for each ratio.

    Raises:
        InputError: as `prune_vectors`.

    Example:
        >>> pruning_errors(np.array([[0.0, 4.0, 3.0, -3.0, 0.0]]), [0.0, 0.4, 1.0]).tolist()
        [0.0, 0.0, 1.0]
    """
    wanted = np.asarray(ratios, float)
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise InputError(f"ratios are shares from 0 to 1, not {wanted.tolist()}")
    errors = _errors(vectors, kind)
    return errors[np.round(wanted * (len(errors) - 1)).astype(int)]


def prunable_ratio(vectors: np.ndarray, error: float = 0.1, kind: PruningKind = "magnitude") -> float:
    """The largest share that may be pruned at a relative l2 error of at most `error`.

    Some .265 for Gaussian entries at the error .1, .215 for uniform ones, and more the heavier tails are. In entries of
    infinite variance it grows to 1 with their number.

    Args:
        vectors: (n, d), or (n,) numbers.
        error: |pruned - W| / |W - median|, from 0 to 1.
        kind: see the top of this file.

    Raises:
        InputError: as `prune_vectors`, and for an error out of range.

    Example:
        >>> round(prunable_ratio(np.random.default_rng(0).standard_normal((300, 300))), 2)
        0.26
    """
    if not 0 <= error <= 1:
        raise InputError(f"error is relative, from 0 to 1, not {error!r}")
    errors = _errors(vectors, kind)
    return float((np.searchsorted(errors, error * (1 + 1e-12), side="right") - 1) / (len(errors) - 1))


def kept_parameters(shape: tuple[int, int], ratio: float, kind: PruningKind = "magnitude") -> int:
    """Numbers to store of a pruned (n, d) layer: entries, r (n + d) of r singular values, or d for each vector.

    Medians and positions are not counted. Singular values save nothing until their share is below n d / ((n + d)
    min(n, d)).

    Raises:
        InputError: for an unknown kind, a ratio out of range, or a negative shape.

    Example:
        >>> [kept_parameters((100, 50), 0.9, kind) for kind in ("magnitude", "singular", "node")]
        [500, 750, 500]
    """
    _known(kind)
    n, d = shape
    if not (0 <= ratio <= 1 and min(n, d) >= 0):
        raise InputError(f"ratio is the share that is pruned, from 0 to 1, of (n, d), not {ratio!r} of {shape}")
    count = {"magnitude": n * d, "singular": min(n, d), "node": n}[kind]
    return (count - round(ratio * count)) * {"magnitude": 1, "singular": n + d, "node": d}[kind]


def best_term_error(x: np.ndarray, k: int | Sequence[int] | np.ndarray, p: float = 2.0) -> np.ndarray:
    """sigma_k(x)_p / |x|_p: the relative l_p error of the best approximation of x by k of its entries.

    A sequence of vectors of growing length n is l_p compressible if this falls to 0 for k = kappa n at every kappa > 0.
    Independent entries of a law with E |x|^p infinite are, with a finite moment they are not (Gribonval, Cevher &
    Davies 2012; Amini, Unser & Marvasti 2011).

    Args:
        x: any shape, read as one vector.
        k: numbers of entries that stay, 0 to the length of x.
        p: above 0, and finite.

    Raises:
        InputError: for numbers out of range.

    Example:
        >>> best_term_error(np.array([3.0, -4.0, 0.0]), [0, 1, 2]).tolist()
        [1.0, 0.6, 0.0]
    """
    sizes = np.sort(np.abs(np.asarray(x, float)).ravel())
    wanted = np.asarray(k)
    if not (0 < p < np.inf and np.isfinite(sizes).all() and len(sizes)):
        raise InputError(
            f"finite entries and a finite exponent p above 0 are needed, not {len(sizes)} entries with p = {p}"
        )
    if wanted.size and not (wanted.min() >= 0 and wanted.max() <= len(sizes)):
        raise InputError(f"of {len(sizes)} entries 0 to {len(sizes)} may stay, not {wanted.tolist()}")
    largest = sizes[-1] or 1.0
    left = np.concatenate([[0.0], np.cumsum((sizes / largest) ** p)])
    return (left[len(sizes) - wanted] / (left[-1] or 1.0)) ** (1 / p)


def _known(kind: PruningKind) -> None:
    if kind not in get_args(PruningKind):
        raise InputError(f"kind must be one of {', '.join(get_args(PruningKind))}, not {kind!r}")


def _centre(vectors: np.ndarray, kind: PruningKind) -> np.ndarray:
    _known(kind)
    if vectors.ndim != 2 or vectors.size == 0 or not np.isfinite(vectors).all():
        raise InputError(f"a layer is a matrix (n, d) of finite numbers, not an array of shape {vectors.shape}")
    return np.median(vectors) if kind == "magnitude" else np.median(vectors, axis=0)


def _errors(vectors: np.ndarray, kind: PruningKind) -> np.ndarray:
    """(count + 1,) relative errors of leaving out the 0, 1, ... smallest parts."""
    vectors = np.asarray(vectors, float)
    vectors = vectors[:, None] if vectors.ndim == 1 else vectors
    whole = vectors - _centre(vectors, kind)
    if kind == "magnitude":
        sizes = whole.ravel() ** 2
    elif kind == "node":
        sizes = (whole**2).sum(axis=1)
    else:
        sizes = np.linalg.svd(whole, compute_uv=False) ** 2
    left = np.concatenate([[0.0], np.cumsum(np.sort(sizes))])
    return np.sqrt(left / (left[-1] or 1.0))


def _largest(sizes: np.ndarray, ratio: float) -> np.ndarray:
    """Which are left when round(ratio count) of the smallest go."""
    kept = np.ones(len(sizes), bool)
    kept[np.argsort(sizes, kind="stable")[: round(ratio * len(sizes))]] = False
    return kept

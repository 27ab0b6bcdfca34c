"""Tensors of known rank to look for."""

import numpy as np

from limes.beyond.tensor.components import Components
from limes.core.errors import InputError


def orthonormal_target(dimension: int, rank: int, order: int, *, seed: int = 0) -> Components:
    """The sum of the powers of `rank` orthonormal vectors, uniformly drawn.

    Raises:
        InputError: for a rank above the dimension, or below 1.

    Example:
        >>> round(float(orthonormal_target(8, 2, 3).norm()) ** 2, 6)
        2.0
    """
    if not 1 <= rank <= dimension:
        raise InputError(f"there are 1 to {dimension} orthonormal vectors in {dimension} dimensions, not {rank}")
    drawn = np.random.default_rng(seed).standard_normal((dimension, rank))
    q, r = np.linalg.qr(drawn)
    return Components(np.ones(rank), (q * np.sign(np.diag(r))).T, order)


def random_target(dimension: int, rank: int, order: int, *, seed: int = 0) -> Components:
    """The sum of the powers of `rank` independent uniform unit vectors.

    Raises:
        InputError: for a rank or dimension below 1.
    """
    if rank < 1 or dimension < 1:
        raise InputError(f"rank and dimension are at least 1, not {rank} and {dimension}")
    drawn = np.random.default_rng(seed).standard_normal((rank, dimension))
    return Components(np.ones(rank), drawn / np.linalg.norm(drawn, axis=1, keepdims=True), order)

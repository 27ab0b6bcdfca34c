"""Which rows a step sees: the same for a training that runs through and one that was interrupted."""

import numpy as np


def batch(n: int, size: int, step: int, seed: int) -> np.ndarray:
    """Rows of the batch of a step: the parts of a permutation that is drawn anew when it is used up.

    Example:
        >>> rows = [batch(6, 3, step, seed=0) for step in (0, 1)]
        >>> sorted(int(row) for part in rows for row in part)
        [0, 1, 2, 3, 4, 5]
    """
    epoch, part = divmod(step, max(1, n // size))
    return np.random.default_rng([seed, 1, epoch]).permutation(n)[part * size : (part + 1) * size]

"""Which rows a step sees: the same for a fit that runs through and one that was interrupted."""

from typing import Any

import numpy as np
from sklearn.utils import check_random_state


def batch(n: int, size: int, step: int, seed: int) -> np.ndarray:
    """Rows of the batch of a step: the parts of a permutation that is drawn anew when it is used up.

    Example:
        >>> rows = [batch(6, 3, step, seed=0) for step in (0, 1)]
        >>> sorted(int(row) for part in rows for row in part)
        [0, 1, 2, 3, 4, 5]
    """
    epoch, part = divmod(step, max(1, n // size))
    return np.random.default_rng([seed, 1, epoch]).permutation(n)[part * size : (part + 1) * size]


def seed_of(random_state: Any) -> int:
    """An integer seed from what scikit-learn calls a random state."""
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool) and random_state >= 0:
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))

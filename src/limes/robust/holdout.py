"""Validation rows for methods that tune themselves on attacked data they were not fitted to."""

from typing import Any

import numpy as np

from limes.core.errors import InputError


def hold_out(y: np.ndarray, share: Any, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Positions of training and validation rows: a share of every class, of which a row stays for training.

    Args:
        y: (n,) class indices.
        share: of the rows, in (0, 1).
        rng: decides which rows.

    Raises:
        InputError: for a share outside (0, 1), or where no class has two rows.

    Example:
        >>> train, validation = hold_out(np.array([0, 0, 0, 1, 1, 1]), 1 / 3, np.random.default_rng(0))
        >>> len(train), len(validation)
        (4, 2)
    """
    if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0 < share < 1:
        raise InputError(f"validation must be a share between 0 and 1, or (X_val, y_val), not {share!r}")
    order = rng.permutation(len(y))
    held = []
    for label in np.unique(y):
        rows = order[y[order] == label]
        held.append(rows[: min(round(share * len(rows)), len(rows) - 1)])
    validation = np.concatenate(held)
    if not len(validation):  # classes so small that the share of each rounds to none
        sizes = np.bincount(y)
        rows = order[y[order] == sizes.argmax()]
        if len(rows) < 2:
            raise InputError(
                f"no row can be held out of {len(y)} rows with one row a class: give more rows, or set validation so "
                "that none has to be"
            )
        validation = rows[:1]
    return np.setdiff1d(order, validation), np.sort(validation)

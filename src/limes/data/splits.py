"""Training, validation and test rows, drawn once, with every class in training.

Each part has the classes in the proportions of the rows it is drawn from, by the largest-remainder rule, except that
training always keeps a row of every class; a class with a single row is therefore never held out. (Scikit-learn's
stratified split refuses such classes, and parts with fewer rows than classes, so it is not used here.)
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from limes.core.errors import InputError
from limes.core.shown import short_repr
from limes.data.dataset import Dataset

_TEST_SHARE = 1 / 5
_VALIDATION_SHARE = 1 / 6


@dataclass(frozen=True, eq=False)
class Split:
    """The parts of a `Dataset`, and which of its rows they hold.

    Attributes:
        x_train, y_train: rows to fit on, in random order.
        x_val, y_val: rows to choose with (stopping time, ridge); none where validation is 0.
        x_test, y_test: rows to report on.
        train_index, val_index: positions in ``dataset.x``.
        test_index: positions in ``dataset.x_test`` where `test_source` is "official", else in ``dataset.x``.
        test_source: whether the test rows are the data's own test part, or were held out of its rows.
        seed: what the draw was made with.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    train_index: np.ndarray
    val_index: np.ndarray
    test_index: np.ndarray
    test_source: Literal["official", "held out"]
    seed: int

    __repr__ = short_repr


def split(
    dataset: Dataset,
    seed: int = 0,
    n_train: int | None = None,
    n_validation: int | float | None = None,
    n_test: int | None = None,
) -> Split:
    """Draw training, validation and test rows; the same arguments give the same rows.

    Args:
        dataset: what to draw from. Its own test part is used where it has one; else test rows are held out first.
        seed: 0 or more; no global state is read or changed.
        n_train: training rows, without validation. Default: all that are left.
        n_validation: validation rows, or as a float in (0, 1) their share of training and validation rows together;
            0 for none. Default: a sixth.
        n_test: test rows. Default: the whole official part, or a fifth of the rows.

    Raises:
        InputError: if the data are too small for the parts asked for, with a row of every class left to train on.

    Cost: a copy of the rows drawn; an official test part that is used whole is not copied.

    Example:
        >>> from limes.data import load
        >>> parts = split(load("digits"), seed=0, n_train=500, n_validation=100)
        >>> len(parts.x_train), len(parts.x_val), len(parts.x_test), parts.test_source
        (500, 100, 359, 'held out')
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed must be an integer, 0 or more, not {seed!r}")
    # one stream for each part: asking for another number of test rows does not change the training rows of
    # data with an official test part
    test_rng, val_rng, train_rng = (np.random.default_rng([seed, part]) for part in range(3))
    rest = np.arange(len(dataset.y))
    if dataset.x_test is None or dataset.y_test is None:
        x_from, y_from, test_source = dataset.x, dataset.y, "held out"
        test_index, rest = _hold_out(dataset.y, rest, _n_held_out(n_test, len(rest)), "n_test", n_test, test_rng)
    else:
        x_from, y_from, test_source = dataset.x_test, dataset.y_test, "official"
        test_index = _subsample(dataset.y_test, n_test, test_rng)
    n_val = _n_validation(n_validation, n_train, len(rest))
    val_index, rest = _hold_out(dataset.y, rest, n_val, "n_validation", n_validation, val_rng)
    train_index = _training(dataset.y, rest, n_train, train_rng)
    whole = test_source == "official" and len(test_index) == len(y_from)
    return Split(
        x_train=dataset.x[train_index],
        y_train=dataset.y[train_index],
        x_val=dataset.x[val_index],
        y_val=dataset.y[val_index],
        x_test=x_from if whole else x_from[test_index],
        y_test=y_from if whole else y_from[test_index],
        train_index=train_index,
        val_index=val_index,
        test_index=test_index,
        test_source=test_source,
        seed=int(seed),
    )


def _n_held_out(n_test: int | None, n: int) -> int:
    if n_test is None:
        return max(1, round(_TEST_SHARE * n))
    return _count(n_test, "n_test", 1)


def _n_validation(n_validation: int | float | None, n_train: int | None, n: int) -> int:
    """Rows for validation out of `n` that are left; a share counts training and validation rows together."""
    share = _VALIDATION_SHARE if n_validation is None else n_validation
    if isinstance(share, float | np.floating):
        if not 0 <= share < 1:
            raise InputError(f"n_validation = {share:g} is neither a count nor a share between 0 and 1")
        if share == 0:
            return 0
        rows = n if n_train is None else _count(n_train, "n_train", 1) / (1 - share)
        return max(1, round(share * rows))
    return _count(share, "n_validation", 0)


def _count(value: int | float, name: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} must be a whole number, {least} or more, not {value!r}")
    return int(value)


def _hold_out(
    y: np.ndarray, pool: np.ndarray, n: int, name: str, asked: int | float | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`n` stratified rows of the pool and the rest, which keeps a row of every class."""
    classes, counts = np.unique(y[pool], return_counts=True)
    spare = len(pool) - len(classes)
    if asked is None:
        n = min(n, spare)
    if n > spare or (asked is None and n < 1):
        remedy = "give more rows, or a test part" if name == "n_test" else "give more rows, or set n_validation to 0"
        raise InputError(
            f"{len(pool)} rows of {len(classes)} classes are too few to hold out {max(n, 1)} rows ({name}) with a "
            f"row of every class left for training: {remedy}"
        )
    held = _draw(y, pool, _quotas(counts, n, np.zeros_like(counts), counts - 1, rng), rng)
    return held, np.setdiff1d(pool, held, assume_unique=True)


def _training(y: np.ndarray, pool: np.ndarray, n_train: int | None, rng: np.random.Generator) -> np.ndarray:
    n = len(pool) if n_train is None else _count(n_train, "n_train", 1)
    classes, counts = np.unique(y[pool], return_counts=True)
    if n > len(pool):
        raise InputError(f"n_train = {n}, but only {len(pool)} rows are left after test and validation: ask for fewer")
    if n < len(classes):
        raise InputError(f"n_train = {n} is less than the {len(classes)} classes: each needs a row to train on")
    return _draw(y, pool, _quotas(counts, n, np.ones_like(counts), counts, rng), rng)


def _subsample(y: np.ndarray, n_test: int | None, rng: np.random.Generator) -> np.ndarray:
    """Rows of an official test part: all in their order, or a stratified draw."""
    pool = np.arange(len(y))
    n = len(y) if n_test is None else _count(n_test, "n_test", 1)
    if n > len(y):
        raise InputError(f"n_test = {n}, but the test part has only {len(y)} rows: ask for fewer")
    if n == len(y):
        return pool
    counts = np.unique(y, return_counts=True)[1]
    return _draw(y, pool, _quotas(counts, n, np.zeros_like(counts), counts, rng), rng)


def _quotas(counts: np.ndarray, n: int, least: np.ndarray, most: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows of each class: n * counts / sum(counts) rounded by largest remainder, within [least, most].

    Ties are broken at random, so that no class is favoured by its place.
    """
    ideal = n * counts / counts.sum()
    quota = np.clip(np.floor(ideal).astype(int), least, most)
    tie = rng.random(len(counts))
    while (gap := n - int(quota.sum())) != 0:
        sign = 1 if gap > 0 else -1
        free = quota < most if sign > 0 else quota > least
        want = np.where(free, sign * (ideal - quota), -np.inf)
        quota[np.lexsort((tie, want))[-1]] += sign
    return quota


def _draw(y: np.ndarray, pool: np.ndarray, quota: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`quota[k]` rows of the k-th class of the pool, in random order."""
    labels = y[pool]
    parts = [
        rng.choice(pool[labels == label], size=size, replace=False)
        for label, size in zip(np.unique(labels), quota, strict=True)
    ]
    return rng.permutation(np.concatenate(parts))

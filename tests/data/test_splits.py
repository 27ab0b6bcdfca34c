"""Splits: disjoint, stratified, reproducible, and with every class in training."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limes.core.errors import InputError
from limes.data import Dataset, split


def dataset(counts, n_test=0, seed=0):
    """Rows that know their own position, in random order of classes."""
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    x = np.column_stack([np.arange(len(y)), y]).astype(float)
    x_test, y_test = (x[:n_test] + 1000, y[:n_test]) if n_test else (None, None)
    return Dataset("toy", "memory", x, y, x_test, y_test)


settings.register_profile("splits", derandomize=True, max_examples=60, deadline=None)
counts_of_classes = st.lists(st.integers(1, 30), min_size=2, max_size=6).filter(
    lambda counts: sum(counts) - len(counts) >= 2
)


@settings(settings.get_profile("splits"))
@given(counts=counts_of_classes, seed=st.integers(0, 2**31))
def test_default_parts_are_a_partition_with_every_class_in_training(counts, seed):
    data = dataset(counts)
    try:
        parts = split(data, seed)
    except InputError:
        # only where a fifth for testing and a row of each class for training leave nothing for validation
        assert sum(counts) - len(counts) <= max(1, round(sum(counts) / 5))
        return
    indices = [parts.train_index, parts.val_index, parts.test_index]
    np.testing.assert_array_equal(np.sort(np.concatenate(indices)), np.arange(len(data.y)))
    assert all(len(index) for index in indices)
    assert set(parts.y_train) == set(data.y)
    for index, x, y in zip(indices, (parts.x_train, parts.x_val, parts.x_test), ["train", "val", "test"], strict=True):
        np.testing.assert_array_equal(x, data.x[index])
        np.testing.assert_array_equal(getattr(parts, f"y_{y}"), data.y[index])


@settings(settings.get_profile("splits"))
@given(
    counts=st.lists(st.integers(12, 40), min_size=2, max_size=5),
    seed=st.integers(0, 1000),
    n_test=st.integers(1, 6),
    n_validation=st.integers(0, 6),
    n_train=st.integers(5, 12),
)
def test_sizes_are_kept_and_classes_are_within_one_row_of_their_share(counts, seed, n_test, n_validation, n_train):
    data = dataset(counts)
    parts = split(data, seed, n_train=n_train, n_validation=n_validation, n_test=n_test)
    assert (len(parts.x_train), len(parts.x_val), len(parts.x_test)) == (n_train, n_validation, n_test)
    everything = np.concatenate([parts.train_index, parts.val_index, parts.test_index])
    assert len(set(everything)) == len(everything)
    share = np.array(counts) / sum(counts)
    found = np.bincount(parts.y_test, minlength=len(counts))
    assert np.abs(found - n_test * share).max() < 1 + 1e-9


@settings(settings.get_profile("splits"))
@given(seed=st.integers(0, 1000), n_test=st.sampled_from([None, 7]))
def test_same_arguments_same_rows_whatever_the_global_state(seed, n_test):
    data = dataset([20, 30, 5])
    state = np.random.get_state()[1].copy()  # noqa: NPY002 (the global state is what must not change)
    first = split(data, seed, n_test=n_test)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    second = split(data, seed, n_test=n_test)
    for name in ("train_index", "val_index", "test_index"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_another_seed_gives_other_rows():
    data = dataset([50, 50])
    assert set(split(data, 0).test_index) != set(split(data, 1).test_index)


def test_default_sizes():
    parts = split(dataset([600, 300]), 0)
    assert (len(parts.x_train), len(parts.x_val), len(parts.x_test)) == (600, 120, 180)
    assert np.bincount(parts.y_train).tolist() == [400, 200]
    assert np.bincount(parts.y_val).tolist() == [80, 40]
    assert (parts.test_source, parts.seed) == ("held out", 0)


def test_training_order_is_mixed():
    y = split(Dataset("toy", "memory", np.zeros((200, 2)), np.repeat([0, 1], 100)), 0).y_train
    assert 0.3 < y[:50].mean() < 0.7


def test_the_official_test_part_is_used_whole_without_a_copy():
    data = dataset([30, 30], n_test=20)
    parts = split(data, 0)
    assert parts.x_test is data.x_test
    assert parts.test_source == "official"
    assert len(parts.x_train) + len(parts.x_val) == 60
    np.testing.assert_array_equal(parts.test_index, np.arange(20))


def test_an_official_test_part_is_subsampled_without_touching_training():
    data = dataset([30, 30], n_test=20)
    whole, some = split(data, 3), split(data, 3, n_test=8)
    np.testing.assert_array_equal(some.x_test, data.x_test[some.test_index])
    np.testing.assert_array_equal(whole.train_index, some.train_index)
    assert len(set(some.test_index)) == 8


def test_a_share_counts_training_and_validation_together():
    data = dataset([300, 300])
    parts = split(data, 0, n_train=100, n_validation=0.2)
    assert (len(parts.x_train), len(parts.x_val)) == (100, 25)
    assert len(split(data, 0, n_train=100).x_val) == 20
    assert len(split(data, 0, n_validation=0.5, n_test=100).x_val) == 250


@pytest.mark.parametrize("none", [0, 0.0])
def test_validation_can_be_left_out(none):
    parts = split(dataset([10, 10]), 0, n_validation=none)
    assert parts.x_val.shape == (0, 2)
    assert len(parts.x_train) == 16


def test_single_rows_stay_in_training():
    for seed in range(10):
        parts = split(dataset([40, 1, 1, 40]), seed)
        assert {1, 2} <= set(parts.y_train)
        assert not {1, 2} & (set(parts.y_val) | set(parts.y_test))


def test_tiny_classes_never_lose_their_last_row():
    for seed in range(10):
        assert set(split(dataset([1, 1, 1, 5]), seed, n_test=2, n_validation=1).y_train) == set(range(4))


def test_a_small_training_part_has_every_class():
    for n_train in (4, 5):
        parts = split(dataset([200, 5, 5, 5]), 0, n_train=n_train)
        assert set(parts.y_train) == {0, 1, 2, 3}
        assert len(parts.y_train) == n_train


def test_string_labels():
    data = Dataset("toy", "memory", np.zeros((20, 2)), np.array(["a", "b"] * 10))
    assert sorted(set(split(data, 0).y_test)) == ["a", "b"]


@pytest.mark.parametrize(
    ("counts", "arguments", "message"),
    [
        ([1, 1], {}, "2 rows of 2 classes are too few .*n_test.*give more rows, or a test part"),
        ([2, 1], {}, r"n_validation\).*set n_validation to 0"),
        ([5, 5], {"n_test": 9}, "10 rows of 2 classes are too few to hold out 9 rows"),
        ([5, 5], {"n_validation": 8}, "too few to hold out 8 rows"),
        ([5, 5], {"n_train": 9}, "n_train = 9, but only"),
        ([5, 5, 5], {"n_train": 2}, "n_train = 2 is less than the 3 classes"),
        ([5, 5], {"n_train": 0}, "n_train must be a whole number, 1 or more"),
        ([5, 5], {"n_test": 0}, "n_test must be a whole number"),
        ([5, 5], {"n_test": 0.2}, "n_test must be a whole number"),
        ([5, 5], {"n_validation": -1}, "n_validation must be a whole number"),
        ([5, 5], {"n_validation": 1.5}, "neither a count nor a share"),
        ([5, 5], {"n_validation": float("nan")}, "neither a count nor a share"),
        ([5, 5], {"seed": -1}, "seed must be an integer"),
        ([5, 5], {"seed": "x"}, "seed must be an integer"),
    ],
)
def test_impossible_splits_are_refused(counts, arguments, message):
    with pytest.raises(InputError, match=message):
        split(dataset(counts), **{"seed": 0, **arguments})


def test_more_test_rows_than_the_official_part_has():
    with pytest.raises(InputError, match="n_test = 30, but the test part has only 20"):
        split(dataset([30, 30], n_test=20), 0, n_test=30)

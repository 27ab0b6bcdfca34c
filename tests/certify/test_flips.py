"""Exact numbers of label flips, against all flips there are."""

import itertools

import numpy as np
import pytest

from limes import NTKSVC, AdvNTKClassifier, NTKClassifier
from limes.certify import label_flips
from limes.certify.flips import harmful_flips
from limes.core.errors import InputError

pytestmark = pytest.mark.usefixtures("quick_compilation")


def brute(operator, index, n_classes, most):
    """The fewest changes of labels that change each argmax, trying all."""
    clean = (operator @ np.eye(n_classes)[index]).argmax(axis=1)
    fewest = np.full(len(operator), most + 1)
    for labels in itertools.product(range(n_classes), repeat=len(index)):
        changed = (operator @ np.eye(n_classes)[list(labels)]).argmax(axis=1) != clean
        fewest[changed] = np.minimum(fewest[changed], np.sum(np.array(labels) != index))
    return fewest


@pytest.mark.parametrize(("n_classes", "n"), [(2, 12), (3, 9)])
def test_as_few_as_trying_all(n_classes, n):
    rng = np.random.default_rng(n)
    index = np.arange(n) % n_classes
    x = rng.standard_normal((n_classes, 4))[index] + 0.3 * rng.standard_normal((n, 4))
    clf = NTKClassifier("mlp-2", time=0.05).fit(x, np.array(["a", "b", "c", "d"])[index])
    queries = np.concatenate([rng.standard_normal((8, 4)), x])
    expected = brute(clf.label_operator(queries), index, n_classes, n)
    assert label_flips(clf, queries).tolist() == expected.tolist()
    assert len(set(expected)) > 1


def test_the_rows_that_are_named_do_it_and_fewer_do_not():
    rng = np.random.default_rng(0)
    index = np.arange(40) % 3
    x = rng.standard_normal((3, 5))[index] + 0.6 * rng.standard_normal((40, 5))
    names = np.array([7, 8, 9])
    weights = rng.integers(0, 3, 40).astype(float)
    clf = NTKClassifier("mlp-2", ridge=0.5).fit(x, names[index], sample_weight=weights)
    used = np.flatnonzero(weights)
    queries = x[:8] + 0.2
    for query, (rows, new) in zip(queries, harmful_flips(clf, queries), strict=True):
        clean = clf.predict(query[None])
        for count, changes in ((len(rows), True), (len(rows) - 1, False)):
            y = names[index].copy()
            y[used[rows[:count]]] = new[:count]
            again = NTKClassifier("mlp-2", ridge=0.5).fit(x, y, sample_weight=weights)
            assert (again.predict(query[None]) != clean)[0] == changes


def test_adversarially_trained_machines_with_their_weights_held():
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (30, 4))
    clf = AdvNTKClassifier("mlp-2", eps=0.05, steps=2, validation=0.2).fit(x, (x[:, 0] > 0.5).astype(int))
    flips = label_flips(clf, x[:5])
    assert (flips >= 1).all()


@pytest.mark.parametrize(
    ("clf", "message"),
    [
        (NTKSVC("mlp-1"), "linear in their training labels"),
        (NTKClassifier("mlp-1", ridge=0.1, class_weight="balanced"), "weights change with the labels"),
    ],
)
def test_machines_that_are_not_linear_in_their_labels(clf, message):
    x = np.random.default_rng(2).standard_normal((10, 3))
    with pytest.raises(InputError, match=message):
        label_flips(clf.fit(x, np.arange(10) % 2), x)
    with pytest.raises(InputError, match="fitted ones"):
        label_flips(NTKClassifier(), x)

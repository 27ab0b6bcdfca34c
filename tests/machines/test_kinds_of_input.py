"""Targets and inputs of other kinds: several outputs, integers, lists, zeros, JAX arrays, a single row."""

import numpy as np
import pytest

from limes import NTKClassifier, NTKRegressor
from limes.core.errors import InputError


@pytest.mark.parametrize("solver", ["auto", "krylov"])
def test_outputs_are_fitted_independently(table, solver):
    together = NTKRegressor(table.net, 2.0, solver=solver).fit(table.x, table.targets).predict(table.queries)
    for i in range(2):
        alone = NTKRegressor(table.net, 2.0, solver=solver).fit(table.x, table.targets[:, i])
        np.testing.assert_allclose(together[:, i], alone.predict(table.queries), rtol=1e-7, atol=1e-9)


def test_integer_targets_and_lists_are_accepted(table):
    y = np.arange(24) % 5
    exact = NTKRegressor(table.net, 1.0).fit(table.x, y.astype(float)).predict(table.queries)
    np.testing.assert_array_equal(NTKRegressor(table.net, 1.0).fit(table.x, y).predict(table.queries), exact)
    listed = NTKRegressor(table.net, 1.0).fit(table.x.tolist(), y.tolist())
    np.testing.assert_array_equal(listed.predict(table.queries.tolist()), exact)


def test_zero_targets_give_zeros(table):
    for solver in ("auto", "eigh", "krylov"):
        model = NTKRegressor(table.net, 3.0, solver=solver).fit(table.x, np.zeros(24))
        np.testing.assert_array_equal(model.predict(table.queries), 0)


def test_jax_arrays_are_accepted_and_numpy_comes_back(table):
    import jax.numpy as jnp

    single = table.astype(np.float32)
    clf = NTKClassifier(table.net, 1.0).fit(jnp.asarray(single.x), jnp.asarray(table.labels))
    found = clf.scores(jnp.asarray(single.queries))
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, clf.scores(single.queries))


def test_one_example_is_enough_for_regression():
    model = NTKRegressor().fit([[1.0, 2.0]], [3.0])
    assert model.predict([[1.0, 2.0]])[0] == pytest.approx(3)
    assert model.predict([[2.0, 4.0]])[0] == pytest.approx(6)  # without biases the net is homogeneous


def test_one_row_is_never_enough_for_classification(table):
    with pytest.raises(InputError, match="at least two classes"):
        NTKClassifier(table.net).fit(table.x[:1], table.labels[:1])

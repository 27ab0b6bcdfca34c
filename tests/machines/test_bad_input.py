"""Bad input is met at the door, with one sentence that says what was wrong."""

import numpy as np
import pytest

from limes import NTKClassifier, NTKRegressor, nets
from limes.core.errors import InputError, MemoryRefused, NetError, NumericalError

PARAMETERS = [
    ({"time": -1.0}, r"time must be at least 0 .*-1"),
    ({"time": float("nan")}, "time must be at least 0"),
    ({"time": "long"}, "time must be a number"),
    ({"ridge": float("nan")}, "ridge must be a finite number of at least 0, not nan"),
    ({"ridge": -0.1}, "ridge must be"),
    ({"ridge": "0.1"}, "ridge must be"),
    ({"ridge_rel": float("inf")}, "ridge_rel must be"),
    ({"kind": "gp"}, "kind must be 'ntk' or 'nngp', not 'gp'"),
    ({"solver": "lu"}, "solver must be one of .*'lu'"),
    ({"solver": "cholesky", "time": 1.0}, "solver='cholesky' serves time=inf only, not 1"),
    ({"scale": "minmax"}, "scale must be None, 'standard' or 'unit', not 'minmax'"),
    ({"net": "transformer"}, "unknown net 'transformer'"),
    ({"net": "cnn"}, "vector of 3 features: use mlp"),
    ({"net": nets.Dense()}, r"net must be a limes\.nets\.Net, a name such as 'cnn-3', or None, not Dense"),
    ({"input_shape": (2, 2)}, r"rows of 3 numbers do not fill inputs of shape \(2, 2\)"),
    ({"input_shape": 3}, "input_shape must be the shape of one input"),
]


@pytest.mark.parametrize("machine", [NTKClassifier, NTKRegressor])
@pytest.mark.parametrize(("parameters", "message"), PARAMETERS)
def test_parameters(table, machine, parameters, message):
    with pytest.raises((InputError, NetError), match=message):
        machine(**parameters).fit(table.x, table.labels)


def test_targets(table):
    with pytest.raises(InputError, match="targets must be 'centred' or 'one_hot', not 'plus_minus'"):
        NTKClassifier(targets="plus_minus").fit(table.x, table.labels)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.nan, r"1 values that are not finite \(1 NaN, 0 infinite\), the first at index \(5, 2\)"),
        (-np.inf, r"\(0 NaN, 1 infinite\)"),
    ],
)
def test_values_that_are_not_finite(table, bad, message):
    x = table.x.copy()
    x[5, 2] = bad
    with pytest.raises(InputError, match=message):
        NTKClassifier(table.net).fit(x, table.labels)
    with pytest.raises(InputError, match=message):
        NTKClassifier(table.net, 1.0).fit(table.x, table.labels).predict(x)


def test_targets_that_are_not_finite(table):
    y = table.targets.copy()
    y[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        NTKRegressor(table.net).fit(table.x, y)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(24, int), "needs at least two classes, but there is only one class: all labels are 0"),
        (np.full(24, "spam"), "all labels are spam"),
        (np.arange(23) % 2, "inconsistent numbers of samples"),
        (np.linspace(0, 1, 24), "continuous"),
    ],
)
def test_labels(table, labels, message):
    with pytest.raises(ValueError, match=message):
        NTKClassifier(table.net).fit(table.x, labels)


def test_complex_numbers(table):
    for x in (table.x + 1j, (table.x + 1j).tolist()):
        with pytest.raises(ValueError, match="Complex data not supported"):
            NTKClassifier(table.net).fit(x, table.labels)


def test_rows_of_another_length(table):
    clf = NTKClassifier(table.net, 1.0).fit(table.x, table.labels)
    with pytest.raises(ValueError, match="2 features, but NTKClassifier is expecting 3"):
        clf.predict(table.queries[:, :2])
    with pytest.raises(InputError, match=r"shape \(2,\), but the machine was fitted on \(3,\)"):
        clf.at(1.0).scores(table.queries[:, :2])


@pytest.mark.parametrize(
    ("parameters", "way_out"),
    [({}, "fewer training rows"), ({"time": 1.0}, "solver='krylov'"), ({"solver": "eigh"}, "fewer")],
)
def test_what_does_not_fit_is_refused_before_any_kernel(table, monkeypatch, parameters, way_out):
    monkeypatch.setenv("LIMES_MEMORY", "1kB")
    monkeypatch.setattr(nets.Net, "kernel", None)
    with pytest.raises(MemoryRefused, match=f"24 training rows by .* the limit is 1.0 kB: .*{way_out}"):
        NTKClassifier(**parameters).fit(table.x, table.labels)


def test_inputs_so_large_that_the_kernel_overflows(table):
    x = (table.x * 1e25).astype(np.float32)
    with pytest.raises(NumericalError, match="scale='standard'"):
        NTKClassifier(table.net).fit(x, table.labels)


def test_the_caller_s_arrays_are_neither_changed_nor_kept(table):
    x, y = table.x.copy(), table.targets.copy()
    model = NTKRegressor(table.net, 1.0).fit(x, y)
    np.testing.assert_array_equal(x, table.x)
    before = model.predict_at(table.queries, 2.0)
    x[:], y[:] = 0, 0
    np.testing.assert_array_equal(model.at(2.0).scores(table.queries), before)
    np.testing.assert_array_equal(model.targets_, table.targets)

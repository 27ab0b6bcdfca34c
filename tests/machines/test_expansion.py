"""A machine as a kernel expansion: consistency of its parts, and nothing of it before fitting."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from limes import NTKClassifier, NTKRegressor
from limes.core.errors import InputError

INF = float("inf")
CASES = pytest.mark.parametrize(
    ("kind", "scale", "solver", "time"),
    [
        ("ntk", None, "auto", INF),
        ("ntk", "standard", "eigh", INF),
        ("nngp", "unit", "auto", 2.0),
        ("ntk", "standard", "krylov", 2.0),
    ],
)


@CASES
def test_scores_are_kernel_times_coefficients(table, kind, scale, solver, time):
    clf = NTKClassifier(table.net, time, kind=kind, scale=scale, solver=solver).fit(table.x, table.labels)
    for part in (clf, clf.at(time), clf.at(0.5)):
        z = table.queries if part.affine is None else part.affine(table.queries)
        kernel = getattr(table.net.kernel(z, part.centres, get=kind), kind)
        np.testing.assert_allclose(kernel @ part.coef, part.scores(table.queries), rtol=1e-10, atol=1e-10)
        assert part.centres.shape == table.x.shape
        assert part.coef.shape == (24, part.n_outputs) == (24, 3)
        assert (part.affine is None) == (scale is None)


def test_the_label_operator_serves_more_points_than_there_are_rows(table):
    model = NTKRegressor(table.net, 2.0, solver="krylov").fit(table.x[:6], table.targets[:6])
    operator = model.label_operator(table.queries)
    np.testing.assert_allclose(operator @ table.targets[:6], model.predict(table.queries), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("shape", [(8,), (3, 8), (7, 3), (8, 2)])
def test_weights_of_a_gradient_that_do_not_fit_are_refused(table, shape):
    clf = NTKClassifier(table.net, 2.0).fit(table.x, table.labels)
    for part in (clf, clf.at(INF)):
        with pytest.raises(InputError, match=r"v has shape .* but the scores of x have shape \(8, 3\)"):
            part.scores_vjp(table.queries, np.ones(shape))


@pytest.mark.parametrize(
    "use",
    [
        lambda m, x: m.predict(x),
        lambda m, x: m.predict_at(x, 1.0),
        lambda m, x: m.scores(x),
        lambda m, x: m.scores_at(x, 1.0),
        lambda m, x: m.scores_vjp(x, x),
        lambda m, x: m.label_operator(x),
        lambda m, x: m.at(1.0),
        lambda m, x: m.stopped_at(1.0),
        lambda m, x: m.centres,
        lambda m, x: m.n_outputs,
        lambda m, x: m.save("never-written.npz"),
    ],
)
def test_a_machine_that_is_not_fitted_says_so(table, use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for machine in (NTKClassifier(), NTKRegressor()):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            use(machine, table.x)
    assert not list(tmp_path.iterdir())

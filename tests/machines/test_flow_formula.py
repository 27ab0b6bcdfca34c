"""Machines against the formula f_t(x) = K(x, X) (K + r I)^-1 (I - exp(-(K + r I) t)) Y, and its limits."""

import itertools
import math

import numpy as np
import pytest
from scipy.linalg import expm

from limes import NTKClassifier, NTKRegressor

INF = math.inf


def formula(problem, y, time, ridge=0.0, ridge_rel=0.0, kind="ntk"):
    gram = getattr(problem.net.kernel(problem.x, get=kind), kind)
    cross = getattr(problem.net.kernel(problem.queries, problem.x, get=kind), kind)
    total = gram + (ridge + ridge_rel * np.mean(np.diagonal(gram))) * np.eye(len(gram))
    learnt = np.eye(len(gram)) - (0 if time == INF else expm(-total * time))
    return cross @ np.linalg.solve(total, learnt @ y)


@pytest.mark.parametrize("solver", ["auto", "eigh", "krylov"])
@pytest.mark.parametrize("kind", ["ntk", "nngp"])
@pytest.mark.parametrize(("ridge", "ridge_rel"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.1), (0.2, 0.05)])
def test_regression_is_the_formula(table, solver, kind, ridge, ridge_rel):
    for time in (0.02, 0.7, 20.0, INF):
        model = NTKRegressor(table.net, time, ridge, ridge_rel, kind, solver=solver).fit(table.x, table.targets)
        exact = formula(table, table.targets, time, ridge, ridge_rel, kind)
        np.testing.assert_allclose(model.predict(table.queries), exact, rtol=1e-7, atol=1e-8)
        assert model.ridge_ == pytest.approx(
            ridge + ridge_rel * np.mean(np.diagonal(getattr(table.net.kernel(table.x, get=kind), kind)))
        )


@pytest.mark.parametrize(("targets", "offset"), [("centred", 1 / 3), ("one_hot", 0.0)])
def test_classification_regresses_on_coded_labels(table, targets, offset):
    clf = NTKClassifier(table.net, time=3.0, targets=targets).fit(table.x, table.labels)
    coded = np.eye(3)[table.labels] - offset
    np.testing.assert_array_equal(clf.targets_, coded)
    np.testing.assert_allclose(clf.scores(table.queries), formula(table, coded, 3.0), rtol=1e-8, atol=1e-10)


def test_centring_is_by_the_number_of_classes_not_their_frequencies(table):
    labels = np.where(np.arange(24) < 20, "common", "rare")
    clf = NTKClassifier(table.net, time=1.0).fit(table.x, labels)
    np.testing.assert_array_equal(np.unique(clf.targets_), [-0.5, 0.5])
    scores = clf.scores(table.queries)
    np.testing.assert_allclose(scores[:, 0], -scores[:, 1], atol=1e-12)


def test_time_zero_is_the_function_at_initialisation(table):
    clf = NTKClassifier(table.net, time=0.0).fit(table.x, table.labels)
    np.testing.assert_array_equal(clf.scores(table.queries), 0)
    np.testing.assert_array_equal(clf.scores_vjp(table.queries, np.ones((8, 3))), 0)


def test_short_times_are_linear_in_time(table):
    model = NTKRegressor(table.net, time=1e-7).fit(table.x, table.targets)
    cross = table.net.kernel(table.queries, table.x, get="ntk").ntk
    np.testing.assert_allclose(model.predict(table.queries), 1e-7 * cross @ table.targets, rtol=1e-4, atol=1e-12)


def test_long_times_converge_to_time_inf(table):
    model = NTKRegressor(table.net).fit(table.x, table.targets)
    final = model.predict(table.queries)
    distances = [np.abs(model.predict_at(table.queries, t) - final).max() for t in (1.0, 10.0, 1e3, 1e5, 1e7)]
    assert all(a > b or b < 1e-9 for a, b in itertools.pairwise(distances))  # until rounding is reached
    assert distances[-1] < 1e-9


def test_time_inf_interpolates_and_a_ridge_does_not(table):
    exact = NTKRegressor(table.net).fit(table.x, table.targets)
    np.testing.assert_allclose(exact.predict(table.x), table.targets, atol=1e-8)
    ridged = NTKRegressor(table.net, ridge_rel=0.1).fit(table.x, table.targets)
    assert np.abs(ridged.predict(table.x) - table.targets).max() > 0.05


def test_a_small_ridge_approaches_interpolation(table):
    errors = [
        np.abs(NTKRegressor(table.net, ridge_rel=r).fit(table.x, table.targets).predict(table.x) - table.targets).max()
        for r in (1e-2, 1e-5, 1e-8)
    ]
    assert errors[0] > 100 * errors[1] > 1e4 * errors[2]


def test_the_training_error_falls_with_time(table):
    model = NTKRegressor(table.net, time=1.0).fit(table.x, table.targets)
    losses = [np.mean((model.predict_at(table.x, t) - table.targets) ** 2) for t in (0.0, 0.1, 1.0, 10.0, 1000.0)]
    assert all(a > b for a, b in itertools.pairwise(losses))
    assert losses[0] == np.mean(table.targets**2)

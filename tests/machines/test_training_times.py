"""One fit serves every time: predictions at a time are those of a fresh fit at that time, whatever the solver."""

import copy
import math
import pickle

import numpy as np
import pytest

from limes import NTKClassifier, NTKRegressor, load
from limes.core.errors import InputError, MemoryRefused

INF = math.inf
TIMES = (0.0, 0.05, 1.0, 40.0, INF)
SOLVERS = pytest.mark.parametrize(("solver", "fitted"), [("auto", INF), ("auto", 1.0), ("eigh", INF), ("krylov", 1.0)])


def again(machine, path):
    machine.save(path)
    return load(path)


@pytest.mark.parametrize("how", ["itself", "loaded", "unpickled", "copied"])
@SOLVERS
def test_scores_at_a_time_are_those_of_a_fresh_fit(table, tmp_path, solver, fitted, how):
    clf = NTKClassifier(table.net, fitted, ridge_rel=1e-3, scale="standard", solver=solver)
    clf.fit(table.x, table.labels)
    clf = {
        "itself": lambda m: m,
        "loaded": lambda m: again(m, tmp_path / "model.npz"),
        "unpickled": lambda m: pickle.loads(pickle.dumps(m)),
        "copied": copy.deepcopy,
    }[how](clf)
    for time in TIMES:
        fresh = NTKClassifier(table.net, time, ridge_rel=1e-3, scale="standard", solver=solver)
        fresh.fit(table.x, table.labels)
        scores = clf.scores_at(table.queries, time)
        np.testing.assert_allclose(scores, fresh.scores(table.queries), rtol=1e-7, atol=1e-8)
        np.testing.assert_array_equal(clf.at(time).scores(table.queries), scores)
        np.testing.assert_array_equal(clf.predict_at(table.queries, time), clf.classes_[scores.argmax(axis=1)])
    np.testing.assert_array_equal(clf.scores_at(table.queries, fitted), clf.scores(table.queries))


def test_cholesky_serves_time_inf_and_other_times_through_another_solver(table):
    model = NTKRegressor(table.net, solver="cholesky").fit(table.x, table.targets)
    fresh = NTKRegressor(table.net, 2.0).fit(table.x, table.targets)
    np.testing.assert_allclose(model.predict_at(table.queries, 2.0), fresh.predict(table.queries), rtol=1e-12)


@pytest.mark.parametrize(
    ("solver", "time", "runs"),
    [
        ("auto", INF, "cholesky"),
        ("auto", 1.0, "eigh"),
        ("eigh", INF, "eigh"),
        ("krylov", 1.0, "krylov"),
        ("krylov", INF, "cholesky"),
    ],
)
def test_the_solver_that_ran_is_recorded_and_stays_so(table, solver, time, runs):
    model = NTKRegressor(table.net, time, solver=solver).fit(table.x, table.targets)
    before = {k: v for k, v in vars(model).items() if k.endswith("_") and k not in ("net_", "centres_", "targets_")}
    assert model.solver_ == runs
    model.predict_at(table.queries, 5.0)
    model.predict_at(table.queries, INF)
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(model, name), value, err_msg=name)


@pytest.mark.parametrize("solver", ["auto", "krylov"])
def test_fit_path_fits_all_times_with_one_kernel(table, solver, monkeypatch):
    calls = []
    kernel = type(table.net).kernel
    monkeypatch.setattr(type(table.net), "kernel", lambda *a, **k: calls.append(1) or kernel(*a, **k))
    model = NTKRegressor(table.net, 1.0, solver=solver).fit_path(table.x, table.targets, TIMES)
    path = [model.predict_at(table.queries, t) for t in TIMES]
    assert len(calls) == 1
    assert model.solver_ == ("eigh" if solver == "auto" else "cholesky + krylov")
    for time, found in zip(TIMES, path, strict=True):
        fresh = NTKRegressor(table.net, time, solver=solver).fit(table.x, table.targets).predict(table.queries)
        np.testing.assert_allclose(found, fresh, rtol=1e-7, atol=1e-8)
    np.testing.assert_array_equal(model.predict(table.queries), model.predict_at(table.queries, 1.0))


def test_an_eigendecomposition_serves_new_times_without_a_kernel(table, monkeypatch):
    model = NTKRegressor(table.net, 1.0).fit(table.x, table.targets)
    monkeypatch.setattr(type(table.net), "kernel", None)
    assert np.isfinite(model.at(7.0).coef).all()


def test_a_stopped_copy_is_a_machine_fitted_at_that_time(table, tmp_path):
    machine = NTKClassifier(table.net, ridge=0.1, solver="cholesky").fit(table.x, table.labels)
    before = machine.scores(table.queries)
    stopped = machine.stopped_at(2.0)
    fresh = NTKClassifier(table.net, 2.0, ridge=0.1).fit(table.x, table.labels)
    for copied in (stopped, again(stopped, tmp_path / "m.npz"), stopped.fit(table.x, table.labels)):
        assert copied.time == copied.time_ == 2.0
        np.testing.assert_allclose(copied.scores(table.queries), fresh.scores(table.queries), rtol=1e-10)
        operator = copied.label_operator(table.queries)
        np.testing.assert_allclose(operator @ copied.targets_, fresh.scores(table.queries), atol=1e-10)
    assert machine.time_ == INF
    np.testing.assert_array_equal(machine.scores(table.queries), before)


def test_loading_keeps_every_time_that_was_fitted(table, tmp_path, monkeypatch):
    model = NTKRegressor(table.net, 1.0).fit_path(table.x, table.targets, TIMES)
    loaded = again(model, tmp_path / "m.npz")
    monkeypatch.setattr(type(table.net), "kernel", None)
    for time in TIMES:
        np.testing.assert_array_equal(loaded.at(time).coef, model.at(time).coef)


@pytest.mark.parametrize("time", [-1e-9, float("nan"), -INF, None, "soon", [1.0, 2.0]])
def test_times_that_cannot_be_are_refused(table, time):
    model = NTKRegressor(table.net, 1.0).fit(table.x, table.targets)
    with pytest.raises(InputError, match="time must be"):
        model.predict_at(table.queries, time)
    with pytest.raises(InputError, match="time must be"):
        model.at(time)


def test_a_new_time_is_refused_where_its_solver_would_not_fit(table, monkeypatch):
    model = NTKRegressor(table.net).fit(table.x, table.targets)
    monkeypatch.setenv("LIMES_MEMORY", "1kB")
    model.predict_at(table.queries, INF)
    with pytest.raises(MemoryRefused, match="24 training rows by eigh"):
        model.predict_at(table.queries, 1.0)


class Recorder:
    def __init__(self):
        self.labels = []

    def start(self, label, total):
        self.labels.append(label)

    def step(self, n=1):
        pass

    def note(self, text):
        pass


def test_progress_is_told_of_kernel_and_solver(table):
    progress = Recorder()
    NTKRegressor(table.net, 1.0, solver="krylov").fit_path(table.x, table.targets, (2.0,), progress)
    assert progress.labels == ["kernel", "flow (block Krylov)"]

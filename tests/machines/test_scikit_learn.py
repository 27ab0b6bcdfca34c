"""scikit-learn's tools on machines: clone, composition, search, scores, data frames."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from limes import NTKClassifier, NTKRegressor, load


def test_clone_keeps_every_parameter_and_drops_the_fit(table):
    machine = NTKClassifier(table.net, 2.0, 0.1, 0.2, "nngp", "unit", "eigh", 3, "one_hot").fit(table.x, table.labels)
    copy = clone(machine)
    assert copy.get_params() == machine.get_params()
    assert not hasattr(copy, "coef_")
    names = ["net", "time", "ridge", "ridge_rel", "kind", "scale", "solver", "random_state", "targets", "class_weight"]
    assert list(copy.get_params()) == sorted([*names, "input_shape"])


def test_a_pipeline_with_a_scaler_is_the_option_scale(table):
    piped = make_pipeline(StandardScaler(), NTKRegressor(table.net, time=5.0)).fit(table.x, table.targets)
    inside = NTKRegressor(table.net, time=5.0, scale="standard").fit(table.x, table.targets)
    np.testing.assert_allclose(piped.predict(table.queries), inside.predict(table.queries), rtol=1e-9, atol=1e-12)


def test_grid_search_over_time_and_ridge(table):
    grid = {"time": [0.01, 1.0, float("inf")], "ridge_rel": [0.0, 0.1]}
    search = GridSearchCV(NTKClassifier(table.net), grid, cv=2, error_score="raise").fit(table.x, table.labels)
    assert len(search.cv_results_["params"]) == 6
    best = search.best_params_
    alone = cross_val_score(NTKClassifier(table.net, **best), table.x, table.labels, cv=2)
    assert search.best_score_ == pytest.approx(alone.mean())
    assert search.best_estimator_.time_ == best["time"]
    assert search.predict(table.queries).shape == (8,)


def test_score_is_accuracy_and_r2(table):
    clf = NTKClassifier(table.net, time=2.0).fit(table.x, table.labels)
    assert clf.score(table.x, table.labels) == np.mean(clf.predict(table.x) == table.labels)
    model = NTKRegressor(table.net, time=2.0).fit(table.x, table.targets)
    y = table.targets
    r2 = 1 - ((model.predict(table.x) - y) ** 2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    assert model.score(table.x, y) == pytest.approx(r2.mean())


def test_refitting_forgets_the_first_fit(table):
    machine = NTKClassifier(table.net, scale="standard").fit(table.x, table.labels)
    machine.scores_at(table.queries, 1.0)
    machine.fit(table.x[:12], table.labels[:12])
    fresh = NTKClassifier(table.net, scale="standard").fit(table.x[:12], table.labels[:12])
    for time in (1.0, float("inf")):
        np.testing.assert_array_equal(machine.scores_at(table.queries, time), fresh.scores_at(table.queries, time))


def test_feature_names_are_checked_also_after_loading(table, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(table.x, columns=["a", "b", "c"])
    clf = NTKClassifier(table.net, time=1.0).fit(frame, pandas.Series(np.array(["u", "v", "w"])[table.labels]))
    clf.save(tmp_path / "model.npz")
    for machine in (clf, load(tmp_path / "model.npz")):
        assert machine.score(frame, np.array(["u", "v", "w"])[table.labels]) > 0.5
        with pytest.raises(ValueError, match="feature names should match"):
            machine.predict(frame[["b", "a", "c"]])

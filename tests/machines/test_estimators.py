"""The estimators: scikit-learn's checks, the formula of the flow, labels, precision, and bad input."""

import pickle

import numpy as np
import pytest
from scipy.linalg import expm
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import limes as lm
from limes.attacks import PGD
from limes.core.errors import DtypeError, FormatError, InputError, MemoryRefused, PrecisionWarning
from limes.core.types import KernelExpansion, Predictor

INF = float("inf")
RNG = np.random.default_rng(0)
X, NEW = RNG.normal(size=(40, 5)), RNG.normal(size=(7, 5))
Y = np.arange(40) % 3
ESTIMATORS = [
    lm.NTKClassifier(),
    # the checks have many shapes, each of which is compiled: nets of one layer take a third of the time
    lm.NTKRegressor("mlp-1", ridge_rel=1e-3),
    lm.NTKClassifier("mlp-1", kind="nngp", time=10.0),
    lm.NTKClassifier("mlp-1", scale="standard", ridge_rel=1e-3),
    lm.NTKRegressor("mlp-1", solver="krylov", time=5.0),
]


@pytest.mark.filterwarnings("ignore::limes.core.errors.PrecisionWarning")  # some of its data have equal rows
@pytest.mark.filterwarnings("ignore:Skipping check")
@pytest.mark.usefixtures("quick_compilation")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_s_conventions(estimator, check):
    check(estimator)


@pytest.mark.parametrize("solver", ["auto", "eigh", "krylov"])
@pytest.mark.parametrize("kind", ["ntk", "nngp"])
@pytest.mark.parametrize("time", [0.05, 3.0, INF])
def test_the_flow_is_that_of_the_definition(solver, kind, time):
    net = lm.nets.mlp(3, b_std=0.2)
    clf = lm.NTKClassifier(net, time, ridge=0.01, ridge_rel=0.02, kind=kind, solver=solver).fit(X, Y)
    k = getattr(net.kernel(X), kind)
    a = k + (0.01 + 0.02 * np.diagonal(k).mean()) * np.eye(40)
    y = np.eye(3)[Y] - 1 / 3
    moved = y if time == INF else y - expm(-a * time) @ y
    expected = getattr(net.kernel(NEW, X), kind) @ np.linalg.solve(a, moved)
    assert np.allclose(clf.scores(NEW), expected, rtol=1e-7, atol=1e-9)
    assert np.allclose(clf.label_operator(NEW) @ y, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("solver", ["auto", "eigh", "krylov"])
def test_any_time_equals_a_fit_to_that_time_also_after_saving(solver, tmp_path):
    clf = lm.NTKClassifier(solver=solver).fit(X, Y)
    fresh = lm.NTKClassifier(time=0.7, solver=solver).fit(X, Y)
    clf.save(tmp_path / "m.npz")
    for machine in (clf, lm.load(tmp_path / "m.npz"), pickle.loads(pickle.dumps(clf))):
        assert np.allclose(machine.scores_at(NEW, 0.7), fresh.scores(NEW), rtol=1e-7, atol=1e-10)
        assert (machine.predict_at(NEW, 0.7) == fresh.predict(NEW)).all()
        assert not machine.scores_at(NEW, 0.0).any()
    stopped = clf.stopped_at(0.7)
    assert (stopped.time, stopped.time_) == (0.7, 0.7)
    assert np.allclose(stopped.scores(NEW), fresh.scores(NEW), rtol=1e-7, atol=1e-10)
    assert clf.time == INF


def test_training_to_the_end_interpolates():
    assert np.allclose(lm.NTKClassifier().fit(X, Y).scores(X), np.eye(3)[Y] - 1 / 3, atol=1e-8)
    model = lm.NTKRegressor().fit(X, X[:, :2])
    assert model.predict(X).shape == (40, 2)
    assert np.allclose(model.predict(X), X[:, :2], atol=1e-8)
    assert lm.NTKRegressor().fit(X, X[:, 0]).predict(NEW).shape == (7,)


@pytest.mark.parametrize("labels", [["b", "a"], ["x", "z", "y"], [7, -2, 40]])
def test_labels_come_back_as_they_went_in(labels):
    y = np.array(labels)[np.arange(40) % len(labels)]
    clf = lm.NTKClassifier().fit(X, y)
    assert clf.classes_.tolist() == sorted(labels)
    assert (clf.predict(X) == y).all()
    decision = clf.decision_function(NEW)
    if len(labels) == 2:
        assert np.allclose(decision, clf.scores(NEW)[:, 1] - clf.scores(NEW)[:, 0])
    else:
        assert decision.shape == (7, 3)


def test_codings_of_targets():
    assert np.allclose(lm.NTKClassifier(targets="one_hot").fit(X, Y).scores(X), np.eye(3)[Y], atol=1e-8)


def test_precision_follows_the_training_data():
    single = lm.NTKClassifier().fit(X.astype(np.float32), Y)
    assert single.scores(NEW.astype(np.float32)).dtype == np.float32
    assert single.scores(NEW).dtype == np.float64
    assert np.allclose(single.scores(NEW), lm.NTKClassifier().fit(X, Y).scores(NEW), atol=1e-3)
    with pytest.raises(DtypeError):
        single.at(INF).scores(np.ones((2, 5), int))


@pytest.mark.parametrize("net", [lm.nets.mlp(2), lm.nets.cnn(1), lm.nets.cnn(1, "gap")])
def test_images_keep_their_shape(net):
    x = RNG.uniform(size=(12, 4, 4, 2))
    clf = lm.NTKClassifier(net).fit(x, np.arange(12) % 2)
    assert clf.scores_vjp(x[:3], np.ones((3, 2))).shape == (3, 4, 4, 2)
    with pytest.raises(InputError, match="shape"):
        clf.predict(x[:, :, :3])


@pytest.mark.parametrize("scale", [None, "standard", "unit"])
def test_gradients_are_in_the_caller_s_units(scale):
    x = X * [1, 10, 100, 0.1, 1] + [0, 5, 0, 0, 0]
    x[:, 4] = 3.0  # constant
    clf = lm.NTKClassifier(lm.nets.mlp(2, b_std=0.3), scale=scale, ridge_rel=1e-3).fit(x, Y)
    point, v = (x[:2] + x[2:4]) / 2, np.array([[1.0, -2.0, 0.5], [0.0, 1.0, 1.0]])
    gradient = clf.scores_vjp(point, v)
    for j in range(5):
        h = 1e-5 * max(np.std(x[:, j]), 0.1)
        step = np.zeros(5)
        step[j] = h
        slope = ((clf.scores(point + step) - clf.scores(point - step)) * v).sum(axis=1) / (2 * h)
        assert np.allclose(gradient[:, j], slope, rtol=1e-5, atol=1e-7 * np.abs(gradient).max())


def test_the_expansion_is_what_it_says():
    clf = lm.NTKClassifier(scale="standard", time=2.0).fit(X, Y)
    at = clf.at(2.0)
    assert isinstance(clf, Predictor)
    assert isinstance(at, KernelExpansion)
    assert np.allclose(at.net.kernel(at.affine(NEW), at.centres, get="ntk").ntk @ at.coef, clf.scores(NEW))
    assert clf.centres is at.centres
    assert (clf.coef == at.coef).all()
    scores, gradient = at.scores_and_vjp(NEW, lambda s: s)
    assert np.allclose(scores, at.scores(NEW))
    assert np.allclose(gradient, at.scores_vjp(NEW, scores))


def test_in_a_pipeline_with_a_search():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), lm.NTKClassifier()), {"ntkclassifier__ridge_rel": [1e-3, 1.0]}, cv=2
    )
    assert search.fit(X, (X[:, 0] > 0).astype(int)).best_score_ > 0.6


class Plain:
    """Only what the protocol asks for."""

    def __init__(self, machine):
        self.n_outputs, self.classes_ = machine.n_outputs, machine.classes_
        self.scores, self.scores_vjp = machine.scores, machine.scores_vjp


def test_an_attack_needs_no_more_than_the_protocol():
    clf = lm.NTKClassifier().fit(X, Y)
    a, b = (PGD(steps=5)(p, NEW, Y[:7], eps=0.3, key=1) for p in (clf.at(1.0), Plain(clf.at(1.0))))
    assert np.allclose(a.x_adv, b.x_adv)
    assert (a.success == b.success).all()


def test_training_points_can_be_attacked_in_single_precision():
    x = X.astype(np.float32)
    clf = lm.NTKClassifier().fit(x, Y)
    assert np.isfinite(clf.scores_vjp(x, np.ones((40, 3), np.float32))).all()
    assert PGD(steps=10, random_start=False)(clf, x, Y, eps=1.0).success.mean() > 0.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"time": -1.0}, "time"),
        ({"ridge": float("nan")}, "ridge"),
        ({"kind": "gp"}, "kind"),
        ({"solver": "magic"}, "solver"),
        ({"solver": "cholesky", "time": 1.0}, "cholesky"),
        ({"scale": "robust"}, "scale"),
        ({"targets": "pm1"}, "targets"),
        ({"net": 3}, "net"),
    ],
)
def test_a_wrong_parameter_is_named(arguments, words):
    with pytest.raises(InputError, match=words):
        lm.NTKClassifier(**arguments).fit(X, Y)


def test_bad_data_is_met_at_the_door():
    spoiled = X.copy()
    spoiled[3, 2], spoiled[5, 0] = np.nan, np.inf
    with pytest.raises(
        InputError, match=r"2 values that are not finite \(1 NaN, 1 infinite\), the first at index \(3, 2\)"
    ):
        lm.NTKClassifier().fit(spoiled, Y)
    with pytest.raises(InputError, match="one class"):
        lm.NTKClassifier().fit(X, np.zeros(40))
    with pytest.raises(ValueError, match="inconsistent"):
        lm.NTKClassifier().fit(X, Y[:-1])


def test_what_does_not_fit_is_refused_before_work(monkeypatch):
    monkeypatch.setenv("LIMES_MEMORY", "10kB")
    with pytest.raises(MemoryRefused, match="40 training rows"):
        lm.NTKClassifier().fit(X, Y)


def test_equal_rows_with_different_labels_meet_in_the_middle():
    x, y = np.concatenate([X[:10], X[:10]]), np.array([0] * 10 + [1] * 10)
    with pytest.warns(PrecisionWarning, match="added to its diagonal"):
        clf = lm.NTKClassifier().fit(x, y)
    assert np.allclose(clf.scores(X[:10]), 0.0, atol=1e-3)


def test_models_are_saved_whole_or_not_at_all(tmp_path, monkeypatch):
    clf = lm.NTKClassifier(lm.nets.mlp(2, "erf"), time=3.0, scale="unit").fit(X, np.array(["u", "v"])[Y % 2])
    clf.save(tmp_path / "m.npz")
    again = lm.load(tmp_path / "m.npz")
    assert np.array_equal(again.scores(NEW), clf.scores(NEW))
    assert again.get_params() == clf.get_params()
    assert lm.NTKClassifier().fit(X, Y).save(tmp_path / "d.npz") is None
    assert lm.load(tmp_path / "d.npz").net is None
    for name, content in (("cut.npz", (tmp_path / "m.npz").read_bytes()[:900]), ("p.npz", pickle.dumps({}))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FormatError):
            lm.load(tmp_path / name)
    np.savez(tmp_path / "foreign.npz", a=np.eye(2))
    with pytest.raises(FormatError, match="did not write"):
        lm.load(tmp_path / "foreign.npz")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        clf.save(tmp_path / "new.npz")
    assert not [path for path in tmp_path.iterdir() if "new" in path.name]

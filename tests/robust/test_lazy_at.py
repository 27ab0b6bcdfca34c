"""Adversarial training in the lazy limit: its steps against a plain transcription, its methods, and interrupts."""

import numpy as np
import pytest

from limes import LazyATClassifier, NTKClassifier, load, nets
from limes.attacks import PGD
from limes.core.errors import FormatError, InputError, MemoryRefused
from limes.core.types import KernelExpansion
from limes.finite.batches import batch
from limes.linalg.top import top_eigenpairs
from limes.robust import stopping
from limes.robust.descent import RIDGE, fixed
from limes.robust.lazy_at import _as_long, _schedule

NET = nets.mlp(2, b_std=0.3)
QUICK = {
    "net": NET,
    "eps": 0.3,
    "steps": 4,
    "attack_steps": 2,
    "batch_size": 16,
    "validation": 0,
    "loss": "ce",
    "rate": 1.0,
    "reach": 1.0,
    "copies": 0,
}
METHODS = pytest.mark.parametrize("method", ["functional", "projected", "preconditioned"])


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"])[np.arange(48) % 3]
    return rng.normal(size=(48, 5)) + 2 * np.eye(5)[np.arange(48) % 3], labels


@METHODS
def test_every_method_learns_and_is_an_expansion(rows, method):
    clf = LazyATClassifier(**QUICK | {"steps": 16}, method=method).fit(*rows)
    assert clf.score(*rows) > 0.85
    assert isinstance(clf, KernelExpansion)
    assert len(clf.history_) == 16
    assert clf.history_[-1].loss < 0.8 * clf.history_[0].loss
    gram = NET.kernel(rows[0][:5], clf.centres, get="ntk").ntk
    np.testing.assert_allclose(gram @ clf.coef, clf.scores(rows[0][:5]), atol=1e-9)
    assert len(clf.centres) == (16 * 16 if method == "functional" else 48)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("method", ["functional", "projected"])
def test_steps_are_those_of_the_definition(rows, method, loss):
    """Without an attack (eps = 0): functional descent, and its projection, written out."""
    x, y = rows
    options = QUICK | {"eps": 0.0, "steps": 2, "momentum": 0.0, "averaging": 0.0, "loss": loss}
    clf = LazyATClassifier(**options, method=method).fit(x, y)
    gram = NET.kernel(x, get="ntk").ntk
    onehot = np.eye(3)[np.arange(48) % 3]
    top = np.linalg.eigvalsh(gram)[-1]
    rate = 48 / top if method == "functional" else 1 / (np.diagonal(gram).max() / 16 + top / 48)
    f = np.zeros((48, 3))
    for step in range(2):
        rows_now = batch(48, 16, step, 0)
        scores = f[rows_now]
        soft = np.exp(10 * scores) / np.exp(10 * scores).sum(axis=1, keepdims=True)
        residual = soft - onehot[rows_now] if loss == "ce" else scores - onehot[rows_now] + 1 / 3
        g = np.zeros((48, 3))
        g[rows_now] = residual / 16
        if method == "projected":  # K (K + ridge)^-1 K: on the rows themselves nearly the same
            g = np.linalg.solve(gram + RIDGE * np.diagonal(gram).mean() * np.eye(48), gram @ g)
        f = f - rate * gram @ g
    np.testing.assert_allclose(clf.scores(x), f, atol=1e-6 * np.abs(f).max())


def test_without_an_attack_it_ends_where_the_flow_does(rows):
    x, y = rows
    options = QUICK | {"eps": 0.0, "steps": 250, "batch_size": 48, "loss": "mse"}
    clf = LazyATClassifier(**options, n_damped=12).fit(x, y)
    np.testing.assert_allclose(clf.scores(x), NTKClassifier(NET).fit(x, y).scores(x), atol=2e-2)


def test_it_withstands_more_than_the_flow(rows):
    x, y = rows
    plain = NTKClassifier(NET).fit(x, y)
    robust = LazyATClassifier(**QUICK | {"steps": 60, "eps": 1.0}).fit(x, y)
    rng = np.random.default_rng(1)
    points = rng.normal(size=(300, 5)) + 2 * np.eye(5)[np.arange(300) % 3]
    labels = np.array(["a", "b", "c"])[np.arange(300) % 3]
    standing = [PGD(steps=20)(m, points, labels, 0.6).robust_accuracy for m in (plain, robust)]
    assert standing[1] > standing[0] + 0.05


def test_damping_allows_longer_steps(rows):
    x, y = rows
    losses = {}
    for method in ("projected", "preconditioned"):
        clf = LazyATClassifier(**QUICK | {"steps": 25}, method=method, n_damped=8).fit(x, y)
        losses[method] = np.mean([step.loss for step in clf.history_[-5:]])
    assert losses["preconditioned"] < losses["projected"]


def test_directions_are_damped_until_the_batch_bounds_the_step(rows):
    start = LazyATClassifier(**QUICK | {"steps": 1}).fit(*rows)._fitted
    gram = NET.kernel(rows[0], get="ntk").ntk
    largest = np.linalg.eigvalsh(gram)[::-1]
    made = [fixed(start, size, 48, None, 0.9, 0.9, 1.0, np.random.default_rng(0)) for size in (4, 16)]
    for size, descent in zip((4, 16), made, strict=True):
        assert descent._top.shape[1] == np.sum(largest[:12] / 48 > np.diagonal(gram).max() / (4 * size))
    assert made[0]._top.shape[1] < made[1]._top.shape[1]


@METHODS
def test_what_is_kept_is_what_stood_at_the_chosen_stop(rows, method):
    x, y = rows
    options = QUICK | {"steps": 6, "validation": 1 / 4, "eps": 1.0, "refit": False}
    clf = LazyATClassifier(**options, method=method).fit(x, y)
    held = stopping.split(np.searchsorted(clf.classes_, y), 1 / 4, clf.seed_)[1]
    assert clf.stop_ == stopping.best(clf.checks_, len(held), 0)
    assert len(clf.checks_) == min(6, clf.stop_ + 5)
    assert [c.clean for c in clf.checks_ if c.step == clf.stop_] == pytest.approx([clf.score(x[held], y[held])])
    assert len(clf.centres) == (16 * clf.stop_ if method == "functional" else 36)


def test_the_second_pass_is_as_long_as_the_stop_on_all_rows(rows):
    x, y = rows
    options = QUICK | {"steps": 9, "validation": 1 / 4, "eps": 1.0}
    clf = LazyATClassifier(**options).fit(x, y)
    first = LazyATClassifier(**options, refit=False).fit(x, y)
    assert (clf.checks_, clf.stop_) == (first.checks_, first.stop_)
    assert (len(clf.centres), len(first.centres)) == (48, 36)
    alone = LazyATClassifier(**options | {"validation": 0, "steps": len(clf.history_)}).fit(x, y)
    np.testing.assert_array_equal(clf.coef, alone.coef)


def test_a_falling_rate_covers_the_same_training_time():
    for stop in (10, 60, 90, 150):
        steps = _as_long(stop, 150)
        time, again = (sum(_schedule(i / n) for i in range(m)) for m, n in ((stop, 150), (steps, steps)))
        assert abs(again - time) <= 1.0


def test_reach_is_the_radius_of_training(rows):
    far = LazyATClassifier(**QUICK | {"reach": 2.0}).fit(*rows)
    wide = LazyATClassifier(**QUICK | {"eps": 0.6}).fit(*rows)
    np.testing.assert_array_equal(far.coef, wide.coef)


def test_few_rows_get_a_copy_of_themselves(rows):
    assert len(LazyATClassifier(**QUICK | {"copies": None}).fit(*rows).centres) == 96


def test_copies_stay_in_ball_and_box(rows):
    x, y = np.clip(rows[0], 0, 1), rows[1]
    clf = LazyATClassifier(**QUICK | {"copies": 2}, bounds=(0, 1)).fit(x, y)
    assert clf.centres.shape == (144, 5)
    np.testing.assert_array_equal(clf.centres[:48], x)
    for copy in (clf.centres[48:96], clf.centres[96:]):
        assert np.abs(copy - x).max() <= 0.3
        assert copy.min() >= 0
        assert copy.max() <= 1


@pytest.mark.parametrize("at", [3, 6, -1])
def test_a_fit_of_two_passes_continues(rows, tmp_path, monkeypatch, at):
    """Interrupted in the first pass, in one of its checks, and in the second."""
    x, y = rows
    options = QUICK | {"steps": 10, "validation": 1 / 4, "eps": 0.5}
    calls, original, path = [], PGD.__call__, tmp_path / "fit.npz"

    def stop(self, *args, **rest):
        calls.append(0)
        if len(calls) == last:
            raise KeyboardInterrupt
        return original(self, *args, **rest)

    last = 0
    monkeypatch.setattr(stopping, "best", lambda checks, n_held, otherwise: checks[-1].step if checks else otherwise)
    monkeypatch.setattr(PGD, "__call__", stop)
    whole = LazyATClassifier(**options).fit(x, y)
    assert len(whole.history_) > 1
    last = at % (len(calls) + 1)
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        LazyATClassifier(**options).fit(x, y, checkpoint=path)
    again = LazyATClassifier(**options).fit(x, y, checkpoint=path)
    np.testing.assert_allclose(again.coef, whole.coef, rtol=1e-9, atol=1e-12)
    assert (again.stop_, again.checks_, len(again.history_)) == (whole.stop_, whole.checks_, len(whole.history_))


@METHODS
def test_an_interrupted_fit_continues(rows, tmp_path, monkeypatch, method):
    x, y = rows
    whole = LazyATClassifier(**QUICK, method=method).fit(x, y)
    calls, original, path = [], PGD.__call__, tmp_path / "fit.npz"

    def stop(self, *args, **rest):
        calls.append(0)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, *args, **rest)

    monkeypatch.setattr(PGD, "__call__", stop)
    with pytest.raises(KeyboardInterrupt):
        LazyATClassifier(**QUICK, method=method).fit(x, y, checkpoint=path)
    again = LazyATClassifier(**QUICK, method=method).fit(x, y, checkpoint=path)
    assert len(calls) == 5
    np.testing.assert_allclose(again.coef, whole.coef, rtol=1e-9, atol=1e-12)
    assert len(again.history_) == 4
    with pytest.raises(FormatError, match="another fit"):
        LazyATClassifier(**QUICK | {"eps": 0.1}, method=method).fit(x, y, checkpoint=path)


@pytest.mark.parametrize("scale", [None, "standard"])
def test_saved_and_loaded(rows, tmp_path, scale):
    clf = LazyATClassifier(**QUICK, scale=scale).fit(*rows)
    clf.save(tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    np.testing.assert_array_equal(again.scores(rows[0]), clf.scores(rows[0]))
    assert (again.history_, again.checks_, again.stop_) == (clf.history_, clf.checks_, clf.stop_)
    assert again.get_params() == clf.get_params()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "fast"}, "method"),
        ({"loss": "hinge"}, "loss"),
        ({"steps": 0}, "steps"),
        ({"copies": -1}, "copies"),
        ({"validation": 1.0}, "validation"),
        ({"momentum": 1.0}, "momentum"),
        ({"averaging": -0.1}, "averaging"),
        ({"rate": 0.0}, "rate"),
        ({"eps": "-1"}, "eps"),
        ({"net": 3}, "net"),
        ({"method": "functional", "steps": 10**6}, "centres"),
    ],
)
def test_bad_parameters_are_met_at_the_door(rows, change, words):
    with pytest.raises(InputError, match=words):
        LazyATClassifier(**QUICK | change).fit(*rows)


def test_what_would_not_fit_is_refused(rows, monkeypatch):
    monkeypatch.setenv("LIMES_MEMORY", "10kB")
    with pytest.raises(MemoryRefused, match="48 centres"):
        LazyATClassifier(**QUICK).fit(*rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_top_eigenpairs(dtype):
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(80, 80)))[0]
    values = 0.8 ** np.arange(80.0)
    found, vectors = top_eigenpairs((basis * values @ basis.T).astype(dtype), 10, rng)
    np.testing.assert_allclose(found, values[:10], rtol=1e-4)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(10), atol=1e-6)
    np.testing.assert_allclose(np.abs(np.sum(vectors[:, :5] * basis[:, :5], axis=0)), 1.0, atol=1e-4)

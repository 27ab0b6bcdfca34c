"""Adv-NTK: its predictor, its steps, its two protocols, and that a fit survives an interrupt."""

import numpy as np
import pytest

from limes import AdvNTKClassifier, NTKClassifier, load, nets
from limes.attacks import PGD
from limes.core.errors import FormatError, InputError
from limes.core.types import KernelExpansion
from limes.linalg.weighted import coefficients
from limes.robust import ReleasedPGD
from limes.robust.holdout import hold_out

NET = nets.mlp(2, b_std=0.3)
QUICK = {"net": NET, "eps": 0.1, "steps": 3, "attack_steps": 2, "batch_size": 8, "learning_rate": 0.5}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"])[np.arange(48) % 3]
    return rng.normal(size=(48, 5)) + 2 * np.eye(5)[np.arange(48) % 3], labels


@pytest.fixture(scope="module")
def fitted(rows):
    return AdvNTKClassifier(**QUICK).fit(*rows)


def test_it_is_the_weighted_flow(fitted, rows):
    gram = NET.kernel(fitted.centres_, get="ntk").ntk
    exact = coefficients(gram, np.abs(fitted.weights_), fitted.targets_)
    np.testing.assert_allclose(fitted.coef, exact, atol=1e-6 * np.abs(exact).max())
    assert isinstance(fitted, KernelExpansion)
    assert set(fitted.targets_.ravel()) == {0.0, 1.0}
    assert fitted.score(*rows) > 0.8
    np.testing.assert_allclose(
        fitted.label_operator(rows[0][:4]) @ fitted.targets_, fitted.scores(rows[0][:4]), atol=1e-5
    )


def test_each_step_has_the_stated_length_and_starts_from_rest(fitted):
    assert fitted.path_.shape == (4, len(fitted.centres_))
    np.testing.assert_array_equal(fitted.path_[0], 0.0)
    np.testing.assert_allclose(np.linalg.norm(np.diff(fitted.path_, axis=0), axis=1), 0.5, rtol=1e-6)
    assert fitted.history_[0].loss == 0.5  # f = 0 against a one-hot row
    assert fitted.history_[-1].loss < 0.5


def test_the_first_step_is_that_of_the_formula(rows):
    x, y = rows
    clf = AdvNTKClassifier(**QUICK | {"steps": 1, "batch_size": 99, "eps": 0.0}, validation=(x[:9], y[:9])).fit(x, y)
    columns = NET.kernel(x, x[:9], get="ntk").ntk
    g = columns @ -np.eye(3)[np.arange(9) % 3] / 9
    gradient = (g * clf.targets_).sum(axis=1)  # at w = 0
    np.testing.assert_allclose(clf.weights_, -0.5 * gradient / np.linalg.norm(gradient), rtol=1e-6)


def test_equal_clocks_are_the_plain_flow(rows):
    x, y = rows
    clf = AdvNTKClassifier(**QUICK | {"steps": 1}, validation=(x, y)).fit(x, y)
    clf.path_[1] = 0.7
    plain = NTKClassifier(NET, 0.7, targets="one_hot").fit(x, y)
    clf._coef.clear()
    np.testing.assert_allclose(clf.at(1).scores(x), plain.scores(x), atol=1e-6)


def test_the_attack_of_a_step_is_made_on_the_current_model(rows, monkeypatch):
    seen = []

    def watched(self, predictor, x, y, eps, **options):
        seen.append(predictor.coef.copy())
        return original(self, predictor, x, y, eps, **options)

    original = PGD.__call__
    monkeypatch.setattr(PGD, "__call__", watched)
    clf = AdvNTKClassifier(**QUICK).fit(*rows)
    assert len(seen) == 3
    for step, coef in enumerate(seen):
        np.testing.assert_allclose(coef, clf.at(step).coef, atol=1e-12)


def test_steps_can_be_looked_at_and_kept(fitted, rows):
    x = rows[0][:6]
    np.testing.assert_array_equal(fitted.at(0).scores(x), 0.0)
    np.testing.assert_array_equal(fitted.at(3).scores(x), fitted.scores(x))
    early = fitted.stopped_at(1)
    np.testing.assert_allclose(early.scores(x), fitted.at(1).scores(x))
    assert (len(early.history_), len(early.path_), early.steps) == (1, 2, 1)
    with pytest.raises(InputError, match="between 0 and 3"):
        fitted.at(4)


def test_saved_and_loaded(fitted, rows, tmp_path):
    fitted.save(tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    np.testing.assert_array_equal(again.scores(rows[0]), fitted.scores(rows[0]))
    np.testing.assert_allclose(again.at(2).coef, fitted.at(2).coef, atol=1e-12)
    assert again.history_ == fitted.history_
    assert again.get_params() == fitted.get_params()


@pytest.mark.parametrize("kind", ["share", "rows"])
def test_an_interrupted_fit_continues(rows, tmp_path, monkeypatch, kind):
    x, y = rows
    options = QUICK if kind == "share" else QUICK | {"validation": (x[:10], y[:10])}
    whole = AdvNTKClassifier(**options).fit(x, y)
    path, calls = tmp_path / "fit.npz", []
    original = PGD.__call__

    def stop(self, *args, **rest):
        calls.append(0)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, *args, **rest)

    monkeypatch.setattr(PGD, "__call__", stop)
    with pytest.raises(KeyboardInterrupt):
        AdvNTKClassifier(**options).fit(x, y, checkpoint=path)
    again = AdvNTKClassifier(**options).fit(x, y, checkpoint=path)
    assert len(calls) == 4
    np.testing.assert_allclose(again.path_, whole.path_, rtol=1e-12)
    with pytest.raises(FormatError, match="another fit"):
        AdvNTKClassifier(**options | {"eps": 0.2}).fit(x, y, checkpoint=path)


def test_the_released_protocol_leaves_the_ball(fitted, rows):
    x, y = rows
    found = ReleasedPGD()(fitted, x, y, eps=0.1, key=0)
    reach = np.abs(found.x_adv - x).max(axis=1)
    assert 0.19 < reach.max() <= 0.2 + 1e-12
    gradients = []

    class Counting:
        n_outputs, classes_, targets = fitted.n_outputs, fitted.classes_, "one_hot"

        def scores(self, x):
            return fitted.scores(x)

        def scores_vjp(self, x, v):
            gradients.append(len(x))
            return fitted.scores_vjp(x, v)

    ReleasedPGD(steps=10)(Counting(), x, y, eps=0.1)
    assert len(gradients) == 1
    other = AdvNTKClassifier(**QUICK, protocol="released").fit(x, y)
    assert np.abs(other.weights_ - fitted.weights_).max() > 1e-6


def test_rows_are_held_out_of_every_class():
    y = np.repeat([0, 1, 2], [30, 12, 1])
    train, held = hold_out(y, 1 / 6, np.random.default_rng(0))
    assert sorted([*train, *held]) == list(range(43))
    assert np.bincount(y[held], minlength=3).tolist() == [5, 2, 0]
    assert len(hold_out(np.array([0, 0, 1]), 0.1, np.random.default_rng(0))[1]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"protocol": "fast"}, "protocol"),
        ({"protocol": "released", "norm": "l2"}, "linf"),
        ({"steps": 0}, "steps"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"eps": "much"}, "eps"),
        ({"validation": 1.5}, "validation"),
        ({"validation": (np.ones((2, 4)), np.array(["a", "b"]))}, "validation"),
        ({"validation": (np.ones((2, 5)), np.array(["a", "z"]))}, "z"),
        ({"net": 3}, "net"),
        ({"kind": "nkt"}, "kind"),
    ],
)
def test_bad_parameters_are_met_at_the_door(rows, change, words):
    with pytest.raises(InputError, match=words):
        AdvNTKClassifier(**QUICK | change).fit(*rows)

"""Adversarial training of finite networks: the baseline."""

import jax
import numpy as np
import pytest

from limes import load, nets
from limes.attacks import PGD
from limes.core.errors import InputError, NumericalError
from limes.core.types import Predictor
from limes.robust import FiniteATClassifier

QUICK = {"width": 64, "steps": 150, "batch_size": 32, "attack_steps": 3, "validation": 0}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"])[np.arange(90) % 3]
    return (rng.normal(size=(90, 5)) + 2 * np.eye(5)[np.arange(90) % 3]).astype(np.float32), labels


@pytest.fixture(scope="module")
def fitted(rows):
    return FiniteATClassifier(nets.mlp(3), eps=0.5, **QUICK).fit(*rows)


def test_it_learns_and_is_a_predictor(fitted, rows):
    x, y = rows
    assert isinstance(fitted, Predictor)
    assert fitted.score(x, y) > 0.85
    assert fitted.losses_[-20:].mean() < 0.8 * fitted.losses_[:5].mean()
    assert fitted.predict(x[:3]).tolist() == fitted.classes_[fitted.scores(x[:3]).argmax(axis=1)].tolist()


def test_deep_nets_leave_the_start(rows):
    x, y = rows
    deep = FiniteATClassifier(nets.mlp(10), eps=0.5, **QUICK).fit(x, y)
    assert deep.losses_[-20:].mean() < 0.8 * np.log(3)


def test_the_radius_rises(rows):
    """After one of two rising steps of four, the network is that of half the radius."""
    x, y = rows
    options = QUICK | {"steps": 4}
    rising, half = (
        FiniteATClassifier(nets.mlp(2), eps=eps, warm_up=warm_up, **options).fit(x, y, watch=lambda step, network: True)
        for eps, warm_up in ((0.6, 0.5), (0.3, 0.0))
    )
    np.testing.assert_array_equal(rising.scores(x), half.scores(x))
    with pytest.raises(InputError, match="warm_up must be a share"):
        FiniteATClassifier(nets.mlp(2), warm_up=1.0).fit(x, y)


def test_gradient_is_a_finite_difference(fitted, rows):
    x, v = rows[0][:4], np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    found = fitted.scores_vjp(x, v)
    assert found.dtype == np.float32
    direction = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    ahead, behind = (fitted.scores(x + h * direction) for h in (1e-3, -1e-3))
    slope = ((ahead - behind) * v).sum(axis=1) / 2e-3
    np.testing.assert_allclose((found * direction).sum(axis=1), slope, rtol=0.05, atol=0.02)


def test_attacked_training_withstands_more(rows):
    x, y = rows
    rng = np.random.default_rng(1)
    points = (rng.normal(size=(300, 5)) + 2 * np.eye(5)[np.arange(300) % 3]).astype(np.float32)
    labels = np.array(["a", "b", "c"])[np.arange(300) % 3]
    standing = []
    for attack_steps in (0, 5):
        clf = FiniteATClassifier(nets.mlp(3), eps=0.8, **QUICK | {"attack_steps": attack_steps, "steps": 400})
        standing.append(PGD(steps=20)(clf.fit(x, y), points, labels, 0.6).robust_accuracy)
    assert standing[1] > standing[0] + 0.03


def test_the_stop_is_chosen_on_held_out_rows(rows):
    x, y = rows
    options = {"eps": 0.8} | QUICK | {"steps": 6, "validation": 0.2}
    clf = FiniteATClassifier(nets.mlp(2), **options).fit(x, y)
    robust = {check.step: check.robust for check in clf.checks_}
    assert len(robust) <= 15
    assert robust[clf.stop_] == max(robust.values())
    assert len(clf.losses_) == clf.stop_
    seen = []
    alone = FiniteATClassifier(nets.mlp(2), **options | {"validation": 0})
    alone.fit(x, y, watch=lambda step, network: seen.append(network.scores(x)) or step == clf.stop_)
    np.testing.assert_array_equal(seen[-1], clf.scores(x))
    assert len(seen) == clf.stop_


def test_layers_learn_at_the_rate_of_the_standard_parametrisation(rows):
    """One step of plain gradient descent on W = w_std w / sqrt(fan_in), written out."""
    x, y = rows
    rate, index = 0.01, np.arange(90) % 3
    options = QUICK | {"steps": 9, "batch_size": 90, "attack_steps": 0, "momentum": 0.0, "weight_decay": 0.0}
    clf = FiniteATClassifier(nets.mlp(2, w_std=1.0), **options, learning_rate=rate)
    clf.fit(x, y, watch=lambda step, network: True)
    params = clf.net_.init(jax.random.split(jax.random.key(0))[0], (5,), 64, 3)
    first, second = (0.4 * np.asarray(w) / np.sqrt(len(w)) for w in jax.tree.leaves(params))
    hidden = np.maximum(x @ first, 0)
    scores = hidden @ second
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    residual = (shares - np.eye(3)[index]) / 90
    expected = first - rate * x.T @ (residual @ second.T * (hidden > 0)), second - rate * hidden.T @ residual
    found = (np.asarray(w) / np.sqrt(len(w)) for w in jax.tree.leaves(clf.params_))
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, atol=1e-6)


def test_saved_and_loaded(fitted, rows, tmp_path):
    fitted.save(tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    np.testing.assert_array_equal(again.scores(rows[0]), fitted.scores(rows[0]))
    np.testing.assert_array_equal(again.predict(rows[0]), fitted.predict(rows[0]))
    assert again.get_params() == fitted.get_params()
    with np.load(tmp_path / "model.npz") as archive:
        assert "centres" not in archive.files


@pytest.mark.parametrize("options", [{"norm": "l2"}, {"scale": "standard"}, {"bounds": (-9.0, 9.0)}])
def test_options(rows, options):
    x, y = rows
    clf = FiniteATClassifier(nets.mlp(2), eps=0.3, **QUICK, **options).fit(x, y)
    assert clf.score(x, y) > 0.8
    again = FiniteATClassifier(nets.mlp(2), eps=0.3, **QUICK, **options).fit(x, y)
    np.testing.assert_array_equal(clf.scores(x), again.scores(x))


def test_what_cannot_be_trained_is_said(rows):
    x, y = rows
    with pytest.raises(NumericalError, match="diverged at step"):
        FiniteATClassifier(nets.mlp(3), **QUICK, learning_rate=1e6).fit(x, y)
    with pytest.raises(InputError, match="width"):
        FiniteATClassifier(width=0).fit(x, y)
    small = FiniteATClassifier(nets.mlp(2), **QUICK | {"steps": 1}).fit(x.reshape(90, 5, 1, 1), y)
    with pytest.raises(InputError, match="shape"):
        small.scores(np.zeros((2, 5, 3, 1), np.float32))

"""The measurements behind the claims about feature learning, at tiny size."""

import numpy as np
import pytest

from limes.beyond.features import alignment, learn
from limes.core.progress import Quiet
from limes.data import load
from limes.papers.feature_learning import descents, hidden, samples, stages

pytestmark = pytest.mark.usefixtures("quick_compilation")
SETTING = descents.Setting(d=4, r=2, m=8, penalties=(5e-2, 1e-2), steps=6000, records=3)
SEEDS = [0, 1]


def test_descents_with_and_without_decay():
    decayed = descents.annealed(SETTING, SEEDS, Quiet())
    assert decayed["stage_ends"] == [3, 6]
    assert decayed["at"] == [0, 2000, 4000, 6000, 8000, 10000, 12000]
    again = learn(SETTING.teacher, SETTING.start(SEEDS), SETTING.annealed)
    np.testing.assert_allclose(decayed["loss"][-1], again.loss, rtol=1e-9)
    np.testing.assert_allclose(decayed["total_mass"][-1], alignment(again.network, SETTING.teacher).total_mass)
    plain = descents.unpenalised(SETTING, SEEDS, 1.0, Quiet())
    assert min(plain["total_mass"][-1]) > 1.3 * max(decayed["total_mass"][-1])
    last = descents.constant(SETTING, SEEDS, Quiet())
    assert last["loss"][0] == decayed["loss"][0]
    # at its minimum the certificate is at most 1, and falls with the square of the angle
    assert 0.99 < min(decayed["eta_largest"][0]) <= max(decayed["eta_largest"][0]) < 1.1
    assert decayed["eta_power"][0] == pytest.approx([2.0, 2.0], abs=0.2)


def test_constant_penalties_and_layers_that_rest():
    found = descents.at_penalties(SETTING, SEEDS, (0.2, 0.1), 6000, Quiet())
    losses = np.array(found["losses"])
    assert losses.shape == (2, 2)
    assert (losses[0] > 2 * losses[1]).all()
    rest = descents.resting(SETTING, SEEDS, Quiet())
    assert (np.array(rest["best"]["loss"]) <= np.array(rest["annealed"]["loss"])).all()
    assert (np.array(rest["tangent"]["loss"]) < np.array(rest["best"]["loss"])).all()


def test_three_stages():
    found = stages.measured(SETTING, SEEDS, Quiet())
    assert min(found["span"]["stepped"]) > max(0.7, *found["span"]["start"])
    assert np.max(found["staged"]["loss"][0]) < np.min(found["direct"]["loss"][0])


def test_samples_are_close_to_the_closed_form():
    found = samples.errors(0, 100_000, 4, 2, 3)
    assert found["n"] == 100_000
    assert 0 < abs(found["whole"]) < 5
    assert 0 < abs(found["without affine"]) < 5


def test_rows_with_a_target_hidden_in_noise():
    task = hidden.Task("digits", 2, 24, (80,), 100, 200, 8, 20)
    data = load("digits")
    parts = hidden.parts_of(task, data, 80, seed=1)
    assert [part.x.shape for part in (parts.train, parts.val, parts.test)] == [(80, 24), (100, 24), (200, 24)]
    np.testing.assert_allclose(parts.directions @ parts.directions.T, np.eye(3), atol=1e-9)
    projections = parts.test.x @ parts.directions.T
    shown = np.column_stack([np.abs(projections), np.ones(200)])
    fit = shown @ np.linalg.lstsq(shown, parts.test.y["projections"], rcond=None)[0]
    np.testing.assert_allclose(fit, parts.test.y["projections"], atol=1e-4)  # it depends on nothing else
    signal, noise = np.split(np.vstack([parts.train.x, parts.test.x]), [16], axis=1)
    assert noise.std() == pytest.approx(signal.std(), rel=0.1)
    assert abs(np.corrcoef(noise[:, 0], np.concatenate([parts.train.y["parity"], parts.test.y["parity"]]))[0, 1]) < 0.25
    found = hidden.measured(1, task, data, 80)
    for target in hidden.TARGETS:
        assert set(found[target]) == {"kernel", "annealed", "none"}
        assert 0 < found[target]["kernel"]["test"] < 1.1
        assert found[target]["annealed"]["chosen"].startswith("decay 0.1 to")
        assert 0 < found[target]["none"]["share"] < 1


def test_errors():
    y = np.array([1.0, -1.0, 1.0, -1.0])
    assert hidden.error("parity", np.array([0.1, 0.1, 0.1, -3.0]), y) == 0.25
    assert hidden.error("projections", np.zeros(4), y) == 1.0


def test_a_certificate_that_rises_has_no_power(monkeypatch):
    teacher = SETTING.teacher
    network = teacher._replace(
        coef=np.stack([np.full(2, 0.99), np.full(2, 1.01)]), weights=np.stack([teacher.weights] * 2)
    )
    _, power = descents._certificate(SETTING, network, 0.01)
    assert power[0] > 1
    assert power[1] == 0

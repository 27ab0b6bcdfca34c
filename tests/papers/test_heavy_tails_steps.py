"""The measurements behind the claims about heavy tails, at tiny size."""

import jax.numpy as jnp
import numpy as np
import pytest

from limes.beyond.tails import heaviness_index, hill_index, prunable_ratio, sgd_chains, theoretical_index
from limes.data import from_arrays
from limes.finite import Recipe, train
from limes.papers.heavy_tails import networks, noise, regression, synthetic
from limes.papers.heavy_tails.descent import apply, passes

pytestmark = pytest.mark.usefixtures("quick_compilation")
RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
DATA = from_arrays(np.clip(RNG.uniform(0, 0.4, (60, 12)) + 0.5 * np.eye(3)[Y].repeat(4, axis=1), 0, 1), Y)
TASK = networks.Task("toy", 45, 15, 20, 3, 40, 0.05)


def test_stable_arrays():
    found = synthetic.table(3, (1.5, 2.0), 4000)
    assert found["index"][0] < 1.7 < found["index"][1]
    assert found["prunable"][0] > 0.4 > 0.3 > found["prunable"][1]
    curve = synthetic.curve(0, 6, 40, 1.2, 2.0)
    assert curve["alphas"] == sorted(curve["alphas"])
    assert max(curve["layer"]["prunable"]) < 0.35 < max(curve["independent"]["prunable"])
    assert np.shape(curve["columns"]["index"]) == (6,)


def test_chains_and_their_theory():
    found = regression.chains(1, 0.5, 3, 4, 300, 40)
    w = sgd_chains(0.5, 3, 4, n_chains=300, steps=40, key=(1, 3))
    assert found["hill"] == hill_index(w, top=0.01, centre=False).value
    assert (found["index"], found["prunable"]) == (heaviness_index(w, key=1).value, prunable_ratio(w))
    lengths = np.linalg.norm(w, axis=1)
    assert found["spread"] == pytest.approx(lengths.max() / np.median(lengths))
    theory = regression.theory([(0.5, 3)], 4, (0.01, 0.5), (3,))
    assert theory["index"] == [theoretical_index(0.5, 3, 4)]
    assert theory["curves"] == [[regression.MOST, theoretical_index(0.5, 3, 4)]]
    drawn = regression.drawn(0, [(0.7, 3)], 4, 60_000)["index"][0]
    assert drawn == pytest.approx(theoretical_index(0.7, 3, 4), rel=0.05)
    place = regression.threshold(0, 3, 4, (0.7, 0.75, 0.8), 20_000)
    assert place["rate"] == pytest.approx(2 / (1 + 5 / 3), rel=0.03)


def test_passes_are_the_steps_of_the_trainer():
    rows = networks.rows_of(TASK, DATA)
    first = [jnp.stack(w) for w in zip(*[networks.start(s, (12, 20, 3)) for s in (4, 7)], strict=True)]
    some = passes(first, rows.x, rows.y, 0.2, 4, (4, 7))
    (_, mean), (params, _) = next(some), next(some)
    run = train(
        apply, first, rows.x, rows.y, Recipe(2, 4, 0.2, momentum=0.0), seeds=(4, 7), at=range(1, 12), snapshots=True
    )
    for ours, theirs in zip(params, run.params, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for ours, theirs in zip(mean, [np.mean(w, axis=0) for w in zip(*run.snapshots, strict=True)], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_networks_are_trained_until_they_fit(monkeypatch):
    monkeypatch.setattr(networks, "AVERAGED", 9)  # one pass
    found = networks.trained(TASK, DATA, 0.3, 5, (0, 1))
    assert found["converged"] == [True, True]
    assert found["steps"] % 45 == 0  # nine steps a pass, looked at every fifth one
    assert found["steps"] < 40 * 9
    assert found["weights"] == 12 * 20 + 20 * 20 + 20 * 3
    stop = found["stop"]
    assert np.shape(stop["index"]) == np.shape(stop["prunable"]) == (2, 3)
    counts = np.array([240, 400, 60])
    assert stop["kept"][1] == pytest.approx(1 - counts @ np.array(stop["prunable"][1]) / 700)
    assert min(stop["train"]) == 1.0
    assert max(stop["loss"]) < 2 * TASK.loss < min(found["early"]["loss"])
    for kind in networks.KINDS:
        assert stop["pruned"][0][kind][0] == stop["test"][0]
    never = networks.trained(networks.Task("toy", 45, 15, 20, 0, 5, 1e-9), DATA, 0.01, 5, (0,))
    assert (never["converged"], never["steps"]) == ([False], 45)


def test_pruned_networks_are_those_of_their_layers():
    params = networks.start(0, (12, 20, 3))
    thin = networks._pruned(params, 0.5, "node")
    assert [w.shape for w in thin] == [(12, 20), (20, 3)]
    same = (thin[0] == np.median(params[0], axis=1)[:, None]).all(axis=0)
    assert same.sum() == 10  # whole units of the first layer
    assert (thin[1] == np.median(params[1], axis=0)).all(axis=1).sum() == 10  # and what leaves units in the last


def test_noise_makes_heavy_weights():
    rows = networks.rows_of(TASK, DATA)
    heavy, normal = (noise.noisy((0, 1), rows, alpha, (30,), 0.1, 0.3, 10) for alpha in (1.2, 2.0))
    for name in ("prunable", "magnitude", "node", "test", "after"):
        assert np.shape(heavy[name]) == (2, 1)
    assert np.min(heavy["prunable"]) > np.max(normal["prunable"])
    assert heavy["prunable"][0] != heavy["prunable"][1]
    assert np.max(heavy["magnitude"]) < np.min(normal["magnitude"])

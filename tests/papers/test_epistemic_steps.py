"""The measurements behind the claims about epistemic uncertainty, at tiny size."""

import numpy as np
import pytest

from limes.beyond.posterior import PopulationPosterior, product_variance
from limes.core.errors import InputError
from limes.papers.epistemic import chambers, cones, ensembles, posterior, toy

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.mark.slow
def test_two_neurons_that_learn_one():
    few = {"chains": 2, "warmup": 60, "draws": 150, "doublings": 6}
    found = posterior.measured([0, 1], 2, 200, **few)
    assert np.shape(found["parts"]) == (2, 3)
    np.testing.assert_allclose(np.sum(found["parts"], axis=1), found["weights"], rtol=1e-9)
    assert np.sum(found["histogram"]) == pytest.approx(posterior.BINS)
    assert found["low"] == pytest.approx(4 / 200**0.5)
    assert all(0.5 < value < 6 for value in found["scaled"])
    assert set(found["mixing"]) == {"function", "sums", "weights"}
    more = posterior.measured([0, 1], 2, 3200, **few)  # compiled once
    assert np.mean(more["scaled"]) / 3200 < 0.2 * np.mean(found["scaled"]) / 200
    assert np.mean(more["weights"]) > 0.5 * np.mean(found["weights"])


def test_thin_cones_have_the_law_and_their_shares_are_positive():
    found = cones.measured([0, 1], 2, 256, "thin", chains=2, warmup=80, draws=400)
    assert found["half_angle"] == 1 / 32
    effective = found["mixing"]["ess"] / 2
    assert max(found["distance"]) < 1.95 / effective**0.5
    assert np.mean(found["spread"]) == pytest.approx(1 / 16, abs=0.015)


def test_a_share_outside_of_its_cone_is_refused(monkeypatch):
    monkeypatch.setattr(cones, "shares", lambda neurons, direction: -np.ones(neurons.shape[:-1]))
    with pytest.raises(InputError, match="against the truth"):
        cones.measured([0], 2, 256, "thin", chains=2, warmup=2, draws=4)


@pytest.mark.slow
def test_chains_stay_where_they_start():
    found = chambers.measured([0, 1], 2, 2, 500, chains=4, warmup=60, draws=60)
    assert max(found["switches"]) == 0
    assert min(one["weights"]["rhat"] for one in found["mixing"]) > 1.1
    assert all(a < b for a, b in zip(found["within"], found["weights"], strict=True))


def test_an_ensemble_and_its_members_continued():
    sizes = {"members": 4, "steps": 300, "warmup": 30, "draws": 40}
    found = ensembles.population([0, 1], 2, 1, 2, 200, continued=2, **sizes)
    for entry in (*found["ensemble"], *found["sampled"]):
        assert entry["discrete"] + entry["continuous"] == pytest.approx(entry["weights"])
        assert min(entry.values()) >= 0
    totals = [entry["weights"] for entry in found["sampled"]]
    np.testing.assert_allclose(np.sum(found["parts"], axis=1), totals, rtol=1e-9)
    assert found["ensemble"][0] != found["ensemble"][1]


@pytest.mark.slow
def test_methods_on_data():
    found = ensembles.data([0], 2, 1, 2, 60, members=2, steps=200, warmup=30, draws=40, langevin=50)
    assert set(found["methods"]) == set(ensembles.METHODS)
    for method, (entry,) in found["methods"].items():
        assert 0 <= entry["covered"] <= 1
        assert entry["variance"] >= 0
        assert entry["error"] < 2
        assert ("weights" in entry) == (method != "ntk-gp")
    assert set(found["mixing"]) == {"nuts", "sgld"}


def test_the_toy():
    found = toy.gated(4, 3, (0, 100))
    exact = product_variance(100, 4, prior=toy.PRIOR)
    assert (found["function"][1], found["weights"][1]) == (exact.function, exact.weights)
    found = toy.chain(0, (2, 3), 200_000)
    for depth, function, weights in zip((2, 3), found["function"], found["weights"], strict=True):
        assert function == pytest.approx(toy.PRIOR**depth, rel=0.05)
        assert weights == pytest.approx(depth * toy.PRIOR, rel=0.01)
    assert float(PopulationPosterior(posterior.truth(3, 2), 1.0).log_density(posterior.truth(3, 2))) == -2.0

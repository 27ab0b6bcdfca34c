"""Samplers, ensembles and certificates: against laws that are known, and draws of the prior."""

import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest
from scipy.stats import kstest

from limes.beyond.posterior import (
    DataPosterior,
    PopulationPosterior,
    distance_from_split_law,
    fit_exponent,
    mean_root,
    mixing,
    nuts,
    respond,
    sgld,
    shares,
    split,
    split_law,
    train_ensemble,
    within_cones,
)
from limes.core.errors import InputError, MissingPackage, NumericalError

pytestmark = pytest.mark.usefixtures("quick_compilation")
TRUTH = np.array([[1.0, 0.0, 1.0]])


@partial(jax.tree_util.register_dataclass, data_fields=["mean", "scale"], meta_fields=[])
@dataclass(frozen=True)
class _Normal:
    mean: Any
    scale: Any

    def log_density(self, w):
        return -(((w - self.mean) / self.scale) ** 2).sum() / 2


@partial(jax.tree_util.register_dataclass, data_fields=["least"], meta_fields=[])
@dataclass(frozen=True)
class _Nowhere:
    least: Any

    def log_density(self, w):
        return jax.numpy.where(w > self.least, 0.0, -np.inf).sum()


def _error(values):
    """Standard error of the mean over chains."""
    return values.std() / np.sqrt(mixing(values).ess)


def test_chains_of_their_own_targets_have_their_laws():
    mean, scale = np.array([[1.0, -2.0], [1.0, -2.0], [5.0, 0.0], [5.0, 0.0]]), np.array([1.0, 1.0, 0.1, 0.1])
    found = nuts(_Normal(mean, scale[:, None]), mean, key=1, warmup=200, draws=400, each=True)
    assert found.draws.shape == (4, 400, 2)
    assert found.steps.min() >= 1
    for one in (slice(0, 2), slice(2, 4)):
        draws, middle, width = found.draws[one], mean[one][0], scale[one][0]
        for k in range(2):
            values = draws[..., k]
            assert abs(values.mean() - middle[k]) < 5 * _error(values)
            squares = ((values - middle[k]) / width) ** 2
            assert abs(squares.mean() - 1) < 5 * _error(squares)
    assert mixing(found.draws[:2], found.divergent[:2]).certified
    assert not mixing(found.draws).certified  # two of one law, two of another
    assert found.step_size.shape == (4,)


def test_langevin_dynamics():
    # one example, five times: a batch of 2 has the gradient of all, and the only error is that of the step
    x, y = np.full((5, 1), 0.8), np.full(5, 1.0)
    target = DataPosterior(x, y, noise=2.0)
    found = sgld(target, np.ones((8, 1, 2)), step_size=0.01, batch=2, warmup=500, draws=600, every=20)
    prior = np.random.default_rng(1).standard_normal((100_000, 1, 2))
    logs = -((1.0 - respond(prior, x[:1])[:, 0]) ** 2) * 5 / 4
    weights = np.exp(logs)
    for function in (lambda w: respond(w, x[:1])[..., 0], lambda w: (w**2).sum((-1, -2))):
        mean = np.average(function(prior), weights=weights)
        drawn = function(found)
        assert abs(drawn.mean() - mean) < 5 * _error(drawn) + 0.01 * abs(mean)
    with pytest.raises(NumericalError, match="lower it"):
        sgld(DataPosterior(x, 1e9 * y), np.ones((1, 1, 2)), step_size=10.0, warmup=500, draws=2)
    with pytest.raises(InputError, match="step_size above 0"):
        sgld(target, np.ones((1, 1, 2)), step_size=0.0)


def test_ensembles_end_where_the_slope_is_nothing():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 50, 2))
    y = np.stack([respond(TRUTH, row) for row in x]) + 0.1 * rng.standard_normal((2, 50))
    starts = np.array([1.0, 0.1, 1.0]) + 0.1 * rng.standard_normal((2, 1, 3))
    found = train_ensemble(DataPosterior(x, y), starts, steps=500, each=True)
    for net, inputs, outputs in zip(found, x, y, strict=True):
        target = DataPosterior(inputs, outputs)
        here = float(target.log_density(net))
        for step in np.concatenate([np.eye(3), -np.eye(3)]):
            assert float(target.log_density(net + 1e-2 * step)) < here
    with pytest.raises(InputError, match="learning_rate"):
        train_ensemble(DataPosterior(x[0], y[0]), starts, learning_rate=0.0)


def test_certificates_tell_what_speaks_against_them():
    draws = np.random.default_rng(0).standard_normal((4, 1000, 2))
    found = mixing(draws)
    assert found.certified
    assert found.rhat < 1.01
    assert 3000 < found.ess < 5000
    assert not mixing(draws, np.full((4, 1000), True)).certified
    assert not mixing(np.cumsum(draws, axis=1)).certified
    stuck = mixing(np.where(np.arange(2) == 0, draws, 1.0))
    assert stuck.ess == 0
    assert stuck.rhat == np.inf
    assert "not shown to have mixed" in str(stuck)
    for wrong in (draws[0, 0], draws[:1], draws[:, :3], np.full((2, 5), np.nan)):
        with pytest.raises(InputError):
            mixing(wrong)


def test_the_law_of_shares_is_that_of_points_in_a_cone():
    """By the definition: uniform points of two cones whose squared lengths add up to nearly 1; p = 2."""
    rng = np.random.default_rng(0)
    points = rng.uniform([-0.21, -0.21, 0.0], [0.21, 0.21, 1.02], (2, 2_000_000, 3))
    lengths = np.linalg.norm(points, axis=-1)
    inside = (points[..., 2] > np.cos(0.2) * lengths).all(0)
    squares = lengths[:, inside] ** 2
    c = squares[0][abs(squares.sum(0) - 1) < 0.02]
    c = c / (c + squares[1][abs(squares.sum(0) - 1) < 0.02])
    assert len(c) > 1000
    assert distance_from_split_law(c, 2, 2) < 1.95 / np.sqrt(len(c))  # 0.1 % beyond
    assert kstest(c, "uniform").pvalue < 1e-3
    law = rng.dirichlet([2.0] * 3, 200_000)[:, 0]
    assert split_law(3, 3) == (2.0, 4.0)
    assert abs(np.sqrt(law).mean() - mean_root(3, 3)) < 5 * np.sqrt(law).std() / np.sqrt(200_000)


def test_exponents_and_shares():
    rng = np.random.default_rng(0)
    for e in (-0.8, 0.0, 2.0):
        c = rng.beta(e + 1, e + 1, 40_000)
        assert abs(fit_exponent(c, 0.02) - e) < 0.06
    uniform = rng.uniform(size=40_000)
    assert abs(fit_exponent(uniform, 0.05, (uniform * (1 - uniform)) ** 1.5) - 1.5) < 0.1
    wide = split(TRUTH, (0, 0), (0.3, 0.7))
    np.testing.assert_allclose(shares(wide, TRUTH[0, :2]), (0.3, 0.7))
    for wrong in (partial(fit_exponent, uniform, 0.7), partial(fit_exponent, np.zeros(3), 0.1)):
        with pytest.raises(InputError, match="window"):
            wrong()
    with pytest.raises(InputError, match="between 0 and 1"):
        distance_from_split_law(np.array([1.5]), 2, 2)
    with pytest.raises(InputError, match="between 0 and 1"):
        distance_from_split_law(np.array([0.5, np.nan]), 2, 2)
    with pytest.raises(InputError, match="finite"):
        fit_exponent(np.array([0.5, 0.4, np.nan]), 0.1)
    with pytest.raises(InputError, match="fits best"):
        fit_exponent(np.full(9, 0.5), 0.1)
    for weights in (np.zeros(40_000), np.full(40_000, np.nan), np.ones(3)):
        with pytest.raises(InputError, match="weights"):
            fit_exponent(uniform, 0.1, weights)
    with pytest.raises(InputError, match="group"):
        split_law(2, 1)


@pytest.mark.slow
def test_a_thin_cone_gives_the_law():
    target = within_cones(PopulationPosterior(TRUTH, n=256), TRUTH, (0, 0), 0.02)
    found = nuts(target, 0.1 * np.random.default_rng(0).standard_normal((4, 2, 3)), key=3, warmup=200, draws=500)
    c = shares(target.neurons(found.draws), TRUTH[0, :2])
    assert (c > 0).all()
    assert distance_from_split_law(c[..., 0], 2, 2) < 1.95 / np.sqrt(mixing(c[..., 0]).ess)


def test_without_the_sampler(monkeypatch):
    monkeypatch.setitem(sys.modules, "blackjax", None)
    with pytest.raises(MissingPackage, match=r"pip install 'limes\[beyond\]'"):
        nuts(_Normal(0.0, 1.0), np.zeros((2, 1)))


def test_wrong_settings_are_refused():
    with pytest.raises(InputError, match="acceptance"):
        nuts(_Normal(0.0, 1.0), np.zeros((2, 1)), acceptance=1.0)
    with pytest.raises(InputError, match="not finite"):
        nuts(_Normal(0.0, 1.0), np.full((2, 1), np.nan))
    with pytest.raises(InputError, match="vanishes"):  # with nothing but zeros a chain would stay, and not tell
        nuts(_Nowhere(0.0), np.zeros((2, 1)), warmup=1, draws=1)

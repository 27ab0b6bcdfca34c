"""The measurements behind the claims about neural temporal differences, at tiny size."""

import numpy as np
import pytest

from limes.beyond import td
from limes.papers.neural_td import bounds, control, environments, problem, runs


@pytest.fixture(autouse=True)
def _small_chains(monkeypatch):
    monkeypatch.setattr(problem, "STATES", 12)


def test_a_scan_is_made_of_runs():
    found = runs.scan(1, 32, (50, 400))
    process, net = problem.chain(1), problem.network(32, 1)
    run = td.learn(process, net, 400, seed=1)
    q, fixed = run.values[0], td.projected_fixed_point(process, net)
    mu, v = process.stationary, process.value
    assert found["averaged_value"][1] == pytest.approx(mu @ (q - v) ** 2 / (mu @ v**2))
    assert found["last_fixed"][1] == pytest.approx(mu @ (run.last_values[0] - fixed.values) ** 2 / (mu @ v**2))
    assert found["gap"][1] == pytest.approx(np.sqrt(mu @ (q - run.linear_values[0]) ** 2))
    assert found["averaged_value"][1] < found["averaged_value"][0]
    assert found["fixed_error"] == pytest.approx(process.relative_error(fixed.values))
    assert (found["steps"], found["projected"]) == ([50, 400], [0.0, 0.0])


def test_a_small_ball_binds_and_a_large_one_does_not():
    found = runs.balls(0, 32, 500, (0.3, 10.0))
    assert found["projected"][0] > 0.3 > found["projected"][1] == 0
    assert found["movement"][0] == pytest.approx(0.3)
    assert found["fixed_error"][0] > found["fixed_error"][1]
    assert max(found["fixed_residual"]) < 1e-9
    process = problem.chain(0)
    small = td.projected_fixed_point(process, problem.network(32, 0), 0.3).values
    mu, v = process.stationary, process.value
    assert found["fixed_square"][0] == pytest.approx(mu @ small**2 / (mu @ v**2))


def test_trajectories_and_their_chains():
    found = runs.markov(0, 32, (100, 300), (0.0, 0.9))
    assert found["mixing"][1] > 4 * found["mixing"][0]
    assert np.shape(found["trajectory"]["averaged_value"]) == (2, 2)
    process, net = problem.chain(0), problem.network(32, 0)
    run = td.learn(process, net, 300, sampling="trajectory", stay=0.9)
    assert found["trajectory"]["averaged_value"][1][1] == pytest.approx(process.relative_error(run.values[0]))
    assert found["independent"]["averaged_value"][1] == runs.scan(0, 32, (300,))["averaged_value"][0]


def test_monotonicity_is_that_of_the_least_draw():
    found = runs.monotonicity(0, 16, 40)
    assert 0 <= found["excess"] <= found["median"]


def test_sides_of_the_bounds():
    found = bounds.sides(0, 16, (20, 60), (0.5, 1.0))
    process, net = problem.chain(0), problem.network(16, 0)
    fixed = td.projected_fixed_point(process, net).values
    run = td.descend_population(process, net, 60)
    assert found["population"][1] == pytest.approx(process.stationary @ (run.values[0] - fixed) ** 2)
    mu = process.stationary
    squares = found["fixed_square"], found["value_square"]
    assert squares == pytest.approx((mu @ fixed**2, mu @ process.value**2))
    assert found["population_bound"] == pytest.approx([1600 / (0.09 * t) for t in (20, 60)])
    for name in ("stochastic", "value"):
        assert all(e < b for e, b in zip(found[name], found[f"{name}_bound"], strict=True))
    assert found["variance"][0] >= td.semigradient_variance(process, net, net.weights)
    assert all(m <= f <= m / 0.3 for m, f in zip(found["misfit"], found["fixed"], strict=True))


def test_control_is_measured_against_the_optimal_values():
    found = control.q_learning(0, 32, (50, 400), 5, 2)
    mdp = td.random_decisions(5, 2, 8, discount=0.7, seed=0)
    run, exact = td.q_learn(mdp, problem.network(32, 0), 400), mdp.optimal_values().ravel()
    mu, q = mdp.under().stationary, run.values[0]
    backed = mdp.backup(q.reshape(5, 2)).ravel()
    assert found["hard"]["averaged_value"][1] == pytest.approx(mu @ (q - exact) ** 2 / (mu @ exact**2))
    assert found["hard"]["bellman"][1] == pytest.approx(mu @ (q - backed) ** 2 / (mu @ exact**2))
    assert found["hard"]["bias"][1] == pytest.approx(mu @ (q - exact) / np.sqrt(mu @ exact**2))
    assert found["soft"]["averaged_value"] != found["hard"]["averaged_value"]


def test_environments_are_measured_in_units_of_their_values():
    pytest.importorskip("gymnasium", reason="environments need gymnasium")
    found = environments.measured(0, "FrozenLake-v1", 16, (30, 200))
    for kind in ("coordinates", "random", "control"):
        assert 0.5 < found[kind]["averaged_value"][1] < found[kind]["averaged_value"][0] < 1.01
    assert found["coordinates"]["fixed_error"] < 0.1
    assert found["pairs"] == 48

"""Chains, decision processes, environments and samples: against series, enumeration and simulation."""

import itertools

import numpy as np
import pytest

from limes.beyond import td
from limes.core.errors import InputError, MissingPackage, NumericalError


def test_stationary_distribution_is_what_long_runs_have():
    process = td.random_process(7, 3, discount=0.5, concentration=0.5, seed=1)
    long = np.linalg.matrix_power(process.transitions, 4096)
    np.testing.assert_allclose(process.stationary, long[0], rtol=1e-9)
    transient = [[0.2, 0.8, 0.0], [0.0, 0.5, 0.5], [0.0, 1.0, 0.0]]
    np.testing.assert_allclose(td.stationary_distribution(transient), [0, 2 / 3, 1 / 3], rtol=1e-12)


def test_rare_states_are_as_precise_as_others():
    e = 1e-14
    mu = td.stationary_distribution([[1 - e, e], [1.0, 0.0]])
    np.testing.assert_allclose(mu, [1 / (1 + e), e / (1 + e)], rtol=1e-14)


@pytest.mark.parametrize("stay", [0.0, 0.5, 0.93])
def test_mixing_time_is_the_first_close_power(stay):
    process = td.random_process(9, 3, discount=0.5, concentration=0.3, seed=2)
    slow = td.lazy(process.transitions, stay)
    np.testing.assert_allclose(td.stationary_distribution(slow), process.stationary, rtol=1e-9)
    power, steps = slow, 1
    while np.abs(power - process.stationary).sum(axis=1).max() / 2 > 0.25:
        power, steps = power @ slow, steps + 1
    assert td.mixing_time(slow) == steps


def test_value_is_the_discounted_sum_of_rewards():
    rng = np.random.default_rng(0)
    p, r = rng.dirichlet(np.ones(5), 5), rng.standard_normal((5, 5))
    gamma = np.array([0.9, 0.0, 0.5, 0.8, 0.9])
    process = td.RewardProcess(p, r, gamma, np.eye(5))
    total, reach = np.zeros(5), np.eye(5)
    for _ in range(400):
        total += reach @ (p * r).sum(axis=1)
        reach = reach @ (gamma[:, None] * p)
    np.testing.assert_allclose(process.value, total, rtol=1e-10)
    np.testing.assert_allclose(process.bellman(process.value), process.value, rtol=1e-10)
    v = rng.standard_normal((2, 5))
    slow = [[sum(p[i, j] * (r[i, j] + gamma[i] * row[j]) for j in range(5)) for i in range(5)] for row in v]
    np.testing.assert_allclose(process.bellman(v), slow, rtol=1e-12)
    errors = (v - np.array(slow)) ** 2 @ process.stationary / (process.stationary @ total**2)
    np.testing.assert_allclose(process.bellman_error(v), errors, rtol=1e-9)
    assert process.relative_error(np.zeros(5)) == pytest.approx(1.0)


def test_samples_have_the_frequencies_of_the_process():
    """Each pair (s, s') within five standard errors, of independent draws."""
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.full(4, 0.5), 4)
    process, n = td.RewardProcess(p, rng.standard_normal((4, 4)), 0.5, np.eye(4)), 40_000
    found = td.independent(process, n, rng)
    joint = process.stationary[:, None] * p
    counts = np.zeros((4, 4))
    np.add.at(counts, (found.states, found.followers), 1)
    assert (np.abs(counts / n - joint) < 5 * np.sqrt(joint / n) + 1e-12).all()
    np.testing.assert_array_equal(found.rewards, process.rewards[found.states, found.followers])


@pytest.mark.parametrize("stay", [0.0, 0.8])
def test_a_trajectory_is_one(stay):
    """Moves by P, stays as often as it should, and followers by P whatever comes next; five standard errors."""
    process = td.random_process(3, 3, discount=0.5, concentration=1.0, seed=4)
    n = 40_000
    found = td.trajectory(process, n, np.random.default_rng(5), stay=stay)
    if stay == 0:
        np.testing.assert_array_equal(found.followers[:-1], found.states[1:])
    following = td.lazy(process.transitions, stay)
    for s in range(3):
        at = np.flatnonzero(found.states[:-1] == s)
        for chosen, expected in ((found.states[at + 1], following[s]), (found.followers[at], process.transitions[s])):
            share = np.bincount(chosen, minlength=3) / len(at)
            assert (np.abs(share - expected) < 5 * np.sqrt(expected / len(at))).all()
    if stay:
        both = np.mean(found.followers[:-1] == found.states[1:])
        moved = td.lazy(process.transitions, stay)
        chance = process.stationary @ (process.transitions * moved).sum(axis=1)
        assert abs(both - chance) < 5 / np.sqrt(n)


def _mdp():
    rng = np.random.default_rng(6)
    p, r = rng.dirichlet(np.full(3, 0.7), (3, 2)), rng.standard_normal((3, 2, 3))
    return td.DecisionProcess(p, r, np.array([0.9, 0.8, 0.9]), np.eye(6).reshape(3, 2, 6))


def test_pairs_under_a_policy():
    mdp = _mdp()
    policy = np.array([[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]])
    pairs = mdp.under(policy)
    for (s, a), (t, b) in itertools.product(np.ndindex(3, 2), np.ndindex(3, 2)):
        assert pairs.transitions[2 * s + a, 2 * t + b] == pytest.approx(mdp.transitions[s, a, t] * policy[t, b])
        assert pairs.rewards[2 * s + a, 2 * t + b] == mdp.rewards[s, a, t]
    assert pairs.discount.tolist() == [0.9, 0.9, 0.8, 0.8, 0.9, 0.9]
    np.testing.assert_allclose(mdp.under().value.reshape(3, 2), mdp.optimal_values(beta=0.0), rtol=1e-9)


def test_optimal_values_are_the_best_of_all_policies(monkeypatch):
    mdp = _mdp()
    values = [mdp.under(np.eye(2)[list(choice)]).value for choice in itertools.product(range(2), repeat=3)]
    best = np.max(values, axis=0).reshape(3, 2)
    np.testing.assert_allclose(mdp.optimal_values(), best, rtol=1e-9)
    soft = [mdp.optimal_values(beta=beta) for beta in (1.0, 10.0, 1e4)]
    assert (np.diff([mdp.optimal_values(beta=0.0), *soft, best], axis=0) > -1e-9).all()
    np.testing.assert_allclose(soft[-1], best, atol=1e-2)
    np.testing.assert_allclose(mdp.backup(soft[0], 1.0), soft[0], rtol=1e-9)
    q = np.array([0.3, -0.2, 1.0])
    assert td.soft_maximum(q, 2.0) == pytest.approx(np.log(np.mean(np.exp(2 * q))) / 2, rel=1e-12)
    slow = td.DecisionProcess(mdp.transitions, mdp.rewards, 1 - 1e-9, mdp.features)
    monkeypatch.setattr("limes.beyond.td.decisions._SWEEPS", 10)
    with pytest.raises(NumericalError, match="lower discount"):
        slow.optimal_values()


def test_frozen_lake_is_what_its_environment_plays():
    """The value of the first state under the uniform policy: the mean over simulated episodes, five standard errors."""
    gymnasium = pytest.importorskip("gymnasium", reason="environments need gymnasium")
    lake, gamma = td.from_gymnasium("FrozenLake-v1", discount=0.95), 0.95
    exact = lake.under().value.reshape(-1, 4)
    environment, rng = gymnasium.make("FrozenLake-v1").unwrapped, np.random.default_rng(7)
    returns = []
    for episode in range(3000):
        environment.reset(seed=episode)
        t, ended = 0, False
        while not ended:
            _, reward, ended, _, _ = environment.step(int(rng.integers(4)))
            t += 1
        returns.append(gamma ** (t - 1) * reward)
    error = np.std(returns) / np.sqrt(len(returns))
    assert abs(np.mean(returns) - exact[0].mean()) < 5 * error
    assert exact[-1].tolist() == [0.0] * 4
    assert lake.under().stationary.min() > 0


def test_cliff_walking_takes_thirteen_steps_at_best():
    pytest.importorskip("gymnasium", reason="environments need gymnasium")
    cliff = td.from_gymnasium("CliffWalking-v1", discount=0.9)
    assert cliff.transitions.shape == (38, 4, 38)  # 48 cells less 10 of cliff, which is never entered, goal as the end
    first = np.flatnonzero(cliff.transitions[-1, 0])
    assert cliff.optimal_values()[first].max() == pytest.approx(-(1 - 0.9**13) / 0.1, rel=1e-9)


def test_a_table_with_two_outcomes_that_lead_to_one_state():
    table = {0: {0: [(0.5, 0, 2.0, False), (0.25, 0, 4.0, True), (0.25, 1, 0.0, True)]}, 1: {0: [(1.0, 1, 9.0, False)]}}
    found = td.from_table(table, [1.0, 0.0], discount=0.5)
    np.testing.assert_allclose(found.transitions[:, 0], [[0.5, 0.5], [1.0, 0.0]])
    np.testing.assert_allclose(found.rewards[:, 0], [[2.0, 2.0], [0.0, 0.0]])
    assert found.under().value == pytest.approx([2 / (1 - 0.25), 0.0])  # v = 2 + v / 4
    given = td.from_table(table, [1.0, 0.0], discount=0.5, features=np.ones((3, 1, 1)))
    assert given.features.shape == (2, 1, 1)


def test_an_environment_without_gymnasium_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gymnasium", None)
    with pytest.raises(MissingPackage, match=r"pip install 'limes\[beyond\]'"):
        td.from_gymnasium("FrozenLake-v1", discount=0.9)


def _process(p, r, gamma, x):
    return lambda: td.RewardProcess(p, r, gamma, x)


def _leads_to(following):
    return lambda: td.from_table({0: {0: [(1.0, following, 0.0, False)]}}, [1.0], discount=0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: td.stationary_distribution(np.eye(2)), "2 closed classes"),
        (lambda: td.stationary_distribution(np.ones((2, 3)) / 3), r"square, not \(2, 3\)"),
        (lambda: td.mixing_time([[0.0, 1.0], [1.0, 0.0]], most=64), "may be periodic"),
        (lambda: td.lazy(np.eye(2), 1.0), "below 1, not 1.0"),
        (_process(np.ones((2, 2)), [0, 0], 0.5, np.eye(2)), "one misses it by 1"),
        (_process([[np.nan, 1], [0, 1]], [0, 0], 0.5, np.eye(2)), "missing, negative or NaN"),
        (_process(np.eye(2), [0, 0, 0], 0.5, np.eye(2)), r"rewards \(3,\)"),
        (_process(np.eye(2), [0, np.inf], 0.5, np.eye(2)), "rewards must be finite"),
        (_process(np.eye(2), [0, 0], 1.0, np.eye(2)), r"in \[0, 1\)"),
        (_process(np.eye(2), [0, 0], 0.5, 2 * np.eye(2)), "one misses it by 1"),
        (_process(np.eye(2), [0, 0], 0.5, np.eye(3)), r"features of shape \(3, 3\)"),
        (lambda: td.DecisionProcess(np.ones((2, 2, 2)) / 2, np.ones(2), 0.5, np.ones((2, 2, 1))), r"rewards \(2,\)"),
        (lambda: _mdp().under(np.ones((2, 2)) / 2), r"\(3, 2\), not \(2, 2\)"),
        (lambda: _mdp().backup(np.zeros((3, 2)), -1.0), "beta is at least 0"),
        (lambda: td.random_process(0, 3, discount=0.5), "positive, not 0, 3"),
        (lambda: td.random_decisions(3, 2, 3, discount=0.5, concentration=0.0), "positive, not 3, 2, 3 and 0.0"),
        (lambda: td.from_table({1: {0: []}}, [1.0], discount=0.5), "numbered from 0"),
        (lambda: td.from_table({0: {0: []}}, [1.0, 0.0], discount=0.5), "over 1 states"),
        (_leads_to(1), "action 0 in state 0 leads to state 1: states are 0 to 0"),
        (_leads_to(-1), "leads to state -1"),
        (_leads_to(7), "leads to state 7"),
        (_process(1.0, [0.0], 0.5, np.eye(1)), r"transitions \(\)"),
        (lambda: _process(np.ones((1, 1)), [0.0], 0.5, np.eye(1))().relative_error(np.ones(1)), "exact value is 0"),
        (lambda: _process(np.ones((1, 1)), [0.0], 0.5, np.eye(1))().bellman_error(np.ones(1)), "exact value is 0"),
        (
            lambda: td.from_table({0: {0: [(1.0, 0, 0.0, True)]}}, [1.0], discount=0.5, features=np.ones((1, 1, 2))),
            "last",
        ),
        (lambda: td.trajectory(td.random_process(3, 2, discount=0.5), 5, np.random.default_rng(0), stay=1.5), "1.5"),
        (lambda: td.independent(td.random_process(3, 2, discount=0.5), -1, np.random.default_rng(0)), "not -1"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [("NoSuchLake-v1", {}, "makes no environment"), ("CartPole-v1", {}, "has no transition table")],
)
def test_environments_that_do_not_do(name, options, message):
    pytest.importorskip("gymnasium", reason="environments need gymnasium")
    with pytest.raises(InputError, match=message):
        td.from_gymnasium(name, discount=0.9, **options)

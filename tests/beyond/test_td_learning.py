"""Semigradient steps, their population, and the projected fixed point: against loops and other solvers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

import limes as lm
from limes.beyond import td
from limes.core.errors import InputError, NumericalError


def _process(n=6, d=3, seed=0, gamma=0.6):
    rng = np.random.default_rng([seed, n])
    x = rng.standard_normal((n, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return td.RewardProcess(rng.dirichlet(np.ones(n), n), rng.standard_normal((n, n)), gamma, x)


def _q(w, signs, x):
    return sum(b * max(float(row @ x), 0.0) for b, row in zip(signs, w, strict=True)) / np.sqrt(len(signs))


def _slow(features, samples, discounts, net, rates, radius, backup):
    """Algorithms 1 and 2, one number after the other; `backup` of the weights and the follower."""
    w, iterates, projected = net.weights.copy(), [net.weights.copy()], 0
    for s, t, r, rate in zip(samples.states, samples.followers, samples.rewards, rates, strict=True):
        delta = _q(w, net.signs, features[s]) - r - discounts[s] * backup(w, t)
        moved = w.copy()
        for k in range(net.width):
            if w[k] @ features[s] > 0:
                moved[k] -= rate * delta * net.signs[k] * features[s] / np.sqrt(net.width)
        size = np.linalg.norm(moved - net.weights)
        if size > radius:
            moved, projected = net.weights + (moved - net.weights) * radius / size, projected + 1
        w = moved
        iterates.append(w)
    return np.mean(iterates, axis=0), w, projected


@pytest.mark.parametrize("radius", [0.2, 50.0])
def test_steps_are_those_of_the_algorithm(radius):
    process, rng = _process(), np.random.default_rng(1)
    net = td.TwoLayerNet.draw(5, 3, antisymmetric=False, seed=2)
    samples, rates = td.independent(process, 40, rng), rng.uniform(0.1, 0.5, 40)
    gamma = np.array([0.6, 0.0, 0.6, 0.3, 0.6, 0.6])
    found = td.descend(process.features, samples, gamma, net, rate=rates, radius=radius, at=(0, 15, 40))
    mean, last, projected = _slow(
        process.features, samples, gamma, net, rates, radius, lambda w, t: _q(w, net.signs, process.features[t])
    )
    np.testing.assert_allclose(found.averaged[-1], mean, atol=1e-12)
    np.testing.assert_allclose(found.last[-1], last, atol=1e-12)
    np.testing.assert_array_equal(found.averaged[0], net.weights)
    assert (found.projected, found.projected > 0) == (projected, radius < 1)
    assert found.at.tolist() == [0, 15, 40]
    assert found.movement[-1] == pytest.approx(np.linalg.norm(last - net.weights), rel=1e-9)
    short = td.Samples(samples.states[:15], samples.followers[:15], samples.rewards[:15])
    part = td.descend(process.features, short, gamma, net, rate=rates[:15], radius=radius)
    np.testing.assert_allclose(part.averaged[0], found.averaged[1], atol=1e-12)


@pytest.mark.parametrize("beta", [np.inf, 3.0, 0.0])
def test_q_learning_steps_are_those_of_the_algorithm(beta):
    mdp = td.random_decisions(4, 3, 3, discount=0.8, concentration=1.0, seed=3)
    net = td.TwoLayerNet.draw(6, 3, antisymmetric=False, seed=1)
    policy = np.array([[0.5, 0.3, 0.2]] * 4)
    found = td.q_learn(mdp, net, 50, policy=policy, beta=beta, radius=0.5, rate=0.3, seed=4)
    pairs = mdp.under(policy)
    samples = td.independent(pairs, 50, np.random.default_rng([4, 50]))

    def backup(w, row):
        q = np.array([_q(w, net.signs, mdp.features[row // 3, a]) for a in range(3)])
        if beta == 3.0:
            return np.log(np.mean(np.exp(3 * q))) / 3
        return q.max() if beta else q.mean()

    mean, last, _ = _slow(pairs.features, samples, np.full(12, 0.8), net, np.full(50, 0.3), 0.5, backup)
    np.testing.assert_allclose(found.averaged[0], mean, atol=1e-12)
    np.testing.assert_allclose(found.last[0], last, atol=1e-12)


def test_values_and_their_linearisation():
    net = td.TwoLayerNet.draw(7, 4, antisymmetric=False, seed=5)
    rng = np.random.default_rng(6)
    x, w = rng.standard_normal((5, 4)), rng.standard_normal((7, 4))
    np.testing.assert_allclose(net.values(x, w), [_q(w, net.signs, row) for row in x], rtol=1e-12)

    def value(w, row):
        return jnp.maximum(w @ row, 0) @ net.signs / np.sqrt(7)

    with jax.enable_x64(True):
        tangent = np.stack([np.asarray(jax.grad(value)(jnp.asarray(net.weights), row)) for row in x])
    np.testing.assert_allclose(net.linear_values(x, w), np.einsum("nmd,md->n", tangent, w), rtol=1e-10)
    np.testing.assert_allclose(net.kernel(x), np.einsum("imd,jmd->ij", tangent, tangent), rtol=1e-10)
    np.testing.assert_allclose(net.combine(x, x[:, 0]), np.einsum("imd,i->md", tangent, x[:, 0]), rtol=1e-10)
    even = td.TwoLayerNet.draw(8, 4)
    assert np.abs(even.values(x)).max() < 1e-15
    assert (even.signs.sum(), len(np.unique(even.weights, axis=0))) == (0, 4)


def test_the_kernel_has_the_limit_of_an_infinitely_wide_network():
    """Mean over networks of the frozen-gate kernel: the part of the tangent kernel that hidden weights give."""
    x = td.random_process(4, 3, discount=0.5).features
    net = lm.nets.mlp(depth=2, w_std=1.0)
    k = net.kernel(x * np.sqrt(3))  # the first layer divides by the number of inputs
    drawn = np.stack([td.TwoLayerNet.draw(64, 3, antisymmetric=False, seed=s).kernel(x) for s in range(300)])
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - (k.ntk - k.nngp)) < 5 * error + 1e-9).all()


def test_population_semigradient_is_the_mean_over_samples():
    process = _process(seed=7)
    net = td.TwoLayerNet.draw(4, 3, antisymmetric=False)
    w = np.random.default_rng(8).standard_normal((4, 3))
    mean, square = 0.0, 0.0
    for i, j in np.ndindex(6, 6):
        chance = process.stationary[i] * process.transitions[i, j]
        one = td.Samples(np.array([i]), np.array([j]), process.rewards[i, j : j + 1])
        step = td.descend(process.features, one, process.discount, td.TwoLayerNet(net.signs, w), rate=1.0, radius=1e9)
        g = w - step.last[0]
        mean, square = mean + chance * g, square + chance * (g**2).sum()
    np.testing.assert_allclose(td.semigradient(process, net, w), mean, atol=1e-12)
    assert td.semigradient_variance(process, net, w) == pytest.approx(square - (mean**2).sum(), rel=1e-9)


@pytest.mark.parametrize("radius", [0.3, 50.0])
def test_population_descent_takes_these_steps(radius):
    process, net = _process(seed=9), td.TwoLayerNet.draw(6, 3, seed=1)
    found = td.descend_population(process, net, 20, rate=0.4, radius=radius, at=(10, 20))
    w, iterates = net.weights, [net.weights]
    for _ in range(20):
        w = w - 0.4 * td.semigradient(process, net, w)
        if np.linalg.norm(w - net.weights) > radius:
            w = net.weights + (w - net.weights) * radius / np.linalg.norm(w - net.weights)
        iterates.append(w)
    np.testing.assert_allclose(found.averaged, [np.mean(iterates[:11], axis=0), np.mean(iterates, axis=0)], atol=1e-12)
    assert (found.projected > 0) == (radius < 1)


@pytest.mark.parametrize(("width", "radius"), [(8, 0.7), (8, np.inf), (64, 2.0), (64, np.inf)])
def test_fixed_point_solves_the_variational_inequality(width, radius):
    """In all m d weights: g(W*) . (W - W*) >= 0 on the ball, and W* is the limit of the linearised descent."""
    process, net = _process(n=12, seed=10), td.TwoLayerNet.draw(width, 3, antisymmetric=False, seed=2)
    found = td.projected_fixed_point(process, net, radius)
    x, mu = process.features, process.stationary

    def g(w):
        q = net.linear_values(x, w)
        return net.combine(x, mu * (q - process.bellman(q)))

    assert found.residual < 1e-10
    assert found.distance == pytest.approx(np.linalg.norm(found.weights - net.weights), rel=1e-9)
    assert (found.multiplier > 0) == np.isfinite(radius)
    np.testing.assert_allclose(found.values, net.linear_values(x, found.weights), rtol=1e-9)
    reach = radius if np.isfinite(radius) else 3.0
    rng, at = np.random.default_rng(3), g(found.weights)
    for _ in range(200):
        step = rng.standard_normal(net.weights.shape)
        w = net.weights + reach * step / np.linalg.norm(step)
        assert (at * (w - found.weights)).sum() > -1e-9
    best = net.weights - at * (reach / max(np.linalg.norm(at), 1e-300))  # where the inequality is tightest
    assert (at * (best - found.weights)).sum() > -1e-8
    if np.isfinite(radius):
        w = net.weights
        for _ in range(6000):
            w = w - 0.3 * g(w)
            w = net.weights + (w - net.weights) * min(1.0, radius / np.linalg.norm(w - net.weights))
        np.testing.assert_allclose(found.values, net.linear_values(x, w), atol=1e-5)


def test_without_a_ball_it_is_least_squares_temporal_differences():
    process, net = _process(n=12, seed=11), td.TwoLayerNet.draw(3, 3, antisymmetric=False, seed=4)
    gates = process.features @ net.weights.T > 0
    phi = (gates[:, :, None] * process.features[:, None] * net.signs[:, None] / np.sqrt(3)).reshape(12, -1)
    d = np.diag(process.stationary)
    a = phi.T @ d @ (phi - process.discount[:, None] * process.transitions @ phi)
    theta = np.linalg.lstsq(a, phi.T @ d @ process.expected_rewards, rcond=1e-10)[0]
    found = td.projected_fixed_point(process, net, np.inf)
    np.testing.assert_allclose(found.values, phi @ theta, rtol=1e-7)
    assert found.rank == np.linalg.matrix_rank(phi) < 12


@pytest.mark.parametrize("radius", [0.4, np.inf])
def test_projection_is_the_closest_function(radius):
    process, net = _process(n=8, seed=12), td.TwoLayerNet.draw(2, 3, antisymmetric=False, seed=4)
    target = np.random.default_rng(13).standard_normal(8)

    def distance(step):
        w = net.weights + step.reshape(net.weights.shape)
        return process.mean_square(net.linear_values(process.features, w) - target)

    ball = {"type": "ineq", "fun": lambda step: min(radius, 1e3) ** 2 - step @ step}
    slow = minimize(distance, np.full(6, 0.01), constraints=[ball], method="SLSQP", options={"ftol": 1e-14})
    found = td.project(process, net, target, radius)
    assert process.mean_square(found.values - target) == pytest.approx(slow.fun, rel=1e-5)
    again = td.project(process, net, process.bellman(found.values), radius).values
    expected = process.mean_square(found.values - again) / process.mean_square(process.value)
    assert td.projected_bellman_error(process, net, found.values, radius) == pytest.approx(expected)


def test_the_fixed_point_has_no_projected_bellman_error():
    process, net = _process(n=10, seed=14), td.TwoLayerNet.draw(16, 3, seed=1)
    for radius in (0.8, np.inf):
        found = td.projected_fixed_point(process, net, radius)
        assert td.projected_bellman_error(process, net, found.values, radius) < 1e-16
    assert td.projected_bellman_error(process, net, np.zeros(10), 0.8) > 1e-3


def test_states_that_are_left_for_good_play_no_role():
    process = _process(n=5, seed=15)
    p = np.zeros((6, 6))
    p[:5, :5], p[5, 0] = process.transitions, 1.0
    x = np.vstack([process.features, [[1.0, 0.0, 0.0]]])
    rewards = np.append(process.expected_rewards, 7.0)
    more, net = td.RewardProcess(p, rewards, 0.6, x), td.TwoLayerNet.draw(32, 3)
    one, two = (td.projected_fixed_point(chain, net, 1.0) for chain in (process, more))
    np.testing.assert_allclose(two.weights, one.weights, atol=1e-10)


def test_wide_networks_learn_the_fixed_point_of_their_linearisation():
    process = td.random_process(8, 4, discount=0.5, seed=1)
    net = td.TwoLayerNet.draw(1024, 4)
    found = td.learn(process, net, 20_000, rate=0.05, at=(100, 20_000))
    errors = process.relative_error(found.values, td.projected_fixed_point(process, net).values)
    gap = process.relative_error(found.values, found.linear_values)
    assert errors[1] < 0.02 < 0.3 < errors[0]
    assert gap[1] < 1e-3
    markov = td.learn(process, net, 20_000, rate=0.05, sampling="trajectory", stay=0.5)
    assert process.relative_error(markov.values)[0] < 0.05


def test_bounds_are_those_of_the_theorems():
    assert td.population_bound(2.0, 0.5, 64) == pytest.approx(16 * 4 / (0.25 * 64))
    assert td.stochastic_bound(2.0, 0.5, 64, 3.0) == pytest.approx(16 * 7 / (0.25 * 8))
    assert td.value_bound(2.0, 0.5, 64, 3.0, 0.1) == pytest.approx(32 * 7 / (0.25 * 8) + 2 * 0.1 / 0.25)


def _learn(**options):
    return lambda: td.learn(_process(), td.TwoLayerNet.draw(4, 3), 10, **options)


def _population(steps, inputs=3, **options):
    return lambda: td.descend_population(_process(), td.TwoLayerNet.draw(4, inputs), steps, **options)


def _descend(states=(0, 1), followers=(1, 2), rewards=(0.5, 0.5), discount=0.5, **options):
    drawn = td.Samples(*(np.array(given) for given in (states, followers, rewards)))
    return lambda: td.descend(_process().features, drawn, discount, td.TwoLayerNet.draw(4, 3), **options)


def test_one_discount_is_that_of_all_states():
    one, each = _descend(discount=0.5)(), _descend(discount=np.full(6, 0.5))()
    np.testing.assert_array_equal(one.last, each.last)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: td.TwoLayerNet([1.0], np.ones((2, 3))), r"signs \(1,\) and weights \(2, 3\)"),
        (lambda: td.TwoLayerNet([0.5], np.ones((1, 3))), "signs are"),
        (lambda: td.TwoLayerNet.draw(5, 3), "an even number, not 5"),
        (lambda: td.learn(_process(), td.TwoLayerNet.draw(4, 2), 10), "takes 2 features, but states have 3"),
        (_learn(at=(5, 3)), r"rise from 0 to at most 10 steps, not \[5, 3\]"),
        (_learn(at=(11,)), "at most 10 steps"),
        (_learn(rate=-1.0), "rate is finite and at least 0"),
        (_learn(radius=0.0), "radius above 0"),
        (_learn(sampling="both"), "sampling is independent, or a trajectory"),
        (_learn(stay=0.5), "not 'independent' with stay 0.5"),
        (lambda: td.q_learn(td.random_decisions(3, 2, 2, discount=0.5), td.TwoLayerNet.draw(4, 2), 3, beta=-1), "beta"),
        (lambda: td.projected_fixed_point(_process(), td.TwoLayerNet.draw(4, 3), 0.0), "radius must be above 0"),
        (lambda: td.projected_fixed_point(_process(), td.TwoLayerNet.draw(4, 2)), "takes 2 features"),
        (lambda: td.project(_process(), td.TwoLayerNet.draw(4, 3), np.ones(3)), "one value for each of 6"),
        (lambda: td.descend_population(_process(), td.TwoLayerNet.draw(4, 3), 5, at=(6,)), "at most 5 steps"),
        (_population(5, rate=-1.0), "rate is finite"),
        (_population(5, rate=[0.1] * 5), "one number for all steps"),
        (_population(-1), "number of steps, not -1"),
        (_population(5, inputs=2), "takes 2 features"),
        (_learn(seed=-1), "seed is a whole number from 0 on, not -1"),
        (_learn(rate=[0.1] * 3), r"one for each of 10 steps, not of shape \(3,\)"),
        (lambda: td.TwoLayerNet.draw(4, 3, seed=-1), "seed is"),
        (lambda: td.random_process(4, 3, discount=0.5, seed=-1), "seed is"),
        (lambda: td.semigradient_variance(_process(), td.TwoLayerNet.draw(4, 2), np.ones((4, 2))), "takes 2 features"),
        (lambda: td.semigradient_variance(_process(), td.TwoLayerNet.draw(4, 3), np.ones((5, 3))), r"not \(5, 3\)"),
        (lambda: td.population_bound(1.0, 1.0, 5), "discount in"),
        (lambda: td.stochastic_bound(1.0, 0.5, 0, 0.1), "at least one step"),
        (lambda: td.value_bound(1.0, 0.5, 5, 0.1, -1.0), "misfit from 0 on"),
        (_descend(followers=[1, 6]), "followers are 0 to 5 for 6 rows of features, not 1 to 6"),
        (_descend(followers=[0, 5], n_actions=2), "followers are 0 to 4"),
        (_descend(states=[-1, 0]), "states are 0 to 5 for 6 rows of features, not -1 to 0"),
        (_descend(followers=[1]), r"followers \(1,\) and rewards \(2,\) have one length"),
        (_descend(rewards=[0.5]), r"rewards \(1,\) have one length"),
        (_descend(states=[0.0, 1.0]), "are integers, not float64"),
        (_descend(rewards=[0.5, np.nan]), "rewards must be finite"),
        (_descend(n_actions=0), "n_actions is 1 to 6 rows"),
        (_descend(beta=-1.0), "beta at least 0"),
        (_descend(discount=1.0), "discount is one number"),
        (_descend(discount=np.full(5, 0.5)), "one for each of 6 states"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_steps_that_diverge_are_told_of():
    process, net = _process(), td.TwoLayerNet.draw(4, 3)
    with pytest.raises(NumericalError, match="lower rate"):
        td.learn(process, net, 4000, rate=1e3, radius=np.inf)
    with pytest.raises(NumericalError, match="lower rate"), np.errstate(all="ignore"):
        td.descend_population(process, net, 4000, rate=1e3, radius=np.inf)

"""Networks as arrays of neurons, their posteriors and what their variance is made of: against loops and sampling."""

from itertools import permutations, product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, kve

from limes.beyond.posterior import (
    DataPosterior,
    PopulationPosterior,
    assign,
    balanced,
    chambers,
    contributions,
    discrete_variance,
    function_variance,
    jacobian,
    laplace,
    product_variance,
    respond,
    scaling_variance,
    split,
    switches,
    total_variance,
    weight_variance,
    weights_of_balance,
    within_cones,
)
from limes.core.errors import InputError
from limes.core.precision import scope

pytestmark = pytest.mark.usefixtures("quick_compilation")


def _some(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def _slow(neurons, x):
    return np.array([sum(w[-1] * max(0.0, float(w[:-1] @ row)) for w in neurons) for row in x])


def test_what_leaves_the_function_as_it_is():
    w, x = _some(0, 4, 3), _some(1, 7, 2)
    np.testing.assert_allclose(respond(w, x), _slow(w, x), rtol=1e-12)
    even = balanced(w)
    np.testing.assert_allclose(_slow(even, x), _slow(w, x), rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(even[:, :-1], axis=1), np.abs(even[:, -1]), rtol=1e-12)
    assert (balanced(np.zeros((2, 3))) == 0).all()
    wide = split(w, (0, 1, 1, 2, 3, 3, 3), (1.0, 0.3, 0.7, 1.0, 0.2, 0.2, 0.6))
    np.testing.assert_allclose(_slow(wide, x), _slow(w, x), rtol=1e-12)
    assert (wide**2).sum() == pytest.approx((w**2).sum(), rel=1e-12)
    np.testing.assert_array_equal(assign(wide, w), (0, 1, 1, 2, 3, 3, 3))
    for groups, shares in (((0, 1, 2), (1.0, 1.0, 1.0)), ((0, 1, 2, 3), (1.0, 1.0, 1.0, 0.5))):
        with pytest.raises(InputError, match="share"):
            split(w, groups, shares)


def test_chambers_are_the_nearest_permutations():
    truth = _some(0, 3, 4)
    nets = _some(1, 20, 3, 4)
    found = chambers(nets, truth)
    for net, order in zip(nets, found, strict=True):
        apart = {p: ((contributions(truth) - contributions(net)[list(p)]) ** 2).sum() for p in permutations(range(3))}
        assert tuple(order) == min(apart, key=apart.get)
    chain = np.array([[0, 1, 2], [0, 1, 2], [1, 0, 2], [0, 1, 2]])
    assert switches(chain) == 2
    with pytest.raises(InputError, match="as wide"):
        chambers(nets, truth[:2])


def test_posteriors_against_data():
    truth, w = _some(0, 2, 4), _some(1, 3, 4)
    x, noise, prior = _some(2, 3, 60_000, 3), 0.7, 2.0
    y = np.stack([respond(truth, row) for row in x]) + noise**0.5 * _some(3, 3, 60_000)
    some = DataPosterior(x[0, :9], y[0, :9], noise, prior)
    slow = -((y[0, :9] - _slow(w, x[0, :9])) ** 2).sum() / (2 * noise) - (w**2).sum() / (2 * prior)
    assert float(some.log_density(w)) == pytest.approx(slow, rel=1e-12)
    # of one example, over that of the truth
    gains = [((y[0] - respond(truth, x[0])) ** 2 - (y[0] - respond(w, x[0])) ** 2) / (2 * noise)]
    mean, error = np.mean(gains), np.std(gains) / np.sqrt(np.size(gains))
    target = PopulationPosterior(truth, n=1, noise=noise, prior=prior)
    exact = float(target.log_density(w)) + (w**2).sum() / (2 * prior)
    assert abs(mean - exact) < 5 * error
    for wrong in ({"noise": 0.0}, {"prior": -1.0}, {"n": -1}, {"truth": truth[0]}):
        with pytest.raises(InputError):
            PopulationPosterior(**{"truth": truth, "n": 1} | wrong)
    with pytest.raises(InputError, match=r"\(n,\)"):
        DataPosterior(x[0], y[0, :5])


def test_targets_are_checked_whatever_holds_them_and_compile():
    truth = [[1.0, 0.0, 1.0]]
    for wrong in ({"n": -3}, {"n": np.inf}, {"n": np.nan}, {"noise": np.inf}, {"truth": [1.0, 0.0, 1.0]}):
        for hold in (list, jnp.asarray):
            with pytest.raises(InputError):
                PopulationPosterior(**{"truth": hold(truth), "n": 1} | wrong)
    with pytest.raises(InputError, match=r"\(n,\)"):
        DataPosterior([[1.0, 0.0]], [1.0, 2.0])
    target, w = PopulationPosterior(truth, n=5), _some(0, 2, 3)
    with scope(np.float64):
        compiled = jax.jit(lambda target, w: target.log_density(w))(target, w)
    assert float(compiled) == pytest.approx(float(target.log_density(w)), rel=1e-9)
    slopes = jax.tree.map(lambda leaf: -leaf, target)  # no posterior, so nothing to check
    assert slopes.n == -5


def test_log_densities_of_a_batch_are_those_of_each_network():
    truth, nets, x = _some(0, 2, 3), _some(1, 4, 5, 3, 3), _some(2, 6, 2)
    population = PopulationPosterior(truth, n=3.0)
    for target in (population, DataPosterior(x, _some(3, 6)), within_cones(population, truth, (0, 1, 1), 0.3)):
        batch = np.asarray(target.log_density(nets))
        assert batch.shape == (4, 5)
        assert batch[2, 3] == pytest.approx(float(target.log_density(nets[2, 3])), rel=1e-4)


def test_coordinates_of_a_cone():
    truth = _some(0, 2, 3)
    coned = within_cones(PopulationPosterior(truth, n=7.0), truth, (0, 1, 1), 0.4)
    z = _some(1, 3, 3)
    with scope(np.float64):
        derivatives = jax.jit(jax.jacfwd(lambda flat: coned.neurons(flat.reshape(3, 3)).ravel()))
        for other in (z, z + _some(2, 3, 3)):
            slopes = np.asarray(derivatives(other.ravel()))
            volume = np.linalg.slogdet(slopes)[1]
            gained = float(coned.log_density(other)) - float(coned.posterior.log_density(coned.neurons(other)))
            assert gained - volume == pytest.approx(-3 * 2 * np.log(np.tan(0.4)), rel=1e-9)
    w = coned.neurons(50 * _some(3, 100, 3, 3))
    cosines = (w * truth[[0, 1, 1]]).sum(-1) / np.linalg.norm(w, axis=-1) / np.linalg.norm(truth, axis=-1)[[0, 1, 1]]
    assert np.cos(0.4) < cosines.min() < np.cos(0.4) + 1e-3
    for groups, angle in (((0, 2), 0.4), ((), 0.4), ((0,), 0.0), ((0,), 2.0)):
        with pytest.raises(InputError):
            within_cones(coned.posterior, truth, groups, angle)
    with pytest.raises(InputError, match="direction"):
        within_cones(coned.posterior, np.zeros((1, 3)), (0,), 0.4)


@pytest.mark.parametrize(("p", "r", "prior"), [(1, 0.5, 1.0), (2, 1e-3, 1.0), (3, 0.8, 0.5), (5, 20.0, 2.0)])
def test_scales_vary_as_by_quadrature(p, r, prior):
    def moment(function):
        def integrand(t):
            return function(t) * np.exp((p - 1) * t - r / prior * (np.cosh(2 * t) - 1))

        return quad(integrand, -12, 12, points=[-6, -3, 0, 3, 6], limit=200)[0]

    total = moment(lambda t: 1.0)
    u, a = (moment(lambda t, k=k: np.sqrt(r) * np.exp(k * t)) / total for k in (1, -1))
    square = moment(lambda t: 2 * r * np.cosh(2 * t)) / total
    products = r * np.eye(p)[0]
    assert float(scaling_variance(products, prior)) == pytest.approx(square - u**2 - a**2, rel=1e-6)


def test_scales_of_many_inputs():
    """Where the Bessel functions themselves overflow: for a u = 0, |u| has the law of chi for p - 1, and a = 0."""
    mean = np.exp(gammaln(30) - gammaln(29.5)) * 2**0.5
    assert float(scaling_variance(np.zeros(60), 1.0)) == pytest.approx(59 - mean**2, rel=1e-9)
    assert float(scaling_variance(1e9 * np.eye(3)[0], 0.5)) == pytest.approx(0.25, rel=1e-6)  # t is normal there
    products = np.stack([np.zeros((1, 60)), 0.1 * np.ones((1, 60))])
    weights = weights_of_balance(products, 1.0)
    assert weights[1] == 1.0
    z = 0.1 * 60**0.5  # K_29.5 of this does not overflow, that of half an ulp does
    little = weights_of_balance(np.stack([0.1 * np.ones((1, 60)), 0.2 * np.ones((1, 60))]), 1.0)
    assert little[0] / little[1] == pytest.approx(kve(29.5, 2 * z) / kve(29.5, z), rel=1e-9)
    for function in (scaling_variance, weights_of_balance):
        for wrong in ((np.full((1, 3), np.nan), 1.0), (np.ones((1, 3)), np.inf), (np.ones((1, 3)), 0.0)):
            with pytest.raises(InputError):
                function(*wrong)


def test_parts_of_the_variance_against_all_orders_written_out():
    truth = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    draws = split(truth, (0, 0, 1), (0.4, 0.6, 1.0)) + 0.3 * _some(0, 30, 3, 3)
    draws[::5] = split(truth, (1, 0, 1), (0.2, 1.0, 0.8)) + 0.3 * _some(1, 6, 3, 3)
    every = np.concatenate([draws[:, list(order)] for order in permutations(range(3))])
    assert total_variance(draws) == pytest.approx(every.reshape(180, -1).var(0).sum(), rel=1e-12)
    serves, within = assign(every, truth), 0.0
    for arrangement in product((0, 1), repeat=3):
        inside = every[(serves == arrangement).all(1)]
        if len(inside):
            within += len(inside) / len(every) * inside.reshape(len(inside), -1).var(0).sum()
    assert total_variance(draws) - discrete_variance(draws, truth) == pytest.approx(within, rel=1e-12)
    found = weight_variance(draws, truth, 0.5)
    assert found.discrete + found.scaling + found.split == pytest.approx(found.total, rel=1e-12)
    assert found.scaling == pytest.approx(
        np.mean([sum(scaling_variance(contributions(w), 0.5) for w in net) for net in draws]), rel=1e-12
    )
    with pytest.raises(InputError, match="at least 2"):
        total_variance(draws[:1])
    with pytest.raises(InputError, match="prior"):
        weight_variance(draws, truth, 0.0)


def test_the_rest_is_the_variance_of_what_the_function_knows():
    """Under the prior, with the scale integrated out by sampling."""
    rng = np.random.default_rng(0)
    draws = rng.standard_normal((100_000, 1, 4))
    found = weight_variance(draws, np.array([[1.0, 0.0, 0.0, 1.0]]), 1.0)
    assert found.total == pytest.approx(4.0, abs=0.05)
    assert found.discrete == pytest.approx(0.0, abs=1e-9)
    # Var E[u, a | a u, sign a] = E |E u|^2 + E |E a|^2: the mean of products of two draws with the same a u
    v = contributions(draws)[:, 0]
    z = np.linalg.norm(v, axis=1)
    t = np.linspace(-8, 8, 801)[:, None]
    density = np.exp(2 * t - z[:2000] * (np.cosh(2 * t) - 1))
    density /= density.sum(0)
    means = [(density * np.exp(k * t)).sum(0) ** 2 * z[:2000] for k in (1, -1)]
    known = means[0] + means[1]
    assert abs(found.split - known.mean()) < 5 * known.std() / np.sqrt(2000)


def test_laplace_has_the_curvature_of_the_posterior():
    w, x = _some(0, 3, 3), _some(1, 40, 2)
    with scope(np.float64):
        slopes = np.asarray(jax.jit(jax.jacfwd(lambda flat: respond(flat.reshape(3, 3), x)))(w.ravel()))
        target = DataPosterior(x, respond(w, x), 0.5, 2.0)  # no residuals: the curvature is that of Gauss and Newton
        curvature = -np.asarray(jax.jit(jax.hessian(lambda flat: target.log_density(flat.reshape(3, 3))))(w.ravel()))
    np.testing.assert_allclose(jacobian(w, x), slopes, atol=1e-12)
    found = laplace(w, x, noise=0.5, prior=2.0)
    np.testing.assert_allclose(found.covariance @ curvature, np.eye(9), atol=1e-9)
    assert found.weight_variance == pytest.approx(np.linalg.inv(curvature).trace(), rel=1e-9)
    mean, std = found.predict(x[:5])
    np.testing.assert_allclose(mean, _slow(w, x[:5]), atol=1e-12)
    np.testing.assert_allclose(std**2, np.diag(slopes[:5] @ found.covariance @ slopes[:5].T), rtol=1e-9)
    with pytest.raises(InputError, match="variances above 0"):
        laplace(w, x, noise=0.0)
    for wrong in ((np.nan * w, x), (w, np.inf * x)):
        with pytest.raises(InputError, match="finite"):
            laplace(*wrong)


@pytest.mark.parametrize("depth", [2, 3])
def test_the_product_net_against_weighted_draws_of_the_prior(depth):
    n, d, prior, noise = 8, 3, 0.8, 1.5
    draws = np.sqrt(prior) * _some(depth, 400_000, d + depth - 1)
    gate, square = draws[:, d:].prod(1), (draws[:, :d] ** 2).sum(1)
    weights = np.exp(-n * gate**2 * square / (2 * noise))
    found = product_variance(n, d, depth=depth, prior=prior, noise=noise)
    asked = (found.function, gate**2 * square), (found.weights, (draws**2).sum(1)), (found.first, square)
    for exact, values in asked:
        mean = np.average(values, weights=weights)
        error = np.sqrt((weights**2 * (values - mean) ** 2).sum()) / weights.sum()
        assert abs(mean - exact) < 5 * error
    with pytest.raises(InputError):
        product_variance(n, d, depth=4)
    for wrong in ({"n": np.inf}, {"prior": np.inf}, {"noise": np.inf}):
        with pytest.raises(InputError, match="finite"):
            product_variance(**{"n": n, "inputs": d} | wrong)


def test_the_gate_of_the_product_net_closes():
    found = product_variance(1e12, 7, depth=2)
    assert found.function < 1e-9
    assert found.weights == pytest.approx(6.0, rel=1e-6)
    assert product_variance(1e12, 7).function < 1e-9


def test_weights_of_balance_pick_out_draws_of_that_scale():
    """Against draws of the prior within a narrow band of scales; p = 3."""
    draws = np.random.default_rng(0).standard_normal((2_000_000, 1, 4))
    size = np.linalg.norm(contributions(draws), axis=-1)[:, 0]
    t = np.log(np.linalg.norm(draws[:, 0, :-1], axis=1) / np.abs(draws[:, 0, -1])) / 2
    band = size[np.abs(t) < 0.05]
    weights = weights_of_balance(contributions(draws), 1.0)
    mean = np.average(size, weights=weights)
    error = np.sqrt((weights**2 * (size - mean) ** 2).sum()) / weights.sum()
    assert abs(band.mean() - mean) < 5 * np.hypot(error, band.std() / np.sqrt(len(band)))
    assert abs(size.mean() - mean) > 0.2


def test_the_variance_of_the_function_is_that_at_many_inputs():
    nets, x = _some(0, 40, 2, 3), _some(1, 20_000, 2)
    at = respond(nets, x).var(0, ddof=1)
    every = np.mean([function_variance(nets, pairings=30, seed=seed) for seed in range(5)])
    assert every == pytest.approx(at.mean(), rel=0.1)
    assert function_variance(nets[:2]) == pytest.approx(at_two(nets, x), rel=0.05)
    with pytest.raises(InputError, match="at least 2"):
        function_variance(nets[:1])


def at_two(nets, x):
    return respond(nets[:2], x).var(0, ddof=1).mean()

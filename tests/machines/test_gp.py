"""Gaussian-process regression against scikit-learn's, on the same kernel, and against textbook formulas."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel
from sklearn.utils.estimator_checks import parametrize_with_checks

from limes import NNGPRegressor, load, nets
from limes.core.errors import InputError
from limes.kernels.diagonal import diagonal


@pytest.mark.filterwarnings("ignore:Skipping check")
@parametrize_with_checks([NNGPRegressor("mlp-1")])  # the checks have many shapes, each of which is compiled
def test_scikit_learn_s_conventions(estimator, check):
    check(estimator)


class NetKernel(Kernel):
    """A net's kernel as scikit-learn wants it, without hyper-parameters."""

    def __init__(self, net):
        self.net = net

    def __call__(self, X, Y=None, eval_gradient=False):
        k = self.net.kernel(X, Y, get="nngp").nngp
        return (k, np.empty((*k.shape, 0))) if eval_gradient else k

    def diag(self, X):
        return np.diagonal(self(X))

    def is_stationary(self):
        return False


def test_scikit_learn_agrees_on_everything(table):
    y = table.targets[:, 0]
    ours = NNGPRegressor(table.net, noise=0.3, amplitude=2.0).fit(table.x, y)
    kernel = ConstantKernel(2.0, "fixed") * NetKernel(table.net)
    theirs = GaussianProcessRegressor(kernel, alpha=0.3, optimizer=None).fit(table.x, y)
    assert ours.log_marginal_likelihood_ == pytest.approx(theirs.log_marginal_likelihood_value_, rel=1e-9)
    for option in ("return_std", "return_cov"):
        for a, b in zip(
            ours.predict(table.queries, **{option: True}), theirs.predict(table.queries, **{option: True}), strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)


def test_the_likelihood_is_that_of_a_normal_distribution(table):
    gp = NNGPRegressor(table.net, noise=0.2).fit(table.x, table.targets)
    k = gp.amplitude_ * table.net.kernel(table.x, get="nngp").nngp + 0.2 * np.eye(24)
    expected = multivariate_normal(np.zeros(24), k).logpdf(table.targets.T).sum()
    assert gp.log_marginal_likelihood_ == pytest.approx(expected, rel=1e-9)
    assert gp.log_marginal_likelihood() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("given", [{}, {"noise": 0.1}, {"amplitude": 1.5}], ids=["both", "amplitude", "noise"])
def test_what_is_chosen_is_a_maximum(given):
    """Drawn from the prior with amplitude 2 and noise 0.1: chosen close to them, and no neighbour is better."""
    net, rng = nets.mlp(2, "erf", 2.0, 0.5), np.random.default_rng(0)
    x = rng.standard_normal((150, 2))
    k = net.kernel(x, get="nngp").nngp
    y = rng.multivariate_normal(np.zeros(150), 2 * k + 0.1 * np.eye(150), size=3).T
    gp = NNGPRegressor(net, **given).fit(x, y)
    assert gp.noise_ == pytest.approx(0.1, rel=0.3)
    assert gp.amplitude_ == pytest.approx(2.0, rel=0.5)
    best = gp.log_marginal_likelihood_
    for factor in (0.97, 1.03):
        if "amplitude" not in given:
            assert gp.log_marginal_likelihood(amplitude=factor * gp.amplitude_) < best
        if "noise" not in given:
            assert gp.log_marginal_likelihood(noise=factor * gp.noise_) < best


def test_the_net_with_the_largest_likelihood_is_taken(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (60, 1))
    y = np.sin(6 * x[:, 0]) + 0.1 * rng.standard_normal(60)
    candidates = [nets.mlp(2, "relu"), nets.mlp(2, "erf", 6.0, 3.0)]
    gp = NNGPRegressor(candidates).fit(x, y)
    assert gp.net_ == candidates[1]
    alone = [NNGPRegressor(net).fit(x, y).log_marginal_likelihood_ for net in candidates]
    np.testing.assert_allclose(gp.log_marginal_likelihoods_, alone)
    gp.save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    assert again.net == again.net_ == candidates[1]
    for a, b in zip(again.predict(x[:5], return_std=True), gp.predict(x[:5], return_std=True), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_deviations_hold_for_data_from_the_prior():
    """Standardised errors at new points have mean square 1: 5 standard errors of a chi-square."""
    net, rng = nets.mlp(3, "relu", 1.5, 0.3), np.random.default_rng(2)
    x = rng.standard_normal((240, 3))
    k = net.kernel(x, get="nngp").nngp
    f = rng.multivariate_normal(np.zeros(240), k, size=200).T
    gp = NNGPRegressor(net, noise=0.05, amplitude=1.0).fit(x[:40], f[:40] + 0.05**0.5 * rng.standard_normal((40, 200)))
    mean, std = gp.predict(x[40:], return_std=True)
    per_draw = ((f[40:] - mean) ** 2 / std**2).mean(axis=0)
    assert abs(per_draw.mean() - 1) < 5 * per_draw.std() / 200**0.5


def test_draws_have_the_posterior_s_moments(table):
    gp = NNGPRegressor(table.net, noise=0.1, amplitude=1.0).fit(table.x, table.targets)
    mean, covariance = gp.predict(table.queries, return_cov=True)
    draws = gp.sample_y(table.queries, 4000)
    assert draws.shape == (8, 2, 4000)
    std = np.sqrt(np.diagonal(covariance[..., 0]))
    assert (np.abs(draws.mean(axis=-1) - mean) < 5 * std[:, None] / 4000**0.5).all()
    np.testing.assert_allclose(np.cov(draws[:, 0]), covariance[..., 0], atol=0.15 * std.max() ** 2)
    np.testing.assert_array_equal(draws, gp.sample_y(table.queries, 4000))


def test_data_without_noise_and_data_without_signal(table):
    exact = NNGPRegressor(table.net, noise=0.0, amplitude=1.0).fit(table.x, table.targets)
    mean, std = exact.predict(table.x, return_std=True)
    np.testing.assert_allclose(mean, table.targets, atol=1e-4)
    assert std.max() < 1e-4
    nothing = NNGPRegressor(table.net).fit(table.x, np.zeros(24))
    np.testing.assert_array_equal(nothing.predict(table.queries), 0.0)
    repeated = NNGPRegressor(table.net).fit(np.concatenate([table.x] * 2), np.concatenate([table.targets] * 2))
    assert np.isfinite(repeated.predict(table.queries)).all()


@pytest.mark.parametrize(
    "net", [nets.mlp(3), nets.cnn(1, "gap"), nets.cnn(1), nets.serial(nets.Dropout(0.5), nets.Dense())]
)
@pytest.mark.parametrize("kind", ["ntk", "nngp"])
def test_diagonal_is_the_kernel_s(images, net, kind):
    k = getattr(net.kernel(images.x), kind)
    np.testing.assert_allclose(diagonal(net, images.x, kind), np.diagonal(k), rtol=1e-12)
    assert diagonal(net, images.x.astype(np.float32), kind).dtype == np.float32


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"noise": -0.1}, "noise must be a finite number of at least 0, or None, not -0.1"),
        ({"amplitude": 0.0}, "amplitude must be a finite number above 0"),
        ({"amplitude": float("nan")}, "amplitude must be"),
        ({"kind": "gp"}, "kind must be"),
        ({"net": []}, "net must be"),
        ({"net": [3]}, "net must be"),
    ],
)
def test_bad_parameters(table, parameters, message):
    with pytest.raises(InputError, match=message):
        NNGPRegressor(**parameters).fit(table.x, table.targets)


def test_one_of_two_spreads(table):
    gp = NNGPRegressor(table.net).fit(table.x, table.targets)
    with pytest.raises(InputError, match="not for both"):
        gp.predict(table.queries, return_std=True, return_cov=True)
    assert gp.predict(table.queries, return_std=True)[1].shape == (8, 2)

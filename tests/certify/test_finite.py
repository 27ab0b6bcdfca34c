"""Interval bounds of finite networks: exact where a network is linear, and never crossed elsewhere."""

import numpy as np
import pytest

from limes import nets
from limes.certify import network_radius, output_bounds
from limes.core.errors import InputError
from limes.nets import Abs, Dense, Erf, LeakyRelu, Relu, Residual, serial

pytestmark = pytest.mark.usefixtures("quick_compilation")

NETS = {
    "relu": nets.mlp(2),
    "deep, biases": nets.mlp(4, b_std=0.3),
    "slopes": serial(Dense(), LeakyRelu(-0.4), Dense(1.2), Abs(), Dense()),
    "erf, residual": serial(Dense(), Erf(), Dense(), Residual((Relu(), Dense(1.1, 0.1))), Relu(), Dense()),
    "activation last": serial(Dense(), Relu(), Dense(), LeakyRelu(0.1)),
}


def moved(x, eps, norm, rng, count=200):
    """Points of the balls, most of them on the edge."""
    steps = rng.uniform(-1, 1, (count, *x.shape))
    steps = np.where(rng.random((count, 1, 1)) < 0.5, np.sign(steps), steps)
    if norm == "l2":
        steps /= np.maximum(np.linalg.norm(steps, axis=-1, keepdims=True), 1.0)
    return x + eps * steps


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("name", NETS)
def test_no_input_of_the_ball_leaves_the_bounds(name, norm):
    net, rng = NETS[name], np.random.default_rng(0)
    params = net.init(1, (5,), width=12, outputs=3, dtype="float64")
    x = rng.uniform(0, 1, (4, 5))
    for eps, bounds in ((0.0, None), (0.3, (0.0, 1.0))):
        points = moved(x, eps, norm, rng)
        points = points if bounds is None else np.clip(points, *bounds)
        found = output_bounds(net, params, x, eps, norm=norm, bounds=bounds)
        outputs = np.asarray(net.apply(params, points.reshape(-1, 5))).reshape(-1, 4, 3)
        assert (outputs >= found.lower).all()
        assert (outputs <= found.upper).all()
        if eps == 0:
            np.testing.assert_allclose(found.lower, outputs[0], atol=1e-12)
    certified = network_radius(net, params, x, norm=norm, bounds=(0.0, 1.0))
    label = np.argmax(net.apply(params, x), axis=1)
    assert certified.label.tolist() == label.tolist()
    assert (certified.radius > 0).all()
    assert set(certified.method) == {"interval"}
    points = np.clip(moved(x, certified.radius[:, None], norm, rng), 0, 1).reshape(-1, 5)
    assert (np.argmax(net.apply(params, points), axis=1).reshape(-1, 4) == label).all()


def test_linear_networks_have_their_exact_radius():
    net, x = nets.mlp(1, w_std=1.0, b_std=0.5), np.random.default_rng(1).uniform(0.3, 0.7, (6, 4))
    for outputs in (1, 3):
        params = net.init(2, (4,), outputs=outputs, dtype="float64")
        scores = np.asarray(net.apply(params, x))
        w = np.asarray(params[0]["w"]) / 2
        for norm, order in (("linf", 1), ("l2", 2)):
            if outputs == 1:
                exact = np.abs(scores[:, 0]) / np.linalg.norm(w[:, 0], order)
            else:
                best = scores.argmax(axis=1)
                apart = w[:, best].T[:, :, None] - w
                size = np.linalg.norm(apart, order, axis=1)
                gap = scores.max(axis=1, keepdims=True) - scores
                exact = np.min(np.divide(gap, size, out=np.full_like(gap, np.inf), where=size > 0), axis=1)
            found = network_radius(net, params, x, norm=norm, tolerance=1e-4).radius
            np.testing.assert_allclose(found, exact, rtol=2e-4)
            assert (found <= exact).all()


def test_each_input_may_have_a_radius_of_its_own_and_boxes_make_radii_larger():
    net = nets.mlp(2)
    params = net.init(0, (3,), width=8, outputs=2)
    x = np.random.default_rng(2).uniform(0, 1, (3, 3)).astype(np.float32)
    eps = np.array([0.0, 0.1, 0.3])
    together = output_bounds(net, params, x, eps)
    for i, radius in enumerate(eps):
        np.testing.assert_allclose(together.lower[i], output_bounds(net, params, x[i : i + 1], radius).lower[0])
    free, boxed = (network_radius(net, params, x, bounds=bounds).radius for bounds in (None, (0, 1)))
    assert (boxed >= free * 0.99).all()
    assert (network_radius(serial(Dense(0.0), Dense(0.0, 1.0)), net_of_zeros(), x).radius == np.inf).all()


def net_of_zeros():
    return serial(Dense(0.0), Dense(0.0, 1.0)).init(0, (3,), width=2, outputs=2)


def test_what_has_no_bounds_is_refused():
    x, net = np.ones((1, 3)), nets.mlp(2)
    params = net.init(0, (3,), width=4)
    with pytest.raises(InputError, match="interval bounds know dense"):
        output_bounds(serial(Dense(), nets.Gelu(), Dense()), params, x, 0.1)
    with pytest.raises(InputError, match="fully connected"):
        output_bounds(nets.cnn(1), [], x, 0.1)
    for eps in (-1.0, np.nan):
        with pytest.raises(InputError, match="finite and not negative"):
            output_bounds(net, params, x, eps)
    with pytest.raises(InputError, match="outside of the box"):
        output_bounds(net, params, 2 * x, 0.1, bounds=(0, 1))
    with pytest.raises(InputError, match="tolerance"):
        network_radius(net, params, x, tolerance=0)

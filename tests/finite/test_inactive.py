"""Training at the cost of active neurons: the iterates are those of dense gradient descent."""

from typing import Any

import jax
import numpy as np
import pytest

from limes.core.errors import FormatError, InputError, MemoryRefused, NumericalError
from limes.core.progress import Quiet
from limes.finite import empirical_ntk
from limes.finite.batches import batch
from limes.finite.inactive import ShallowNet, stable_rate, tangent_kernel, train_shallow
from limes.finite.inactive.engine import Engine

FORMS = ("rows", "gram", "dense")


def sphere(n, d, seed=0, dtype=np.float64):
    x = np.random.default_rng(seed).standard_normal((n, d))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(dtype)


def signs(n, c=1, seed=1):
    return np.random.default_rng(seed).choice([-1.0, 1.0], (n, c))


def naive(net, x, y, rate, steps, size=None, seed=0):
    """Losses and final weights of gradient descent in float64, by the formulas of the gradient."""
    w, b, a = (np.array(v, np.float64) for v in (net.weights, net.thresholds, net.scaled))
    x, losses, n = x.astype(np.float64), [], len(x)
    for i in range(steps + 1):
        rows = batch(n, size, i, seed) if size else np.arange(n)
        z = x[rows] @ w.T - b
        error = np.maximum(z, 0) @ a - y[rows]
        losses.append(0.5 * (error**2).sum())
        if i == steps:
            return np.array(losses), w, b
        pull = (z > 0) * (error @ a.T)
        w -= rate * pull.T @ x[rows]
        b += rate * pull.sum(0) * net.trainable
    raise AssertionError


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("bias", "outputs", "trainable", "size", "haste"),
    [(0.0, 1, True, None, 1.0), (1.0, 3, True, None, 1.0), (1.5, 1, False, None, 1.5), (2.0, 2, True, 16, 1.0)],
)
def test_iterates_are_those_of_dense_descent(form, bias, outputs, trainable, size, haste):
    x, y = sphere(60, 40), signs(60, outputs)
    net = ShallowNet.draw(40, 400, bias, outputs, trainable=trainable, dtype=np.float64)
    rate = haste * stable_rate(net, x, size)
    losses, w, b = naive(net, x, y, rate, 40, size)
    run = train_shallow(net, x, y, steps=40, learning_rate=rate, form=form, batch_size=size)
    np.testing.assert_allclose(run.losses, losses, rtol=1e-8)
    np.testing.assert_allclose(run.net.weights, w, atol=1e-9)
    np.testing.assert_allclose(run.net.thresholds, b, atol=1e-9)
    assert run.form == form
    assert (run.listed > 0) == (form != "dense" and bias > 0)
    if form != "dense" and bias in (1.0, 2.0):
        assert run.refreshed[1:].sum() > 0  # lists ran out, and were renewed


@pytest.mark.parametrize("form", FORMS)
def test_in_float32_losses_agree_with_float64(form):
    x, y = sphere(60, 20, dtype=np.float32), signs(60)
    net = ShallowNet.draw(20, 1000, 1.0)
    rate = 0.5 * stable_rate(net, x)
    losses, _, _ = naive(net, x, y, rate, 100)
    run = train_shallow(net, x, y, steps=100, learning_rate=rate, form=form)
    assert run.losses.dtype == np.float64
    assert run.net.dtype == np.float32
    assert np.abs(run.losses - losses).max() < 1e-4 * losses.max()
    early = losses > 1e-2 * losses[0]  # behind it errors are differences of nearly equal numbers
    np.testing.assert_allclose(run.losses[early], losses[early], rtol=1e-4)


def test_without_the_certificate_lists_go_stale():
    x, y = sphere(60, 12), signs(60)
    net = ShallowNet.draw(12, 400, 1.5, dtype=np.float64)
    rate = stable_rate(net, x)
    right, _, _ = naive(net, x, y, rate, 30)
    everyone, error, losses = np.ones(60, bool), None, []
    with Engine(net, x, "rows", rate, float(np.linalg.norm(y))) as engine:
        engine._reach = engine._free * 0  # steps are no longer seen to move anything
        for _ in range(31):
            error = engine.step(error, everyone) - y
            losses.append(0.5 * (error**2).sum())
    assert np.abs(np.array(losses) / right - 1).max() > 1e-3


@pytest.mark.parametrize("form", ["rows", "gram"])
def test_the_number_of_threads_changes_nothing(form):
    x, y, net = sphere(50, 8, dtype=np.float32), signs(50), ShallowNet.draw(8, 300, 1.0)
    one, three = (train_shallow(net, x, y, steps=25, form=form, threads=k) for k in (1, 3))
    np.testing.assert_array_equal(one.losses, three.losses)
    np.testing.assert_array_equal(one.net.weights, three.net.weights)


def test_the_share_of_active_pairs_is_counted():
    x, net = sphere(40, 30, dtype=np.float32), ShallowNet.draw(30, 2000, 1.0)
    run = train_shallow(net, x, signs(40), steps=0)
    assert run.active[0] == pytest.approx(net.activations(x).mean(), abs=1e-12)
    assert run.active[0] == pytest.approx(0.1587, abs=0.02)


def test_the_network_as_a_jax_function():
    x, net = sphere(7, 5, dtype=np.float32), ShallowNet.draw(5, 200, 0.5, outputs=2, antisymmetric=False)
    np.testing.assert_allclose(net.apply(net.params, x), net.outputs(x), atol=2e-6)
    kernel = empirical_ntk(net.apply, net.params, x, x)
    np.testing.assert_allclose(kernel, tangent_kernel(net, x), rtol=1e-4, atol=1e-6)
    frozen = ShallowNet.draw(5, 200, 0.5, outputs=2, antisymmetric=False, trainable=False)
    np.testing.assert_allclose(
        empirical_ntk(frozen.apply, frozen.params, x, x), tangent_kernel(frozen, x), rtol=1e-4, atol=1e-6
    )
    gradient = jax.grad(lambda x: net.apply(net.params, x)[0, 0])(x)
    assert gradient.shape == x.shape


class Interrupting(Quiet):
    def __init__(self, after):
        self.left = after

    def step(self, n=1):
        self.left -= n
        if self.left <= 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("form", ["rows", "gram"])
def test_an_interrupted_training_goes_on(form, tmp_path):
    x, y, net = sphere(40, 10), signs(40), ShallowNet.draw(10, 200, 1.0, dtype=np.float64)
    norms = {"norm": lambda net: float(np.linalg.norm(net.weights))}
    whole = train_shallow(net, x, y, steps=30, form=form, batch_size=20, measures=norms, at=(0, 10, 30))
    path = tmp_path / "training.npz"
    again: Any = {"steps": 30, "form": form, "batch_size": 20, "measures": norms, "at": (0, 10, 30), "checkpoint": path}
    with pytest.raises(KeyboardInterrupt):
        train_shallow(net, x, y, progress=Interrupting(15), **again)
    run = train_shallow(net, x, y, **again)
    np.testing.assert_allclose(run.losses, whole.losses, rtol=1e-9)
    np.testing.assert_allclose(run.records["norm"], whole.records["norm"], rtol=1e-12)
    np.testing.assert_allclose(train_shallow(net, x, y, **again).net.weights, whole.net.weights, atol=1e-12)
    with pytest.raises(FormatError, match="another training"):
        train_shallow(net, x, -y, **again)


def test_divergence_is_an_error():
    x, y, net = sphere(30, 6, dtype=np.float32), signs(30), ShallowNet.draw(6, 100, 0.0)
    with pytest.raises(NumericalError, match="diverged"):
        train_shallow(net, x, y, steps=500, learning_rate=1e6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": -1}, "steps must be"),
        ({"learning_rate": 0.0}, "learning_rate must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"form": "sparse"}, "form must be one of auto, rows, gram, dense"),
        ({"y": np.ones((5, 2))}, "does not go with"),
        ({"x": np.full((5, 3), np.nan)}, "x"),
        ({"x": np.ones((5, 4))}, "has 4 features"),
        ({"at": [9], "measures": {"one": lambda net: 1.0}}, "at: there are steps 0 to 2"),
    ],
)
def test_bad_input_is_met_at_the_door(change, message):
    arguments = {"x": np.ones((5, 3), "f"), "y": np.ones(5), "steps": 2} | change
    with pytest.raises(InputError, match=message):
        train_shallow(ShallowNet.draw(3, 10), **arguments)


def test_networks_that_are_none():
    with pytest.raises(InputError, match="width must be even"):
        ShallowNet.draw(3, 11)
    with pytest.raises(InputError, match="thresholds"):
        ShallowNet(np.ones((4, 3), "f"), np.ones(3), np.ones((4, 1)))
    with pytest.raises(InputError, match="no neuron is active"):
        stable_rate(ShallowNet.draw(3, 10, bias=50.0), np.ones((4, 3), "f"))


def test_what_does_not_fit_is_refused():
    with pytest.raises(MemoryRefused, match="100000 neurons on 50 rows"):
        train_shallow(ShallowNet.draw(3, 100_000), sphere(50, 3, dtype=np.float32), signs(50), steps=1, memory="1MB")


def test_a_training_ends_where_little_loss_is_left(tmp_path):
    x, y, net = sphere(30, 20), signs(30), ShallowNet.draw(20, 400, 1.0, dtype=np.float64)
    norms = {"norm": lambda net: float(np.linalg.norm(net.weights))}
    again: Any = {"steps": 200, "floor": 0.1, "measures": norms, "at": (0,), "checkpoint": tmp_path / "t.npz"}
    run = train_shallow(net, x, y, **again)
    assert run.losses[-1] <= 0.1 * run.losses[0] < run.losses[-2]
    assert run.at.tolist() == [0, len(run.losses) - 1]
    assert run.records["norm"][-1] == pytest.approx(float(np.linalg.norm(run.net.weights)))
    np.testing.assert_array_equal(train_shallow(net, x, y, **again).losses, run.losses)

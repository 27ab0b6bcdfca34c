"""The measurements behind the claims about convergence: each against something simpler."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes.finite.batches import batch
from limes.machines.targets import code
from limes.nets import mlp
from limes.papers.convergence_at import capacity, lazy_limit, small_nets, sphere, training, width_law

pytestmark = pytest.mark.usefixtures("quick_compilation")


def test_points_and_network_are_those_of_the_theory():
    x, y = sphere.points(0, 30)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1, rtol=1e-6)
    assert set(y) == {-1, 1}
    params = sphere.start(0, 50)
    w, a = np.asarray(params[0]["w"]), np.asarray(params[2]["w"])[:, 0]
    assert set(a) == {-1, 1}
    by_hand = np.asarray(jax.lax.erf(jnp.asarray(x @ w))) @ a / 50**0.5
    scores = sphere.Signed(params).scores(x)
    np.testing.assert_allclose(scores[:, 1] - scores[:, 0], by_hand, atol=1e-5)
    v = np.random.default_rng(0).standard_normal((30, 2)).astype("float32")
    exact = jax.grad(lambda z: (v * (sphere.NET.apply(params, z) @ jnp.array([[-0.5, 0.5]]))).sum())(x)
    np.testing.assert_allclose(sphere.Signed(params).scores_vjp(x, v), exact, atol=1e-5)


def test_a_line_loses_what_its_slope_says():
    """With weights so small that erf is its slope, the worst point in a ball lies along the gradient."""
    x, y = sphere.points(1, 20)
    params = sphere.start(1, 40)
    small = [{"w": 1e-3 * params[0]["w"]}, *params[1:]]
    slope = 2 / np.pi**0.5 * np.asarray(small[0]["w"]) @ np.asarray(small[2]["w"])[:, 0] / 40**0.5
    margins = y * (x @ slope) - sphere.EPS * np.linalg.norm(slope)
    assert sphere.robust_loss(small, x, y) == pytest.approx(0.5 * ((1 - margins) ** 2).mean(), rel=1e-4)


def test_training_at_one_width(monkeypatch):
    some = {name: training.ATTACKS[name] for name in ("none", "PGD-10")}
    monkeypatch.setattr(training, "ATTACKS", some)
    found = training.measured(0, 32, 12, 20)
    assert set(found["surrogates"]) == set(some)
    assert found["gap"] == found["surrogate"] - min(found["candidates"].values())
    assert found["over"] < 1
    assert found["robust"]["none"] > found["robust"]["PGD-10"]
    assert found["surrogates"]["none"] < found["surrogates"]["PGD-10"] < found["losses"][0]
    assert found["regret"].shape == found["allowed"].shape == (len(found["times"]),)


def test_small_networks_and_their_margins():
    params = small_nets.draw(0, 2, (3, 5, 1))
    first = jax.tree.map(lambda a: a[1], params)
    x = np.random.default_rng(1).standard_normal((8, 3)).astype("float32")
    w, b = (np.asarray(first[0][key]) for key in "wb")
    hidden = np.maximum(np.sqrt(2 / 3) * x @ w + b, 0)
    by_hand = np.sqrt(2 / 5) * hidden @ first[2]["w"] + first[2]["b"]
    np.testing.assert_allclose(small_nets.outputs(first, x), by_hand[:, 0], atol=1e-5)
    y = np.where(x[:, 0] > 0, 1.0, -1.0)
    x[:, 0] += 2 * y
    trained, margins = small_nets.train(params, x, y, 1.0, 60)
    assert margins.shape == (2, 8)
    assert margins.max(axis=0).min() > 0  # half-spaces are learned, and their balls
    natural = y * np.asarray(jax.vmap(lambda p: small_nets.outputs(p, x))(trained))
    assert (margins <= natural + 1e-6).all()


def test_smallest_widths_of_an_easy_problem(monkeypatch):
    x, y, half = capacity.random_points(0, 12, 5)
    distances = np.linalg.norm(x[y > 0][:, None] - x[y < 0][None], axis=2)
    assert 2 * half == pytest.approx(distances.min())
    assert (y > 0).sum() == 6
    margins = iter([-1.0, 0.5, -1.0, -0.2])
    monkeypatch.setattr(capacity, "train", lambda *args: (None, np.full((4, 12), next(margins))))
    found = capacity.smallest_widths(0, 12, 5, (1, 2))
    assert (found["natural"], found["robust"]) == (2, 4)
    assert found["margins"] == {"natural": [-1.0, 0.5], "robust": [-1.0, -0.2]}


def test_harmonic_frames_have_equal_shares():
    for d in (5, 8):
        for m in range(1, d + 1):
            frame = width_law.harmonic_frame(m, d)
            np.testing.assert_allclose(frame @ frame.T, np.eye(m), atol=1e-12)
            np.testing.assert_allclose((frame**2).sum(axis=0), m / d, atol=1e-12)


def test_colliding_points_lie_in_the_balls_and_look_alike():
    layer = np.random.default_rng(0).standard_normal((3, 8))
    near, far, share = width_law.collision(layer)
    projector = layer.T @ np.linalg.solve(layer @ layer.T, layer)
    shares = np.linalg.norm(projector, axis=0)
    assert share == pytest.approx(shares.min())
    np.testing.assert_allclose(layer @ near, layer @ far, atol=1e-12)
    corner = np.eye(8)[shares.argmin()]
    assert np.linalg.norm(near - corner) == pytest.approx(share / 2)
    assert np.linalg.norm(far) == pytest.approx(share / 2)


def test_the_width_law():
    found = width_law.random_layers(0, 16, (0.3, 0.5, 0.7, 0.9), 30)
    assert found["law"] == found["frame"] == [2, 5, 8, 13]
    assert sum(found["missed"]) == 0
    assert found["tried"] == [31, 4 * 31, 7 * 31, 12 * 31]
    np.testing.assert_allclose(found["half"], [6, 9, 13, 16], atol=1)  # as recorded, from other draws
    assert found["different"] < 1e-14
    for rho, margin in zip(found["ratios"], found["explicit"], strict=True):
        m = width_law.law(16, rho)
        assert margin == pytest.approx((np.sqrt(m / 16) - rho) / 2)
        frame = width_law.harmonic_frame(m, 16)
        rng, image = np.random.default_rng(1), frame.T @ frame
        moves = rng.standard_normal((17, 200, 16))
        moves *= rho / 2 / np.linalg.norm(moves, axis=2, keepdims=True)
        moves[:16, 0] = -rho / 2 * image / np.linalg.norm(image, axis=1, keepdims=True)  # the worst ones
        points = np.concatenate([np.eye(16), np.zeros((1, 16))])[:, None] + moves
        units = image / np.linalg.norm(image, axis=1, keepdims=True)
        f = np.maximum(points @ image @ units.T - rho / 2, 0).sum(axis=2) - (np.sqrt(m / 16) - rho) / 2
        assert f[:16].min() >= margin - 1e-12
        assert f[16].max() <= -margin + 1e-12
    assert width_law.explicit_margin(4, 16, 0.5) == pytest.approx(0, abs=1e-12)  # the law is sharp


def test_trained_networks_are_judged_by_the_pair_too(monkeypatch):
    found = width_law.trained(0, 3, 0.9, (2,), 40, 2)
    assert (found["law"], found["robust"], found["smallest"]) == (3, [0], 6)
    monkeypatch.setattr(width_law, "train", lambda params, *args: (params, np.ones((2, 4))))
    blind = width_law.trained(0, 3, 0.9, (2, 4), 1, 2)  # attacks that find nothing, networks that were not trained
    assert blind["unbroken"] == [2, 2]
    assert blind["robust"][0] == 0
    assert blind["smallest"] in (4, 6)


def test_a_network_steps_as_the_limit_does():
    """Descent of a network that is linear in its weights is functional descent with its kernel, to the last digit."""
    net = mlp(1)
    rng = np.random.default_rng(0)
    z, residual = rng.standard_normal((6, 4)).astype("float32"), rng.standard_normal((6, 10))
    start = net.init(0, (4,), outputs=10)
    moved = lazy_limit.Moved(net, start, start).stepped(z, residual, 0.3)
    np.testing.assert_array_equal(lazy_limit.Moved(net, start, start).scores(z), 0)
    expected = -0.3 / 6 * np.asarray(net.kernel(z, get="ntk").ntk) @ residual
    np.testing.assert_allclose(moved.scores(z), expected, atol=1e-5)
    v = rng.standard_normal((6, 10)).astype("float32")
    weight = np.asarray(moved.params[0]["w"] - start[0]["w"]) * 2**0.5 / 2
    np.testing.assert_allclose(moved.scores_vjp(z, v), v @ weight.T, atol=1e-5)


def test_networks_approach_the_limit(monkeypatch):
    found = lazy_limit.compared(0, "l2", (16, 1024), 30, 40, 4, 16)
    assert found["distance"][1] < 0.5 * found["distance"][0]
    assert found["attacked"][1] < 0.5 * found["attacked"][0]
    assert found["agreement"][1] > found["agreement"][0]
    (x, y), _ = lazy_limit._rows(0, 30, 40)
    monkeypatch.setitem(lazy_limit.EPS, "l2", 1e-9)
    limit = lazy_limit.Limit(lazy_limit._growing(x, 64, found["rate"]))
    lazy_limit.train(limit, x, y, "l2", 4, 16, 0)
    gram, f = np.asarray(lazy_limit.NET.kernel(x, get="ntk").ntk, np.float64), np.zeros((30, 10))
    for step in range(4):  # without an attack it is descent with the kernel matrix
        rows = batch(30, 16, step, 0)
        f = f - found["rate"] / len(rows) * gram[:, rows] @ (f[rows] - code(y[rows], 10, "centred"))
    np.testing.assert_allclose(limit.descent.result().scores(x), f, atol=1e-4)

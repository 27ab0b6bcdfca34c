"""Projected adversarial training against a plain loop in NumPy, and against what its theory says of every run."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf

from limes import nets
from limes.core.errors import DtypeError, InputError, NumericalError
from limes.finite.ball import Ball
from limes.robust import MarginAscent, projected_training, smooth_hinge

pytestmark = pytest.mark.usefixtures("quick_compilation")

NET = nets.serial(nets.Dense(2.0), nets.Erf(), nets.Dense(trainable=False))
EPS, RADIUS, RATE = 0.3, 0.8, 0.5


def problem(seed=0, n=6, d=3, width=5):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, d)), np.where(np.arange(n) % 2, 1.0, -1.0)
    return x, y, NET.init(seed, (d,), width=width, dtype="float64")


def _line(w, z):
    return z @ w


def _square(f, y):
    return (f - y) ** 2


def weights_of(params):
    """First layer as it acts, and the fixed second one."""
    w, a = np.asarray(params[0]["w"]), np.asarray(params[2]["w"])[:, 0]
    return w * 2.0 / math.sqrt(w.shape[0]), a / math.sqrt(len(a))


def by_hand(x, y, params, norm, steps, attack_steps=3):
    """Losses, distances, hits and the last weights, in plain NumPy with derivatives written out."""
    first, (w, a) = np.asarray(params[0]["w"]), weights_of(params)
    scale, u = w[0, 0] / first[0, 0], first.copy()
    losses, far, hits = [], [], []

    def slope(h):
        return 2 / math.sqrt(math.pi) * np.exp(-(h**2))

    for _ in range(steps):
        w = scale * u
        z = x.copy()
        for _ in range(attack_steps):
            gradient = -y[:, None] * ((slope(z @ w) * a) @ w.T)
            unit = np.sign(gradient) if norm == "linf" else gradient / np.linalg.norm(gradient, axis=1, keepdims=True)
            delta = z + 2.5 * EPS / attack_steps * unit - x
            if norm == "linf":
                delta = np.clip(delta, -EPS, EPS)
            else:
                delta *= np.minimum(1, EPS / np.linalg.norm(delta, axis=1, keepdims=True))
            z = x + delta
        margin = y * (erf(z @ w) @ a)
        losses.append(np.mean([0.0 if m >= 1 else 0.5 * (1 - m) ** 2 if m > 0 else 0.5 - m for m in margin]))
        pull = np.array([0.0 if m >= 1 else -(1 - m) if m > 0 else -1.0 for m in margin]) * y / len(y)
        u = u - RATE * scale * z.T @ (pull[:, None] * slope(z @ w) * a)
        distance = np.linalg.norm(u - first)
        hits.append(distance > RADIUS)
        if distance > RADIUS:
            u = first + RADIUS / distance * (u - first)
        far.append(np.linalg.norm(u - first))
    return losses, far, hits, u


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_it_is_the_algorithm_written_out(norm):
    x, y, params = problem()
    attack = MarginAscent(NET.apply, EPS, norm, 3)
    path = projected_training(NET.apply, params, x, y, attack, rate=RATE, steps=12, radius=RADIUS)
    losses, far, hits, last = by_hand(x, y, params, norm, 12)
    np.testing.assert_allclose(path.losses[:-1], losses, rtol=1e-10)
    np.testing.assert_allclose(path.movement[1:, 0], far, rtol=1e-10)
    assert path.hits[:, 0].tolist() == hits
    assert 0 < sum(hits) < 12
    np.testing.assert_allclose(path.params[0]["w"], last, rtol=1e-10)
    np.testing.assert_array_equal(path.movement[:, 1], 0)  # the layer that is not trained
    best = projected_training(NET.apply, path.best, x, y, attack, rate=RATE, steps=1).losses[0]
    assert best == pytest.approx(path.losses.min(), rel=1e-12)
    again = projected_training(NET.apply, params, x, y, attack, rate=RATE, steps=12, radius=RADIUS)
    np.testing.assert_array_equal(again.params[0]["w"], path.params[0]["w"])


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_a_line_is_attacked_in_one_step(norm):
    rng = np.random.default_rng(1)
    w, x, y = rng.standard_normal((4, 1)), rng.standard_normal((5, 4)), np.array([1.0, -1, 1, -1, 1])
    unit = np.sign(w[:, 0]) if norm == "linf" else w[:, 0] / np.linalg.norm(w)
    for steps, key in ((1, None), (4, 0)):
        with jax.enable_x64(True):
            moved = MarginAscent(_line, "1/4", norm, steps, key)(jnp.asarray(w), jnp.asarray(x), jnp.asarray(y))
        np.testing.assert_allclose(moved, x - 0.25 * y[:, None] * unit, atol=1e-9 if key is None else 0.2)
    still = MarginAscent(_line, 0.25, norm, 0)(w, jnp.asarray(x), y)
    noise = [np.asarray(MarginAscent(_line, 0.25, norm, 0, 7)(w, jnp.asarray(x), y)) for _ in range(2)]
    np.testing.assert_array_equal(still, x.astype("float32"))
    np.testing.assert_array_equal(*noise)
    assert 0 < np.abs(noise[0] - x).max() <= 0.25 * (1 + 1e-6)


def test_points_stay_in_ball_and_box():
    x = jnp.asarray(np.random.default_rng(2).uniform(0, 1, (50, 6)), jnp.float32)
    for norm, order in (("l2", 2), ("linf", np.inf)):
        attack = MarginAscent(lambda w, z: jnp.sin(9 * z).sum(axis=1, keepdims=True), 0.3, norm, 5, 3, (0, 1))
        moved = np.asarray(attack(None, x, jnp.ones(50)))
        assert np.linalg.norm(moved - x, order, axis=1).max() <= 0.3 * (1 + 1e-6)
        assert (moved.min(), moved.max()) == (0, 1)
        start = np.asarray(Ball(norm).random_start(jax.random.key(0), x, 0.3)) - x
        assert 0.1 < np.linalg.norm(start, order, axis=1).max() <= 0.3 * (1 + 1e-6)


def test_regret_stays_below_the_bound_of_its_proof():
    x, y, params = problem(3, width=40)
    attack = MarginAscent(NET.apply, EPS)
    goal = projected_training(NET.apply, params, x, y, attack, rate=RATE, steps=200, radius=2.0).best
    path = projected_training(NET.apply, params, x, y, attack, rate=RATE, steps=60, radius=2.0, comparator=goal)
    distance = np.linalg.norm(np.asarray(goal[0]["w"]) - np.asarray(params[0]["w"]))
    steps = np.arange(1, 61)
    allowed = (distance**2 / (2 * RATE) + np.cumsum(RATE / 2 * path.slopes**2 + path.remainder)) / steps
    assert (path.regret <= allowed).all()
    assert path.regret[-1] > 0.1 * allowed[-1]  # the bound is of the right size
    assert path.regret[0] == pytest.approx(path.losses[0] - path.against[0])
    from_start = projected_training(NET.apply, params, x, y, attack, rate=1e-9, steps=1, comparator=params)
    assert from_start.against == pytest.approx(from_start.losses[:1])
    assert (from_start.remainder[0], from_start.curvature[0]) == (0, 0)


def test_a_linear_network_has_no_curvature():
    x, y, _ = problem()
    net = nets.serial(nets.Dense())
    start = net.init(0, (3,), dtype="float64")
    attack = MarginAscent(net.apply, 0.1)
    path = projected_training(net.apply, start, x, y, attack, rate=0.3, steps=9, comparator=net.init(1, (3,), 1, 1))
    assert max(path.curvature.max(), path.remainder.max()) < 1e-6
    assert path.movement[-1, 0] > 0.05
    assert not path.hits.any()


def test_the_centre_need_not_be_the_start():
    x, y, params = problem()
    start = jax.tree.map(lambda w: np.asarray(w) + 0.2, params)
    attack = MarginAscent(NET.apply, EPS, steps=0)
    path = projected_training(NET.apply, start, x, y, attack, rate=RATE, steps=9, radius=0.5, centre=params)
    assert path.movement[0, 0] == pytest.approx(0.2 * math.sqrt(15))
    assert path.movement[1:, 0].max() <= 0.5 * (1 + 1e-12)


def test_the_smooth_hinge_is_convex_and_of_slope_at_most_one():
    f, y = jnp.linspace(-3, 3, 241), jnp.ones(241)
    values, slopes = smooth_hinge(f, y), jax.vmap(jax.grad(smooth_hinge))(f, y)
    assert (np.diff(slopes) >= -1e-6).all()
    assert (np.abs(slopes).max(), values[f >= 1].max()) == (1, 0)
    np.testing.assert_allclose((values[2:] - values[:-2]) / 0.05, slopes[1:-1], atol=0.02)
    np.testing.assert_allclose(smooth_hinge(f, -y)[::-1], values, atol=1e-5)


def test_what_cannot_be_trained_is_refused():
    x, y, params = problem()
    attack = MarginAscent(NET.apply, EPS)

    def run(x=x, y=y, params=params, rate=1.0, steps=1, **more):
        return projected_training(NET.apply, params, x, y, attack, rate=rate, steps=steps, **more)

    for error, match, arguments in (
        (InputError, "rate must be a positive", {"rate": 0.0}),
        (InputError, "rate must be a positive", {"rate": math.inf}),
        (InputError, "radius must be a positive", {"radius": math.nan}),
        (InputError, "steps must be", {"steps": 0}),
        (InputError, "no label for each", {"y": y[:2]}),
        (InputError, "not finite", {"x": np.where(x > 1, np.nan, x)}),
        (InputError, "other shapes", {"comparator": NET.init(0, (3,), 7, 1)}),
        (InputError, "one output", {"params": NET.init(0, (3,), 5, 2)}),
        (DtypeError, "integers|int", {"x": np.ones((6, 3), int)}),
    ):
        with pytest.raises(error, match=match):
            run(**arguments)
    line = nets.serial(nets.Dense())
    start, still = line.init(0, (3,)), MarginAscent(line.apply, 0.0, steps=0)
    with pytest.raises(NumericalError, match="diverged at step"):
        projected_training(line.apply, start, x, y, still, rate=1e6, steps=20, loss=_square)
    with pytest.raises(InputError, match="steps must be a whole"):
        MarginAscent(NET.apply, 0.1, steps=-1)
    with pytest.raises(InputError, match="norm must be"):
        MarginAscent(NET.apply, 0.1, "l1")

"""Two-layer networks with fixed signs, their attacked loss, and descent on it and on its Moreau envelope."""

from itertools import pairwise

import jax
import numpy as np
import pytest

from limes.core.errors import InputError, NumericalError
from limes.robust import Descent, RobustLoss, descend, draw_weights, signed, stability_bound, twin_runs, weak_convexity

pytestmark = pytest.mark.usefixtures("quick_compilation")


def problem(seed=0, n=6, d=4, m=10):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return rng.standard_normal((m, d)), x, np.where(np.arange(n) % 3 == 0, 1.0, -1.0)


def naive(w, x):
    """f(x), unit by unit."""
    total = 0.0
    for s, row in enumerate(w):
        total = total + (-1) ** s * np.log1p(np.exp(x @ row)) / np.sqrt(len(w))
    return total


def naive_loss(w, x, y):
    return np.mean(np.log1p(np.exp(-y * naive(w, x))))


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_the_attack_is_in_the_ball_and_finds_the_worst_point(norm):
    w, x, y = problem()
    loss = RobustLoss(eps=0.2, norm=norm)
    moved = loss.attack(w, x, y)
    length = np.linalg.norm(moved - x, axis=1) if norm == "l2" else np.abs(moved - x).max(axis=1)
    assert length.max() <= 0.2 * (1 + 1e-12)
    assert loss.value(w, x, y) == pytest.approx(naive_loss(w, moved, y), rel=1e-12)
    rng = np.random.default_rng(1)
    tried = rng.standard_normal((4000, *x.shape)) if norm == "l2" else rng.choice([-0.2, 0.2], (4000, *x.shape))
    if norm == "l2":
        tried *= 0.2 / np.linalg.norm(tried, axis=2, keepdims=True)
    worst = np.log1p(np.exp(-y * np.stack([naive(w, x + delta) for delta in tried]))).max(axis=0)
    assert loss.value(w, x, y) >= worst.mean() - 1e-12
    assert loss.value(w, x, y) <= worst.mean() + 2e-3
    long = RobustLoss(eps=0.2, norm=norm, attack_steps=50)
    assert loss.value(w, x, y) == pytest.approx(long.value(w, x, y), abs=1e-3)
    assert loss.reach(x) >= np.linalg.norm(x + tried, axis=2).max()


def test_the_slope_is_a_finite_difference_at_the_attacked_points():
    w, x, y = problem()
    loss, way = RobustLoss(eps=0.3), np.random.default_rng(2).standard_normal(w.shape)
    moved = loss.attack(w, x, y)
    numeric = (naive_loss(w + 1e-5 * way, moved, y) - naive_loss(w - 1e-5 * way, moved, y)) / 2e-5
    assert float((loss.slope(w, x, y) * way).sum()) == pytest.approx(numeric, rel=1e-8)
    assert np.linalg.norm(loss.slope(w, x, y)) <= loss.reach(x)


def test_the_loss_is_weakly_convex_with_the_constant():
    """Every Hessian of a single example stays above -l, and one with large phi'' comes close to half of it."""
    w, x, y = problem(m=16)
    bound = weak_convexity(16, float(np.linalg.norm(x, axis=1).max()))

    def value(flat, point, label):
        return jax.nn.softplus(-label * signed.outputs(flat.reshape(w.shape), point[None])[0])

    with jax.enable_x64(True):
        hessians = jax.jit(jax.vmap(jax.hessian(value), (None, 0, 0)))(0.1 * w.ravel(), x, y)
    lowest = np.linalg.eigvalsh(np.asarray(hessians))[:, 0]
    assert lowest.min() >= -bound
    assert lowest.min() <= -0.4 * bound


def test_descent_is_that_of_a_loop():
    w, x, y = problem()
    loss = RobustLoss(eps=0.2)
    run = descend(loss, Descent(rate=0.7), w, x, y, steps=4, marks=(0, 2, 4))
    by_hand = [w]
    for _ in range(4):
        by_hand.append(by_hand[-1] - 0.7 * loss.slope(by_hand[-1], x, y))
    np.testing.assert_allclose(run.at_marks, [by_hand[0], by_hand[2], by_hand[4]], atol=1e-13)
    np.testing.assert_allclose(run.losses, [loss.value(v, x, y) for v in by_hand[:4]], rtol=1e-12)
    np.testing.assert_array_equal(run.weights, run.at_marks[2])
    assert not run.inexact.any()
    again = descend(loss, Descent(rate=0.7), w, x, y, steps=4)
    np.testing.assert_array_equal(again.weights, run.weights)


def test_one_inner_step_of_length_mu_is_plain_descent():
    w, x, y = problem()
    loss = RobustLoss(eps=0.1, norm="linf")
    plain = descend(loss, Descent(rate=0.5), w, x, y, steps=5)
    same = descend(loss, Descent(rate=0.5, mu=2.0, inner_steps=1, inner_rate=2.0), w, x, y, steps=5)
    np.testing.assert_allclose(same.weights, plain.weights, atol=1e-13)
    tiny = descend(loss, Descent(rate=0.5, mu=1e-6), w, x, y, steps=5)  # the envelope goes to the loss
    np.testing.assert_allclose(tiny.weights, plain.weights, atol=1e-5)


def test_the_slope_of_the_envelope_is_a_finite_difference_of_it():
    """With a clean loss, which is smooth, and an inner problem solved to rounding."""
    w, x, y = problem()
    loss, mu, way = RobustLoss(eps=0.0), 1.5, np.random.default_rng(3).standard_normal(w.shape)
    solved = Descent(rate=mu, mu=mu, inner_steps=200)  # a rate of mu goes to the minimiser

    def envelope(v):
        run = descend(loss, solved, v, x, y, steps=1)
        assert run.inexact[0] < 1e-12
        return naive_loss(run.weights, x, y) + ((run.weights - v) ** 2).sum() / (2 * mu)

    step = descend(loss, Descent(rate=1.0, mu=mu, inner_steps=200), w, x, y, steps=1)
    numeric = (envelope(w + 1e-4 * way) - envelope(w - 1e-4 * way)) / 2e-4
    assert float(((w - step.weights) * way).sum()) == pytest.approx(numeric, rel=1e-6)
    assert envelope(w) < naive_loss(w, x, y)


def test_more_inner_steps_leave_less():
    w, x, y = problem()
    left = [
        descend(RobustLoss(eps=0.2), Descent(rate=1.0, mu=4.0, inner_steps=k), w, x, y, steps=1).inexact[0]
        for k in (1, 3, 6)
    ]
    assert all(after < 0.6 * before for before, after in pairwise(left))


@pytest.mark.parametrize("descent", [Descent(rate=0.8), Descent(rate=0.8, mu=2.0)], ids=["loss", "envelope"])
def test_twins_are_runs_of_their_own(descent):
    loss, rows = RobustLoss(eps=0.2), np.array([[1, 4], [0, 2]])
    problems = [problem(seed) for seed in (0, 1)]
    rng = np.random.default_rng(5)
    x_new, y_new = rng.standard_normal((2, 2, 4)) / 2, np.array([[1.0, -1.0], [1.0, 1.0]])
    w, x, y = (np.stack(parts) for parts in zip(*problems, strict=True))
    found = twin_runs(loss, descent, w, x, y, rows, x_new, y_new, steps=6, marks=(6,))
    assert found.distances.shape == (2, 2, 6)
    # reach is that of all runs of a call, and with it the default inner rate: fix the rate by hand
    fixed = descent
    if descent.mu:
        numbers = descent.numbers(loss, loss.reach(np.concatenate([*x, *x_new])))
        fixed = Descent(rate=0.8, mu=2.0, inner_rate=numbers["inner_rate"])
    for s, (start, inputs, labels) in enumerate(problems):
        base = descend(loss, fixed, start, inputs, labels, steps=6).weights
        np.testing.assert_allclose(found.base.weights[s], base, atol=1e-13)
        np.testing.assert_allclose(found.base.at_marks[s, 0], base, atol=1e-13)
        for k, row in enumerate(rows[s]):
            other, other_labels = inputs.copy(), labels.copy()
            other[row], other_labels[row] = x_new[s, k], y_new[s, k]
            twin = descend(loss, fixed, start, other, other_labels, steps=6).weights
            assert found.distances[s, k, -1] == pytest.approx(np.linalg.norm(twin - base), rel=1e-10)
            np.testing.assert_allclose(found.at_marks[s, k, 0], twin, atol=1e-13)
    alone = twin_runs(loss, fixed, *problems[0], rows[0], x_new[0], y_new[0], steps=6)
    np.testing.assert_allclose(alone.distances, found.distances[0], rtol=1e-10)
    np.testing.assert_allclose(alone.losses, found.losses[0], rtol=1e-10)


def test_equal_twins_stay_together_and_swaps_stay_within_the_bound():
    w, x, y = problem(m=100)
    loss = RobustLoss(eps=0.2)
    same = twin_runs(loss, Descent(rate=1.0), w, x, y, [3], x[[3]], y[[3]], steps=20)
    assert same.distances.max() < 1e-14
    for descent in (Descent(rate=1.0), Descent(rate=1.0, mu=1.0)):
        swapped = twin_runs(loss, descent, w, x, y, [3], -x[[3]], -y[[3]], steps=20)
        bound = stability_bound(np.arange(1, 21), descent, n=6, width=100, reach=loss.reach(x), inexact=swapped.inexact)
        assert bound.within.all()
        assert (swapped.distances[0] <= bound.general).all()
        assert (bound.general <= bound.published).all()


def test_the_bound_in_numbers():
    found = stability_bound([25, 100], Descent(rate=2.0), n=60, width=400, reach=1.2)
    weak = 0.36 / 20
    np.testing.assert_allclose(
        found.published, np.e * (2 * 1.2 * 2 * np.sqrt([25, 100]) + 4 * 1.2 * 2 * np.array([25, 100]) / 60)
    )
    np.testing.assert_allclose(found.general, found.published / np.e * np.exp(weak * np.array([50, 200])))
    assert found.width_needed.tolist() == [324, 5184]
    assert found.within.tolist() == [True, False]
    exact = stability_bound(10, Descent(rate=1.0, mu=4.0), n=60, width=400, reach=1.2)
    assert exact.general[0] == pytest.approx(
        np.exp(10 * weak / (1 - 4 * weak)) * 2 * 1.2 * 10 / 60 / (1 - 4 * weak), rel=1e-12
    )
    inexact = stability_bound(10, Descent(rate=1.0, mu=4.0), n=60, width=400, reach=1.2, inexact=np.full(10, 0.1))
    assert inexact.published[0] - exact.published[0] == pytest.approx(np.e * 2 * 10 * 0.1 / (1 - 4 * weak))
    edge = int(exact.width_needed[0])
    for width, within in ((edge - 1, False), (edge, True)):
        again = stability_bound(10, Descent(rate=1.0, mu=4.0), n=60, width=width, reach=1.2)
        assert bool(again.within[0]) is within


BAD = [
    (lambda: RobustLoss(eps=-1), "eps must be finite"),
    (lambda: RobustLoss(eps=0.1, norm="l1"), "norm must be one of"),
    (lambda: RobustLoss(eps=0.1, attack_steps=0), "attack_steps must be"),
    (lambda: Descent(rate=0.0), "rate must be a positive"),
    (lambda: Descent(rate=1.0, mu=-1.0), "mu must be a positive"),
    (lambda: Descent(rate=1.0, inner_steps=0), "inner_steps must be"),
    (lambda: draw_weights(0, 0, 3), "width must be"),
    (lambda: weak_convexity(4, -1.0), "reach must be"),
    (lambda: stability_bound(0, Descent(1.0), n=5, width=9, reach=1.0), "steps must be"),
    (lambda: stability_bound(3, Descent(1.0, mu=40.0), n=5, width=9, reach=1.0), "mu = 40 is too large"),
    (lambda: stability_bound(3, Descent(3.0, mu=1.0), n=5, width=9, reach=1.0), "at most 2 mu"),
    (lambda: stability_bound(3, Descent(1.0, mu=1.0), n=5, width=9, reach=1.0, inexact=[0.1]), "each of 3 steps"),
]


@pytest.mark.parametrize(("call", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_settings_are_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()


def test_bad_data_are_refused():
    w, x, y = problem()
    loss, plain = RobustLoss(eps=0.1), Descent(rate=1.0)
    with pytest.raises(InputError, match="labels must be 1 or -1, not"):
        loss.value(w, x, np.zeros(6))
    with pytest.raises(InputError, match="with the same d and n"):
        loss.value(w, x[:, :3], y)
    with pytest.raises(InputError, match="x holds 1 values that are not finite"):
        descend(loss, plain, w, np.where(np.arange(24).reshape(6, 4) == 5, np.nan, x), y, steps=2)
    with pytest.raises(InputError, match="with a first axis of seeds"):
        descend(loss, plain, w[None], x, y, steps=2)
    with pytest.raises(InputError, match="marks must be"):
        descend(loss, plain, w, x, y, steps=2, marks=(3,))
    with pytest.raises(InputError, match="is too large"):
        descend(loss, Descent(rate=1.0, mu=100.0), w, x, y, steps=2)
    with pytest.raises(InputError, match="row numbers from 0 to 5"):
        twin_runs(loss, plain, w, x, y, [6], x[[0]], [1.0], steps=2)
    with pytest.raises(InputError, match=r"x_new \(k, 4\)"):
        twin_runs(loss, plain, w, x, y, [1], x[0], [1.0], steps=2)
    with pytest.raises(NumericalError, match="diverged at step"):
        descend(loss, Descent(rate=1.0, mu=1.0, inner_rate=1e200), w, x, y, steps=2)

"""Tensors as sums of powers, and descent on them: against tensors that are written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes.beyond.tensor import (
    Components,
    Descent,
    decompose,
    loss_and_gradient,
    orthonormal_target,
    random_target,
    relative_residual,
)
from limes.core.errors import InputError, NumericalError


def _written_out(t):
    """By a loop over components and indices."""
    found = np.zeros((t.dimension,) * t.order)
    for c, u in zip(t.coef, t.vectors, strict=True):
        for index in np.ndindex(found.shape):
            found[index] += c * np.prod(u[list(index)])
    return found


def _some(seed, m, d, order):
    rng = np.random.default_rng(seed)
    return Components(rng.standard_normal(m), rng.standard_normal((m, d)), order)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_gram_form_is_that_of_the_tensor(order):
    a, b = _some(0, 4, 3, order), _some(1, 2, 3, order)
    whole, other = _written_out(a), _written_out(b)
    np.testing.assert_allclose(a.dense(), whole, atol=1e-12)
    assert a.inner(b) == pytest.approx((whole * other).sum(), rel=1e-12)
    assert a.norm() == pytest.approx(np.linalg.norm(whole), rel=1e-12)
    assert relative_residual(a, b) == pytest.approx(np.linalg.norm(whole - other) / np.linalg.norm(other), rel=1e-12)
    x = np.random.default_rng(2).standard_normal((2, 3))
    for found, row in zip(a.contract(x), x, strict=True):
        slow = whole
        for _ in range(order - 1):
            slow = slow @ row
        np.testing.assert_allclose(found, slow, rtol=1e-10)


def test_several_tensors_at_once():
    one, two = _some(0, 4, 3, 3), _some(1, 4, 3, 3)
    both = Components(np.stack([one.coef, two.coef]), np.stack([one.vectors, two.vectors]), 3)
    target = _some(2, 2, 3, 3)
    np.testing.assert_allclose(both.dense(), np.stack([one.dense(), two.dense()]))
    expected = [float(relative_residual(t, target)) for t in (one, two)]
    np.testing.assert_allclose(relative_residual(both, target), expected, rtol=1e-12)
    np.testing.assert_allclose(both.inner(target), [float(t.inner(target)) for t in (one, two)], rtol=1e-12)


def test_targets():
    found = orthonormal_target(6, 3, 3, seed=1)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(random_target(4, 6, 3).vectors, axis=1), 1.0)


@pytest.mark.parametrize("order", [2, 3, 5])
def test_gradient_is_that_of_the_loss_written_out(order):
    target, rng = random_target(4, 2, order, seed=3), np.random.default_rng(4)
    signs, u = rng.choice([-1.0, 1.0], 5), rng.standard_normal((5, 4))
    value, gradient = loss_and_gradient(target, signs, u)

    def loss(u):
        power = signs * jnp.linalg.norm(u, axis=1) ** (2 - order)
        for _ in range(order):
            power = power[..., None] * u.reshape(5, *(1,) * (power.ndim - 1), 4)
        return jnp.sum((power.sum(0) - target.dense()) ** 2)

    with jax.enable_x64(True):
        right, slope = (np.asarray(a) for a in jax.value_and_grad(loss)(jnp.asarray(u)))
    assert value == pytest.approx(float(right), rel=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-10, atol=1e-12)
    step = 1e-6 * rng.standard_normal(u.shape)
    change = (loss_and_gradient(target, signs, u + step)[0] - loss_and_gradient(target, signs, u - step)[0]) / 2
    assert change == pytest.approx((gradient * step).sum(), rel=1e-6)


def test_a_step_of_descent_is_one_along_the_gradient():
    target = orthonormal_target(5, 2, 3)
    found = decompose(target, 3, Descent(steps=1, learning_rate=0.1, penalty=0.3), seeds=(7,), every=1)
    signs = np.sign(found.start.coef)[0]
    u = found.start.vectors[0] * np.sqrt(np.abs(found.start.coef[0]))[:, None]
    np.testing.assert_allclose(np.linalg.norm(u, axis=1), 0.1)
    moved = u - 0.1 * (loss_and_gradient(target, signs, u)[1] + 0.6 * u)
    lengths = np.linalg.norm(moved, axis=1)
    np.testing.assert_allclose(found.components.coef[0], signs * lengths**2, rtol=1e-12)
    np.testing.assert_allclose(found.components.vectors[0], moved / lengths[:, None], rtol=1e-12)
    expected = [float(relative_residual(t, target)[0]) for t in (found.start, found.components)]
    np.testing.assert_allclose(found.residuals[0], expected, rtol=1e-12)


def test_seeds_do_not_depend_on_each_other():
    target = orthonormal_target(6, 2, 3)
    descent = Descent(steps=60, period=20)
    both, one = (decompose(target, 4, descent, seeds=seeds, every=20) for seeds in ((1, 2), (2,)))
    np.testing.assert_allclose(both.residuals[1], one.residuals[0], rtol=1e-9)
    assert both.at.tolist() == [0, 20, 40, 60]
    assert both.redrawn == 2  # not before the last period


def test_the_smallest_component_is_drawn_again():
    target = orthonormal_target(6, 2, 3)
    quiet = {"learning_rate": 1e-12, "size": 0.1}
    kept = decompose(target, 4, Descent(steps=2, **quiet), seeds=(0,))
    drawn = decompose(target, 4, Descent(steps=2, period=1, **quiet), seeds=(0,))
    changed = (np.abs(kept.components.vectors - drawn.components.vectors).max(axis=-1) > 1e-6).sum()
    assert (changed, drawn.redrawn) == (1, 1)


def test_descent_finds_what_lazy_training_cannot_and_drawing_again_helps():
    target = orthonormal_target(8, 2, 3)
    never, again = (
        decompose(target, 4, Descent(steps=4000, period=period), seeds=(0, 1, 3), every=4000) for period in (None, 500)
    )
    assert (never.residual > 0.5).tolist() == [True, False, True]
    assert (again.residual < 0.01).all()
    with pytest.raises(NumericalError, match="diverged by step"), np.errstate(all="ignore"):
        decompose(target, 4, Descent(steps=50, learning_rate=50.0, size=5.0), every=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Components(np.ones(2), np.ones((3, 4)), 3), r"shape \(2,\) and vectors of shape \(3, 4\)"),
        (lambda: Components(np.ones(1), np.ones((1, 4)), 1), "order is a whole number of at least 2, not 1"),
        (lambda: _some(0, 1, 3, 3).inner(_some(0, 1, 3, 4)), "order 3 in 3 dimensions and of order 4 in 3"),
        (lambda: _some(0, 1, 100, 4).dense(), "100,000,000 entries"),
        (lambda: orthonormal_target(3, 4, 3), "1 to 3 orthonormal vectors in 3 dimensions, not 4"),
        (lambda: random_target(3, 0, 3), "at least 1, not 0 and 3"),
        (lambda: Descent(steps=-1), "positive numbers of steps, not -1"),
        (lambda: Descent(learning_rate=0.0), "must be above 0"),
        (lambda: Descent(signs="both"), "random or positive, not 'both'"),
        (lambda: decompose(orthonormal_target(3, 1, 3), 0), "at least one component"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()

"""Expectations of ReLU networks over normal inputs: against quadrature, samples and cases known without a formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes.beyond.population import population_loss, relu_gram
from limes.core.errors import DtypeError, InputError

pytestmark = pytest.mark.usefixtures("quick_compilation")
ANGLES = (0.0, 1e-12, 3e-9, 1e-5, 0.3, np.pi / 2, 2.9, np.pi - 1e-6, np.pi - 2e-9, np.pi)


def _plane(t):
    """E relu(u.x) relu(v.x) and its gradient in u, for unit vectors at an angle t in the plane, by quadrature.

    In polar coordinates the radius gives E r^2 / (2 pi) = 1 / pi, and the angle is integrated where both are active.
    """
    nodes, weights = np.polynomial.legendre.leggauss(30)
    low, high = t - np.pi / 2, np.pi / 2
    phi = (low + high) / 2 + (high - low) / 2 * nodes
    other = np.cos(phi - t) * weights * (high - low) / 2 / np.pi
    gradient = np.array([np.cos(phi) @ other, np.sin(phi) @ other])
    return gradient[0], gradient


def _pair(t):
    return np.array([[1.0, 0.0]]), np.array([[np.cos(t), np.sin(t)]])


def test_the_gram_at_every_angle():
    u = np.array([[2.0, 0.0]])
    v = np.vstack([_pair(t)[1] for t in ANGLES])
    np.testing.assert_allclose(relu_gram(u, 3 * v)[0], [6 * _plane(t)[0] for t in ANGLES], atol=2e-15)
    low = relu_gram(u.astype("f"), v.astype("f"))
    assert low.dtype == np.float32
    np.testing.assert_allclose(low[0], [2 * _plane(t)[0] for t in ANGLES], atol=5e-7)


def test_the_gradient_at_every_angle():
    with jax.enable_x64(True):
        v = jnp.asarray(np.vstack([_pair(t)[1] for t in ANGLES]))
        u = jnp.tile(jnp.array([[1.0, 0.0]]), (len(ANGLES), 1))
        gradient = jax.grad(lambda u: jnp.trace(relu_gram(u, v)))(u)
        np.testing.assert_allclose(gradient, [_plane(t)[1] for t in ANGLES], atol=2e-15)
        back = jax.grad(lambda v: jnp.trace(relu_gram(v, u)))(u * 3.0)  # of degree 1 in the other, 0 in itself
        np.testing.assert_allclose(back, jax.grad(lambda v: jnp.trace(relu_gram(u, v)))(u * 3.0), atol=1e-15)
        twice = jax.grad(lambda u: jnp.trace(relu_gram(u, u)) / 2)(v)  # sum |u|^2 / 4
        np.testing.assert_allclose(twice, v / 2, atol=1e-15)


def test_second_derivatives():
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        w, v = jnp.asarray(rng.standard_normal((3, 4))), jnp.asarray(rng.standard_normal((2, 4)))
        a, b = jnp.asarray(rng.standard_normal(3)), jnp.ones(2)
        slope = jax.jit(jax.grad(lambda w: population_loss(a, w, b, v)))
        exact = jax.hessian(lambda w: population_loss(a, w, b, v))(w).reshape(12, 12)
        step = 1e-5 * jnp.eye(12).reshape(12, 3, 4)
        slow = jnp.stack([(slope(w + h) - slope(w - h)).ravel() / 2e-5 for h in step])
        np.testing.assert_allclose(exact, slow, atol=1e-8)
        # two equal neurons and an opposite one; a change of length is one of a, whose square counts once more
        w = jnp.stack([v[0], v[0], -v[0]])
        curved = jax.hessian(lambda w: population_loss(a, w, b, v))(w).reshape(12, 12)
        assert bool(jnp.isfinite(curved).all())
        along = jnp.concatenate([v[0], jnp.zeros(8)])
        np.testing.assert_allclose(along @ curved @ along, a[0] ** 2 * v[0] @ v[0], rtol=1e-9)


def _networks(seed, m=5, r=3, d=6):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(m), rng.standard_normal((m, d)), rng.standard_normal(r), rng.standard_normal((r, d))


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_is_that_of_samples(seed):
    a, w, b, v = _networks(seed)
    x = np.random.default_rng(seed + 10).standard_normal((200_000, 6))
    gap = np.maximum(x @ w.T, 0) @ a - np.maximum(x @ v.T, 0) @ b
    design = np.column_stack([np.ones(len(x)), x])
    left = gap - design @ np.linalg.lstsq(design, gap)[0]
    for residual, options in ((gap, {}), (left, {"remove_affine": True})):
        square = residual**2
        error = square.std() / np.sqrt(len(x))
        assert abs(square.mean() - population_loss(a, w, b, v, **options)) < 5 * error


def test_cases_known_without_a_formula():
    a, w, b, v = _networks(7)
    u = v[:1]
    # relu(z) - relu(-z) = z, an affine function of second moment |u|^2
    pair, signs = np.vstack([u, -u]), np.array([1.0, -1.0])
    nothing = np.zeros(1)
    assert population_loss(signs, pair, nothing, u) == pytest.approx(np.sum(u**2))
    assert abs(population_loss(signs, pair, nothing, u, remove_affine=True)) < 1e-14
    # a neuron may be split, and its length moved to its coefficient
    split, shares = np.vstack([v, v]) / 2, np.concatenate([1.5 * b, 0.5 * b])
    assert abs(population_loss(shares, split, b, v)) < 1e-13
    # more batch axes are so many losses
    many = population_loss(np.stack([a, 2 * a]), np.stack([w, w]), b, v)
    np.testing.assert_allclose(many, [population_loss(k * a, w, b, v) for k in (1, 2)], rtol=1e-12)
    # a dead neuron adds nothing, with a gradient that is finite
    with jax.enable_x64(True):
        dead = jnp.asarray(np.vstack([w, np.zeros((1, 6))]))
        value, slope = jax.value_and_grad(lambda z: population_loss(jnp.append(a, 1.0), z, b, v))(dead)
    assert float(value) == pytest.approx(float(population_loss(a, w, b, v)))
    assert np.isfinite(slope).all()


def test_bad_input():
    a, w, b, v = _networks(0)
    with pytest.raises(InputError, match="with the same d"):
        relu_gram(w, v[:, :4])
    with pytest.raises(InputError, match="coef of shape"):
        population_loss(a[:2], w, b, v)
    with pytest.raises(InputError, match="1 NaN"):
        population_loss(a, w, b, np.where(v == v[0, 0], np.nan, v))
    with pytest.raises(DtypeError, match="int64"):
        population_loss(a, w, np.array([1, 1, 1]), v)


def test_leading_axes_that_do_not_broadcast_and_lists():
    w, a = np.ones((2, 3, 4)), np.ones((2, 3))
    for wrong, message in (
        (lambda: relu_gram(w, np.ones((3, 3, 4))), "do not broadcast"),
        (lambda: population_loss(a, w, np.ones((3, 3)), w), "do not broadcast"),
        (lambda: relu_gram([[1.0]], [[1.0]]), "not lists"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()

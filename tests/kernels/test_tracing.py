"""`net.kernel` under JAX's transformations, and how often it is compiled."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets

NET = nets.mlp(3, b_std=0.1)
CONV = nets.cnn(1, "gap", kernel=(3,))


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)


def test_jit_equals_eager(x):
    other = x[1:] + np.float32(0.5)
    traced = jax.jit(lambda a, b: NET.kernel(a, b))
    k, eager = traced(x, other), NET.kernel(x, other)
    for name in ("nngp", "ntk"):
        np.testing.assert_allclose(getattr(k, name), getattr(eager, name), rtol=1e-6)
    own = jax.jit(lambda a: NET.kernel(a, get="ntk").ntk)(x)
    np.testing.assert_allclose(own, NET.kernel(x).ntk, rtol=1e-6)
    assert own.dtype == np.float32


def test_tracer_decides_the_precision_over_a_constant(x):
    k = jax.jit(lambda a: NET.kernel(a, x.astype(np.float64), get="ntk").ntk)(x)
    assert k.dtype == np.float32


@pytest.mark.parametrize(("net", "shape"), [(NET, (6,)), (CONV, (3, 2))], ids=["mlp", "gap"])
def test_vmap_equals_batch(net, shape, x):
    x = x.reshape(4, *shape)
    rows = jax.jit(jax.vmap(lambda a: net.kernel(a[None], x, get="ntk").ntk[0]))(x)
    np.testing.assert_allclose(rows, net.kernel(x, get="ntk").ntk, rtol=2e-6)


@pytest.mark.parametrize("kind", ["nngp", "ntk"])
def test_gradient_is_finite_at_coincident_and_zero_points(kind, x):
    x[0] = 0
    total = jax.jit(jax.grad(lambda a, b: jnp.sum(getattr(NET.kernel(a, b, get=kind), kind))))
    assert np.isfinite(total(x, x)).all()
    own = jax.jit(jax.grad(lambda a: jnp.sum(getattr(NET.kernel(a, get=kind), kind))))(x)
    # K(a, b) with b = a: both arguments move, and the kernel is symmetric
    np.testing.assert_allclose(own, 2 * total(x, x), rtol=1e-4, atol=1e-5 * np.abs(own).max())


def test_same_shapes_are_compiled_once(x):
    traces = []

    @dataclass(frozen=True)
    class Counting(nets.Relu):
        name: ClassVar[str] = "counting"

        def propagate(self, state):
            traces.append(state)
            return super().propagate(state)

    def net():
        return nets.serial(nets.Dense(1.3), Counting(), nets.Dense())

    net().kernel(x, tile=2)
    first = len(traces)
    assert first > 0
    net().kernel(x + 1, tile=2)
    net().kernel(np.concatenate([x, x]), x, tile=2)  # more tiles of the same shape
    assert len(traces) == first
    net().kernel(x.astype(np.float64), tile=2)
    assert len(traces) == 2 * first

"""Repeated layers in a loop give what they give one after another."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.kernels.block import block
from limes.nets import repeats

pytestmark = pytest.mark.usefixtures("quick_compilation")


def _dense(i, **fields):
    return nets.Dense(1.1 + 0.02 * i, **fields)


D, C = nets.Dense(1.2, 0.2), nets.Conv((3,), w_std=1.2, b_std=0.2)
CASES = {
    "one activation": (nets.mlp(6, "sin", 1.3, 0.1), (3,)),
    "two activations and a rest": (nets.serial(*[D, nets.Sin(), D, nets.Relu()] * 3, D), (3,)),
    "numbers that differ": (
        nets.serial(
            *[f for i in range(5) for f in (_dense(i, parametrisation="standard", base_width=i + 2), nets.Relu())], D
        ),
        (3,),
    ),
    "no repetition": (
        nets.serial(
            *[_dense(0, trainable=False), nets.Sin(), D, nets.Cos(), _dense(1), nets.Cos(), _dense(2, b_std=0.3)],
            *[nets.Sin(), D],
        ),
        (3,),
    ),
    "a rest that repeats": (
        nets.serial(_dense(0), nets.LayerNorm(), nets.Sin(), D, nets.Cos(), *[D, nets.Relu()] * 4, _dense(1)),
        (3,),
    ),
    "dropout": (nets.serial(*[D, nets.Relu(), nets.Dropout(0.8)] * 3, D), (3,)),
    "residual": (nets.resnet(3, "gap", 1.1, 0.1, activation="sin", kernel=(3,)), (3, 1)),
    "flatten": (nets.cnn(5, "flatten", 1.2, 0.2, activation="sin", kernel=(3,)), (4, 2)),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "no repetition" else ()) for name in CASES]
)
def test_values_and_gradients_are_those_of_single_layers(name, monkeypatch):
    net, shape = CASES[name]
    x = np.random.default_rng(0).standard_normal((3, *shape))
    taken = []
    loop = jax.lax.scan

    def counting(body, start, xs, length):
        taken.append(length)
        return loop(body, start, xs, length=length)

    monkeypatch.setattr(jax.lax, "scan", counting)
    for limit in ("_MOST_UNROLLED", "_MOST_BRIEF", "_BODY"):  # so that shallow nets, which compile fast, are deep ones
        monkeypatch.setattr(repeats, limit, 4)

    def compute():
        def weighted(x1):
            nngp, ntk = block(net, ("nngp", "ntk"), x1, x)
            return jnp.sum(ntk[:, 1:] * np.arange(1.0, 3.0)), (nngp, ntk)

        with jax.enable_x64(True):
            if name not in ("numbers that differ", "no repetition"):  # gradients take long to compile
                return [np.asarray(a) for a in jax.jit(weighted)(x[:2] + 0.1)[1]]
            gradient, values = jax.jit(jax.grad(weighted, has_aux=True))(x[:2] + 0.1)
        return [np.asarray(a) for a in (gradient, *values)]

    rolled = compute()
    assert taken
    assert min(taken) >= 2
    taken.clear()
    monkeypatch.setattr(repeats, "_MOST_UNROLLED", 10_000)
    monkeypatch.setattr(repeats, "_MOST_BRIEF", 10_000)
    plain = compute()
    assert not taken
    for a, b in zip(rolled, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12 * np.abs(b).max())


def test_layers_that_change_the_shape_are_left_alone():
    net = nets.cnn(9, kernel=(2,), activation="sin", padding="VALID")
    x = np.random.default_rng(0).standard_normal((2, 12, 1))
    whole = net.kernel(x).ntk
    assert whole.shape == (2, 2)
    assert np.isfinite(whole).all()


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ([D, nets.Relu()] * 5 + [D], (2, 5)),
        ([D, D, nets.Relu()] * 4, (3, 4)),
        ([C] * 6, (1, 6)),
        ([D, nets.Relu(), nets.Dense(1.3)], (3, 1)),
    ],
)
def test_period_and_times(layers, found):
    assert repeats.repetition(tuple(layers)) == found

"""The gradient of scores in training rows and targets, against autodiff of a naive fit and differences of real fits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.core.errors import InputError
from limes.machines import NTKClassifier, NTKRegressor

pytestmark = pytest.mark.usefixtures("quick_compilation")
RIDGE = 0.3
NETS = {"fc": nets.mlp(3, "relu", 1.4, 0.1), "erf": nets.mlp(2, "erf"), "conv": nets.cnn(1, b_std=0.1, kernel=(3,))}


def problem(name, seed=0):
    """Eight training rows, three points, two outputs."""
    shape = (4, 2) if name == "conv" else (5,)
    rng = np.random.default_rng(seed)
    return rng.normal(size=(8, *shape)), rng.normal(size=(8, 2)), rng.normal(size=(3, *shape)), rng.normal(size=(3, 2))


@pytest.mark.parametrize(("name", "kind"), [*((name, "ntk") for name in NETS), ("fc", "nngp")])
def test_is_autodiff_of_the_naive_form(name, kind):
    x, y, points, v = problem(name)

    def total(x, y):
        k, cross = (getattr(NETS[name].kernel(a, b, get=kind), kind) for a, b in ((x, x), (points, x)))
        return jnp.sum(v * (cross @ jnp.linalg.solve(k + RIDGE * jnp.eye(len(k)), y)))

    with jax.enable_x64(True):
        inputs, targets = jax.jit(jax.grad(total, argnums=(0, 1)))(jnp.asarray(x), jnp.asarray(y))
    found = NTKRegressor(NETS[name], ridge=RIDGE, kind=kind).fit(x, y).training_vjp(points, v)
    np.testing.assert_allclose(found.inputs, inputs, rtol=0, atol=1e-9 * np.abs(inputs).max())
    np.testing.assert_allclose(found.targets, targets, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_is_the_difference_of_two_fits(weighted):
    x, y, points, v = problem("fc", seed=1)
    weights = np.random.default_rng(2).uniform(0.5, 2.0, 8) if weighted else None
    scale = None if weighted else "standard"
    rows, h = np.array([6, 1]), 1e-5
    machine = NTKRegressor(NETS["fc"], ridge=RIDGE, scale=scale).fit(x, y, sample_weight=weights)
    gradient = machine.training_vjp(points, v, rows).inputs
    affine = machine.affine_
    plain = NTKRegressor(NETS["fc"], ridge=RIDGE)

    def value(x):
        """With the input map held fixed, as it is in the gradient."""
        a, b = (x, points) if affine is None else (affine(x), affine(points))
        return np.sum(v * plain.fit(a, y, sample_weight=weights).scores(b))

    direction = np.random.default_rng(3).normal(size=gradient.shape)
    ahead, behind = x.copy(), x.copy()
    ahead[rows] += h * direction
    behind[rows] -= h * direction
    np.testing.assert_allclose(np.sum(gradient * direction), (value(ahead) - value(behind)) / (2 * h), rtol=1e-6)


def test_rows_are_those_of_the_whole_and_float32_is_close():
    x, y, points, v = problem("fc", seed=4)
    machine = NTKRegressor(NETS["fc"], ridge=RIDGE).fit(x, y)
    whole, some = machine.training_vjp(points, v), machine.training_vjp(points, v, [5, 0])
    np.testing.assert_allclose(some.inputs, whole.inputs[[5, 0]], rtol=1e-12)
    np.testing.assert_allclose(some.targets, whole.targets[[5, 0]], rtol=1e-12)
    single = NTKRegressor(NETS["fc"], ridge=RIDGE).fit(x.astype(np.float32), y).training_vjp(points, v)
    np.testing.assert_allclose(single.inputs, whole.inputs, rtol=0, atol=1e-4 * np.abs(whole.inputs).max())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": 1.0}, "trained to the end"),
        ({"net": nets.serial(nets.Dense(), nets.Relu(), nets.Dropout(0.5), nets.Dense())}, "without random masks"),
        ({"rows": [9]}, "from 0 to 7"),
        ({"rows": [0.5]}, "from 0 to 7"),
        ({"v": np.ones((3, 3))}, "shape \\(3, 3\\)"),
    ],
)
def test_what_it_cannot_do_is_refused(changes, message):
    x, _, points, v = problem("fc")
    options = {"net": NETS["fc"], "ridge": RIDGE} | {k: w for k, w in changes.items() if k in ("time", "net")}
    machine = NTKClassifier(**options).fit(x, np.arange(8) % 2)
    with pytest.raises(InputError, match=message):
        machine.training_vjp(points, changes.get("v", v), changes.get("rows"))

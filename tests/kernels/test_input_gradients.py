"""Gradients of kernel expansions in their inputs.

All tests of a net share the shapes of `Problem`, so that each net is compiled once.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.core.errors import DtypeError, InputError
from limes.kernels import expansion
from limes.kernels.expansion import expand
from oracles import variance
from oracles.naive_conv import naive_kernel

pytestmark = pytest.mark.usefixtures("quick_compilation")

SERIES = {"kernel": (3,), "b_std": 0.1}
NETS = {name: nets.mlp(3, name, 1.4, 0.1) for name in ("relu", "abs", "erf", "gelu")}
NETS["leaky_relu"] = nets.mlp(3, nets.LeakyRelu(0.2), 1.4, 0.1)
NETS["mlp10"] = nets.mlp(10)
NETS["cnn-flatten"] = nets.cnn(1, "flatten", **SERIES)
NETS["cnn-gap"] = nets.cnn(1, "gap", **SERIES)
NETS["resnet"] = nets.resnet(1, "flatten", **SERIES)


@dataclass(frozen=True)
class Problem:
    """Two inputs, five centres, two outputs, and a cotangent."""

    x: np.ndarray
    centres: np.ndarray
    coef: np.ndarray
    v: np.ndarray

    def expansion(self, net, kind="ntk"):
        return expand(net, kind, self.centres, self.coef)

    def astype(self, dtype):
        return Problem(*(a.astype(dtype) for a in (self.x, self.centres, self.coef, self.v)))

    def at_centres(self):
        """The gradient of K(x, z_i) in x at x = z_i, for the first two centres."""
        return replace(self, x=self.centres[:2], coef=np.eye(5, 2, dtype=self.x.dtype), v=np.eye(2, dtype=self.x.dtype))


def _problem(name, seed=0):
    shape = (4, 2) if ("cnn" in name or "resnet" in name) else (6,)
    rng = np.random.default_rng(seed)
    sizes = ((2, *shape), (5, *shape), (5, 2), (2, 2))
    return Problem(*(rng.standard_normal(size) for size in sizes))


@cache
def _gradient_by_autodiff(net, kind):
    def total(x, centres, coef, v):
        return jnp.sum(v * (getattr(net.kernel(x, centres, get=kind), kind) @ coef))

    return jax.jit(jax.grad(total))


def _gradient_of_the_diagonal(net, x):
    """Of the NTK of x with itself, by central differences of the oracles; (features...)."""

    def value(x):
        if net.layout == "pairs":
            return naive_kernel(net.to_spec(), x[None], x[None])[1][0, 0]
        return variance.self_kernel(net.to_spec(), x if net.needs_positions else x.ravel())[1]

    gradient, h = np.empty_like(x), 1e-5
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        gradient[i] = (value(x + step) - value(x - step)) / (2 * h)
    return gradient


def _close(a, b, rtol):
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * np.abs(b).max())


CASES = [*((name, "ntk") for name in NETS), ("relu", "nngp")]


@pytest.mark.parametrize(
    ("name", "kind"), [pytest.param(*case, marks=pytest.mark.slow if case[0] == "mlp10" else ()) for case in CASES]
)
def test_matches_autodiff(name, kind):
    p = _problem(name)
    gradient = p.expansion(NETS[name], kind).vjp(p.x, p.v)
    assert gradient.dtype == np.float64
    with jax.enable_x64(True):
        expected = _gradient_by_autodiff(NETS[name], kind)(p.x, p.centres, p.coef, p.v)
    _close(gradient, np.asarray(expected), 1e-11)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_matches_finite_differences_of_scores(name, kind):
    p = _problem(name, seed=1)
    f = p.expansion(NETS[name], kind)
    gradient = f.vjp(p.x, p.v)
    h = 1e-5
    for direction in np.random.default_rng(2).standard_normal((4, *p.x.shape)):
        # the forward pass of `scores_and_vjp` is compiled already; another test compares it with `scores`
        ahead, behind = (f.scores_and_vjp(p.x + s * h * direction, lambda s: 0 * s)[0] for s in (1, -1))
        slope = np.sum(p.v * (ahead - behind)) / (2 * h)
        np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-6, atol=1e-7 * np.abs(gradient).max())


@pytest.mark.parametrize("name", [name for name in NETS if name != "mlp10"])
def test_coincident_points_take_half_the_gradient_of_the_diagonal(name):
    p = _problem(name).at_centres()
    expected = 0.5 * np.stack([_gradient_of_the_diagonal(NETS[name], x) for x in p.x])
    _close(p.expansion(NETS[name]).vjp(p.x, p.v), expected, 1e-8)


def test_coincident_points_of_a_deep_net():
    """Without biases and with w_std^2 = 2 each relu layer adds 2 |x|^2 / d to the NTK of x with itself."""
    p = _problem("mlp10").at_centres()
    _close(p.expansion(NETS["mlp10"]).vjp(p.x, p.v), 0.5 * 10 * 2 * 2 * p.x / p.x.shape[1], 1e-12)


@pytest.mark.parametrize("name", ["relu", "mlp10", "gelu", "cnn-flatten", "cnn-gap"])
def test_float32_at_coincident_points(name):
    p = _problem(name).at_centres().astype(np.float32)
    single, double = p.expansion(NETS[name]).vjp(p.x, p.v), p.astype(np.float64)
    assert single.dtype == np.float32
    _close(single, double.expansion(NETS[name]).vjp(double.x, double.v), 1e-5)


@pytest.mark.parametrize("name", ["relu", "mlp10", "erf", "gelu", "cnn-flatten", "cnn-gap"])
def test_zero_input_and_zero_centre_are_finite(name):
    p = _problem(name)
    p.x[0], p.centres[1] = 0.0, 0.0
    scores, gradient = p.expansion(NETS[name]).scores_and_vjp(p.x, lambda s: p.v)
    assert np.isfinite(scores).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", ["relu", "cnn-flatten"])
def test_scores_and_vjp_is_scores_then_vjp(name):
    p = _problem(name)
    f = p.expansion(NETS[name])
    scores, gradient = f.scores_and_vjp(p.x, lambda s: s * p.v)
    kernel = NETS[name].kernel(p.x, p.centres, get="ntk").ntk
    np.testing.assert_allclose(f.scores(p.x), kernel @ p.coef, rtol=1e-12)
    np.testing.assert_allclose(scores, f.scores(p.x), rtol=1e-12)
    np.testing.assert_allclose(gradient, f.vjp(p.x, scores * p.v), rtol=1e-12)


@pytest.mark.parametrize("name", ["relu", "cnn-flatten"])
def test_blocks_make_the_same_sum(name, monkeypatch):
    p = _problem(name)
    halves, v = (p.x, p.x + 1), np.concatenate([p.v, -p.v])
    x = np.concatenate(halves)
    whole = p.expansion(NETS[name])
    scores = np.concatenate([whole.scores(half) for half in halves])
    gradient = np.concatenate([whole.vjp(half, w) for half, w in zip(halves, (p.v, -p.v), strict=True)])
    monkeypatch.setattr(expansion, "_ROWS", 2)
    monkeypatch.setattr(expansion, "_BLOCK_BYTES", 4 * 8 * (1 if name == "relu" else 4))
    cut = p.expansion(NETS[name])
    assert len(whole.centres) == 1
    assert (len(cut.centres), cut.rows) == (3, 2)
    np.testing.assert_allclose(cut.scores(x), scores, rtol=1e-12)
    np.testing.assert_allclose(cut.vjp(x, v), gradient, rtol=1e-11)
    together = cut.scores_and_vjp(x, lambda s: v)
    np.testing.assert_allclose(together[0], scores, rtol=1e-12)
    np.testing.assert_allclose(together[1], gradient, rtol=1e-11)


def test_new_values_compile_nothing():
    traces = []

    @dataclass(frozen=True)
    class Counting(nets.Relu):
        name: ClassVar[str] = "counting"

        def propagate(self, state):
            traces.append(state)
            return super().propagate(state)

    net = nets.serial(nets.Dense(), Counting(), nets.Dense())
    for seed in range(3):
        p = _problem("relu", seed)
        p.expansion(net).scores_and_vjp(p.x, lambda s, v=p.v: v)
        if seed == 0:
            first = len(traces)
    assert first > 0
    assert len(traces) == first


def test_images_are_flattened_and_gradients_have_their_shape():
    p = _problem("relu")
    image = (2, 3, 1)
    q = replace(p, x=p.x.reshape(2, *image), centres=p.centres.reshape(5, *image))
    gradient = q.expansion(NETS["relu"]).vjp(q.x, q.v)
    np.testing.assert_allclose(gradient.reshape(2, 6), p.expansion(NETS["relu"]).vjp(p.x, p.v), rtol=1e-13)


def test_refuses_what_makes_no_expansion():
    p = _problem("relu")
    with pytest.raises(InputError, match="5 centres and 4 coefficients"):
        expand(NETS["relu"], "ntk", p.centres, p.coef[:4])
    with pytest.raises(InputError, match="0 centres"):
        expand(NETS["relu"], "ntk", p.centres[:0], p.coef[:0])
    with pytest.raises(DtypeError, match="centres has dtype int64"):
        expand(NETS["relu"], "ntk", p.centres.astype(int), p.coef)

"""What holds for every kernel, on inputs that Hypothesis picks; shapes are fixed so that little is compiled."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from limes import nets
from oracles.backend import on_cpu

MLP = nets.mlp(3)
BIASED = nets.mlp(3, "erf", 1.5, 0.2)
FLATTENED = nets.cnn(2, "flatten", kernel=(3,), b_std=0.1)
POOLED = nets.cnn(1, "gap", kernel=(3,), b_std=0.1)
NETS = {"mlp": MLP, "erf": BIASED, "flatten": FLATTENED, "gap": POOLED}
D, C, NORM = nets.Dense(1.2, 0.2), nets.Conv((3,), w_std=1.2, b_std=0.2), nets.LayerNorm(0.1)
REST = {  # the other layers, many to a net since each is compiled anew; norms keep exponentials finite
    "smooth": nets.serial(
        *(D, NORM, nets.Sin(), D, nets.Cos(), D, NORM, nets.Rbf(0.5), D, nets.Gaussian(1.0, -0.5), D, NORM),
        *(nets.Exp(0.5, 0.5), D, NORM, nets.Polynomial((0.2, 1.0, 0.1)), D, nets.Hermite(2), D, nets.Gelu(), D),
        *(nets.Elementwise(jnp.tanh, 16), nets.Dense(parametrisation="standard", base_width=8)),
    ),
    "kinked": nets.serial(
        *(D, NORM, nets.ShiftedRelu(0.6), D, nets.RectifiedMonomial(2), D, NORM, nets.Abs(), D, nets.LeakyRelu(0.3)),
        *(nets.Dense(keep=0.5), nets.Monomial(2), D, nets.Sign(), D),
    ),
    "positions": nets.serial(
        *(C, nets.Relu(), nets.Residual((C, nets.Relu(), C)), nets.ConvLocal((3,)), nets.Dropout(0.8), C, NORM),
        *(nets.Erf(), nets.SelfAttention(), nets.AvgPool((2,)), C, nets.SumPool((1,)), nets.GlobalSumPool(), D),
    ),
    "recurrent": nets.serial(nets.Recurrent(layers=2, w_std=1.1, b_std=0.2, readout="mean_shared"), D),
}
FEW = settings(derandomize=True, max_examples=15, deadline=None, database=None)
N, SHAPE = 5, (4, 2)


def batches(dtype=np.float64):
    """Five inputs with many zeros, repeats and collinear rows among them."""
    width = np.dtype(dtype).itemsize * 8
    numbers = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.5]), st.floats(-10, 10, width=width))
    return arrays(dtype, (N, *SHAPE), elements=numbers)


def _both(k):
    return k.nngp, k.ntk


@pytest.mark.parametrize("name", NETS)
@given(x=batches())
@FEW
def test_symmetric_and_positive_semidefinite(name, x):
    for k in _both(NETS[name].kernel(x)):
        np.testing.assert_array_equal(k, k.T)
        assert np.linalg.eigvalsh(k).min() >= -1e-7 * max(np.trace(k), 1e-300)


@pytest.mark.parametrize("name", NETS)
@given(x=batches(), order=st.permutations(range(N)))
@FEW
def test_rows_are_treated_alike(name, x, order):
    moved = _both(NETS[name].kernel(x[order]))
    for k, permuted in zip(_both(NETS[name].kernel(x)), moved, strict=True):
        np.testing.assert_allclose(permuted, k[np.ix_(order, order)], rtol=1e-7, atol=1e-12 * np.abs(k).max())


@pytest.mark.parametrize("name", NETS)
@given(x=batches())
@FEW
def test_tiles_and_both_sides_give_the_whole(name, x):
    whole = _both(NETS[name].kernel(x))
    for other in (NETS[name].kernel(x, tile=3), NETS[name].kernel(x, x.copy()), NETS[name].kernel(x, x.copy(), tile=3)):
        for a, b in zip(_both(other), whole, strict=True):
            # a cosine that rounds differently next to 1 moves the angle by sqrt(eps)
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-12 * np.abs(b).max())


@given(x=batches(), factor=st.floats(1e-3, 1e3))
@FEW
def test_bias_free_relu_net_is_homogeneous(x, factor):
    for a, b in zip(_both(MLP.kernel(factor * x, x)), _both(MLP.kernel(x, x)), strict=True):
        np.testing.assert_allclose(a, factor * b, rtol=2e-7, atol=1e-12 * factor * np.abs(b).max())


@pytest.mark.parametrize("name", REST)
@given(x=batches(), order=st.permutations(range(N)))
@FEW
def test_the_same_for_all_other_layers(name, x, order):
    """Symmetric, positive semidefinite, rows treated alike, tiles make the whole."""
    whole, tiles = REST[name].kernel(x), REST[name].kernel(x[order], tile=3)
    for k, part in zip(_both(whole), _both(tiles), strict=True):
        np.testing.assert_array_equal(k, k.T)
        assert np.linalg.eigvalsh(k).min() >= -1e-7 * np.trace(k)
        np.testing.assert_allclose(part, k[np.ix_(order, order)], rtol=1e-6, atol=1e-9 * np.abs(k).max())


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_and_tiny_rows_are_finite(name, dtype):
    x = np.random.default_rng(0).standard_normal((N, *SHAPE)).astype(dtype)
    x[0], x[1], x[2] = 0.0, 1e-20, x[3] * dtype(1e-20)
    for k in _both(NETS[name].kernel(x)):
        assert np.isfinite(k).all()
        assert np.linalg.eigvalsh(k.astype(np.float64)).min() > -1e-5 * np.trace(k)


def test_zero_row_of_a_bias_free_net_has_kernel_zero():
    x = np.zeros((N, *SHAPE))
    x[1:] = 1.0
    for k in _both(MLP.kernel(x)):
        np.testing.assert_array_equal(k[0], 0.0)


@pytest.mark.parametrize("net", [MLP, POOLED], ids=["mlp", "gap"])
def test_one_row_and_no_row(net):
    x = np.random.default_rng(1).standard_normal((N, *SHAPE))
    one = net.kernel(x[:1])
    assert one.ntk.shape == (1, 1)
    np.testing.assert_allclose(one.ntk[0, 0], net.kernel(x).ntk[0, 0], rtol=1e-13)
    assert net.kernel(x[:0]).ntk.shape == (0, 0)
    assert net.kernel(x[:0], x).nngp.shape == (0, N)
    assert net.kernel(x, x[:0]).nngp.shape == (N, 0)


@pytest.mark.parametrize("name", [*NETS, *REST])
def test_float32_within_the_documented_bound(name):
    """5e-6 of the largest entry, with opposite and collinear rows: `docs/limits.md`.

    The cosine of collinear rows is off by rounding, and their angle by its root.
    """
    net = (NETS | REST)[name]
    x = np.random.default_rng(5).standard_normal((N, *SHAPE)).astype(np.float32)
    x[3], x[4] = -x[0], 3 * x[0]
    for single, double in zip(_both(net.kernel(x)), _both(net.kernel(x.astype(np.float64))), strict=True):
        bound = np.full(double.shape, 5e-6)
        loose = [(0, 4), (3, 4)] if on_cpu else [(0, 3), (0, 4), (3, 4)]  # x and -x are summed alike on a processor
        for i, j in loose:
            bound[i, j] = bound[j, i] = 5e-4
        assert (np.abs(single - double) <= bound * np.abs(double).max()).all()


@pytest.mark.parametrize("on_positions", [False, True], ids=["vectors", "positions"])
def test_depth_64_in_float32(on_positions):
    """Rounding errors of 64 layers do not add up to more than the bound that the documentation states."""
    weights = nets.Conv((3,), w_std=1.3, b_std=0.1) if on_positions else nets.Dense(1.3, 0.1)
    activations = [nets.Erf(), nets.Relu(), nets.Gelu()]
    head = [nets.GlobalAvgPool(), nets.Dense()] if on_positions else []
    layers = [layer for i in range(63) for layer in (weights, activations[i % len(activations)])]
    net = nets.serial(*layers, *(head or [weights]))
    x = np.random.default_rng(4).standard_normal((N, *SHAPE)).astype(np.float32)
    for single, double in zip(_both(net.kernel(x)), _both(net.kernel(x.astype(np.float64))), strict=True):
        np.testing.assert_allclose(single, double, rtol=0, atol=2e-4 * np.abs(double).max())


def test_depth_64_keeps_the_variance():
    """With w_std = sqrt(2) each relu layer maps a variance to itself: no drift, and no cosine beyond 1."""
    x = np.random.default_rng(2).standard_normal((N, 12)).astype(np.float32)
    k = nets.mlp(64).kernel(x, get="nngp").nngp
    np.testing.assert_allclose(np.diagonal(k), 2 * np.mean(x.astype(np.float64) ** 2, axis=1), rtol=1e-6)
    cosine = k / np.sqrt(np.outer(np.diagonal(k), np.diagonal(k)))
    assert cosine.max() <= 1 + 4 * np.finfo(np.float32).eps
    assert np.all(cosine > 0.9)

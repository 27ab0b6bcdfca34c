"""The adversarial regularisation kernel against closed forms, differences of the NNGP, and random finite networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.core.errors import DtypeError, InputError, NetError
from limes.robust.ark import ark, empirical_ark

D = nets.Dense(1.3, 0.2)
R = nets.Relu()
SERIES, IMAGE = (5, 2), (4, 3, 2)


def conv(kernel=(3, 2), **options):
    return nets.Conv(kernel, w_std=1.3, b_std=0.2, **options)


def inputs(shape, n=3, seed=0):
    return np.random.default_rng(seed).standard_normal((n, *shape))


@pytest.mark.parametrize(("hidden", "b_std"), [(0, 0.18), (1, 0.0), (1, 0.18), (4, 0.18)])
def test_relu_nets_have_one_value_for_every_input(hidden, b_std):
    x = np.concatenate([inputs((7,)), 1e3 * inputs((7,)), 1e-3 * inputs((7,)), np.zeros((1, 7))])
    sw2 = 1.76**2
    found = ark(nets.mlp(hidden + 1, w_std=1.76, b_std=b_std), x)
    np.testing.assert_allclose(found, np.full(10, sw2 * (sw2 / 2) ** hidden), rtol=1e-12)


def test_every_weight_slope_and_branch_has_its_own_factor():
    body = (nets.Abs(), nets.Dense(0.8, 0.3), nets.LeakyRelu(0.2), nets.Dense(1.1))
    net = nets.serial(nets.Dense(1.5, 0.4), nets.Residual(body, (nets.Dense(0.6),)), R, nets.Dense(0.9))
    branches = 1.0 * 0.8**2 * (1 + 0.2**2) / 2 * 1.1**2 + 0.6**2
    np.testing.assert_allclose(ark(net, inputs((4,))), 1.5**2 * branches / 2 * 0.9**2, rtol=1e-12)


def test_relu_convolutions_count_the_windows_that_see_a_pixel():
    """SAME windows of 3 over 5 positions cover them 2, 3, 3, 3, 2 times: 13 of 15 pairs."""
    net = nets.serial(nets.Conv((3,), w_std=1.5, b_std=0.3), R, nets.Flatten(), nets.Dense(0.7))
    np.testing.assert_allclose(ark(net, inputs(SERIES)), 1.5**2 * 13 / 15 / 2 * 0.7**2, rtol=1e-12)


SMOOTH = {
    "erf": ((6,), nets.mlp(3, "erf", 1.5, 0.3)),
    "gelu": ((6,), nets.mlp(4, "gelu", 1.5, 0.3)),
    "residual": ((6,), nets.serial(D, nets.Residual((nets.Gelu(), D, nets.Erf(), D), (nets.Erf(), D)), nets.Gelu(), D)),
    "series": (
        SERIES,
        nets.serial(conv((3,), padding="CIRCULAR"), nets.Erf(), conv((2,)), nets.Gelu(), nets.Flatten(), D),
    ),
    "image": (
        IMAGE,
        nets.serial(
            conv((2, 2), padding="VALID", strides=(2, 1)),
            nets.Residual((nets.Erf(), conv((3, 3)))),
            nets.Gelu(),
            nets.Flatten(),
            D,
        ),
    ),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_nets_against_the_mixed_derivative_of_the_nngp(name):
    """Sum over coordinates of d^2 K(x, x') / dx_a dx'_a at x' = x, by differences of order h^2 at two steps."""
    shape, net = SMOOTH[name]
    x = inputs(shape)
    d = x[0].size

    def differences(h):
        step = h * np.eye(d).reshape(d, *shape)
        ends = np.concatenate([x[:, None] + step, x[:, None] - step], axis=1)
        totals = []
        for points in ends:
            k = net.kernel(points, get="nngp").nngp
            up, down = np.arange(d), d + np.arange(d)
            totals.append(np.sum(k[up, up] - 2 * k[up, down] + k[down, down]) / (4 * h * h))
        return np.array(totals)

    expected = (4 * differences(2e-3) - differences(4e-3)) / 3
    np.testing.assert_allclose(ark(net, x), expected, rtol=1e-8)


def draw(net, shape, width, outputs, n=(), seed=0, dtype="float32"):
    """Weights of n networks: standard normal in NTK parametrisation, and drawn by NumPy without a compilation."""
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(lambda: net.init(0, shape, width, outputs))
    return jax.tree.map(lambda s: rng.standard_normal((*n, *s.shape), dtype=dtype), shapes)


def _sample(net, x, width, n_samples, key, outputs=32):
    """Mean over random networks and outputs of |df/dx|^2 at each input, and its standard error."""

    def one(params):
        jacobian = jax.vmap(jax.jacfwd(lambda row: net.apply(params, row[None])[0]))(x)
        return jnp.sum(jacobian.reshape(len(x), outputs, -1) ** 2, axis=-1).mean(axis=1)

    params = draw(net, x.shape[1:], width, outputs, (n_samples,), key)
    values = np.asarray(jax.jit(lambda params: jax.lax.map(one, params))(params), np.float64)
    return values.mean(axis=0), values.std(axis=0, ddof=1) / n_samples**0.5


RANDOM = {
    "relu": ((6,), nets.mlp(3, "relu", 1.4, 0.3)),
    "erf": ((6,), nets.mlp(3, "erf", 1.8, 0.3)),
    "gelu": ((6,), nets.mlp(3, "gelu", 1.8, 0.3)),
    "residual": ((6,), nets.serial(D, nets.Residual((nets.Gelu(), D)), nets.Abs(), D)),
    "conv": (SERIES, nets.serial(conv((3,)), nets.Erf(), conv((2,), strides=(2,)), R, nets.Flatten(), D)),
}


@pytest.mark.parametrize("name", RANDOM)
def test_mean_over_random_networks(name):
    """The bias of order 1/width is extrapolated away; the tolerance is five standard errors."""
    shape, net = RANDOM[name]
    x = inputs(shape).astype(np.float32)
    width = 48 if net.needs_positions else 64
    (small, small_error), (large, large_error) = (_sample(net, x, w, 600, key=w) for w in (width, 2 * width))
    exact, standard_error = ark(net, x), np.sqrt(small_error**2 + 4 * large_error**2)
    assert (standard_error < 0.04 * exact).all()  # the test has teeth only where the error bar is short
    assert (np.abs(2 * large - small - exact) / standard_error).max() < 5


def test_one_network_scatters_by_the_root_of_two_over_d():
    d, net = 50, nets.mlp(2)
    mean, error = _sample(net, inputs((d,)).astype(np.float32), 1024, 300, key=0, outputs=1)
    np.testing.assert_allclose(error * 300**0.5 / mean, (2 / d) ** 0.5, rtol=0.25)


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-4), ("float64", 1e-8)])
def test_empirical_value_of_a_finite_network(dtype, rtol):
    """Against differences of the outputs in float64; the inputs keep their axes."""
    net, shape = nets.mlp(3, "erf", 1.3, 0.2), (3, 2)
    x = inputs(shape).astype(dtype)
    params = draw(net, shape, 16, 3, dtype=dtype)
    found = empirical_ark(net.apply, params, x)
    assert (found.shape, found.dtype) == ((3, 3, 3), dtype)
    weights = jax.tree.map(lambda w: np.asarray(w, np.float64), params)
    step = 1e-5 * np.eye(6).reshape(6, *shape)
    for row, gram in zip(x.astype(np.float64), found, strict=True):
        up, down = (np.asarray(net.apply(weights, row + sign * step)) for sign in (1, -1))
        jacobian = (up - down) / 2e-5
        np.testing.assert_allclose(gram, jacobian.T @ jacobian, rtol=rtol, atol=rtol)


def test_empirical_value_takes_any_function_and_the_wider_precision():
    weights = {"w": np.array([[1.0, 0.0], [2.0, 2.0]]), "steps": np.int32(3), "name": 1}
    found = empirical_ark(lambda p, x: x @ p["w"], weights, np.ones((2, 2), np.float32))
    np.testing.assert_array_equal(found, [[[5.0, 4.0], [4.0, 4.0]]] * 2)
    assert found.dtype == np.float64
    with pytest.raises(InputError, match=r"must return \(n, c\) for a batch of n=2, not \(2,\)"):
        empirical_ark(lambda p, x: x @ p["w"][0], weights, np.ones((2, 2)))


def test_dtype_of_the_input_decides_and_the_computation_is_in_float64():
    x = inputs((6,))
    wide, narrow = (ark(nets.mlp(3, "gelu"), x.astype(dtype)) for dtype in (np.float64, np.float32))
    assert (wide.dtype, narrow.dtype) == (np.float64, np.float32)
    exact = ark(nets.mlp(3, "gelu"), x.astype(np.float32).astype(np.float64))
    np.testing.assert_array_equal(narrow, exact.astype(np.float32))
    assert ark(nets.mlp(3), jnp.zeros((2, 4))).dtype == np.float32


@pytest.mark.parametrize("name", ["gelu", "series"])
def test_examples_do_not_see_each_other(name):
    shape, net = SMOOTH[name]
    x = inputs(shape)
    np.testing.assert_allclose(ark(net, x[::-1]), [ark(net, row[None])[0] for row in x[::-1]], rtol=1e-14)
    assert ark(net, x[:0]).shape == (0,)


def test_refuses_what_it_has_no_rule_for():
    with pytest.raises(NetError, match=r"no infinite-width rule for global_avg_pool: average .*empirical_ark"):
        ark(nets.cnn(1, "gap"), inputs(IMAGE))
    with pytest.raises(NetError, match="ends with positions"):
        ark(nets.serial(conv()), inputs(IMAGE))
    with pytest.raises(NetError, match="they have 1 position axes"):
        ark(nets.cnn(1), inputs(SERIES))
    uneven = nets.serial(conv(), nets.Residual((R, conv(strides=(2, 1)))), R, nets.Flatten(), D)
    with pytest.raises(NetError, match="the body leaves positions"):
        ark(uneven, inputs(IMAGE))
    with pytest.raises(InputError, match=r"write x\[None\]"):
        ark(nets.mlp(2), np.ones(3))
    with pytest.raises(InputError, match="1 values that are not finite"):
        empirical_ark(nets.mlp(2).apply, draw(nets.mlp(2), (2,), 4, 1), np.array([[1.0, np.nan]]))
    with pytest.raises(DtypeError, match="int64"):
        ark(nets.mlp(2), np.ones((2, 3), np.int64))

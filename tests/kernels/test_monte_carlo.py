"""Each layer's kernel rule against random networks of its own finite form.

Means at two widths are extrapolated, 2 m(2w) - m(w), which removes the bias of order 1/w; the tolerance is five
standard errors of that combination.
"""

import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.core.errors import DtypeError, InputError
from limes.kernels import monte_carlo

pytestmark = pytest.mark.usefixtures("quick_compilation")

D = nets.Dense(1.3, 0.2)
SERIES, IMAGE = (5, 2), (4, 3, 2)


def _series(**options):
    return nets.Conv((3,), w_std=1.3, b_std=0.2, **options)


def _image(kernel=(3, 2), **options):
    return nets.Conv(kernel, w_std=1.3, b_std=0.2, **options)


R = nets.Relu()
LOCAL = nets.ConvLocal((3,), (2,), w_std=1.3, b_std=0.2)
DENSE_CASES = {
    "abs-leaky-erf-gelu": nets.serial(D, nets.Abs(), D, nets.LeakyRelu(0.3), D, nets.Erf(), D, nets.Gelu(), D),
    "sin-cos-rbf": nets.serial(D, nets.Sin(), D, nets.Cos(), D, nets.Rbf(0.3), D),
    "layer-norm-sign": nets.serial(D, nets.LayerNorm(0.5), R, D, nets.Sign(), D),
    "dropout": nets.serial(D, R, nets.Dropout(0.7), D, nets.Residual((R, D, nets.Dropout(0.6))), D, R, D),
    "frozen-pruned-standard": nets.serial(
        nets.Dense(1.3, 0.2, trainable=False),
        R,
        nets.Dense(1.3, 0.2, parametrisation="standard", base_width=3, keep=0.5, rescale=False),
        R,
        nets.Dense(1.3, keep=0.4),
    ),
    "power-exponentials": nets.serial(
        nets.Dense(0.8), nets.RectifiedMonomial(2), D, nets.Gaussian(0.8, -0.5), D, nets.Exp(0.5, 0.4), D
    ),
    "threshold-elementwise": nets.serial(
        *(D, nets.ShiftedRelu(0.5), D, nets.Elementwise(jnp.tanh, 16), D, nets.ShiftedRelu(-0.2, clip=1.0), D)
    ),
    "shortcuts": nets.serial(D, nets.Residual((R, D), (nets.Dense(0.7),)), nets.Residual((R, D)), R, D),
}
CONV_CASES = {
    "series-same-stride-circular-flatten": (
        SERIES,
        nets.serial(_series(strides=(2,)), R, _series(padding="CIRCULAR"), R, nets.Flatten(), D),
    ),
    "series-valid-gap": (SERIES, nets.serial(_series(padding="VALID"), R, nets.GlobalAvgPool(), D)),
    "series-overlapping-average-same-flatten": (
        SERIES,
        nets.serial(_series(), R, nets.AvgPool((3,), (2,), "SAME"), _series(), R, nets.Flatten(), D),
    ),
    "series-sums-circular": (
        SERIES,
        nets.serial(_series(), nets.SumPool((2,), (1,), "CIRCULAR"), nets.LayerNorm(), R, nets.GlobalSumPool(), D),
    ),
    "series-local-gap": (SERIES, nets.serial(_series(), R, LOCAL, R, _series(), R, nets.GlobalAvgPool(), D)),
    "series-dropout-gap": (SERIES, nets.serial(_series(), R, nets.Dropout(0.7), _series(), R, nets.GlobalAvgPool(), D)),
    "image-attention-gap": (
        IMAGE,
        nets.serial(_image(strides=(2, 1)), R, nets.SelfAttention(1.2, 0.8, 0.9), R, nets.GlobalAvgPool(), D),
    ),
    "image-circular-valid-stride-flatten": (
        IMAGE,
        nets.serial(_image(padding="CIRCULAR"), R, _image(padding="VALID", strides=(1, 2)), R, nets.Flatten(), D),
    ),
    "image-same-residual-gap": (
        IMAGE,
        nets.serial(_image((1, 1)), nets.Residual((R, _image()), (_image((1, 1)),)), R, nets.GlobalAvgPool(), D),
    ),
}


def _check(net, shape, width, n_samples, outputs):
    x = np.random.default_rng(0).standard_normal((3, *shape)).astype(np.float32)
    small, large = (
        monte_carlo(net, x, width=w, n_samples=n_samples, outputs=outputs, key=w) for w in (width, 2 * width)
    )
    exact = net.kernel(x)
    for name in ("nngp", "ntk"):
        extrapolated = 2 * getattr(large, name) - getattr(small, name)
        errors = [getattr(mc, f"{name}_standard_error") for mc in (small, large)]
        standard_error = np.sqrt(errors[0] ** 2 + 4 * errors[1] ** 2)
        # the test has teeth only where the error bar is short
        assert standard_error.max() < 0.15 * np.abs(getattr(exact, name)).max()
        rounding = 1e-5 * np.abs(getattr(exact, name)).max()  # some entries do not vary: sign(u)^2 is 1
        deviation = (np.abs(extrapolated - getattr(exact, name)) - rounding) / np.maximum(standard_error, rounding)
        assert deviation.max() < 5, f"{name}: {deviation.max():.1f} standard errors"


@pytest.mark.parametrize("name", DENSE_CASES)
def test_fully_connected(name):
    _check(DENSE_CASES[name], (6,), width=64, n_samples=100, outputs=64)


@pytest.mark.parametrize("name", CONV_CASES)
def test_convolutional(name):
    shape, net = CONV_CASES[name]
    _check(net, shape, width=32, n_samples=40, outputs=64)


def test_second_batch_and_what_is_recorded():
    x = np.random.default_rng(1).standard_normal((3, 6))
    net, options = nets.mlp(2), {"width": 16, "n_samples": 2, "outputs": 4, "key": 7}
    own, given = monte_carlo(net, x, **options), monte_carlo(net, x[:1], x[1:], **options)
    np.testing.assert_array_equal(own.ntk[:1, 1:], given.ntk)
    np.testing.assert_array_equal(own.ntk_standard_error[:1, 1:], given.ntk_standard_error)
    assert (own.key, own.width, own.n_samples) == (7, 16, 2)


def test_refuses_one_network_and_integers():
    with pytest.raises(InputError, match="at least two networks, n_samples=1"):
        monte_carlo(nets.mlp(2), np.eye(2), n_samples=1)
    with pytest.raises(DtypeError, match="int64"):
        monte_carlo(nets.mlp(2), np.eye(2, dtype=np.int64))

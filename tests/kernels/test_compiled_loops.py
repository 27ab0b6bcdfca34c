"""The compiled loops of convolutional nets give what plain JAX gives."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from limes import nets
from limes.kernels import engines
from limes.kernels.expansion import expand
from oracles.backend import cpu_only, on_cpu
from oracles.peak_memory import compare

R, FLATTEN, GAP, D = nets.Relu(), nets.Flatten(), nets.GlobalAvgPool(), nets.Dense(1.3, 0.1)
FROZEN = nets.Dense(1.2, trainable=False)


def _conv(kernel=(3, 3), **fields):
    return nets.Conv(kernel, w_std=1.4, b_std=0.2, **fields)


CASES = {
    "image-gap": ((5, 4, 3), nets.serial(_conv(), R, _conv((2, 3)), R, GAP, D)),
    "image-flatten": ((5, 4, 1), nets.serial(_conv(), R, _conv(padding="VALID"), nets.Abs(), FLATTEN, D, R, D)),
    "image-valid-sum": ((5, 6, 2), nets.serial(_conv((2, 3), padding="VALID"), nets.Erf(), nets.GlobalSumPool(), D)),
    "series-gap": ((9, 2), nets.serial(FROZEN, R, _conv((4,)), nets.LeakyRelu(0.3), GAP, D, nets.Gelu(), D)),
    "image-linear-standard": ((4, 4, 2), nets.serial(_conv(parametrisation="standard", base_width=5), GAP, D)),
    "image-strides-flatten": (
        (7, 5, 2),
        nets.serial(_conv(strides=(2, 1)), R, _conv((2, 2), strides=(1, 2)), R, FLATTEN, D),
    ),
    "image-strides-gap": (
        (7, 6, 2),
        nets.serial(_conv(strides=(2, 2)), nets.Erf(), _conv((3, 2), strides=(2, 1)), R, GAP, D),
    ),
    "image-pools-gap": (
        (8, 6, 3),
        nets.serial(
            *(_conv(), R, _conv(), R, nets.AvgPool((2, 2))),
            *(_conv(), R, nets.SumPool((2, 1)), _conv(), R, GAP, D),
        ),
    ),
    "image-pools-flatten": (
        (7, 7, 1),
        nets.serial(nets.AvgPool((1, 2)), _conv(), R, nets.AvgPool((3, 3), (2, 2), "SAME"), _conv(), R, FLATTEN, D),
    ),
    "series-pool-strides": (
        (11, 2),
        nets.serial(_conv((3,), strides=(2,)), nets.Erf(), nets.AvgPool((2,), (1,)), _conv((2,)), R, GAP, D),
    ),
    "series-dropout-behind": ((6, 1), nets.serial(_conv((3,)), R, FLATTEN, nets.Dropout(0.5), D, R, D)),
}

WITH_GRADIENTS = (  # they compile for long
    *("image-gap", "image-valid-sum", "image-linear-standard", "image-strides-gap", "image-pools-flatten"),
)


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(engines, "_WORTH_COMPILING", 0)
    monkeypatch.setattr(engines, "_TILE_WORK", 1)  # the smallest tiles


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(
    ("dtype", "names"), [(np.float64, [*CASES]), pytest.param(np.float32, ["image-gap"], marks=pytest.mark.slow)]
)
def test_both_ways_agree(always, dtype, names):
    """In one test, because the loops are compiled once a process: equal rows, a zero row, one batch and two."""
    rng = np.random.default_rng(0)
    for name in names:
        shape, net = CASES[name]
        x = rng.standard_normal((19, *shape)).astype(dtype)
        x[3], x[18] = 0.0, x[1]
        y = np.concatenate([x[1:3], rng.standard_normal((2, *shape)).astype(dtype)])
        assert net.program(shape) is not None, name
        plain = net.kernel(np.concatenate([x, y]), tile=8)
        own, cross = net.kernel(x), net.kernel(y, x)
        for kind in ("nngp", "ntk"):
            expected = getattr(plain, kind)
            # units of a zero row are alike at many positions: their rounded cosine is 1 to half of the digits
            tolerance = (1e-9 if dtype == np.float64 else 5e-6) * np.abs(expected).max()
            for found, part in ((own, expected[:19, :19]), (cross, expected[19:, :19])):
                values = getattr(found, kind)
                assert values.dtype == dtype
                np.testing.assert_allclose(values, part, rtol=0, atol=tolerance, err_msg=f"{name} {kind}")
        np.testing.assert_array_equal(own.ntk, own.ntk.T)
        if dtype == np.float64 and name in WITH_GRADIENTS:
            _compare_expansions(net, x, y)
    if dtype == np.float32:
        _compare_precisions(net, x, y)
    only = net.kernel(x, get="nngp")
    assert only.ntk is None
    np.testing.assert_allclose(only.nngp, own.nngp, rtol=4 * np.finfo(dtype).eps)


def _compare_precisions(net, centres, x):
    """Gradients in float32 against float64 in the same points, the first two of which are centres."""
    coef, v = np.random.default_rng(1).normal(size=(2, len(centres), 2)).astype(np.float32)
    single = expand(net, "ntk", centres, coef).vjp(x, v[: len(x)])
    double = expand(net, "ntk", centres.astype(np.float64), coef.astype(np.float64)).vjp(
        x.astype(np.float64), v[: len(x)].astype(np.float64)
    )
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=0, atol=2e-5 * np.abs(double).max())


def _compare_expansions(net, centres, x):
    """Scores and their gradients, two of the four rows being centres: against reverse mode in JAX."""
    rng = np.random.default_rng(1)
    coef, v = rng.normal(size=(len(centres), 2)), rng.normal(size=(len(x), 2))
    expansion = expand(net, "ntk", centres, coef)
    looped = expansion.looped(1)
    if looped is None:  # with strides or pools, GPUs have no such loops
        assert not on_cpu
        return
    plain = replace(expansion, looped=lambda n: None)
    found = [(expansion.scores(x), plain.scores(x))]
    if on_cpu and len(net.program(x.shape[1:]).segments) == 1:
        found.append((expansion.vjp(x, v), plain.vjp(x, v)))
    else:
        assert not looped.has_gradient
    for a, b in found:
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9 * np.abs(b).max())


@pytest.mark.parametrize(
    "net",
    [
        nets.mlp(2),
        nets.serial(_conv(), R, nets.AvgPool((2, 2), padding="CIRCULAR"), _conv(), R, GAP),
        nets.serial(_conv(padding="CIRCULAR"), R, GAP),
        nets.serial(nets.ConvLocal((3, 3)), R, FLATTEN),
        nets.serial(_conv(), nets.Gelu(), GAP),
        nets.serial(_conv(), nets.Residual((R, _conv())), R, GAP),
    ],
    ids=str,
)
def test_what_has_no_compiled_form(net):
    assert net.program((6, 6, 3)) is None


def test_small_work_is_not_compiled():
    net = nets.cnn(2, "gap")
    assert engines.worth_compiling(net, 20, 20, (8, 8, 3), 8) is None
    assert engines.worth_compiling(net, 500, 500, (8, 8, 3), 8) is not None


@pytest.mark.slow
@cpu_only
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from /proc")
def test_estimated_bytes_are_within_1_5_of_the_measured_peak():
    """Here, because the loops are compiled by now, and kept for the next process."""
    compare("nets.cnn(3)", (32, 32, 3), 600, 320)

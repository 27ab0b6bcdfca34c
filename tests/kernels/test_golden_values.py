"""Kernels against those of an independent library; origin and tolerances in tests/golden/README.md."""

import numpy as np
import pytest

from limes import nets

FULLY_CONNECTED = ["fc1-relu", "fc3-relu", "fc10-relu-critical", "fc2-erf", "fc2-gelu", "fc1-abs", "fc2-leaky"]
FULLY_CONNECTED += ["fc-residual", "fc-layernorm", "fc1-sin", "fc1-rbf", "fc1-cos", "fc1-sign", "fc-dropout"]
FULLY_CONNECTED += ["fc-layernorm-hermite"]
CONVOLUTIONAL = ["conv2-flatten", "conv3-erf-flatten", "conv2-gap", "conv-stride-valid", "conv-circular", "conv1d-gap"]
CONVOLUTIONAL += ["conv-residual-flatten", "conv-stride-same", "conv-stride-circular", "conv1d-stride-flatten"]
CONVOLUTIONAL += ["conv-pool-gap", "pool-same-overlap", "attention"]


def _tolerances(shape, sharp, blunt, between):
    tolerance = np.full(shape, sharp)
    if between:
        tolerance[[0, 1], [0, 1]] = blunt
    else:
        np.fill_diagonal(tolerance, blunt)
    return tolerance


def _compare(spec, case, dtype, sharp, blunt):
    net = nets.from_spec(spec)
    x1, x2 = case["x1"].astype(dtype), case["x2"].astype(dtype)
    n2 = len(x2)
    between = net.kernel(x1, np.concatenate([x2, x2[-1:]]))  # five rows like x1: one compilation serves both calls
    own = net.kernel(x1)
    for name in ("nngp", "ntk"):
        for computed, expected, is_between in (
            (getattr(between, name)[:, :n2], case[name], True),
            (getattr(own, name), case[f"{name}_self"], False),
        ):
            assert computed.dtype == dtype
            error = np.abs(computed - expected) / np.abs(expected).max()
            excess = error / _tolerances(expected.shape, sharp, blunt, is_between)
            assert excess.max() <= 1, f"{name}: {excess.max():.3g} times the tolerance"


def test_every_golden_case_is_compared(golden):
    assert sorted(golden) == sorted(FULLY_CONNECTED + CONVOLUTIONAL)


def test_inputs_are_as_described(golden):
    for _, case in golden.values():
        np.testing.assert_array_equal(case["x1"][0], case["x2"][0])
        np.testing.assert_allclose(case["x2"][1], 0.001 * case["x1"][1], rtol=1e-15)


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize("name", FULLY_CONNECTED + CONVOLUTIONAL)
def test_float64(golden, name):
    _compare(*golden[name], np.float64, 1e-9, 1e-7)


@pytest.mark.parametrize(
    "name", [*FULLY_CONNECTED, "conv-stride-valid", "conv1d-gap", "pool-same-overlap", "attention"]
)
def test_float32_within_1e_5_of_the_largest_entry_diagonals_included(golden, name):
    _compare(*golden[name], np.float32, 1e-5, 1e-5)

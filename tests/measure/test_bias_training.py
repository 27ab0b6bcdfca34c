"""Training with large bias: against gradient descent written out, and the descent of a fixed kernel."""

import math
import os
from unittest import mock

import numpy as np
import pytest

from limes.core.errors import InputError, MemoryRefused, NumericalError
from limes.measure import active_fraction, kernel_spectrum, lazy_losses, train_with_bias, unit_rows

pytestmark = pytest.mark.usefixtures("quick_compilation")
RNG = np.random.default_rng(0)
X, Y = unit_rows(RNG.normal(size=(12, 4))), RNG.choice([-1.0, 1.0], 12)


def naive(bias, width, steps, trainable, seed):
    """Every unit on its own, by the formulas of the gradient."""
    half = np.random.default_rng([seed, 4, width]).standard_normal((width // 2, 4))
    w, b = np.concatenate([half, half]), np.full(width, bias)
    a = np.concatenate([np.ones(width // 2), -np.ones(width // 2)])
    w0, b0 = w.copy(), b.copy()
    first = b0 < X @ w0.T
    kernel = (X @ X.T + trainable) * (first.astype(float) @ first.T) / width
    rate = 1 / np.linalg.eigvalsh(kernel)[-1]
    losses, active = [], []
    for _ in range(steps + 1):
        z = X @ w.T - b
        errors = np.maximum(z, 0) @ a / math.sqrt(width) - Y
        losses.append(0.5 * np.sum(errors**2))
        active.append(np.mean(z > 0))
        ended = z, w.copy(), b.copy()
        for r in range(width):
            e = errors * (z[:, r] > 0) * a[r] / math.sqrt(width)
            w[r] -= rate * (e @ X)
            b[r] += trainable * rate * e.sum()
    z, w, b = ended
    return {
        "losses": losses,
        "active": active,
        "kernel": kernel,
        "moved": np.abs(z - (X @ w0.T - b0)).max(),
        "on": np.mean((z > 0) & ~first),
        "off": np.mean((z <= 0) & first),
        "weights": np.linalg.norm(w - w0, axis=1).max(),
        "thresholds": np.abs(b - b0).max(),
        "scores": np.maximum(z, 0) @ a / math.sqrt(width),
    }


@pytest.mark.parametrize(("width", "trainable"), [(400, True), (400, False), (1034, True)])
def test_training_is_gradient_descent_written_out(width, trainable):
    run = train_with_bias(X, Y, 0.5, width, 12, trainable=trainable, seed=3, every=6)
    found = naive(0.5, width, 12, trainable, 3)
    np.testing.assert_allclose(run.losses, found["losses"], rtol=1e-9)
    np.testing.assert_allclose(run.active, found["active"], rtol=1e-12)
    np.testing.assert_allclose(run.start.values[::-1], np.linalg.eigvalsh(found["kernel"]), atol=1e-10)
    assert run.steps.tolist() == [0, 6, 12]
    assert run.switched_on[-1] == pytest.approx(found["on"])
    assert run.switched_off[-1] == pytest.approx(found["off"])
    assert run.moved[-1] == pytest.approx(found["moved"], rel=1e-9)
    assert run.moved_weights[-1] == pytest.approx(found["weights"], rel=1e-9)
    assert run.moved_thresholds[-1] == pytest.approx(found["thresholds"], rel=1e-9)
    assert run.width == width
    np.testing.assert_allclose(run.scores(X), found["scores"], atol=1e-9)
    assert (run.moved_thresholds[-1] > 0) == trainable


def test_a_wide_network_is_as_its_kernel_says():
    narrow, wide = (train_with_bias(X, Y, 1.0, width, 12, every=6) for width in (400, 20_000))
    distances = [np.abs(r.losses / lazy_losses(r.start, Y, r.rate, 12) - 1).max() for r in (narrow, wide)]
    assert distances[1] < min(0.2, 0.4 * distances[0])
    assert wide.lazy
    assert not narrow.lazy
    assert abs(wide.active[0] - active_fraction(1.0)) < 5 * math.sqrt(active_fraction(1.0) / 10_000)
    assert wide.losses[0] == 6.0  # f = 0, to the last bit
    assert wide.active_at_most >= wide.active.max()
    assert narrow.remainder == pytest.approx(_remainder(narrow), rel=1e-9)


def _remainder(run):
    reach = 2 * run.moved_weights.max()
    return math.sqrt(run.width) * reach / 2 * (active_fraction(1.0 - reach) - active_fraction(1.0 + reach))


def test_lazy_losses_are_those_of_the_matrix():
    root = RNG.normal(size=(12, 20))
    kernel, residual, losses = root @ root.T, -Y, []
    for _ in range(6):
        losses.append(0.5 * residual @ residual)
        residual = residual - 0.01 * kernel @ residual
    np.testing.assert_allclose(lazy_losses(kernel_spectrum(kernel), Y, 0.01, 5), losses, rtol=1e-9)


def test_what_is_read_off_the_losses():
    run = train_with_bias(X, Y, 0.5, 400, 90, floor=0.3, every=6)
    assert run.losses[-1] <= 0.3 * run.losses[0] < run.losses[-2]
    assert run.steps[-1] == len(run.losses) - 1
    first = run.steps_to(0.5)
    assert run.losses[first] <= 0.5 * run.losses[0] < run.losses[first - 1]
    assert run.steps_to(0.0) is None
    factor = np.prod(np.sqrt(run.losses[-4:] / run.losses[-5:-1])) ** 0.25
    assert run.late_factor(4) == pytest.approx(factor, rel=1e-12)
    with pytest.raises(InputError, match="last ones"):
        run.late_factor(len(run.losses))


def test_single_precision_is_kept_and_agrees():
    single, double = (train_with_bias(X.astype(t), Y, 0.5, 400, 12, every=6) for t in (np.float32, np.float64))
    assert single.net.dtype == np.float32
    np.testing.assert_allclose(single.losses, double.losses, rtol=1e-4)


def test_bad_requests_are_refused():
    for x, y, width, steps in ((X, Y[:3], 8, 1), (X[0], Y, 8, 1), (X, Y, 7, 1), (X, Y, 8, 0), (X > 0, Y, 8, 1)):
        with pytest.raises(InputError):
            train_with_bias(x, y, 1.0, width, steps)
    with mock.patch.dict(os.environ, {"LIMES_MEMORY": "1MB"}), pytest.raises(MemoryRefused, match="100000 neurons"):
        train_with_bias(X, Y, 1.0, 100_000, 1)
    with pytest.raises(NumericalError, match="none of 8 units"):
        train_with_bias(X, Y, 30.0, 8, 1)

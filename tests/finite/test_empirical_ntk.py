"""The empirical NTK against its definition, against the infinite-width kernel, and what is refused."""

import functools
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import limes as lm
from limes.core.errors import DtypeError, InputError, MemoryRefused
from limes.finite import derivatives, factors
from limes.finite.network import weighted

sys.path.insert(0, str(Path(__file__).parent))

import functions

METHODS = ("structured", "jacobian", "products")
CASES = {
    "dense": (functions.dense, functions.dense_params, (2, 3), {"right", "left", "transposed", "out"}),
    "conv": (functions.convolutional, functions.convolutional_params, (5, 4, 2), {"first", "second", "out"}),
    "loop": (functions.recurrent, functions.recurrent_params, (5, 2), {"out"}),
}


@functools.cache
def case(name):
    apply, make, shape, factored = CASES[name]
    rng = np.random.default_rng(0)
    params, x1, x2 = make(rng), rng.standard_normal((5, *shape)), rng.standard_normal((4, *shape))
    return apply, params, x1, x2, factored, functions.naive_ntk(apply, params, x1, x2)


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(("name", "method"), [(n, m) for n in CASES for m in METHODS if (n, m) != ("loop", "jacobian")])
def test_all_methods_give_the_definition(name, method):
    apply, params, x1, x2, _, exact = case(name)
    found = lm.finite.empirical_ntk(apply, params, x1, x2, trace=False, method=method, tile=3)  # divides neither number
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * np.abs(exact).max())


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(("name", "method"), [("dense", "structured"), ("loop", "products"), ("conv", "structured")])
def test_the_mean_over_outputs_and_one_of_them(name, method):
    apply, params, x1, x2, _, exact = case(name)
    size = np.abs(exact).max()
    traced = lm.finite.empirical_ntk(apply, params, x1, x2, method=method)
    np.testing.assert_allclose(traced, np.einsum("ijaa->ij", exact) / 3, rtol=0, atol=1e-12 * size)
    one = lm.finite.empirical_ntk(apply, params, x1, x2, output=1, method=method)
    np.testing.assert_allclose(one, exact[:, :, 1, 1], rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize("name", CASES)
def test_the_weights_that_are_held_in_factors(name):
    """Those that one product uses; not those that are tied, masked, frozen, grouped or in a loop."""
    apply, params, x1, _, factored, _ = case(name)
    with jax.enable_x64(True):
        found = weighted(apply, params, x1)
        traced = derivatives.trace_one(found.network, found.weights, found.others, jnp.asarray(x1[0]))
    names = [key for key in sorted(params) if params[key].dtype == np.float64]
    assert {names[factor.leaf] for factor in factors.find(traced, len(names))} == factored


@pytest.mark.usefixtures("quick_compilation")
def test_one_batch_is_half_of_the_work_and_the_same_kernel():
    apply, params, x1, _, _, _ = case("dense")
    exact = functions.naive_ntk(apply, params, x1, x1)
    seen = []

    class Count:
        def start(self, label, total):
            seen.append(total)

        def step(self, n=1):
            seen.append(n)

        def note(self, text):
            raise AssertionError(text)

    found = lm.finite.empirical_ntk(apply, params, x1, trace=False, tile=2, progress=Count())
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * np.abs(exact).max())
    assert seen == [6, *[1] * 6]  # of 3 x 3 tiles


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize("kept", [1, 2])
def test_tiles_that_are_not_kept_are_derived_again(monkeypatch, kept):
    apply, params, x1, x2, _, exact = case("dense")
    monkeypatch.setattr(sys.modules["limes.finite.plan"], "_kept", lambda held, worth, spare, tiles: min(kept, tiles))
    symmetric = functions.naive_ntk(apply, params, x1, x1)
    for second, expected in ((x2, exact), (None, symmetric)):
        assert lm.finite.plan(apply, params, x1, second, False, tile=2).kept == kept
        found = lm.finite.empirical_ntk(apply, params, x1, second, trace=False, tile=2)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(("n2", "passes"), [(41, 2), (35, 2), (20, 1)])
def test_a_second_batch_passes_by_in_halves(n2, passes):
    """The mean over outputs of two batches that a tile holds: the same values as tile by tile, in two programs."""
    rng = np.random.default_rng(0)
    params, x1, x2 = functions.dense_params(rng), rng.standard_normal((41, 6)), rng.standard_normal((n2, 6))
    steps = []

    class Count:
        def start(self, label, total):
            steps.append(total)

        def step(self, n=1):
            steps.append(-n)

        def note(self, text):
            raise AssertionError(text)

    found = lm.finite.empirical_ntk(functions.dense, params, x1, x2, method="structured", progress=Count())
    tiles = lm.finite.empirical_ntk(functions.dense, params, x1, x2, method="structured", tile=8)
    np.testing.assert_allclose(found, tiles, rtol=0, atol=1e-12 * np.abs(tiles).max())
    assert steps == [passes, *[-1] * passes]


def looped(params, x):
    return jax.lax.fori_loop(0, 2, lambda _, h: jnp.tanh(h @ params["w1"]), x) @ params["w2"]


def large_loop():
    """Weights of `looped` of 1.3 MB, and 40 rows."""
    rng = np.random.default_rng(0)
    return {"w1": rng.standard_normal((400, 400)), "w2": rng.standard_normal((400, 1))}, rng.standard_normal((40, 400))


def test_tiles_fit_the_cache_and_are_even_and_kept_as_the_memory_allows():
    """40 rows of 1.3 MB: tiles of at most 8 MB, all kept where the limit allows it, fewer where it does not."""
    params, x = large_loop()
    free = lm.finite.plan(looped, params, x, method="jacobian")
    assert (free.tile, free.kept) == (6, 7)
    assert "tiles of 6 rows, 7 of them kept" in str(free)
    tight = lm.finite.plan(looped, params, x, method="jacobian", memory=free.bytes - 1)
    assert (tight.tile, tight.kept) == (6, 6)
    assert 0 < free.bytes - tight.bytes < 6 * 1.3e6 + 1e5


@pytest.mark.parametrize(("device", "tile", "kept"), [(2 << 30, 40, 1), (200 << 20, 10, 4), (20 << 20, 4, 1)])
def test_an_accelerator_takes_tiles_of_a_sixteenth_of_its_memory_and_keeps_a_quarter(monkeypatch, device, tile, kept):
    """It has no cache to fall out of; and what its memory cannot hold is not asked of it."""
    monkeypatch.setattr(sys.modules["limes.finite.plan"], "device_bytes", lambda: device)
    params, x = large_loop()
    made = lm.finite.plan(looped, params, x, method="jacobian")
    assert (made.tile, made.kept) == (tile, kept)
    assert made.bytes - x.shape[0] ** 2 * x.itemsize <= device
    monkeypatch.setattr(sys.modules["limes.finite.plan"], "device_bytes", lambda: 1 << 20)
    with pytest.raises(MemoryRefused, match=r"but the limit is 1\.\d MB"):
        lm.finite.plan(looped, params, x, method="jacobian")


@pytest.mark.usefixtures("quick_compilation")
def test_mean_over_wide_networks_is_the_infinite_width_kernel():
    """Within five standard errors, the bias of order 1 / width removed by doubling the width."""
    net, shape = lm.nets.mlp(2, b_std=0.3), (4,)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, *shape))
    means, errors = [], []
    for width in (16, 32):
        params = net.init(0, shape, width, 2, "float64")
        samples = []
        for _ in range(60):
            params = jax.tree.map(lambda w: rng.standard_normal(w.shape), params)
            samples.append(lm.finite.empirical_ntk(net.apply, params, x))
        means.append(np.mean(samples, axis=0))
        errors.append(np.std(samples, axis=0, ddof=1) / len(samples) ** 0.5)
    error = np.sqrt(4 * errors[1] ** 2 + errors[0] ** 2)
    limit = net.kernel(x).ntk
    assert (5 * error < 0.8 * np.abs(np.diag(limit)).max()).all()  # narrow enough to refute something
    assert (np.abs(2 * means[1] - means[0] - limit) < 5 * error).all()


@pytest.mark.usefixtures("quick_compilation")
def test_float32_stays_float32_whatever_the_points():
    apply, params, x1, x2, _, exact = case("conv")
    narrow = {name: value.astype("float32") for name, value in params.items()}
    found = lm.finite.empirical_ntk(apply, narrow, x1, x2, trace=False)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-5 * np.abs(exact).max())


@pytest.mark.usefixtures("quick_compilation")
def test_the_plan_is_the_cheapest_that_fits():
    apply, params, x1, _, _, _ = case("loop")
    free = lm.finite.plan(apply, params, x1)
    assert free.method == min(free.flops, key=free.flops.get)
    assert 0 < free.factored < 1
    assert free.bytes <= free.limit
    assert str(free).startswith(free.method)
    assert lm.finite.plan(apply, params, x1, memory=free.bytes).tile == free.tile == len(x1)
    tight = lm.finite.plan(apply, params, x1, memory=int(0.7 * free.bytes))
    assert tight.bytes <= 0.7 * free.bytes
    assert (tight.method, tight.tile) != (free.method, free.tile)
    with pytest.raises(MemoryRefused, match=r"empirical NTK of 5 x 5 rows .* use limes\.finite\.ntk_operator"):
        lm.finite.empirical_ntk(apply, params, x1, memory=1500)


def double(params, x):
    return x @ params


WEIGHTS = np.ones((3, 2))
X = np.ones((4, 3))


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: lm.finite.empirical_ntk(double, WEIGHTS, np.ones((0, 3))), "holds no examples"),
        (lambda: lm.finite.empirical_ntk(double, WEIGHTS, X * np.nan), "x1 holds 12 values that are not finite"),
        (lambda: lm.finite.empirical_ntk(double, WEIGHTS, X, X * np.inf), "x2 holds 12 values that are not finite"),
        (lambda: lm.finite.empirical_ntk(double, WEIGHTS, X, method="fast"), "method must be auto, structured"),
        (lambda: lm.finite.empirical_ntk(double, WEIGHTS, X, output=2), "output must be one of 0 to 1"),
        (lambda: lm.finite.empirical_ntk(double, WEIGHTS, X, X[:, :1]), "x2 holds rows of shape"),
        (lambda: lm.finite.plan(double, WEIGHTS, X, X.astype(int)), "x2 holds rows of shape"),
        (lambda: lm.finite.plan(double, WEIGHTS, X, np.full_like(X, np.nan)), "x2"),
        (lambda: lm.finite.plan(lambda w, x: x @ w / 0.0, WEIGHTS, X), "NaN or infinite outputs"),
        (lambda: lm.finite.empirical_ntk(double, WEIGHTS, X, tile=0), "tile must be a number of rows"),
        (lambda: lm.finite.empirical_ntk(double, {"n": np.arange(3)}, X), "holds no arrays of floating point"),
        (lambda: lm.finite.empirical_ntk(double, [WEIGHTS, len], X), "but holds a builtin_function_or_method"),
        (lambda: lm.finite.empirical_ntk(lambda w, x: x @ w[:, 0], WEIGHTS, X), r"it must be \(n, outputs\)"),
        (
            lambda: lm.finite.empirical_ntk(lambda w, x: (x - x.mean(0)) @ w, WEIGHTS, X + np.eye(4)[:, :3]),
            "a row gives",
        ),
    ],
)
def test_bad_input(use, message):
    with pytest.raises(InputError, match=message):
        use()


def test_random_functions_are_found():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="gives other outputs when apply is called again: fix its random keys"):
        lm.finite.empirical_ntk(lambda w, x: x @ w * rng.uniform(), WEIGHTS, X)


def test_half_precision_is_refused():
    with pytest.raises(DtypeError, match="params has dtype bfloat16"):
        lm.finite.empirical_ntk(double, jnp.ones((3, 2), jnp.bfloat16), X)

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.core import precision
from limes.kernels.coincidence import coincident, fingerprints


def _ids(x):
    with precision.scope(x.dtype):
        return np.asarray(jax.jit(fingerprints)(jnp.asarray(x)))


def _n_distinct(x):
    return len(np.unique(_ids(x), axis=0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
class TestFingerprints:
    def test_no_collision_among_small_integers(self, dtype):
        rows = np.unique(np.random.default_rng(0).integers(0, 4, (40000, 16)), axis=0)[:20000].astype(dtype)
        assert len(rows) == 20000
        assert _n_distinct(rows) == 20000

    def test_no_collision_among_one_hot_rows_and_their_sums(self, dtype):
        eye = np.eye(100, dtype=dtype)
        pairs = (eye[:, None] + eye[None]).reshape(-1, 100)
        assert _n_distinct(pairs) == 100 * 101 // 2

    def test_tells_one_low_bit(self, dtype):
        x = np.random.default_rng(1).random((1, 50)).astype(dtype)
        rows = np.repeat(x, 51, axis=0)
        for i in range(50):
            rows[i, i] = np.nextafter(rows[i, i], dtype(2))
        assert _n_distinct(rows) == 51

    def test_tells_the_order_of_features(self, dtype):
        rows = np.array([np.roll(np.arange(30), i) for i in range(30)], dtype)
        swapped = np.arange(30).astype(dtype)
        swapped[[3, 4]] = swapped[[4, 3]]
        assert _n_distinct(np.vstack([rows, swapped])) == 31

    def test_negative_zero_is_zero(self, dtype):
        rows = np.array([[0.0, 1.0], [-0.0, 1.0]], dtype)
        assert _n_distinct(rows) == 1

    def test_coincident_compares_all_pairs(self, dtype):
        a, b = np.array([[1, 2], [3, 4]], dtype), np.array([[3, 4], [1, 2], [2, 1]], dtype)
        with precision.scope(dtype):
            same = coincident(fingerprints(jnp.asarray(a)), fingerprints(jnp.asarray(b)))
        np.testing.assert_array_equal(same, [[False, True, False], [True, False, False]])


@pytest.mark.parametrize("depth", [3, 10])
def test_float32_diagonal_is_right_to_1e_5(depth):
    x = np.random.default_rng(2).random((6, 50)).astype(np.float32)
    net = nets.mlp(depth=depth, b_std=0.1)
    single, double = net.kernel(x), net.kernel(x.astype(np.float64))
    for name in ("nngp", "ntk"):
        exact = np.diagonal(getattr(double, name))
        np.testing.assert_allclose(np.diagonal(getattr(single, name)), exact, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (nets.mlp(depth=4, activation="abs", b_std=0.1), (7,)),
        (nets.cnn(depth=2, head="flatten", kernel=(3,)), (5, 2)),
        (nets.cnn(depth=2, head="gap", kernel=(3,)), (5, 2)),
    ],
    ids=["mlp", "flatten", "gap"],
)
def test_duplicated_rows_are_one_point(dtype, net, shape):
    """A duplicate has the kernel of its original in every entry, on the diagonal too; negative zeros count as zeros."""
    x = np.random.default_rng(3).standard_normal((3, *shape)).astype(dtype)
    x[0].flat[:3] = 0.0
    twice = np.concatenate([x[:1], x[:1], x[1:]])
    twice[1].flat[:3] = -0.0
    own, given = net.kernel(twice), net.kernel(twice, twice.copy())
    for k in (own.nngp, own.ntk, given.nngp, given.ntk):
        assert k[0, 1] == k[0, 0] == k[1, 0] == k[1, 1]
        np.testing.assert_array_equal(k[0], k[1])
    for name in ("nngp", "ntk"):
        np.testing.assert_array_equal(np.diagonal(getattr(own, name)), np.diagonal(getattr(given, name)))


def test_float32_diagonal_behind_dense_layers_after_pooling():
    """Cosines of pooled vectors are rounded sums over positions; coincidence must not be lost there."""
    dense, relu = nets.Dense(2**0.5), nets.Relu()
    body = (nets.Conv((3,), w_std=2**0.5), relu, nets.GlobalAvgPool(), dense)
    x = np.random.default_rng(4).random((30, 7, 3))
    pooled = nets.serial(*body).kernel(x)
    variance, ntk = np.diagonal(pooled.nngp), np.diagonal(pooled.ntk)
    single = nets.serial(*body, relu, dense).kernel(x.astype(np.float32), x.astype(np.float32))
    np.testing.assert_allclose(np.diagonal(single.nngp), variance, rtol=1e-5)
    np.testing.assert_allclose(np.diagonal(single.ntk), variance + ntk, rtol=1e-5)


def test_rows_that_differ_in_one_bit_are_not_taken_for_one_point():
    """The relu NTK has a cusp of slope 1/angle: a pair one bit apart must not get the value at angle zero."""
    x = np.full((1, 4), 0.3, np.float32)
    y = x.copy()
    y[0, 0] = np.nextafter(y[0, 0], np.float32(1))
    ids = coincident(jnp.asarray(_ids(x)), jnp.asarray(_ids(y)))
    assert not bool(ids[0, 0])
    assert bool(coincident(jnp.asarray(_ids(x)), jnp.asarray(_ids(x)))[0, 0])

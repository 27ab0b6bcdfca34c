"""Pruning of layers against what is pruned entry by entry, and layers of networks against their arrays."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from limes.beyond.tails import (
    best_term_error,
    from_vectors,
    heaviness_index,
    hill_index,
    kept_parameters,
    layer_tails,
    layer_vectors,
    prunable_ratio,
    prune_vectors,
    pruning_errors,
    weight_vectors,
)
from limes.core.errors import InputError

RNG = np.random.default_rng(0)
KINDS = ("magnitude", "singular", "node")


def _by_hand(w, ratio, kind):
    """Parts in the order of their size, one by one."""
    middle = np.median(w) if kind == "magnitude" else np.median(w, axis=0)
    rest, kept = w - middle, np.zeros_like(w)
    if kind == "magnitude":
        parts = [np.where(np.arange(w.size).reshape(w.shape) == i, rest, 0) for i in range(w.size)]
    elif kind == "node":
        parts = [np.where(np.arange(len(w))[:, None] == i, rest, 0) for i in range(len(w))]
    else:
        values, turned = np.linalg.eigh(rest.T @ rest)
        parts = [rest @ np.outer(v, v) for value, v in zip(values, turned.T, strict=True) if value > 1e-12]
    parts.sort(key=np.linalg.norm)
    for part in parts[round(ratio * len(parts)) :]:
        kept = kept + part
    return kept + middle


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(7, 4), (4, 7)])
def test_pruning_leaves_out_the_smallest_parts(kind, shape):
    w = RNG.standard_normal(shape) + 0.5
    centre = np.median(w) if kind == "magnitude" else np.median(w, axis=0)
    ratios = [0.0, 0.3, 0.5, 0.75, 1.0]
    errors = pruning_errors(w, ratios, kind)
    for ratio, error in zip(ratios, errors, strict=True):
        pruned = prune_vectors(w, ratio, kind)
        np.testing.assert_allclose(pruned, _by_hand(w, ratio, kind), atol=1e-9)
        assert np.linalg.norm(pruned - w) / np.linalg.norm(w - centre) == pytest.approx(error, abs=1e-12)
    share = prunable_ratio(w, 0.5, kind)
    count = {"magnitude": w.size, "singular": 4, "node": len(w)}[kind]
    assert pruning_errors(w, [share], kind)[0] <= 0.5 < pruning_errors(w, [share + 1 / count], kind)[0]
    assert prune_vectors(w.astype(np.float32), 0.3, kind).dtype == np.float32
    assert prunable_ratio(w, 1.0, kind) == 1.0


def test_prunable_share_of_known_laws():
    """|x| < t goes where the squares below t make a hundredth: for a normal law by chi-square of 3, of 1."""
    gaussian = stats.chi2(1).cdf(stats.chi2(3).ppf(0.01))
    assert prunable_ratio(RNG.standard_normal(200_000)) == pytest.approx(gaussian, abs=0.003)
    assert gaussian == pytest.approx(0.265, abs=5e-4)
    assert prunable_ratio(RNG.uniform(-1, 1, 200_000)) == pytest.approx(0.1 ** (2 / 3), abs=0.003)


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.0])
def test_best_terms(p):
    x = RNG.standard_cauchy(30)
    for k in (0, 1, 13, 30):
        left = np.sort(np.abs(x))[: 30 - k]
        expected = (left**p).sum() ** (1 / p) / (np.abs(x) ** p).sum() ** (1 / p)
        assert best_term_error(x, k, p) == pytest.approx(expected, rel=1e-12)
    assert best_term_error(np.zeros(3), [0, 3]).tolist() == [0.0, 0.0]
    share = prunable_ratio(x - np.median(x), 0.1)
    assert best_term_error(x - np.median(x), 30 - round(share * 30)) <= 0.1


def test_kept_parameters_by_counting():
    w = RNG.standard_normal((6, 4))
    assert kept_parameters(w.shape, 0.5) == np.count_nonzero(prune_vectors(w, 0.5) != np.median(w))
    rank = np.linalg.matrix_rank(prune_vectors(w, 0.5, "singular") - np.median(w, axis=0))
    assert kept_parameters(w.shape, 0.5, "singular") == rank * (6 + 4)
    rows = (prune_vectors(w, 0.5, "node") != np.median(w, axis=0)).any(axis=1).sum()
    assert kept_parameters(w.shape, 0.5, "node") == rows * 4


def test_vectors_of_a_layer_in_both_layouts():
    dense, conv = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 2, 4, 6))
    np.testing.assert_array_equal(weight_vectors(dense)[2], dense[:, 2])
    np.testing.assert_array_equal(weight_vectors(dense, transposed=True)[4], dense[4])
    np.testing.assert_array_equal(weight_vectors(conv)[5 * 4 + 3], conv[:, :, 3, 5].ravel())
    torch_conv = conv.transpose(3, 2, 0, 1)
    np.testing.assert_array_equal(weight_vectors(torch_conv, "out_in"), weight_vectors(conv))
    np.testing.assert_array_equal(weight_vectors(dense.T, "out_in"), weight_vectors(dense))
    for w, layout in ((dense, "in_out"), (conv, "in_out"), (torch_conv, "out_in"), (dense.T, "out_in")):
        for transposed in (False, True):
            rows = weight_vectors(w, layout, transposed=transposed)
            np.testing.assert_array_equal(from_vectors(rows, w, layout, transposed=transposed), w)


def test_layers_of_any_tree():
    first, conv, last = RNG.standard_normal((8, 40)), RNG.standard_cauchy((3, 3, 4, 10)), RNG.standard_normal((40, 3))
    tree = {"layer_2": {"w": jnp.asarray(first), "b": np.ones(40)}, "layer_10": [conv.astype("f4"), {"out": last}]}
    tree |= {"count": np.arange(40).reshape(20, 2)}
    found = layer_tails(tree, top=0.2, key=3)
    assert [(layer.name, layer.shape, layer.vectors.shape) for layer in found] == [
        ("layer_2.w", (8, 40), (40, 8)),
        ("layer_10.0", (3, 3, 4, 10), (40, 9)),
        ("layer_10.1.out", (40, 3), (40, 3)),
    ]
    middle = found[1]
    rows = weight_vectors(conv.astype("f4"))
    assert middle.heaviness == heaviness_index(rows, key=3)
    assert middle.entries == heaviness_index(rows.ravel(), key=3)
    assert middle.hill == hill_index(rows, top=0.2)
    assert middle.prunable == {kind: prunable_ratio(rows, 0.1, kind) for kind in KINDS}
    assert middle.heaviness.value < 1.5 < found[0].heaviness.value
    assert middle.prunable["magnitude"] > 0.5 > found[0].prunable["magnitude"]
    (torch_like,) = layer_tails({"fc.weight": first.T, "fc.bias": np.ones(8)}, layout="out_in")
    np.testing.assert_array_equal(torch_like.vectors, first.T)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: prune_vectors(np.ones((2, 2)), 1.5), "from 0 to 1, not 1.5"),
        (lambda: prune_vectors(np.ones((2, 2)), 0.5, "random"), "magnitude, singular, node, not 'random'"),
        (lambda: prune_vectors(np.ones(3), 0.5), r"shape \(3,\)"),
        (lambda: pruning_errors(np.ones((2, 2)), [0.5, -1.0]), "shares from 0 to 1"),
        (lambda: prunable_ratio(np.array([[np.inf]])), "finite numbers"),
        (lambda: prunable_ratio(np.ones((2, 2)), 2.0), "relative, from 0 to 1"),
        (lambda: kept_parameters((2, 2), 0.5, "all"), "must be one of"),
        (lambda: best_term_error(np.ones(3), 4), "0 to 3 may stay, not 4"),
        (lambda: best_term_error(np.ones(3), 1, 0.0), "p above 0"),
        (lambda: weight_vectors(np.ones(3)), "two axes or more"),
        (lambda: weight_vectors(np.ones((3, 3)), "torch"), "in_out, out_in, not 'torch'"),
        (lambda: from_vectors(np.ones((3, 3)), np.ones((3, 3)), "torch"), "in_out, out_in, not 'torch'"),
        (lambda: layer_tails({"b": np.ones(40), "w": np.ones((40, 40))}), "no layer to measure: of 2 arrays"),
        (lambda: layer_tails([np.full((20, 20), np.nan)]), "400 weights that are not finite"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_low_precision_is_read_as_float32():
    w = RNG.normal(size=(20, 40)).astype(np.float32)
    for dtype in (jnp.bfloat16, jnp.float16):
        ((name, rows),) = layer_vectors({"w": jnp.asarray(w, dtype)}).items()
        assert (name, rows.dtype, rows.shape) == ("w", np.float32, (40, 20))
        np.testing.assert_allclose(rows, w.T, rtol=0.01)


def test_the_last_layer_by_its_name():
    weights = {"head": RNG.normal(size=(40, 3)), "hidden": RNG.normal(size=(20, 40))}
    assert [layer.vectors.shape for layer in layer_tails(weights, last="head")] == [(40, 3), (40, 20)]
    with pytest.raises(InputError, match="head, hidden, not 'out'"):
        layer_tails(weights, last="out")


def test_pruning_of_integers_and_numbers_out_of_range():
    w = np.arange(12).reshape(3, 4) ** 2
    np.testing.assert_allclose(prune_vectors(w, 0.5, "singular"), prune_vectors(w.astype(float), 0.5, "singular"))
    for ratio in (-0.1, 2.0, np.nan):
        with pytest.raises(InputError, match="from 0 to 1"):
            kept_parameters((10, 10), ratio)
    with pytest.raises(InputError, match="exponent"):
        best_term_error(np.ones(3), 1, p=np.inf)
    equal = hill_index(np.repeat([-1.0, 1.0], 20))
    assert equal.value == equal.low == equal.high == np.inf

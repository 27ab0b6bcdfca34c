"""Norm bounds: recorded figures, naive formulas, networks read in four ways, and what a bound must not fall below."""

import math

import numpy as np
import pytest

from limes import nets
from limes.core.errors import InputError
from limes.measure import DataNorms, data_norms, net_layers, norm_bounds, tree_layers, weight_layers
from limes.measure.norm_bounds import additive_term, at_sample, first_term

pytestmark = pytest.mark.usefixtures("quick_compilation")
RNG = np.random.default_rng(0)
N, DELTA = 500, 1e-3


def conv_net(layers=2, channels=3, size=6, outputs=4, local=False):
    """L convolutions 2 x 2 without padding, as the paper has them."""
    kind = nets.ConvLocal if local else nets.Conv
    conv = [kind((2, 2), None, "VALID"), nets.Relu()]
    net = nets.serial(*conv * layers, nets.Flatten(), nets.Dense())
    return net, net.init(1, (size, size, 1), channels, outputs)


def data(size=6):
    return data_norms(RNG.uniform(size=(N, size, size, 1)))


@pytest.mark.parametrize(
    ("depth", "side", "rho", "expected"), [(4, 2, 1.0, 1.135), (4, 2, 0.0, 0.568), (6, 3, 0.0, 33.5)]
)
def test_the_recorded_figures(depth, side, rho, expected):
    """n = 60,000, ten classes, D = .3 n, all layers in the product."""
    found = first_term(rho, depth * math.log(2 * side**2), 10, 0.3 * 60_000 * side ** (2 * depth), 60_000)
    assert found == pytest.approx(expected, rel=2e-3)
    assert additive_term(1.0, 60_000) == pytest.approx(0.0271, abs=5e-5)


def naive(weights, norms, sides, classes):
    """The released formula, the complete one and Golowich's, written out for convolutions k x k and one dense layer."""
    n, rho = norms.n, np.prod([np.sqrt((w**2).sum()) for w in weights])
    depth, k2 = len(weights), 4.0
    tail = 3 * np.sqrt(np.log(2 * (rho + 2) ** 2 / DELTA) / (2 * n))
    inside = 1 + np.sqrt(2 * (depth * np.log(2 * k2) + np.log(classes)))
    released = (rho + 1) / n * 2 * np.sqrt(2) * inside * np.sqrt(norms.node) * 2 ** (depth - 1) + tail
    inside = 1 + np.sqrt(2 * (depth * np.log(2) + (depth - 1) * np.log(k2) + np.log(sides[-1] ** 2) + np.log(classes)))
    complete = (rho + 1) / n * 2 * np.sqrt(2) * inside * np.sqrt(norms.node) * 2 ** (depth - 1) * sides[-1] + tail
    wide = rho * np.prod(sides)
    inside = 1 + np.sqrt(2 * (depth * np.log(2) + np.log(classes)))
    golowich = (wide + 1) / n * 2 * np.sqrt(2) * inside * np.sqrt(norms.total)
    return rho, released, complete, golowich + 3 * np.sqrt(np.log(2 * (wide + 2) ** 2 / DELTA) / (2 * n))


def test_against_formulas_written_out():
    net, params = conv_net(3)
    scaled = [np.asarray(p["w"], np.float64) for p in params if len(p)]
    scaled = [w / math.sqrt(np.prod(w.shape[:-1])) for w in scaled]
    norms = data()
    found = norm_bounds(net_layers(net, params, (6, 6, 1)), norms)
    rho, released, complete, golowich = naive(scaled, norms, (5, 4, 3), 4)
    assert found.rho == pytest.approx(rho, rel=1e-6)
    assert found.sparse == pytest.approx(released, rel=1e-6)
    assert found.complete == pytest.approx(complete, rel=1e-6)
    assert found.golowich == pytest.approx(golowich, rel=1e-6)
    assert (found.depth, found.degrees) == (4, (4, 4, 4))
    lips = [np.linalg.svd(w.reshape(-1, w.shape[-1]), compute_uv=False)[0] for w in scaled]
    size = sum(w.size for w in scaled)
    by_hand = 4 * np.prod(lips) ** 0.25 * np.sqrt(size / N) + np.sqrt(np.log(1 / DELTA) / N)
    assert found.long_sedghi == pytest.approx(by_hand, rel=1e-6)
    rows = [np.linalg.norm(w.reshape(-1, w.shape[-1]), axis=1).sum() for w in scaled]
    each = [4 * np.sqrt(norms.total / N) * np.prod(lips) * r / lip for r, lip in zip(rows, lips, strict=True)]
    most = max(w.size for w in scaled)
    by_hand = 24 * np.log(N) * np.sqrt(np.log(2 * most)) * sum(c ** (2 / 3) for c in each) ** 1.5 / np.sqrt(N)
    assert found.graf == pytest.approx(by_hand + 8 / N + 3 * np.sqrt(np.log(2 / DELTA) / (2 * N)), rel=1e-6)
    columns = [np.linalg.norm(w.reshape(-1, w.shape[-1]), axis=0) for w in scaled]
    lips[-1] = columns[-1].max()
    sums = [c.sum() for c in columns[:-1]] + [np.linalg.norm(scaled[-1])]
    sides = (5, 4, 3, 1)
    each = [norms.largest * np.prod(lips) / lip * s * side for lip, s, side in zip(lips, sums, sides, strict=True)]
    outs = [side**2 * w.shape[-1] for side, w in zip(sides, scaled, strict=True)]
    capacity = sum(r ** (2 / 3) for r in each) ** 1.5
    gamma = max(r * o for r, o in zip(each, outs, strict=True))
    by_hand = 1536 * capacity * np.sqrt(np.log2(32 * gamma * N**2 + 7 * max(outs) * N)) * np.log(N) / np.sqrt(N)
    union = 3 * np.sqrt((np.log(1 + norms.largest) + sum(np.log(2 + s) for s in sums)) / N)
    tail = 8 / N + 3 * np.sqrt(np.log(2 / DELTA) / N) + np.sqrt(np.log(2) / N) + union
    assert found.ledent == pytest.approx(by_hand + tail, rel=1e-6)


def test_copies_of_a_filter_at_every_position_have_its_bound():
    net, params = conv_net()
    local, drawn = conv_net(local=True)
    copied = [
        {"w": np.broadcast_to(p["w"], q["w"].shape)} if len(p) and p["w"].ndim == 4 else p
        for p, q in zip(params, drawn, strict=True)
    ]
    norms, image = data(), RNG.uniform(size=(2, 6, 6, 1)).astype(np.float32)
    np.testing.assert_allclose(net.apply(params, image), local.apply(copied, image), rtol=1e-5)
    shared, own = (norm_bounds(net_layers(n, p, (6, 6, 1)), norms) for n, p in ((net, params), (local, copied)))
    for name in ("rho", "sparse", "complete", "golowich"):
        assert getattr(own, name) == pytest.approx(getattr(shared, name), rel=1e-6)
    free = net_layers(local, drawn, (6, 6, 1))
    largest = [max(np.linalg.norm(filter) for filter in layer.filters) for layer in free]
    assert norm_bounds(free, norms).rho == pytest.approx(math.prod(largest))


def test_one_network_read_in_four_ways():
    net, params = conv_net()
    expected = norm_bounds(net_layers(net, params, (6, 6, 1)), data())
    arrays = [np.asarray(p["w"]) / math.sqrt(np.prod(p["w"].shape[:-1])) for p in params if len(p)]
    tree = {"Dense_0": {"kernel": arrays[2]}, "Conv_1": {"kernel": arrays[1]}, "Conv_0": {"kernel": arrays[0]}}
    for layers in (weight_layers(arrays, (6, 6, 1)), tree_layers(tree, (6, 6, 1))):
        found = norm_bounds(layers, expected.data)
        assert found.complete == pytest.approx(expected.complete, rel=1e-6)
        assert found.graf == pytest.approx(expected.graf, rel=1e-6)
    biased = norm_bounds(tree_layers({**tree, "Dense_0": {"kernel": arrays[2], "bias": np.ones(4)}}, (6, 6, 1)), data())
    assert any("biases, which the norms leave out" in sentence for sentence in biased.assumptions)


def test_a_dense_first_layer_as_one_node_is_golowich():
    net = nets.mlp(3)
    params = net.init(0, (6, 6, 1), 8, 4)
    x = RNG.uniform(size=(N, 6, 6, 1))
    layers = net_layers(net, params, (6, 6, 1))
    one = norm_bounds(layers, data_norms(x, "image"))
    assert one.sparse == pytest.approx(one.golowich)
    assert one.complete == pytest.approx(one.golowich)
    pixels = norm_bounds(layers, data_norms(x))
    assert pixels.degrees == (36, 1)
    units = norm_bounds(layers, data_norms(x), units="unit")
    assert units.degrees == (36, 8)
    norms = [np.linalg.norm(layer.weights, axis=0).max() for layer in layers[:2]]
    assert units.rho == pytest.approx(math.prod(norms) * np.linalg.norm(layers[2].weights))


def test_norms_of_colour_images():
    x = RNG.uniform(size=(20, 4, 4, 3))
    pixel, channel, image = (data_norms(x, per) for per in ("pixel", "channel", "image"))
    assert pixel.node == pytest.approx((x**2).sum(axis=(0, 3)).max())
    assert channel.node == pytest.approx((x**2).sum(axis=0).max())
    assert channel.node < pixel.node <= 3 * channel.node
    assert image.node == image.total == pytest.approx((x**2).sum())
    assert image.largest == pytest.approx(np.sqrt((x**2).sum(axis=(1, 2, 3)).max()))


def test_another_sample_size_keeps_the_mean_square():
    net, params = conv_net()
    found = norm_bounds(net_layers(net, params, (6, 6, 1)), data())
    first, additive = at_sample(found, 4 * N)
    assert first == pytest.approx(found.first / 2)
    assert additive == pytest.approx(additive_term(found.rho, 4 * N))
    first, _ = at_sample(found, N, 1.2 * found.data.node)
    assert first == pytest.approx(found.first * math.sqrt(1.2))


def test_the_released_formula_is_no_bound_for_a_linear_read_out_of_many_positions():
    """x -> <w, x>, |w| <= 1, through a 1 x 1 convolution of weight 1, on non-negative inputs: its complexity is known.

    The factor 2^{3/2} belongs to the loss, as does the + 1 of rho + 1: what is compared is the complexity itself.
    """
    side, n = 28, 400
    x = (RNG.uniform(size=(n, side, side, 1)) > 0.5).astype(float)
    signs = RNG.choice([-1.0, 1.0], size=(200, n))
    complexity = np.linalg.norm(signs @ x.reshape(n, -1), axis=1).mean() / n
    layers = weight_layers([np.ones((1, 1, 1, 1)), np.full((side**2, 1), 1 / side)], (side, side, 1))
    found = norm_bounds(layers, data_norms(x))
    assert found.rho == pytest.approx(1.0)
    per_rho = (found.rho / (found.rho + 1)) / 2**1.5
    assert found.first * per_rho < complexity
    assert (found.complete - found.additive) * per_rho > complexity


def test_pools_and_strides():
    net = nets.serial(nets.Conv((2, 2), (2, 2), "VALID"), nets.Relu(), nets.GlobalAvgPool(), nets.Dense())
    found = norm_bounds(net_layers(net, net.init(0, (6, 6, 1), 3, 4), (6, 6, 1)), data())
    assert found.degrees == (4, 1)
    logs = 2 * math.log(2) + math.log(4) + math.log(9)
    by_hand = first_term(found.rho, logs, 4, found.data.node * 4, N) + additive_term(found.rho, N)
    assert found.complete == pytest.approx(by_hand)
    assert any("means over windows" in sentence for sentence in found.assumptions)


def test_what_the_theorem_does_not_cover_is_refused():
    shape = (6, 6, 1)
    conv, dense = nets.Conv((2, 2), None, "VALID"), nets.Dense()
    for wrong in (
        nets.serial(conv, nets.Erf(), nets.Flatten(), dense),
        nets.serial(conv, nets.LayerNorm(), nets.Relu(), nets.Flatten(), dense),
        nets.serial(conv, nets.Relu(), nets.GlobalSumPool(), dense),
        nets.resnet(1),
    ):
        with pytest.raises(InputError, match="not covered by the theorem"):
            net_layers(wrong, wrong.init(0, shape, 3, 4), shape)
    net, params = conv_net()
    layers = net_layers(net, params, shape)
    with pytest.raises(InputError, match="one node for a first dense layer only"):
        norm_bounds(layers, data_norms(RNG.uniform(size=(9, 6, 6, 1)), "image"))
    with pytest.raises(InputError, match="delta must lie"):
        norm_bounds(layers, data(), delta=0.0)
    with pytest.raises(InputError, match="no weight of a dense or convolutional layer"):
        tree_layers({"BatchNorm_0": {"scale": np.ones(3)}}, shape)
    with pytest.raises(InputError, match="for 3 inputs, but gets 1"):
        weight_layers([np.ones((2, 2, 3, 4)), np.ones((100, 4))], shape)
    with pytest.raises(InputError, match="end with a dense layer"):
        weight_layers([np.ones((2, 2, 1, 4))], shape)
    with pytest.raises(InputError, match="not finite"):
        weight_layers([np.full((36, 4), np.nan)], shape)
    with pytest.raises(InputError, match="no batch of finite numbers"):
        data_norms(np.array([[np.inf, 1.0]]))
    with pytest.raises(InputError, match="filters for"):
        weight_layers([np.ones((4, 5, 2, 2, 1, 3)), np.ones((75, 4))], shape)


def test_a_bound_needs_data_norms_of_its_own_sample():
    small, large = DataNorms(100, 30.0, 50.0, 1.0), DataNorms(400, 120.0, 200.0, 1.0)
    net, params = conv_net()
    layers = net_layers(net, params, (6, 6, 1))
    assert norm_bounds(layers, small).first == pytest.approx(2 * norm_bounds(layers, large).first)

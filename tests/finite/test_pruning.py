"""Pruning: scores against finite differences and a dense Hessian, masks against brute force, training behind masks."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from limes import nets
from limes.core.errors import InputError
from limes.finite import Recipe, empirical_ntk, outputs, prune, train
from limes.finite.pruning import scores

pytestmark = pytest.mark.usefixtures("quick_compilation")
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 3)), np.arange(12) % 2


def network(params, x):
    """Two dense layers with biases, in plain weights."""
    return jnp.tanh(x @ params["first"]["w"] + params["first"]["b"]) @ params["last"]["w"]


def weights(dtype=np.float64):
    draw = RNG.standard_normal
    tree = {"first": {"w": draw((3, 5)), "b": draw(5)}, "last": {"w": draw((5, 2))}, "steps": np.int32(3)}
    return jax.tree.map(lambda a: a.astype(dtype) if a.dtype.kind == "f" else a, tree)


def loss_of(params):
    """Mean cross-entropy in NumPy."""
    out = np.tanh(X @ params["first"]["w"] + params["first"]["b"]) @ params["last"]["w"]
    return float(np.mean(np.log(np.exp(out).sum(axis=1)) - out[np.arange(12), Y]))


def moved(params, layer, name, place, by):
    changed = {k: dict(v) if isinstance(v, dict) else v for k, v in params.items()}
    changed[layer][name] = changed[layer][name].copy()
    changed[layer][name][place] += by
    return changed


def slope(params, layer, name, place, h=1e-5):
    return (loss_of(moved(params, layer, name, place, h)) - loss_of(moved(params, layer, name, place, -h))) / (2 * h)


def test_snip_is_the_weight_times_the_slope_of_the_loss():
    params = weights()
    found = scores(network, params, "snip", x=X, y=Y)
    for layer, name in (("first", "w"), ("first", "b"), ("last", "w")):
        for place in np.ndindex(params[layer][name].shape):
            by_hand = abs(params[layer][name][place] * slope(params, layer, name, place))
            assert float(found[layer][name][place]) == pytest.approx(by_hand, abs=1e-9)
    assert np.asarray(found["steps"]) == 0


def test_grasp_is_the_weight_times_hessian_times_gradient():
    params = weights()
    places = [
        (a, b, p) for a, b in (("first", "w"), ("first", "b"), ("last", "w")) for p in np.ndindex(params[a][b].shape)
    ]
    gradient = np.array([slope(params, *place) for place in places])
    found = scores(network, params, "grasp", x=X, y=Y)
    for i in (0, 7, 16, 20, 29):
        h = 1e-4
        ahead, behind = (moved(params, *places[i], by) for by in (h, -h))
        row = np.array([(slope(ahead, *p) - slope(behind, *p)) / (2 * h) for p in places])
        layer, name, place = places[i]
        assert float(found[layer][name][place]) == pytest.approx(
            params[layer][name][place] * (row @ gradient), abs=1e-6
        )


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_the_largest_weights_stay(scope):
    params = weights()
    pruned = prune(network, params, 0.4, "magnitude", scope=scope)
    sizes = {name: np.abs(params[name]["w"]) for name in ("first", "last")}
    for name, size in sizes.items():
        among = size.ravel() if scope == "layer" else np.concatenate([s.ravel() for s in sizes.values()])
        border = np.sort(among)[-round(0.4 * len(among))]
        np.testing.assert_array_equal(pruned.masks[name]["w"], size >= border)
        np.testing.assert_array_equal(pruned.params[name]["w"], np.where(size >= border, params[name]["w"], 0))
    assert np.all(pruned.masks["first"]["b"])
    assert set(pruned.kept) == {"first.w", "last.w"}


def test_random_masks_are_independent_and_keep_the_share():
    params = {"w": np.ones((200, 200), np.float32)}
    masks = [np.asarray(prune(lambda p, x: x @ p["w"], params, 0.3, key=key).masks["w"]) for key in (0, 1)]
    error = np.sqrt(0.3 * 0.7 / masks[0].size)
    assert abs(masks[0].mean() - 0.3) < 5 * error
    assert abs((masks[0] & masks[1]).mean() - 0.09) < 5 * np.sqrt(0.09 * 0.91 / masks[0].size)
    again = prune(lambda p, x: x @ p["w"], params, 0.3, key=0).masks["w"]
    np.testing.assert_array_equal(masks[0], again)


@pytest.mark.parametrize("rescale", [False, True])
def test_a_pruned_network_is_the_network_with_other_weights(rescale):
    params = weights()
    pruned = prune(network, params, 0.5, "random", rescale=rescale, where=lambda name, w: name == "last.w", key=2)
    factor = np.asarray(pruned.masks["last"]["w"]) * (2**0.5 if rescale else 1.0)
    by_hand = np.tanh(X @ params["first"]["w"] + params["first"]["b"]) @ (factor * params["last"]["w"])
    np.testing.assert_allclose(outputs(pruned.apply, pruned.params, X), by_hand, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(pruned.weights(params)["last"]["w"]), factor * params["last"]["w"], rtol=1e-6)


def test_pruning_a_net_is_its_own_field():
    """A Net with `keep`, and the same weights under the same mask, are one function."""
    net = nets.serial(nets.Dense(1.4), nets.Relu(), nets.Dense(1.4, keep=0.3))
    plain = nets.serial(nets.Dense(1.4), nets.Relu(), nets.Dense(1.4))
    dense = plain.init(0, (3,), width=40, outputs=2)
    pruned = prune(plain.apply, dense, 0.3, rescale=True, where=lambda name, w: name == "2.w")
    same = [*pruned.params[:2], {"w": jnp.where(pruned.masks[2]["w"], dense[2]["w"], 0)}]
    x = X.astype(np.float32)
    np.testing.assert_allclose(pruned.apply(same, x), net.apply(same, x), rtol=1e-5)
    kernels = [empirical_ntk(apply, same, x, output=0) for apply in (pruned.apply, net.apply)]
    np.testing.assert_allclose(*kernels, rtol=1e-4)


@pytest.mark.parametrize("optimiser", [None, optax.adamw(0.05)])
def test_training_keeps_the_mask(optimiser):
    params = {k: v for k, v in weights(np.float32).items() if k != "steps"}
    pruned = prune(network, params, 0.5, "snip", x=X, y=Y)
    recipe = Recipe(epochs=30, batch_size=6, weight_decay=0.01 if optimiser is None else 0.0, optimiser=optimiser)
    run = train(pruned.apply, pruned.params, X, Y, recipe)
    assert run.losses[-1] < 0.7 * run.losses[0]
    for name in ("first", "last"):
        gone = ~np.asarray(pruned.masks[name]["w"])
        assert gone.any()
        assert np.all(np.asarray(run.params[name]["w"])[gone] == 0)
        assert np.all(np.asarray(run.params[name]["w"])[~gone] != np.asarray(params[name]["w"])[~gone])


def test_what_cannot_be_pruned_is_refused():
    params = weights()
    for words, options in (
        ("keep is the share", {"keep": 0.0}),
        ("criterion must be one of random", {"keep": 0.5, "criterion": "size"}),
        ("scope must be one of", {"keep": 0.5, "scope": "net"}),
        ("no array is pruned", {"keep": 0.5, "where": lambda name, w: False}),
        ("give x and y", {"keep": 0.5, "criterion": "snip"}),
        ("no rows with their targets", {"keep": 0.5, "criterion": "snip", "x": X, "y": Y[:3]}),
        ("nothing of first.w would stay", {"keep": 0.01, "criterion": "magnitude"}),
    ):
        with pytest.raises(InputError, match=words):
            prune(network, params, **options)
    with pytest.raises(InputError, match="not for 'random'"):
        scores(network, params, "random")

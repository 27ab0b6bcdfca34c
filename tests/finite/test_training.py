"""Training of finite networks, against descent written out, and the same training interrupted and continued."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from limes import nets
from limes.attacks import PGD
from limes.core.errors import FormatError, InputError, NumericalError
from limes.finite import Adversary, FinitePredictor, Recipe, linearise, train
from limes.finite.batches import batch

NET = nets.mlp(2, activation="erf")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    y = np.arange(40) % 3
    return rng.normal(size=(40, 5)) + 2 * np.eye(5)[y], y


@pytest.fixture(scope="module")
def start():
    return NET.init(0, (5,), width=16, outputs=3, dtype="float64")


def test_it_is_stochastic_gradient_descent_with_momentum_and_decay(rows, start):
    x, y = rows
    rate, momentum, decay = 0.3, 0.8, 0.01
    run = train(NET.apply, start, x, y, Recipe(2, 16, rate, momentum, decay, seed=4))
    with jax.enable_x64(True):
        weights, speed = start, jax.tree.map(jnp.zeros_like, start)
        for step in range(4):
            some = batch(40, 16, step, seed=4)

            def loss(w, some=some):
                shares = jax.nn.log_softmax(NET.apply(w, x[some]))
                return -shares[jnp.arange(16), y[some]].mean()

            value, slope = jax.value_and_grad(loss)(weights)
            assert run.losses[step] == pytest.approx(float(value), rel=1e-12)
            speed = jax.tree.map(lambda v, g, w: momentum * v + g + decay * w, speed, slope, weights)
            weights = jax.tree.map(lambda w, v: w - rate * v, weights, speed)
    for found, expected in zip(jax.tree.leaves(run.params), jax.tree.leaves(weights), strict=True):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


def test_squared_error_and_a_loss_of_ones_own(rows, start):
    x, y = rows
    targets = np.eye(3)[y]
    named = train(NET.apply, start, x, targets, Recipe(3, None, 0.1, loss="mse"))
    own = train(NET.apply, start, x, targets, Recipe(3, None, 0.1, loss=lambda f, t: ((f - t) ** 2).sum(1) / 2))
    np.testing.assert_allclose(named.losses, own.losses, rtol=1e-12)
    first = 0.5 * np.sum((np.asarray(NET.apply(start, x)) - targets) ** 2) / 40
    assert named.losses[0] == pytest.approx(first, rel=1e-12)


def test_an_optax_optimiser(rows, start):
    run = train(NET.apply, start, *rows, Recipe(30, None, optimiser=optax.adam(0.05)))
    assert run.losses[-1] < 0.3 * run.losses[0]


def test_copies_are_trained_as_each_alone(rows, start):
    x, y = rows
    other = NET.init(1, (5,), width=16, outputs=3, dtype="float64")
    recipe = Recipe(2, 16, 0.3, adversary=Adversary(0.2, steps=2))
    stacked = jax.tree.map(lambda a, b: np.stack([a, b]), start, other)
    run = train(NET.apply, stacked, x, y, recipe, measures={"mean": lambda m: m.outputs(x).mean(axis=0)}, seeds=(3, 4))
    assert run.losses.shape == (4, 2)
    assert run.records["mean"].shape == (3, 2, 3)
    for j, (params, seed) in enumerate(((start, 3), (other, 4))):
        alone = train(NET.apply, params, x, y, Recipe(2, 16, 0.3, adversary=recipe.adversary, seed=seed))
        np.testing.assert_allclose(run.losses[:, j], alone.losses, rtol=1e-9)
        np.testing.assert_allclose(run.params[0]["w"][j], alone.params[0]["w"], rtol=1e-9)


def test_copies_of_a_convolutional_net_go_one_after_another():
    net, x = nets.cnn(1), np.random.default_rng(0).normal(size=(8, 4, 4, 1)).astype(np.float32)
    y = np.arange(8) % 2
    params = [net.init(seed, (4, 4, 1), width=4, outputs=2) for seed in (0, 1)]
    run = train(net.apply, jax.tree.map(lambda *w: np.stack(w), *params), x, y, Recipe(2, 4), seeds=(5, 6))
    for j, seed in enumerate((5, 6)):
        alone = train(net.apply, params[j], x, y, Recipe(2, 4, seed=seed))
        np.testing.assert_allclose(run.losses[:, j], alone.losses, rtol=1e-5)


class Stop(Exception):
    """Raised in the middle of a training."""


@pytest.mark.parametrize("seeds", [None, (1, 2)])
def test_an_interrupted_training_continues_with_the_same_result(rows, start, tmp_path, seeds):
    params = start if seeds is None else jax.tree.map(lambda w: np.stack([w, 2 * np.asarray(w)]), start)
    recipe = Recipe(6, 16, 0.2, adversary=Adversary(0.1, steps=2))

    def measure(moment, last=99):
        if moment.step > last:
            raise Stop
        return moment.outputs(rows[0]).std()

    options = {"at": [0, 3, 6, 12], "snapshots": True, "seeds": seeds}
    whole = train(NET.apply, params, *rows, recipe, measures={"std": measure}, **options)
    stopping, path = {"std": functools.partial(measure, last=4)}, tmp_path / "training.npz"
    with pytest.raises(Stop):
        train(NET.apply, params, *rows, recipe, measures=stopping, checkpoint=path, **options)
    steps = []

    def counting(moment):
        steps.append(moment.step)
        return measure(moment)

    again = train(NET.apply, params, *rows, recipe, measures={"std": counting}, checkpoint=path, **options)
    assert min(steps) == 6
    np.testing.assert_array_equal(again.losses, whole.losses)
    np.testing.assert_array_equal(again.records["std"], whole.records["std"])
    for found, expected in zip(jax.tree.leaves(again.snapshots), jax.tree.leaves(whole.snapshots), strict=True):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(FormatError, match="another training"):
        train(NET.apply, params, *rows, Recipe(5), checkpoint=path, seeds=seeds)


def test_a_checkpoint_belongs_to_one_function(rows, start, tmp_path):
    """The network, its expansion, and its expansion elsewhere are three trainings from the same weights."""
    path, other = tmp_path / "training.npz", NET.init(1, (5,), width=16, outputs=3, dtype="float64")
    functions = [NET.apply, linearise(NET.apply, start), linearise(NET.apply, other)]
    for function, strange in zip(functions, functions[1:] + functions[:1], strict=True):
        path.unlink(missing_ok=True)
        done = train(function, start, *rows, Recipe(1, 20), checkpoint=path)
        again = train(function, start, *rows, Recipe(1, 20), checkpoint=path)
        np.testing.assert_array_equal(again.losses, done.losses)
        with pytest.raises(FormatError, match="another training"):
            train(strange, start, *rows, Recipe(1, 20), checkpoint=path)


def test_until_ends_it(rows, start):
    run = train(NET.apply, start, *rows, Recipe(50, None), until=lambda moment: moment.step >= 3)
    assert len(run.losses) == 3
    assert run.at.tolist() == [0, 1, 2, 3]


def test_the_expansion_is_the_tangent_plane(rows, start):
    x, _ = rows
    rng = np.random.default_rng(1)
    direction = jax.tree.map(lambda w: rng.normal(size=w.shape), start)
    linear, centred = linearise(NET.apply, start), linearise(NET.apply, start, centred=True)

    def at(h):
        return jax.tree.map(lambda w, d: w + h * d, start, direction)

    with jax.enable_x64(True):
        ahead, behind = (np.asarray(NET.apply(at(h), x)) for h in (1e-5, -1e-5))
        here = np.asarray(NET.apply(start, x))
        np.testing.assert_allclose(linear(at(1.0), x) - here, (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(centred(at(1.0), x), linear(at(1.0), x) - here, rtol=1e-10, atol=1e-12)


def test_linearised_training_is_kernel_descent(rows, start):
    """Full-batch descent on the expansion moves outputs by the empirical kernel, step for step."""
    from limes.finite import empirical_ntk

    x, y = rows
    targets = np.eye(3)[y]
    run = train(linearise(NET.apply, start), start, x, targets, Recipe(5, None, 0.1, 0.0, loss="mse"))
    gram = empirical_ntk(NET.apply, start, x, trace=False)
    outputs = np.asarray(NET.apply(start, x))
    for step in range(5):
        assert run.losses[step] == pytest.approx(0.5 * np.sum((outputs - targets) ** 2) / 40, rel=1e-9)
        outputs = outputs - 0.1 / 40 * np.einsum("ijab,jb->ia", gram, outputs - targets)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_adversary_stays_in_the_ball_and_raises_the_loss(norm):
    x = jnp.asarray(np.random.default_rng(0).uniform(size=(6, 3, 2)), jnp.float32)
    weights = jnp.asarray(np.random.default_rng(1).normal(size=(3, 2)), jnp.float32)
    attack = Adversary("1/8", norm, steps=20, bounds=(np.zeros((3, 2)), 1.0))
    moved = np.asarray(attack(lambda z: jnp.sum(z * weights), x, jax.random.key(0)))
    order = np.inf if norm == "linf" else 2
    size = np.linalg.norm((moved - np.asarray(x)).reshape(6, -1), ord=order, axis=1)
    assert size.max() <= 0.125 * (1 + 1e-5)
    assert moved.min() >= 0
    assert moved.max() <= 1
    gain = np.sum((moved - x) * weights, axis=(1, 2))
    best = 0.125 * (np.abs(weights).sum() if norm == "linf" else np.linalg.norm(weights))
    assert (gain > 0).all()
    assert gain.max() <= best * (1 + 1e-4)
    free = Adversary(0.125, norm, steps=20)(lambda z: jnp.sum(z * weights), x, jax.random.key(0))
    np.testing.assert_allclose(np.sum((free - x) * weights, axis=(1, 2)), best, rtol=0.02)


def test_the_adversary_agrees_with_the_attack_on_predictors(rows, start):
    """One step of the sign of the gradient is the same point as that of `limes.attacks`."""
    x, y = rows
    single = Adversary(0.3, steps=1, step_size=0.3, random_start=False)
    predictor = FinitePredictor(NET.apply, start, np.arange(3))
    with jax.enable_x64(True):

        def loss(z):
            return optax.softmax_cross_entropy_with_integer_labels(NET.apply(start, z), jnp.asarray(y)).mean()

        mine = np.asarray(single(loss, jnp.asarray(x), jax.random.key(0)))
    theirs = PGD(steps=1, step_size=0.3, random_start=False, loss="ce")(predictor, x, y, 0.3).x_adv
    right = predictor.predict(x) == y
    np.testing.assert_allclose(mine[right], theirs[right], atol=1e-12)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"epochs": -1}, "epochs"),
        ({"epochs": float("nan")}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"momentum": 1.0}, "momentum"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"loss": "hinge"}, "loss must be one of ce, mse"),
    ],
)
def test_bad_recipes_are_refused(recipe, words):
    with pytest.raises(InputError, match=words):
        Recipe(**recipe)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"eps": -1}, "eps"), ({"norm": "l1"}, "norm"), ({"steps": 1.5}, "steps"), ({"step_size": 0.0}, "step_size")],
)
def test_bad_adversaries_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        Adversary(**({"eps": 0.1} | options))


def test_bad_rows_are_refused(rows, start):
    x, y = rows
    for wrong, words in (((x[:5], y), "no rows with their targets"), ((x, y.astype(str)), "class indices")):
        with pytest.raises(InputError, match=words):
            train(NET.apply, start, *wrong)
    spoilt = x.copy()
    spoilt[3, 1] = np.nan
    with pytest.raises(InputError, match="not finite"):
        train(NET.apply, start, spoilt, y)
    with pytest.raises(InputError, match="steps 0 to"):
        train(NET.apply, start, x, y, Recipe(1, 20), at=[7])
    with pytest.raises(InputError, match="first axis"):
        train(NET.apply, start, x, y, seeds=(0, 1, 2))


def test_divergence_is_reported(rows, start):
    with pytest.raises(NumericalError, match="lower learning_rate"), np.errstate(all="ignore"):
        train(NET.apply, start, rows[0], np.eye(3)[rows[1]], Recipe(40, None, 1e6, loss="mse"))

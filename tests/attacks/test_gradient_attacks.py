"""FGSM and PGD: closed forms on linear predictors, and the rules that published attacks have broken."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_predictors import Linear, Noisy, Tanh, Together, labelled, points

from limes.attacks import FGSM, PGD, AttackResult
from limes.core.errors import DtypeError, InputError, NumericalError

NORMS = pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def linear(c=2, d=6, **options):
    return Linear(np.random.default_rng(2).standard_normal((c, d)), **options)


@pytest.mark.parametrize(
    ("predictor", "words"),
    [
        (lambda x: x, r"function has no n_outputs, scores, scores_vjp: .* lm\.interop\.torch\.predictor\(module\)"),
        (Linear, r"Linear is a class: give a fitted Linear\(\.\.\.\)"),
    ],
)
def test_what_is_no_predictor_is_refused(predictor, words):
    with pytest.raises(InputError, match=words):
        PGD()(predictor, points(), np.zeros(len(points()), int), 0.1)


def test_hidden_values_are_refused():
    x = np.ma.array(points(), mask=np.arange(points().size).reshape(points().shape) == 3)
    with pytest.raises(InputError, match="x holds 1 masked value:"):
        PGD()(linear(), x, np.zeros(len(x), int), 0.1)


@NORMS
@DTYPES
@pytest.mark.parametrize("attack", [FGSM, PGD])
def test_two_linear_classes_are_attacked_optimally(norm, dtype, attack):
    model, x, eps = linear(), points(dtype=dtype), 0.2
    y = labelled(model, x)
    options = {"steps": 40, "step_size": 1.0} if attack is PGD else {}
    result = attack(norm, **options)(model, x, y, eps)
    difference = model.weights[1 - y] - model.weights[y]
    gain = eps * np.linalg.norm(difference, {"linf": 1, "l2": 2, "l1": np.inf}[norm], axis=1)
    clean = np.einsum("nd,nd->n", x, difference)
    np.testing.assert_allclose(result.loss, clean + gain, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-6)
    np.testing.assert_array_equal(result.success, clean + gain > 0)
    assert 0 < result.success.mean() < 1
    np.testing.assert_allclose(result.distance, eps, rtol=1e-5)


def test_l2_optimum_on_the_boundary_of_the_box():
    """With one coordinate against the wall, all of the budget goes into the other one."""
    model = Linear([[0.0, 0.0], [1.0, 1.0]], offset=np.array([10.0, 0.0]))
    result = PGD("l2", steps=50)(model, np.array([[1.0, 0.2]]), [0], 0.5, bounds=(0, 1))
    np.testing.assert_allclose(result.x_adv, [[1.0, 0.7]], atol=1e-3)


@NORMS
@DTYPES
@settings(max_examples=15, derandomize=True, deadline=None)
@given(eps=st.floats(0, 1), seed=st.integers(0, 1000), boxed=st.booleans())
def test_points_lie_in_ball_and_box_and_success_is_what_is_predicted(norm, dtype, eps, seed, boxed):
    model, x = Tanh(seed=seed), points(9, dtype=dtype, seed=seed)
    y = labelled(model, x, wrong=2)
    before = x.copy()
    result = PGD(norm, steps=4)(model, x, y, eps, bounds=(0, 1) if boxed else None, key=seed)
    np.testing.assert_array_equal(x, before)
    assert result.x_adv.dtype == dtype
    delta = np.abs(result.x_adv.astype(np.longdouble) - x)
    length = {"linf": delta.max(axis=1), "l2": np.sqrt((delta**2).sum(axis=1)), "l1": delta.sum(axis=1)}[norm]
    assert (length <= eps).all()
    assert not boxed or (result.x_adv.min() >= 0 and result.x_adv.max() <= 1)
    np.testing.assert_array_equal(result.success, model.scores(result.x_adv).argmax(axis=1) != y)


@NORMS
def test_eps_zero_changes_nothing(norm):
    model, x = Tanh(), points()
    y = labelled(model, x, wrong=5)
    for attack in (FGSM(norm), PGD(norm, restarts=2)):
        result = attack(model, x, y, 0)
        np.testing.assert_array_equal(result.x_adv, x)
        assert result.success.tolist() == [True] * 5 + [False] * 35


def test_points_wrong_when_clean_count_as_success_and_are_left_alone():
    model, x = Tanh(), points()
    y = labelled(model, x, wrong=7)
    result = PGD()(model, x, y, 0.3)
    assert result.success[:7].all()
    np.testing.assert_array_equal(result.x_adv[:7], x[:7])
    assert result.n_queries[:7].tolist() == [1] * 7
    assert (result.x_adv[7:] != x[7:]).any(axis=1).all()


def test_goal_loss_moves_every_point():
    model, x = Tanh(), points()
    y = labelled(model, x, wrong=7)
    result = PGD(loss="mse", goal="loss")(model, x, y, 0.1)
    still = PGD(loss="mse", goal="loss")(model, x, y, 0.0)
    assert (result.loss > still.loss).all()


def test_gradient_is_taken_at_the_current_iterate_and_the_ball_is_round_the_clean_point():
    """A published attack differentiates the start at every step, in a ball round the random start (twice too far)."""
    model, x, eps, step = Tanh(), points(1), 0.3, 0.1
    y = labelled(model, x)
    PGD(steps=6, step_size=step)(model, x, y, eps)
    iterates = np.concatenate(model.differentiated)
    assert len(np.unique(iterates, axis=0)) == 6
    assert (np.abs(iterates - x) <= eps).all()
    for now, then in itertools.pairwise(iterates):
        v = np.zeros((1, 3))
        scores = model.scores(now[None])[0]
        others = np.where(np.arange(3) == y[0], -np.inf, scores)
        v[0, others.argmax()], v[0, y[0]] = 1, -1
        gradient = Tanh.scores_vjp(model, now[None], v)[0]
        np.testing.assert_allclose(then, np.clip(now + step * np.sign(gradient), x[0] - eps, x[0] + eps), atol=1e-15)


def test_counts_of_passes_and_gradients():
    model, x = Linear([[1.0], [-1.0]]), np.full((4, 1), 5.0)
    y = [0, 0, 0, 1]
    result = PGD(steps=6, random_start=False)(model, x, y, 0.1)
    assert result.n_queries.tolist() == [7, 7, 7, 1]
    assert result.n_gradients.tolist() == [6, 6, 6, 0]
    result = PGD(steps=6, restarts=2)(model, x, y, 0.1)
    assert result.n_queries.tolist() == [1 + 2 * 7] * 3 + [1]
    assert result.n_gradients.tolist() == [12] * 3 + [0]


def test_every_restart_has_a_start_of_its_own_and_the_first_may_be_the_clean_point():
    flat, x = Linear(np.zeros((2, 6)), offset=np.array([1.0, 0.0])), points(4)
    for random_start in (True, False):
        flat.differentiated.clear()
        PGD(steps=1, restarts=3, random_start=random_start)(flat, x, [0] * 4, 0.1)
        starts = np.stack(flat.differentiated)
        assert len(np.unique(starts.reshape(12, 6), axis=0)) == 12
        assert (starts[0] == x).all() != random_start


def test_scores_and_vjp_is_used_and_gives_the_same():
    together, apart, x = Together(), Tanh(), points()
    y = labelled(apart, x)
    one, two = (PGD(steps=5)(model, x, y, 0.1) for model in (together, apart))
    np.testing.assert_array_equal(one.x_adv, two.x_adv)
    assert together.n_together == 5


@NORMS
@pytest.mark.parametrize("loss", ["margin", "ce", "mse", "dlr"])
def test_more_steps_and_restarts_never_lose(norm, loss):
    model, x = Tanh(gain=4.0), points()
    y = labelled(model, x)
    rows = [PGD(norm, steps=s, step_size=0.05, loss=loss)(model, x, y, 0.1) for s in (1, 3, 9)]
    rows += [PGD(norm, steps=3, restarts=r, step_size=0.05, loss=loss)(model, x, y, 0.1) for r in (2, 4)]
    for weaker, stronger in ((0, 1), (1, 2), (1, 3), (3, 4)):
        a, b = rows[weaker], rows[stronger]
        assert (b.success >= a.success).all()
        assert (b.loss >= a.loss)[a.success == b.success].all()


def test_the_best_point_is_kept_not_the_last():
    """On a ridge, a step that is too long overshoots: the last iterate is worse than one before."""

    class Ridge(Linear):
        def scores(self, x):
            height = -np.abs(x - 0.3).sum(axis=1)
            return np.stack([np.zeros(len(x)), height - 0.01], axis=1)

        def scores_vjp(self, x, v):
            return -np.sign(x - 0.3) * v[:, 1:]

    result = PGD(steps=4, step_size=0.25, random_start=False)(Ridge([[0.0], [0.0]]), np.array([[0.0]]), [0], 1.0)
    # iterates 0, .25, .5, .25, .5
    assert result.x_adv.tolist() == [[0.25]]


@NORMS
def test_same_key_same_points_whatever_the_batch(norm):
    model, x, eps = Tanh(), points(23), 0.05
    y = labelled(model, x, wrong=3)
    attack = PGD(norm, steps=3, restarts=2)
    first = attack(model, x, y, eps, key=5)
    for batch_size in (1, 7, 23, 100):
        again = attack(model, x, y, eps, key=5, batch_size=batch_size)
        np.testing.assert_array_equal(first.x_adv, again.x_adv)
    other = attack(model, x, y, eps, key=6).x_adv
    assert norm == "l1" or (other != first.x_adv).any()  # l1 ends in the same corners


def test_batches_have_few_shapes():
    model, x = Tanh(), points(300)
    y = labelled(model, x, wrong=3)
    PGD(steps=3)(model, x, y, 0.05, batch_size=128)
    assert {len(batch) for batch in model.asked + model.differentiated} == {100}


def test_key_settings_and_types_are_recorded():
    import jax

    model, x = linear(), points()
    result = PGD(steps=2)(model, x.tolist(), labelled(model, x), "2/255", key=jax.random.key(3))
    assert isinstance(result, AttackResult)
    assert result.key == [0, 3]
    assert result.eps == 2 / 255
    assert result.settings["attack"] == "PGD"
    assert result.settings["steps"] == 2
    assert result.robust_accuracy == 1 - result.success.mean()
    same = PGD(steps=2)(model, x, labelled(model, x), "2/255", key=3)
    np.testing.assert_array_equal(result.x_adv, same.x_adv)


@pytest.mark.parametrize("loss", ["margin", "ce", "mse"])
def test_targeted_attacks_reach_the_target_and_leave_those_that_are_there(loss):
    model, x = Tanh(), points()
    now = labelled(model, x)
    target = np.where(np.arange(len(x)) < 5, now, (now + 1) % 3)
    result = PGD(steps=20, loss=loss, targeted=True)(model, x, target, 1.0)
    np.testing.assert_array_equal(result.success, model.scores(result.x_adv).argmax(axis=1) == target)
    assert result.success[5:].mean() > 0.5
    np.testing.assert_array_equal(result.x_adv[:5], x[:5])
    untouched = PGD(steps=1, loss=loss, targeted=True)(model, x, target, 0.0)
    assert (result.loss <= untouched.loss).all()


@pytest.mark.parametrize("classes", [["cat", "dog"], [3, -1], [7.0, 8.0]])
def test_labels_are_those_of_the_predictor(classes):
    model, plain, x = linear(classes=classes), linear(), points()
    y = labelled(plain, x, wrong=2)
    result = FGSM()(model, x, np.asarray(classes)[y], 0.1)
    np.testing.assert_array_equal(result.x_adv, FGSM()(plain, x, y, 0.1).x_adv)


def test_mse_uses_the_predictors_targets():
    x, y = np.array([[1.0, 2.0]]), [1]
    loss = {t: PGD(loss="mse")(Linear(np.eye(2), targets=t), x, y, 0).loss[0] for t in ("one_hot", "centred")}
    assert loss == {"one_hot": 0.5 * (1 + 1), "centred": 0.5 * (1.5**2 + 1.5**2)}


@DTYPES
def test_tiny_gradients_still_move_in_l2(dtype):
    model = Linear([[0.0, 0.0], [3e-30, 4e-30]])
    result = FGSM("l2")(model, np.array([[-1.0, -1.0]], dtype), [0], 0.5)
    np.testing.assert_allclose(result.x_adv, [[-0.7, -0.6]], rtol=1e-6)


def test_flat_predictors_return_something_valid():
    model = Linear(np.zeros((3, 4)), offset=np.array([1.0, 0.0, 0.0]))
    x = points(5, 4)
    for attack in (FGSM(), FGSM("l2"), PGD("l2")):
        result = attack(model, x, [0] * 5, 0.1)
        assert not result.success.any()
        assert (result.distance <= 0.1).all()


@pytest.mark.parametrize("shape", [(), (3,), (4, 2), (3, 3, 2), (2, 2, 2, 2)])
def test_any_trailing_shape(shape):
    x = np.random.default_rng(0).uniform(size=(6, *shape))
    model = linear(d=int(np.prod(shape)))
    result = PGD("l2", steps=3)(model, x, labelled(model, x), 0.1)
    assert result.x_adv.shape == x.shape
    assert (np.linalg.norm((result.x_adv - x).reshape(6, -1), axis=1) <= 0.1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "l0"}, "norm must be one of linf, l2, l1"),
        ({"loss": "hinge"}, "loss must be one of margin, ce, mse, dlr, not 'hinge'"),
        ({"steps": 0}, "steps must be an integer of at least 1, not 0"),
        ({"restarts": 1.5}, "restarts must be an integer"),
        ({"step_size": 0}, "step_size must be positive"),
        ({"step_size": "x"}, "step_size must be a number"),
        ({"goal": "fun"}, "goal must be one of success, loss"),
    ],
)
def test_options_that_cannot_be_are_refused_at_construction(options, message):
    with pytest.raises(InputError, match=message):
        PGD(**options)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x": np.full((3, 2), np.nan)}, InputError, "x holds 6 values that are not finite"),
        ({"x": np.zeros((3, 2), int)}, DtypeError, "convert it first"),
        ({"x": np.zeros((0, 2)), "y": []}, InputError, "no examples"),
        ({"x": np.full((3, 2), 2.0), "bounds": (0, 1)}, InputError, r"6 values outside of the box \[0, 1\]"),
        ({"y": [0, 1]}, InputError, r"y has shape \(2,\), but x holds 3 examples"),
        ({"y": [0, 1, 2]}, InputError, r"labels that the predictor does not know \(2\).*0, 1"),
        ({"y": ["a", "b", "a"]}, InputError, "does not know"),
        ({"eps": -0.1}, InputError, "not negative"),
        ({"eps": "wide"}, InputError, "fraction"),
        ({"batch_size": 0}, InputError, "batch_size"),
        ({"key": "seed"}, InputError, "key must be"),
        ({"predictor": Linear(np.zeros((1, 2)))}, InputError, "1 output"),
        ({"predictor": Linear(np.full((2, 2), np.nan))}, NumericalError, "not finite"),
    ],
)
def test_bad_input_is_met_at_the_door(change, error, message):
    call = {"predictor": linear(d=2), "x": np.zeros((3, 2)), "y": [0, 1, 0], "eps": 0.1} | change
    with pytest.raises(error, match=message):
        FGSM()(**call)


def test_a_predictor_of_the_wrong_shape_is_named():
    class Column(Linear):
        def scores(self, x):
            return super().scores(x)[:, 0]

    class Flat(Linear):
        def scores_vjp(self, x, v):
            return super().scores_vjp(x, v).ravel()

    with pytest.raises(InputError, match=r"scores of shape \(3,\) for 3 points and 2 outputs"):
        FGSM()(Column(np.eye(2)), np.ones((3, 2)), [0, 0, 0], 0.1)
    with pytest.raises(InputError, match="scores_vjp returned shape"):
        FGSM()(Flat(np.eye(2)), np.ones((3, 2)), [0, 0, 0], 0.1)


def test_success_of_a_random_predictor_is_that_of_the_last_pass():
    inner, x = linear(), points()
    model = Noisy(inner, 3.0)
    y = labelled(inner, x)
    result = PGD(steps=3)(model, x, y, 0.01)
    assert 0 < result.success.mean() < 1  # inside the search nearly every point is seen misclassified once


def test_progress_adds_up_and_an_interrupt_passes_through():
    class Count:
        total = done = 0

        def start(self, label, total):
            self.total += total

        def step(self, n=1):
            self.done += n

        def note(self, text):
            pass

    model, x = Tanh(), points(20)
    y = labelled(model, x, wrong=4)
    count = Count()
    PGD(steps=5, restarts=3)(model, x, y, 0.3, batch_size=6, progress=count)
    assert count.done == count.total == 20 * 15

    class Interrupted(Tanh):
        def scores_vjp(self, x, v):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PGD()(Interrupted(), x, y, 0.1)

"""APGD: closed forms, the schedule of the paper written out naively, rivals, and the rules that every attack obeys."""

import numpy as np
import pytest
from toy_predictors import Linear, Quantised, Tanh, Together, labelled, points

from limes.attacks import APGD, PGD
from limes.attacks.pace import checkpoints
from limes.core.errors import InputError

NORMS = pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
LENGTH = {"linf": lambda d: abs(d).max(), "l2": lambda d: np.sqrt((d**2).sum()), "l1": lambda d: abs(d).sum()}


@NORMS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_linear_classes_are_attacked_optimally(norm, dtype):
    model = Linear(np.random.default_rng(2).standard_normal((2, 6)))
    x, eps = points(dtype=dtype), 0.2
    y = labelled(model, x)
    result = APGD(norm, steps=15)(model, x, y, eps)
    difference = model.weights[1 - y] - model.weights[y]
    best = np.einsum("nd,nd->n", x, difference)
    best += eps * np.linalg.norm(difference, {"linf": 1, "l2": 2, "l1": np.inf}[norm], axis=1)
    np.testing.assert_array_equal(result.success, best > 0)
    standing = ~result.success  # the others were left alone once they were broken
    np.testing.assert_allclose(result.loss[standing], best[standing], rtol=1e-5 if dtype == np.float32 else 1e-7)
    assert 0 < result.success.mean() < 1


def test_the_path_is_that_of_the_paper():
    """Algorithm 1 for one example in l-inf, without batches; the point returned is the best of all iterates."""
    model, x, eps, steps = Tanh(gain=6.0), points(1), 0.15, 30
    y = labelled(model, x)

    def loss(z):
        s = model.scores(z[None])[0]
        return s[np.arange(3) != y[0]].max() - s[y[0]]

    def gradient(z):
        s = model.scores(z[None])[0]
        v = np.zeros((1, 3))
        v[0, np.where(np.arange(3) == y[0], -np.inf, s).argmax()], v[0, y[0]] = 1, -1
        return model.scores_vjp(z[None], v)[0]

    def project(z):
        return np.clip(z, x[0] - eps, x[0] + eps)

    path, length, rises, kept, at_last, last = [x[0]], 2 * eps, 0, False, -np.inf, 0
    values = [loss(x[0])]
    here, before = x[0], x[0]
    marks, went_back = checkpoints(steps), False
    for k in range(steps):
        if k:
            rises += values[k] > (values[k - 1] if not went_back else max(values[:k]))
        went_back = False
        if k in marks:
            best = int(np.argmax(values))
            halve = rises < 0.75 * (k - last) or (kept and values[best] <= at_last)
            if halve:
                length, here, before, went_back = length / 2, path[best], path[best], True
            kept, at_last, last, rises = not halve, values[best], k, 0
        ahead = project(here + length * np.sign(gradient(here)))
        if k:
            ahead = project(here + 0.75 * (ahead - here) + 0.25 * (here - before))
        before, here = here, ahead
        path.append(here)
        values.append(loss(here))
    assert max(values) < 0, "an example that falls would be left alone"
    model.asked.clear()
    model.differentiated.clear()
    result = APGD(steps=steps, random_start=False)(model, x, y, eps)
    np.testing.assert_allclose(np.concatenate(model.differentiated), path[:-1], atol=1e-12)
    np.testing.assert_allclose(result.x_adv[0], path[int(np.argmax(values))], atol=1e-12)


def test_checkpoints_are_those_of_the_paper():
    shares = [0.0, 0.22]
    while shares[-1] < 1:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - 0.03, 0.06))
    for steps in (1, 10, 37, 1000):
        expected = {int(np.ceil(np.round(p * steps, 9))) for p in shares[1:] if p < 1 - 1e-12}
        assert checkpoints(steps) == expected


@NORMS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bounds", [None, (0.1, 0.9)])
def test_points_lie_in_ball_and_box_and_success_is_what_is_predicted(norm, dtype, bounds):
    model, x = Tanh(), points(30, dtype=dtype)
    y = labelled(model, x, wrong=4)
    eps = {"linf": 0.03, "l2": 0.1, "l1": 0.2}[norm]
    for options in ({"loss": "ce"}, {"loss": "dlr", "restarts": 2}, {"rivals": 2}):
        result = APGD(norm, steps=12, **options)(model, x, y, eps, bounds=bounds)
        assert result.x_adv.dtype == dtype
        assert all(LENGTH[norm](delta) <= eps for delta in result.x_adv.astype(np.longdouble) - x)
        assert bounds is None or (result.x_adv.min() >= 0.1 and result.x_adv.max() <= 0.9)
        np.testing.assert_array_equal(result.success, model.scores(result.x_adv).argmax(axis=1) != y)
        assert 4 < result.success.sum() < 30
        np.testing.assert_array_equal(result.x_adv[:4], x[:4])
    np.testing.assert_array_equal(APGD(norm, steps=12)(model, x, y, 0, bounds=bounds).x_adv, x)


@NORMS
def test_no_weaker_than_pgd_of_as_many_steps(norm):
    model, x = Tanh(d=40, width=100, c=6, gain=6.0), points(60, 40)
    y = labelled(model, x)
    eps = {"linf": 0.04, "l2": 0.2, "l1": 0.6}[norm]
    ours, plain = (a(norm, steps=20, random_start=False)(model, x, y, eps).robust_accuracy for a in (APGD, PGD))
    assert 0 < ours <= plain + 1 / 60
    both = APGD(norm, steps=20, rivals=5, random_start=False)(model, x, y, eps).robust_accuracy
    assert both <= ours


def test_rivals_are_attacked_one_after_the_other():
    """The way to the nearest class leads away from the one that can be reached."""

    class Valley(Linear):  # class 1 is close behind, rises to the left and never wins; class 2 wins on the right
        def scores(self, x):
            a = x[:, 0]
            return np.stack([np.zeros(len(x)), -0.1 - 0.05 * np.tanh(a), a - 0.8], axis=1)

        def scores_vjp(self, x, v):
            return (v[:, 2] - 0.05 * v[:, 1] * (1 - np.tanh(x[:, 0]) ** 2))[:, None]

    model, x = Valley(np.zeros((3, 1))), np.zeros((1, 1))
    assert not APGD(steps=10, random_start=False)(model, x, [0], 1.0).success[0]
    assert APGD(steps=10, random_start=False, rivals=2)(model, x, [0], 1.0).success[0]


def test_broken_points_are_not_asked_again_and_costs_are_counted():
    model, x = Tanh(), points(40)
    y = labelled(model, x, wrong=3)
    result = APGD(steps=20, restarts=2)(model, x, y, 0.1)
    assert result.n_queries[:3].tolist() == [1] * 3
    assert (result.n_queries[~result.success] == 1 + 2 * 21).all()
    assert (result.n_gradients[~result.success] == 40).all()
    assert result.n_queries[3:][result.success[3:]].min() < 5
    rivals = APGD(steps=20, rivals=9)(model, x, y, 0.1)  # there are two
    assert (rivals.n_gradients[~rivals.success] == 40).all()


@NORMS
def test_same_key_same_points_whatever_the_batch(norm):
    model, x = Tanh(), points(23)
    y = labelled(model, x, wrong=3)
    attack = APGD(norm, steps=8, restarts=2, rivals=2)
    first = attack(model, x, y, 0.05, key=5)
    for batch_size in (1, 7, 100):
        again = attack(model, x, y, 0.05, key=5, batch_size=batch_size)
        np.testing.assert_array_equal(first.x_adv, again.x_adv)
        np.testing.assert_array_equal(first.n_queries, again.n_queries)


def test_targets_are_reached_and_scores_and_vjp_is_used():
    together, apart, x = Together(), Tanh(), points(30)
    target = (labelled(apart, x) + 1) % 3
    one, two = (APGD(steps=15, loss="ce", targeted=True)(model, x, target, 1.0) for model in (together, apart))
    np.testing.assert_array_equal(one.x_adv, two.x_adv)
    np.testing.assert_array_equal(one.success, apart.scores(one.x_adv).argmax(axis=1) == target)
    assert one.success.mean() > 0.5
    assert together.n_together
    flat = APGD("l1")(Quantised(apart), x, labelled(apart, x), 0.1)
    assert (flat.distance <= 0.1).all()


def test_progress_adds_up():
    class Count:
        total = done = 0

        def start(self, label, total):
            self.total += total

        def step(self, n=1):
            self.done += n

        def note(self, text):
            pass

    model, x, count = Tanh(), points(20), Count()
    y = labelled(model, x, wrong=4)
    APGD(steps=5, restarts=2, rivals=2)(model, x, y, 0.1, batch_size=6, progress=count)
    assert count.done == count.total == 20 * 5 * 2 * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "l0"}, "norm must be one of linf, l2, l1"),
        ({"loss": "hinge"}, "loss must be"),
        ({"steps": 0}, "steps must be"),
        ({"restarts": 0}, "restarts must be"),
        ({"rivals": -1}, "rivals must be"),
        ({"rivals": 2, "loss": "ce"}, "use them with loss='margin'"),
        ({"rivals": 2, "targeted": True}, "targeted=False"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        APGD(**options)


def test_the_logits_ratio_needs_three_classes_and_no_target():
    with pytest.raises(InputError, match="compares three scores"):
        APGD(loss="dlr")(Linear(np.eye(2)), np.ones((1, 2)), [0], 0.1)
    with pytest.raises(InputError, match="has no targets"):
        PGD(loss="dlr", targeted=True)(Linear(np.eye(3)), np.ones((1, 3)), [0], 0.1)

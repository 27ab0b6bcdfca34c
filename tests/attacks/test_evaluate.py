"""Worst-case evaluation: monotone, in the caller's order, and no weaker than any of its attacks."""

import numpy as np
import pytest
from toy_predictors import Linear, Quantised, Tanh, labelled, points

from limes.attacks import FGSM, PGD, EvaluationReport, Square, evaluate
from limes.core.errors import InputError

QUICK = {"steps": 5, "queries": 15}


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_two_linear_classes_are_evaluated_exactly(norm):
    model = Linear(np.random.default_rng(2).standard_normal((2, 6)))
    x = points(100)
    y = labelled(model, x, wrong=10)
    difference = model.weights[1 - y] - model.weights[y]
    slope = np.abs(difference).sum(axis=1) if norm == "linf" else np.linalg.norm(difference, axis=1)
    radius = -np.einsum("nd,nd->n", x, difference) / slope  # negative where misclassified
    eps = np.quantile(radius[radius > 0], [0.2, 0.5, 0.8]) + 1e-9
    report = evaluate(model, x, y, eps, norm=norm, steps=5, queries=10)
    np.testing.assert_array_equal(report.broken, radius <= eps[:, None])
    np.testing.assert_allclose(report.robust_accuracy, 1 - report.broken.mean(axis=1))
    assert report.clean_accuracy == 0.9
    assert not report.failed, report.failed


def test_radii_in_any_order_and_repeated():
    model, x = Tanh(), points(50)
    y = labelled(model, x, wrong=4)
    report = evaluate(model, x, y, ["0.1", 0, 0.02, 0.1, 0.3], **QUICK)
    assert isinstance(report, EvaluationReport)
    assert report.eps.tolist() == [0.1, 0.0, 0.02, 0.1, 0.3]
    ascending = report.broken[[1, 2, 0, 4]]
    assert (ascending[:-1] <= ascending[1:]).all()
    np.testing.assert_array_equal(report.broken[0], report.broken[3])
    assert report.robust_accuracy[1] == report.clean_accuracy == 46 / 50
    assert 0 < report.robust_accuracy[4] < report.robust_accuracy[2] < 1
    share = report.robust_accuracy
    np.testing.assert_allclose(report.standard_error, np.sqrt(share * (1 - share) / 50))
    straight = evaluate(model, x, y, [0.02, 0.1, 0.3], **QUICK)
    np.testing.assert_array_equal(straight.x_adv, report.x_adv)
    np.testing.assert_array_equal(straight.broken, report.broken[[2, 0, 4]])
    for name in report.per_attack:
        np.testing.assert_array_equal(report.per_attack[name][[2, 0, 4]], straight.per_attack[name])
    newly = np.sum([c[[2, 0, 4]] for c in report.per_attack.values()], axis=0)
    np.testing.assert_array_equal(newly, np.diff(ascending.sum(axis=1)))


def test_examples_fool_the_predictor_within_their_radius():
    model, x = Tanh(), points(50, dtype=np.float32)
    y = labelled(model, x, wrong=4)
    report = evaluate(model, x, y, [0.05, 0.2], bounds=(0, 1), **QUICK)
    wrong = model.scores(report.x_adv).argmax(axis=1) != y
    np.testing.assert_array_equal(wrong, report.broken[1])
    np.testing.assert_array_equal(report.smallest_eps[:4], 0)
    assert set(report.smallest_eps[report.broken[1]]) <= {0, 0.05, 0.2}
    assert np.isinf(report.smallest_eps[~report.broken[1]]).all()
    distance = np.abs(report.x_adv.astype(np.float64) - x).max(axis=1)
    assert (distance <= np.where(report.broken[1], report.smallest_eps, 0)).all()
    np.testing.assert_array_equal(report.x_adv[~report.broken[1]], x[~report.broken[1]])


def test_no_attack_alone_is_much_stronger_than_the_suite():
    model, x = Tanh(gain=4.0), points(80)
    y = labelled(model, x)
    suite = evaluate(model, x, y, 0.05, steps=10, queries=50, audit=False).robust_accuracy[0]
    for attack in (FGSM(), PGD(loss="ce"), PGD(loss="margin"), Square(queries=50)):
        assert suite <= attack(model, x, y, 0.05).robust_accuracy + 0.02


def test_one_radius_and_no_audit():
    model, x = Tanh(), points(20)
    y = labelled(model, x)
    for eps in ("2/255", 2 / 255, np.float32(0.5)):
        report = evaluate(model, x, y, eps, audit=False, **QUICK)
        assert report.eps.shape == report.robust_accuracy.shape == (1,)
        assert report.audit == ()


def test_surrogates_break_what_is_masked_even_where_they_err_themselves():
    model, x = Tanh(), points(80)
    masked = Quantised(model, step=0.3)
    y = masked.scores(x).argmax(axis=1)

    class Erring(Tanh):  # has the gradients of the model, and predicts class 0 wherever it is asked
        def scores(self, x):
            return super().scores(x) + np.array([100.0, 0.0, 0.0])

    assert (y != 0).mean() > 0.9
    options = {"steps": 5, "queries": 1, "audit": False}
    alone = evaluate(masked, x, y, 0.2, **options)
    helped = evaluate(masked, x, y, 0.2, surrogates=[Erring(), model], **options)
    assert helped.per_attack["transfer-0"][0] > 5
    assert helped.per_attack["transfer-1"][0] > 0
    assert helped.robust_accuracy[0] < alone.robust_accuracy[0]


def test_results_do_not_depend_on_the_batch_and_do_on_the_key():
    model, x = Tanh(), points(41)
    y = labelled(model, x, wrong=2)
    one = evaluate(model, x, y, [0.02, 0.1], key=3, audit=False, **QUICK)
    two = evaluate(model, x, y, [0.02, 0.1], key=3, audit=False, batch_size=7, **QUICK)
    np.testing.assert_array_equal(one.x_adv, two.x_adv)
    other = evaluate(model, x, y, [0.02, 0.1], key=4, audit=False, **QUICK)
    assert (one.x_adv != other.x_adv).any()
    assert (one.key, other.key) == (3, 4)


def test_string_labels():
    classes = ["no", "yes"]
    model = Linear([[1.0, 0.0], [0.0, 1.0]], classes=classes)
    report = evaluate(model, np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), ["no", "yes", "no"], [0, 0.6], **QUICK)
    assert report.clean_accuracy == 2 / 3
    assert report.robust_accuracy.tolist() == [report.clean_accuracy, 0.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((0, 6)), "y": []}, "no examples"),
        ({"eps": []}, "eps holds no radius"),
        ({"eps": [0.1, -1]}, "not negative"),
        ({"norm": "l7"}, "norm must be one of"),
        ({"steps": 0}, "steps must be"),
        ({"bounds": (5, 6)}, "outside of the box"),
        ({"surrogates": [Linear(np.zeros((2, 6)))]}, "does not know"),
    ],
)
def test_bad_input_is_refused(change, message):
    call = {"predictor": Tanh(), "x": points(3), "y": [0, 1, 2], "eps": 0.1} | change
    with pytest.raises(InputError, match=message):
        evaluate(**call)

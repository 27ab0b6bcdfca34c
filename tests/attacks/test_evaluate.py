"""Worst-case evaluation: monotone, in the caller's order, and no weaker than any of its attacks."""

import numpy as np
import pytest
from toy_predictors import Linear, Quantised, Tanh, labelled, points

from limes.attacks import APGD, FGSM, PGD, EvaluationReport, Square, evaluate
from limes.core.checkpoint import Checkpoint
from limes.core.errors import InputError

QUICK = {"steps": 5, "queries": 15}


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_two_linear_classes_are_evaluated_exactly(norm):
    model = Linear(np.random.default_rng(2).standard_normal((2, 6)))
    x = points(100)
    y = labelled(model, x, wrong=10)
    difference = model.weights[1 - y] - model.weights[y]
    slope = np.linalg.norm(difference, {"linf": 1, "l2": 2, "l1": np.inf}[norm], axis=1)
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
    for attack in (FGSM(), PGD(loss="ce"), PGD(loss="margin"), APGD(rivals=2), Square(queries=50)):
        assert suite <= attack(model, x, y, 0.05).robust_accuracy + 0.02


def test_one_radius_and_no_audit():
    model, x = Tanh(), points(20)
    y = labelled(model, x)
    for eps in ("2/255", 2 / 255, np.float32(0.5)):
        report = evaluate(model, x, y, eps, audit=False, **QUICK)
        assert report.eps.shape == report.robust_accuracy.shape == (1,)
        assert report.audit == ()


@pytest.mark.parametrize("norm", ["l2", "l1"])
def test_surrogates_serve_every_norm(norm):
    masked, x = Quantised(Tanh(), step=0.3), points(30)
    y = masked.scores(x).argmax(axis=1)
    report = evaluate(masked, x, y, 0.5, norm=norm, surrogates=[Tanh()], steps=5, queries=1, audit=False)
    assert report.per_attack["transfer-0"][0] > 0
    length = np.linalg.norm(report.x_adv - x, {"l2": 2, "l1": 1}[norm], axis=1)
    assert (length <= 0.5).all()


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
    blind = Quantised(model)  # what falls falls to random search
    y = labelled(model, x)
    three, four = (evaluate(blind, x, y, 0.1, key=key, audit=False, **QUICK) for key in (3, 4))
    assert (three.x_adv != four.x_adv).any()
    assert (three.key, four.key) == (3, 4)


def test_the_suite_depends_on_the_number_of_classes():
    two, three, x = Linear(np.eye(2, 6)), Tanh(), points(10)
    suites = [list(evaluate(m, x, labelled(m, x), 0.1, audit=False, **QUICK).per_attack) for m in (two, three)]
    assert suites == [["apgd-margin", "apgd-ce", "square"], ["apgd-margin", "apgd-ce", "apgd-rivals", "square"]]


def test_further_attacks_come_last():
    masked, x = Quantised(Tanh(), step=0.3), points(40)
    y = masked.scores(x).argmax(axis=1)
    options = {"steps": 2, "queries": 1, "audit": False}
    report = evaluate(masked, x, y, 0.3, attacks={"long": Square(queries=200)}, **options)
    assert list(report.per_attack)[-1] == "long"
    assert report.per_attack["long"][0] > 0
    with pytest.raises(InputError, match="belongs to the suite"):
        evaluate(masked, x, y, 0.3, attacks={"square": Square()}, **options)
    with pytest.raises(InputError, match="'l2', the evaluation for 'linf'"):
        evaluate(masked, x, y, 0.3, attacks={"round": Square("l2")}, **options)


def resumed(make, x, y, state, **change):
    options = {"eps": [0, 0.03, 0.1], "bounds": (0, 1), "key": 3, "surrogates": [Tanh(seed=5)], **QUICK} | change
    return evaluate(make, x, y, options.pop("eps"), state=state, **options)


@pytest.mark.parametrize("after", [0, 1, 4, 7])
def test_an_interrupted_evaluation_goes_on(after, tmp_path, monkeypatch):
    x = points(30)
    y = labelled(Tanh(), x, wrong=2)
    whole = resumed(Quantised(Tanh()), x, y, None)
    state, writes, write = tmp_path / "deep" / "state.npz", [], Checkpoint.write

    def stop(self, arrays):
        if len(writes) == after:
            raise KeyboardInterrupt
        writes.append(0)
        write(self, arrays)

    monkeypatch.setattr(Checkpoint, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        resumed(Quantised(Tanh()), x, y, state)
    monkeypatch.setattr(Checkpoint, "write", write)
    counted = Quantised(Tanh())
    again = resumed(counted, x, y, state)
    for name in ("x_adv", "smallest_eps", "broken", "robust_accuracy"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    assert all((again.per_attack[name] == whole.per_attack[name]).all() for name in whole.per_attack)
    assert again.audit == whole.audit
    finished = Quantised(Tanh())
    np.testing.assert_array_equal(resumed(finished, x, y, state, audit=False).x_adv, whole.x_adv)
    assert len(finished.inner.asked) == 1  # the clean points
    assert not list(state.parent.glob(".*"))


@pytest.mark.parametrize(
    "change",
    [
        {"eps": [0, 0.03]},
        {"bounds": (0, 2)},
        {"key": 4},
        {"steps": 6},
        {"queries": 16},
        {"restarts": 2},
        {"norm": "l2"},
        {"surrogates": []},
        {"surrogates": [Tanh(seed=6)]},
        {"attacks": {"more": Square(queries=3)}},
        {"x": points(30, seed=2)},
        {"y": np.zeros(30, int)},
        {"make": Quantised(Tanh(seed=1))},
    ],
)
def test_a_state_of_other_work_is_refused(change, tmp_path):
    x = points(30)
    call = {"make": Quantised(Tanh()), "x": x, "y": labelled(Tanh(), x), "state": tmp_path / "s.npz", "audit": False}
    resumed(**call)
    with pytest.raises(InputError, match="checkpoint of another evaluation"):
        resumed(**call | change)


def test_a_damaged_state_is_refused(tmp_path):
    x, state = points(10), tmp_path / "s.npz"
    resumed(Tanh(), x, labelled(Tanh(), x), state, audit=False)
    state.write_bytes(state.read_bytes()[:-50])
    with pytest.raises(InputError, match="truncated"):
        resumed(Tanh(), x, labelled(Tanh(), x), state)


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

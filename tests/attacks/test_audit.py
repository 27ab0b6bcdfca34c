"""Every check passes on a sound evaluation and catches the failure that it is there for."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from toy_predictors import Linear, Noisy, Quantised, Tanh, labelled, points

from limes.attacks import PGD, Threat, audit, evaluate
from limes.attacks.problem import pose

NAMES = ["deterministic", "zero radius", "ball and box", "gradients", "more steps", "gradient-free"]


def problem_of(model, x, y, eps=0.1, bounds=None):
    return pose(model, x, y, Threat("linf", eps, bounds), key=0, batch_size=64)


@pytest.fixture
def sound():
    model, x = Tanh(), points(60)
    return problem_of(model, x, labelled(model, x, wrong=3))


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_sound_evaluation_passes_all_checks(norm):
    model, x = Tanh(), points(100)
    report = evaluate(model, x, labelled(model, x, wrong=3), [0, 0.1], norm=norm, bounds=(0, 1), queries=30)
    assert [check.name for check in report.audit] == NAMES
    assert not report.failed, report.failed
    assert all(check.remedy == "" and check.detail for check in report.audit)


def test_at_eps_zero_alone_there_is_nothing_to_attack():
    model, x = Tanh(), points(10)
    report = evaluate(model, x, labelled(model, x), 0)
    assert [check.name for check in report.audit] == NAMES[:2]
    assert not report.failed


def test_masked_gradients_are_caught_by_two_checks():
    masked, x = Quantised(Tanh(), step=0.3), points(100)
    y = masked.scores(x).argmax(axis=1)
    report = evaluate(masked, x, y, [0.05, 0.2], steps=3, queries=60)
    failed = {check.name: check for check in report.failed}
    assert {"gradients", "gradient-free"} <= set(failed)
    assert "masking" in failed["gradient-free"].remedy
    assert "100 of 100" in failed["gradients"].detail


def test_a_random_predictor_is_caught():
    inner, x = Tanh(), points(60)
    report = evaluate(Noisy(inner, 1e-9), x, labelled(inner, x), 0.05, steps=3, queries=10)
    assert [check.name for check in report.failed] == ["deterministic"]
    report = evaluate(Noisy(inner, 5.0), x, labelled(inner, x), 0, steps=3, queries=10)
    assert [check.name for check in report.failed] == ["deterministic", "zero radius"]


def test_an_attack_that_moves_at_radius_zero_is_caught(sound):
    @dataclass(frozen=True)
    class Leaky(PGD):
        def search(self, problem, rows, progress):
            return super().search(problem.with_eps(0.1), rows, progress)

    assert audit.check_zero_radius(sound, PGD(steps=2)).passed
    check = audit.check_zero_radius(sound, Leaky(steps=2))
    assert not check.passed
    assert "0 values moved" not in check.detail


def test_non_finite_gradients_are_caught(sound):
    class Broken(Tanh):
        def scores_vjp(self, x, v):
            gradient = super().scores_vjp(x, v)
            gradient[::2, 0] = np.nan
            return gradient

    assert audit.check_gradients(sound).passed
    check = audit.check_gradients(replace(sound, predictor=Broken()))
    assert not check.passed
    assert "of 57" in check.detail


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_points_outside_of_ball_or_box_are_caught(norm):
    model, x = Tanh(), points(20)
    problem = pose(model, x, labelled(model, x), Threat(norm, 0.0, (0.1, 0.9)), key=0, batch_size=64)
    radii, x_adv = np.full(20, 0.25), x.copy()
    x_adv[:, 0] = np.clip(x[:, 0] + 0.2, 0.1, 0.9)
    assert audit.check_ball_and_box(problem, x_adv, radii).passed
    out_of_ball, out_of_box = x_adv.copy(), x_adv.copy()
    out_of_ball[3, 1] = x[3, 1] + 0.25 + 1e-12
    out_of_box[4, 2] = 0.9 + 1e-12
    for bad, reach in ((out_of_ball, radii), (out_of_box, radii + 9)):
        check = audit.check_ball_and_box(problem, bad, reach)
        assert not check.passed
        assert check.detail.startswith("1 of 20")


def flags(n, *on):
    a = np.zeros(n, dtype=bool)
    a[list(on)] = True
    return a


@pytest.mark.parametrize(
    ("once", "twice", "passed", "remedy"),
    [
        (flags(50), flags(50), True, ""),
        (flags(50, *range(10)), flags(50, *range(10), 20, 21), True, ""),
        (flags(50, *range(10)), flags(50, *range(30)), False, "raise steps"),
        (flags(50, *range(30)), flags(50, *range(10)), False, "help the defender"),
        (flags(50, *range(20)), flags(50, *range(15, 40)), True, ""),  # 20 against 15: noise
    ],
)
def test_comparison_of_steps(once, twice, passed, remedy):
    check = audit.compare_steps(once, twice, 5)
    assert check.passed == passed
    assert remedy in check.remedy


def test_an_attack_that_has_not_converged_is_caught():
    """A curved channel: each step gains a little, so that twice the steps reach twice as far."""

    class Channel(Linear):
        def scores(self, x):
            return np.stack([np.zeros(len(x)), x.sum(axis=1)], axis=1)

        def scores_vjp(self, x, v):
            return v[:, 1:] * np.ones_like(x)

    x = -np.linspace(0.01, 2, 100)[:, None]
    problem = problem_of(Channel(np.zeros((2, 1))), x, np.zeros(100, int), eps=3.0)
    creeping = PGD(steps=5, step_size=0.1, random_start=False)
    check = audit.check_more_steps(problem, creeping)
    assert not check.passed
    assert "raise steps" in check.remedy
    assert audit.check_more_steps(problem, PGD(steps=5)).passed


def test_one_point_in_a_hundred_may_be_missed():
    eps = np.array([0.1, 0.2])

    def check(square, transfer):
        counts = {"pgd-ce": np.array([90, 5]), "square": np.array(square), "transfer-0": np.array(transfer)}
        return audit.check_gradient_free(counts, eps, 200)

    assert check([0, 1], [0, 1]).passed
    assert not check([0, 2], [0, 1]).passed
    assert "eps 0.2" in check([0, 2], [0, 1]).detail


def test_the_subset_is_spread_over_sorted_data():
    rows = audit._spread(np.arange(1000))
    assert len(rows) == len(set(rows)) == 128
    assert (rows[0], rows[-1]) == (0, 999)

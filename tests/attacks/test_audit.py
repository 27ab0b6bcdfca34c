"""Every check passes on a sound evaluation and catches the failure that it is there for."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from toy_predictors import Linear, Noisy, Quantised, Tanh, labelled, points

from limes.attacks import PGD, Threat, audit, evaluate
from limes.attacks.problem import pose

BEFORE = ["deterministic", "input untouched", "batches", "zero radius"]
NAMES = [*BEFORE, "ball and box", "gradients", "slope", "more steps", "gradient-free"]


def problem_of(model, x, y, eps=0.1, bounds=None):
    return pose(model, x, y, Threat("linf", eps, bounds), key=0, batch_size=64)


@pytest.fixture
def sound():
    model, x = Tanh(), points(60)
    return problem_of(model, x, labelled(model, x, wrong=3))


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_a_sound_evaluation_passes_all_checks(norm):
    model, x = Tanh(), points(100)
    report = evaluate(model, x, labelled(model, x, wrong=3), [0, 0.1], norm=norm, bounds=(0, 1), queries=30)
    assert [check.name for check in report.audit] == NAMES
    assert not report.failed, report.failed
    assert all(check.remedy == "" and check.detail for check in report.audit)


def test_at_eps_zero_alone_there_is_nothing_to_attack():
    model, x = Tanh(), points(10)
    report = evaluate(model, x, labelled(model, x), 0)
    assert [check.name for check in report.audit] == BEFORE
    assert not report.failed


class Smooth(Tanh):
    """Sound; what the planted failures below differ from."""


class Writing(Tanh):
    """Works on its input in place."""

    def scores(self, x):
        x *= 2.0
        scores = super().scores(x / 2.0)
        return scores


class WritingBack(Tanh):
    """Leaves the gradient in the array of points."""

    def scores_vjp(self, x, v):
        x[:] = super().scores_vjp(x, v)
        return x


class BatchNormalised(Tanh):
    """Shifts its input by the mean of the batch."""

    def scores(self, x):
        return super().scores(x + 0.05 * (x - x.mean(axis=0)))


class WrongSign(Tanh):
    def scores_vjp(self, x, v):
        return -super().scores_vjp(x, v)


class OtherWeights(Tanh):
    """The gradient of another model, as after a reload of weights."""

    def scores_vjp(self, x, v):
        return Tanh(seed=9).scores_vjp(x, v)


class NotANumber(Tanh):
    def scores_vjp(self, x, v):
        return np.where(np.abs(x[:, [0]] - 0.5) < 0.1, np.nan, super().scores_vjp(x, v))


class Saturated(Tanh):
    """Scores beyond which float arithmetic has no gradient left, at some points."""

    def scores_vjp(self, x, v):
        return np.where(np.abs(x[:, [0]] - 0.5) < 0.1, 0.0, super().scores_vjp(x, v))


class Rippled(Linear):
    """A plain with fine waves on it: right gradients, which say nothing about where the boundary is."""

    def __init__(self):
        super().__init__(np.zeros((2, 6)))

    def scores(self, x):
        height = 0.3 * (x - 0.5).sum(axis=1) + 0.02 * np.sin(400 * x).sum(axis=1) - 0.7
        return np.stack([np.zeros(len(x)), height], axis=1)

    def scores_vjp(self, x, v):
        return (v[:, [1]]) * (0.3 + 8.0 * np.cos(400 * x))


@dataclass(frozen=True)
class Planted(PGD):
    """An attack with a flaw."""

    flaw: str = "none"

    def search(self, problem, rows, progress):
        clean, eps = problem.x[rows], problem.threat.eps
        if self.flaw == "leaks":  # what it adds does not shrink with the radius
            return super().search(problem.with_eps(max(eps, 0.008)), rows, progress)
        found = super().search(problem, rows, progress)
        moved = found.x - clean
        if self.flaw == "added twice":  # clipped noise, and then added once more
            found.x = clean + 2 * moved
        if self.flaw == "round the start":  # projected onto a ball round a random start
            found.x = found.x + eps * np.sign(moved)
        if self.flaw == "no box":
            found.x = clean + np.sign(moved) * eps
        found.broken = problem.scores_of_all(found.x).argmax(axis=1) != problem.labels[rows]
        return found


@pytest.mark.parametrize(
    ("model", "attack", "caught"),
    [
        (Smooth(), None, []),
        (Smooth(), Planted(steps=5), []),
        (Noisy(Smooth(), 1e-9), None, ["deterministic"]),
        (Writing(), None, ["input untouched"]),
        (WritingBack(), None, ["input untouched"]),
        (BatchNormalised(), None, ["batches"]),
        (Smooth(), Planted(steps=5, flaw="leaks"), ["zero radius"]),
        (Smooth(), Planted(steps=5, flaw="added twice"), ["ball and box"]),
        (Smooth(), Planted(steps=5, flaw="round the start"), ["ball and box"]),
        (NotANumber(), None, ["gradients"]),
        (Saturated(), None, ["gradients"]),
        (WrongSign(), None, ["slope"]),
        (OtherWeights(), None, ["slope"]),
    ],
    ids=lambda value: getattr(value, "flaw", type(value).__name__),
)
def test_each_planted_failure_is_caught_by_its_own_check(model, attack, caught):
    x = points(80)
    y = Smooth().scores(x).argmax(axis=1)
    attacks = {} if attack is None else {"planted": attack}
    box = (0.2, 0.8) if attack is not None else None
    report = evaluate(model, x, y, 0.01, bounds=box, steps=5, queries=1, attacks=attacks)
    assert [check.name for check in report.failed] == caught


def test_an_attack_that_leaves_the_box_is_caught():
    """Within the box no point can be broken, a little beyond it all can."""
    model = Linear([[0.0] * 6, [1.0] * 6], offset=np.array([4.9, 0.0]))
    attacks = {"planted": Planted(steps=5, flaw="no box")}
    x, y = np.full((20, 6), 0.75), np.zeros(20, int)
    report = evaluate(model, x, y, 0.1, bounds=(0, 0.8), steps=5, queries=5, attacks=attacks)
    assert report.per_attack["planted"][0] == 20
    assert [check.name for check in report.failed] == ["ball and box"]


def test_right_gradients_that_mislead_are_caught_by_random_search():
    model, x = Rippled(), points(100)
    report = evaluate(model, x, model.scores(x).argmax(axis=1), 0.25, steps=10, queries=200)
    assert [check.name for check in report.failed] == ["gradient-free"]


def test_a_writing_predictor_does_not_spoil_the_figures():
    x = points(60)
    y = Smooth().scores(x).argmax(axis=1)
    reports = [
        evaluate(model, x, y, [0.05, 0.1], steps=5, queries=20) for model in (Smooth(), Writing(), WritingBack())
    ]
    for report in reports[1:]:
        np.testing.assert_allclose(report.x_adv, reports[0].x_adv, atol=1e-12)
        np.testing.assert_array_equal(report.broken, reports[0].broken)
    np.testing.assert_array_equal(x, points(60))


def test_the_ball_check_says_how_far():
    x = points(30)
    y = Smooth().scores(x).argmax(axis=1)
    report = evaluate(Smooth(), x, y, 0.05, steps=3, queries=3, attacks={"twice": Planted(steps=5, flaw="added twice")})
    check = next(check for check in report.failed if check.name == "ball and box")
    assert "moved 2 times its radius" in check.detail
    assert "added once" in check.remedy


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
    assert [check.name for check in report.failed] == ["deterministic"]


def test_an_attack_that_moves_at_radius_zero_is_caught(sound):
    @dataclass(frozen=True)
    class Leaky(PGD):
        def search(self, problem, rows, progress):
            return super().search(problem.with_eps(0.1), rows, progress)

    assert audit.check_zero_radius(sound, [PGD(steps=2)]).passed
    check = audit.check_zero_radius(sound, [PGD(steps=2), Leaky(steps=2)])
    assert not check.passed
    assert " 0 values moved" not in check.detail


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


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
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
        counts = {
            "apgd-ce": np.array([90, 5]),
            "mine": np.array([9, 9]),
            "square": np.array(square),
            "transfer-0": np.array(transfer),
        }
        return audit.check_gradient_free(counts, eps, 200)

    assert check([0, 1], [0, 1]).passed
    assert not check([0, 2], [0, 1]).passed
    assert "eps 0.2" in check([0, 2], [0, 1]).detail


def test_the_subset_is_spread_over_sorted_data():
    rows = audit._spread(np.arange(1000))
    assert len(rows) == len(set(rows)) == 128
    assert (rows[0], rows[-1]) == (0, 999)

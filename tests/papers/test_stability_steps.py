"""The measurements behind the claims about stability, at tiny sizes, each against something simpler."""

from dataclasses import replace

import numpy as np
import pytest

from limes.papers.stability_at import curvature, experiment, runs
from limes.papers.stability_at.problems import digits, sphere
from limes.robust import Descent, RobustLoss, descend, draw_weights, stability_bound

pytestmark = pytest.mark.usefixtures("quick_compilation")
TINY = replace(
    experiment.SIZES["smoke"], times=(3, 4), widths=(9,), inner=2, tested=40, rows=((4, 8), 3), digits=(6, 4, 2)
)


def test_least_eigenvalues_are_those_of_the_matrix():
    rng = np.random.default_rng(0)
    w, z = rng.standard_normal((12, 5)), 0.4 * rng.standard_normal(5)
    for y in (1.0, -1.0):
        signs, hidden = curvature.signs_of(12), w @ z
        slopes = 1 / (1 + np.exp(-hidden))
        p = 1 / (1 + np.exp(y * (signs @ np.log1p(np.exp(hidden)))))
        b = signs * slopes
        small = p * (1 - p) * np.outer(b, b) - y * p * np.diag(signs * slopes * (1 - slopes))
        whole = np.kron(small, np.outer(z, z))  # in all weights
        assert curvature.least_eigenvalue(w, z, y) == pytest.approx(np.linalg.eigvalsh(whole)[0], rel=1e-10)


def test_curvature_of_small_steps_is_that_of_the_hessian(monkeypatch):
    """Without an attack the loss is smooth: quotients of tiny steps lie above its least eigenvalue, and close to it."""
    monkeypatch.setattr(curvature, "LOSS", RobustLoss(0.0))
    monkeypatch.setattr(curvature, "STEP", 1e-4)
    problem = sphere(3, 6, 1, 1)
    w = draw_weights(3, 40, problem.x.shape[1])
    for x, y in zip(problem.x, problem.y, strict=True):
        least, found = curvature.least_eigenvalue(w, x, y), curvature.quotient(w, x, y, x)
        assert least - 1e-6 <= found <= 0.9 * least < 0
    found = curvature.measured(0, (9,), 2)
    assert 0 < found["mean"][0] < found["largest"][0] < 1
    assert found["eigenvalue"][0] == pytest.approx(-found["mean"][0] * 0.25 * 0.8**2 / 3)


def test_problems_are_what_they_say():
    few, many = sphere(1, 20, 2, 4000), sphere(1, 40, 2, 4000)
    np.testing.assert_array_equal(few.x_test, many.x_test)
    np.testing.assert_array_equal(few.x_new, many.x_new)
    np.testing.assert_allclose(np.linalg.norm(few.x, axis=1), 1)
    normal = np.linalg.lstsq(few.x_test, few.y_test, rcond=None)[0]
    assert np.mean(np.sign(few.x_test @ normal) != few.y_test) == pytest.approx(0.1, abs=0.03)
    pair = digits(0, 30, 2)
    rows = np.concatenate([pair.x, pair.x_new, pair.x_test])
    assert len(np.unique(rows, axis=0)) == len(rows) == 357
    assert np.linalg.norm(rows, axis=1).max() == pytest.approx(1)


def test_measured_runs_are_those_of_the_library():
    problem, loss, descent = sphere(0, 8, 2, 50), RobustLoss(0.2), Descent(1.0)
    found = runs.measured(problem, loss, descent, 9, 4, (0, 2, 4), 5)
    w = draw_weights(5, 9, 10)
    base = descend(loss, descent, w, problem.x, problem.y, 4, (2, 4)).at_marks
    twins = []
    for k in range(2):
        x, y = problem.x.copy(), problem.y.copy()
        x[k], y[k] = problem.x_new[k], problem.y_new[k]
        twins.append(descend(loss, descent, w, x, y, 4, (2, 4)).at_marks)
    for place in (0, 1):
        apart = [np.linalg.norm(twin[place] - base[place]) for twin in twins]
        assert found["distance"][place + 1] == pytest.approx(np.mean(apart), rel=1e-9)
        test = loss.value(base[place], problem.x_test, problem.y_test)
        train = loss.value(base[place], problem.x, problem.y)
        assert found["gap"][place + 1] == pytest.approx(test - train, rel=1e-9)
        gained = [
            loss.value(base[place], problem.x_new[[k]], problem.y_new[[k]])
            - loss.value(twins[k][place], problem.x_new[[k]], problem.y_new[[k]])
            for k in range(2)
        ]
        assert found["exchanged"][place + 1] == pytest.approx(np.mean(gained), rel=1e-9)
        assert all(abs(gain) <= 1.2 * distance for gain, distance in zip(gained, apart, strict=True))
    assert found["exchanged"][0] == found["distance"][0] == 0
    bound = stability_bound([4], descent, n=8, width=9, reach=1.2)
    assert found["published"][-1] == pytest.approx(bound.published[0])
    assert found["ratio"] >= (1 - 1e-12) * max(found["distances"][-1]) / bound.published[0] > 0
    assert found["path"]["loss"][4] == pytest.approx(found["train"][-1])
    assert found["path"]["distance"][2] == pytest.approx(found["distance"][1])


def test_plain_descent_saves_nothing_against_itself():
    problem, loss, descent = sphere(0, 8, 2, 50), RobustLoss(0.2), Descent(1.0)
    plain = runs.measured(problem, loss, descent, 9, 4, (0, 2, 4), 5)
    same = runs.against(problem, loss, descent, 9, 5, plain, plain)
    assert same["stopped"] == pytest.approx(4.0, abs=1e-9)
    np.testing.assert_allclose(
        [*same["distance"], *same["gap"], same["equal distance"], same["equal gap"]], 0, atol=1e-9
    )
    slower = runs.measured(problem, loss, Descent(0.5), 9, 4, (0, 2, 4), 5)
    found = runs.against(problem, loss, descent, 9, 5, plain, slower)
    assert found["stopped"] == pytest.approx(2.0, abs=0.3)  # half the rate, twice the steps
    assert found["distance"][-1] > 20 > abs(found["equal distance"])


@pytest.mark.slow
def test_steps_run_at_tiny_size(monkeypatch):
    monkeypatch.setattr(experiment, "WIDTH", 9)
    inside = experiment.inside(0, TINY)
    assert [len(row) for row in inside["runs"]] == [2]
    assert all(run["within"] and 0 < run["ratio"] < 1 for row in inside["runs"] for run in row)
    found = experiment.compared(0, TINY, 1.0, 4)
    assert set(found["against"]) == {"1", "4"}
    assert 0 < found["runs"]["4"]["left"] < 1
    rows = experiment.by_rows(0, TINY)
    assert rows["inside"][0] > rows["inside"][1]
    for norm in ("l2", "linf"):
        on = experiment.on_digits(0, TINY, norm)
        assert on["inside"]["within"]
        assert on["against"]["4"]["distance"][-1] > 0
    assert experiment.wide(0, TINY, 30, 3, 1)["marks"] == [0, 3]

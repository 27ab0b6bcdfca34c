"""Smallest distances: exact for linear predictors, near to brute force elsewhere, and always those of a real point."""

import numpy as np
import pytest
from scipy.optimize import linprog
from toy_predictors import Linear, Noisy, Quantised, Tanh, labelled, points

from limes.attacks import APGD, MinimalResult, minimal
from limes.core.errors import InputError

NORMS = pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
LENGTH = {"linf": lambda d: abs(d).max(), "l2": lambda d: np.sqrt((d**2).sum()), "l1": lambda d: abs(d).sum()}
ORDER = {"linf": np.inf, "l2": 2, "l1": 1}
DUAL = {"linf": 1, "l2": 2, "l1": np.inf}


def linear(c, d=6):
    rng = np.random.default_rng(2)
    return Linear(rng.standard_normal((c, d)), offset=0.3 * rng.standard_normal(c))


@NORMS
@pytest.mark.parametrize("c", [2, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_linear_predictors_have_a_closed_form(norm, c, dtype):
    model, x = linear(c), points(40, dtype=dtype)
    y = labelled(model, x, wrong=5)
    result = minimal(model, x, y, norm=norm)
    scores = model.scores(x.astype(np.float64))
    exact = np.zeros(40)
    for i in range(5, 40):
        slopes = np.linalg.norm(model.weights - model.weights[y[i]], DUAL[norm], axis=1)
        exact[i] = min((scores[i, y[i]] - scores[i, j]) / slopes[j] for j in range(c) if j != y[i])
    assert isinstance(result, MinimalResult)
    assert (result.radius[:5] == 0).all()
    np.testing.assert_array_equal(result.x_adv[:5], x[:5])
    slack = 2e-5 if dtype == np.float32 else 0
    assert (result.radius[5:] >= exact[5:] * (1 - slack)).all()
    np.testing.assert_allclose(result.radius[5:], exact[5:], rtol=3e-3)


@pytest.mark.parametrize("norm", ["linf", "l1"])
def test_in_a_box_against_linear_programming(norm):
    """Far classes: many coordinates meet the box."""
    model, x = linear(3), points(12)
    y = labelled(model, x)
    found = minimal(model, x, y, norm=norm, bounds=(0.1, 0.9)).radius
    for i in range(12):
        best = np.inf
        for j in {0, 1, 2} - {y[i]}:  # least length of up - down with slope (up - down) >= gap
            slope = model.weights[j] - model.weights[y[i]]
            gap = -(slope @ x[i] + model.offset[j] - model.offset[y[i]])
            room = np.concatenate([0.9 - x[i], x[i] - 0.1])
            if norm == "l1":
                program = linprog(np.ones(12), -np.r_[slope, -slope][None], [-gap], bounds=np.c_[0 * room, room])
            else:  # one more variable bounds all of them
                rows = np.r_[np.c_[-np.r_[slope, -slope][None], 0.0], np.c_[np.eye(12), -np.ones(12)]]
                limits = [*np.c_[0 * room, room], (0, None)]
                program = linprog(np.r_[np.zeros(12), 1.0], rows, np.r_[-gap, np.zeros(12)], bounds=limits)
            best = min(best, program.fun if program.success else np.inf)
        assert found[i] >= best * (1 - 1e-9)
        assert found[i] <= best * 1.02 or np.isinf(best)


def test_in_a_box_in_l2_against_the_dual():
    """The nearest point of a half-space and a box is the clip of a multiple of its normal, by one equation."""
    model, x = linear(2), points(12)
    y = labelled(model, x)
    found = minimal(model, x, y, norm="l2", bounds=(0.1, 0.9)).radius
    for clean, label, radius in zip(x, y, found, strict=True):
        slope = model.weights[1 - label] - model.weights[label]
        steps = [np.clip(clean + t * slope, 0.1, 0.9) - clean for t in np.geomspace(1e-3, 1e2, 8001)]
        scores = model.scores(clean + np.array(steps))
        first = next((i for i, s in enumerate(scores) if s[1 - label] > s[label]), None)
        best = np.inf if first is None else np.linalg.norm(steps[first])
        assert radius == best or 0.998 * best <= radius <= 1.005 * best


@NORMS
def test_near_to_a_fine_grid_in_the_plane(norm):
    model = Tanh(d=2, width=12, gain=5.0)
    x = points(10, 2)
    y = labelled(model, x)
    found = minimal(model, x, y, norm=norm, bounds=(0, 1), steps=40, restarts=3).radius
    line = np.linspace(0, 1, 801)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    predicted = model.scores(grid).argmax(axis=1)
    for i in range(10):
        away = np.linalg.norm(grid[predicted != y[i]] - x[i], ORDER[norm], axis=1).min(initial=np.inf)
        assert found[i] <= away * 1.01
        assert found[i] >= away - 2 / 800


@NORMS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_radii_are_those_of_misclassified_points_in_the_box(norm, dtype):
    model, x = Tanh(d=20, width=60, c=4, gain=4.0), points(30, 20, dtype=dtype)
    y = labelled(model, x, wrong=3)
    before = x.copy()
    result = minimal(model, x, y, norm=norm, bounds=(0.1, 0.9))
    np.testing.assert_array_equal(x, before)
    assert result.x_adv.dtype == dtype
    assert result.x_adv.min() >= dtype(0.1)
    assert result.x_adv.max() <= dtype(0.9)
    assert (model.scores(result.x_adv).argmax(axis=1) != y).all()
    lengths = [LENGTH[norm](d) for d in result.x_adv.astype(np.longdouble) - x]
    np.testing.assert_allclose(result.radius, np.array(lengths, float), rtol=1e-12)


@NORMS
def test_no_larger_than_what_apgd_finds_at_many_radii(norm):
    model, x = Tanh(d=20, width=60, c=4, gain=4.0), points(30, 20)
    y = labelled(model, x)
    found = minimal(model, x, y, norm=norm)
    nearest = np.full(30, np.inf)
    for eps in np.quantile(found.radius, [0.1, 0.5, 0.9]) * 0.98:
        result = APGD(norm, steps=25)(model, x, y, float(eps))
        nearest = np.minimum(nearest, np.where(result.success, result.distance, np.inf))
    assert (found.radius <= nearest * 1.02).mean() > 0.95


def test_nothing_is_found_where_there_is_nothing():
    flat = Linear(np.zeros((3, 6)), offset=np.array([1.0, 0.0, 0.0]))
    result = minimal(flat, points(4), [0, 0, 1, 0])
    assert result.radius.tolist() == [np.inf, np.inf, 0.0, np.inf]
    np.testing.assert_array_equal(result.x_adv, points(4))


@NORMS
def test_vanishing_gradients_lead_nowhere_far(norm):
    """A saturated score: the linear estimate is beyond what float arithmetic can score."""

    class Saturated(Linear):
        def scores(self, x):
            assert np.abs(x).max() < 1e4
            return np.stack([np.ones(len(x)), np.tanh(x.sum(axis=1)) - 1], axis=1)

        def scores_vjp(self, x, v):
            return 1e-200 * v[:, [1]] * np.ones_like(x)

    assert np.isinf(minimal(Saturated(np.zeros((2, 6))), points(3), [0] * 3, norm=norm).radius).all()


def test_without_gradients_there_are_still_the_other_points():
    model, x = Quantised(Tanh(), step=0.3), np.random.default_rng(0).standard_normal((60, 6))
    y = model.scores(x).argmax(axis=1)
    result = minimal(model, x, y)
    nearest = [np.abs(x[y != label] - clean).max(axis=1).min() for clean, label in zip(x, y, strict=True)]
    assert (result.radius <= nearest).all()
    assert (result.radius < nearest).mean() > 0.9


def test_same_result_whatever_the_batch_and_costs_are_counted():
    model, x = Tanh(), points(23)
    y = labelled(model, x, wrong=3)
    first = minimal(model, x, y, key=5, steps=6, restarts=2)
    for batch_size in (1, 8, 100):
        again = minimal(model, x, y, key=5, steps=6, restarts=2, batch_size=batch_size)
        np.testing.assert_array_equal(first.x_adv, again.x_adv)
    assert (first.n_gradients == np.where(first.radius > 0, 2 * 6 + 2, 0)).all()
    assert first.n_queries[0] == 1
    assert first.n_queries[3:].max() <= 1 + 2 * 7 + 20
    assert first.settings == {"steps": 6, "restarts": 2, "bounds": None, "batch_size": 256}


def test_what_a_random_predictor_takes_back_is_not_reported():
    inner, x = linear(2), points(40)
    model = Noisy(inner, 0.5)
    y = labelled(inner, x)
    result = minimal(model, x, y, steps=5)
    assert (result.radius[np.isfinite(result.radius)] >= 0).all()
    np.testing.assert_array_equal(result.x_adv[np.isinf(result.radius)], x[np.isinf(result.radius)])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"steps": 0}, "steps must"), ({"restarts": 0}, "restarts must"), ({"norm": "l0"}, "norm must be one of")],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        minimal(linear(2), points(3), [0, 0, 0], **options)

"""Ball and box hold for the floats that come back; bad radii and boxes are refused."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limes.attacks import Threat, parse_eps
from limes.attacks.rounding import move, round_down, round_up
from limes.core.errors import InputError

EXAMPLES = settings(max_examples=60, derandomize=True, deadline=None)
FLOATS = st.sampled_from([np.float32, np.float64])


NORMS = ["linf", "l2", "l1"]


def lengths(x_adv, x, norm):
    """Of each move, in extended precision."""
    delta = np.abs(x_adv.astype(np.longdouble) - x.astype(np.longdouble)).reshape(len(x), -1)
    if norm == "linf":
        return delta.max(axis=1)
    return delta.sum(axis=1) if norm == "l1" else np.sqrt((delta**2).sum(axis=1))


@pytest.mark.parametrize(
    ("given", "value"), [("8/255", 8 / 255), (" 1 / 4 ", 0.25), (0.1, 0.1), (0, 0.0), ("1e-3", 1e-3)]
)
def test_eps_is_a_number_or_a_fraction(given, value):
    assert parse_eps(given) == value


@pytest.mark.parametrize("bad", ["8/0", "eight", "", "1/2/3", None, [1], np.array([0.1, 0.2])])
def test_eps_that_is_no_number_is_refused(bad):
    with pytest.raises(InputError, match="number or a fraction"):
        parse_eps(bad)


@pytest.mark.parametrize("bad", [-0.1, "-1/255", float("nan"), float("inf"), "inf"])
def test_eps_must_be_finite_and_not_negative(bad):
    with pytest.raises(InputError, match="finite and not negative"):
        parse_eps(bad)


@EXAMPLES
@given(st.integers(0, 10**6), FLOATS, st.floats(1e-9, 10), st.floats(1e-6, 1e4))
def test_move_never_overshoots_and_is_as_near_as_floats_allow(seed, dtype, eps, size):
    x = (size * np.random.default_rng(seed).standard_normal(30)).astype(dtype)
    for step in (eps, -eps):
        moved = move(x, step)
        assert moved.dtype == dtype
        further = np.nextafter(moved, dtype(np.sign(step) * np.inf))
        for clean, near, far in zip(x.tolist(), moved.tolist(), further.tolist(), strict=True):
            assert abs(Fraction(near) - Fraction(clean)) <= Fraction(eps) < abs(Fraction(far) - Fraction(clean))


@given(st.floats(-1e3, 1e3))
@EXAMPLES
def test_bounds_are_rounded_inwards(value):
    up, down = (f(np.array(value), np.dtype(np.float32)) for f in (round_up, round_down))
    assert down.astype(np.float64) <= value <= up.astype(np.float64)
    assert up == down or np.nextafter(down, np.float32(np.inf)) == up


@EXAMPLES
@given(
    st.integers(0, 10**6),
    FLOATS,
    st.sampled_from(NORMS),
    st.floats(0, 2),
    st.sampled_from([None, (0.1, 0.9), (0.9, 1.1), (-3.0, 1.0)]),
    st.sampled_from([(), (7,), (4, 3), (4, 4, 2)]),
)
def test_projected_points_lie_in_ball_and_box(seed, dtype, norm, eps, bounds, shape):
    rng = np.random.default_rng(seed)
    low, high = bounds or (-5.0, 5.0)
    x = np.clip(rng.uniform(low, high, (6, *shape)).astype(dtype), dtype(low), dtype(high))
    far = x + rng.standard_normal(x.shape) * 10 ** rng.uniform(-3, 1)
    threat = Threat(norm, eps, bounds)
    generators = [np.random.default_rng(i) for i in range(len(x))]
    for x_adv in (threat.project(far, x), threat.region(x).random_start(generators)):
        assert x_adv.dtype == dtype
        assert x_adv.shape == x.shape
        assert (lengths(x_adv, x, norm) <= eps).all()
        assert (threat.distance(x_adv, x) <= eps).all()
        if bounds:
            inside = (x_adv.astype(np.float64) >= low) & (x_adv.astype(np.float64) <= high)
            assert (inside | (x_adv == x)).all()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_radius_moves_nothing_and_points_inside_stay(norm, dtype):
    x = np.random.default_rng(0).standard_normal((5, 9)).astype(dtype)
    near = x + dtype(0.01)
    assert (Threat(norm, 0.0).project(near, x) == x).all()
    np.testing.assert_array_equal(Threat(norm, 1.0).project(near, x), near)


def test_projection_uses_nearly_all_of_the_l2_ball():
    x = np.zeros((3, 1000), np.float32)
    x_adv = Threat("l2", 0.7).project(np.random.default_rng(0).standard_normal(x.shape), x)
    np.testing.assert_allclose(np.linalg.norm(x_adv.astype(np.float64), axis=1), 0.7, rtol=1e-6)


def nearest(v, low, high, eps, norm):
    """By bisection on the Lagrangian's threshold (l1) or factor (l2), one coordinate at a time."""

    def at(t):
        shrunk = [np.sign(c) * max(abs(c) - t, 0) if norm == "l1" else c / (1 + t) for c in v]
        return np.array([min(max(c, a), b) for c, a, b in zip(shrunk, low, high, strict=True)])

    def length(t):
        return np.abs(at(t)).sum() if norm == "l1" else np.sqrt((at(t) ** 2).sum())

    least, most = 0.0, 1e9
    if length(0.0) <= eps:
        return at(0.0)
    for _ in range(200):
        middle = (least + most) / 2
        least, most = (middle, most) if length(middle) > eps else (least, middle)
    return at(most)


@pytest.mark.parametrize("norm", ["l1", "l2"])
@EXAMPLES
@given(st.integers(0, 10**6), st.floats(1e-3, 5), st.integers(1, 12), st.booleans(), st.sampled_from([0.1, 1.0, 30.0]))
def test_projection_gives_the_nearest_point_of_ball_and_box(norm, seed, eps, d, boxed, size):
    rng = np.random.default_rng(seed)
    low, high = (-rng.uniform(0, 1, d), rng.uniform(0.1, 1, d)) if boxed else (-np.full(d, 1e9), np.full(d, 1e9))
    v = size * rng.standard_normal((4, d)) * rng.integers(0, 2, d)
    v[1] = np.round(v[1])  # ties
    found = Threat(norm, eps, (low, high) if boxed else None).project(v, np.zeros_like(v))
    for one, point in zip(v, found, strict=True):
        np.testing.assert_allclose(point, nearest(one, low, high, eps, norm), atol=1e-9 * (1 + size * d))


def test_an_l1_step_of_half_the_radius_ends_at_the_best_point_of_ball_and_box():
    """Against linear programming, with up and down moves as separate variables."""
    from scipy.optimize import linprog

    rng = np.random.default_rng(0)
    x, gradient = rng.uniform(0, 1, (8, 7)), rng.standard_normal((8, 7))
    region = Threat("l1", 0.8, (0, 1)).region(x)
    start = region.project(x + rng.standard_normal(x.shape))
    moved = region.step(start, gradient, 0.4)
    halfway = region.step(start, gradient, 0.2)
    np.testing.assert_allclose(halfway, (start + moved) / 2, atol=1e-15)
    for clean, slope, point in zip(x, gradient, moved, strict=True):
        room = np.concatenate([1 - clean, clean])
        best = linprog(np.concatenate([-slope, slope]), np.ones((1, 14)), [0.8], bounds=np.c_[0 * room, room])
        np.testing.assert_allclose(slope @ (point - clean), -best.fun, rtol=1e-9)


def test_regions_may_have_a_radius_for_each_point():
    x = np.random.default_rng(0).uniform(0.3, 0.7, (4, 9)).astype(np.float32)
    far, radii = x + np.float32(5) * np.sign(x - 0.5), np.array([0.0, 0.1, 0.2, 0.05])
    for norm in NORMS:
        both = Threat(norm, 7.0, (0, 1)).region(x, radii).project(far)
        alone = [Threat(norm, r, (0, 1)).project(far[[i]], x[[i]])[0] for i, r in enumerate(radii)]
        np.testing.assert_array_equal(both, alone)


def test_l2_projection_stays_in_the_box_where_differences_round_upwards():
    x = np.linspace(-4, -3, 1001).reshape(1, -1)
    assert (Threat("l2", 1e3, (-4.0, 1.0)).project(np.full_like(x, 7.0), x) <= 1.0).all()


def test_random_starts_fill_the_ball_evenly():
    x, n = np.zeros((2000, 2)), 2000
    generators = [np.random.default_rng(i) for i in range(n)]
    radii = np.linalg.norm(Threat("l2", 1.0).region(x).random_start(generators), axis=1)
    # uniform in the disc: P(r < 1/2) = 1/4, five standard errors
    assert abs((radii < 0.5).mean() - 0.25) < 5 * (0.25 * 0.75 / n) ** 0.5
    for norm in ("linf", "l1"):
        starts = Threat(norm, 1.0).region(x).random_start(generators)
        assert abs((lengths(starts, x, norm) < 0.5).mean() - 0.25) < 5 * (0.25 * 0.75 / n) ** 0.5
        assert abs((starts[:, 0] > 0).mean() - 0.5) < 5 * 0.5 / n**0.5


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1.0, 1e300])
def test_l2_direction_survives_tiny_and_huge_gradients(size):
    direction = Threat("l2", 1.0).direction(np.array([[3.0, 4.0], [0.0, 0.0]]) * size)
    np.testing.assert_allclose(direction, [[0.6, 0.8], [0, 0]], rtol=1e-14)


def test_direction_of_float32_gradients_whose_squares_underflow():
    gradient = np.array([[3e-30, -4e-30], [0, 0], [np.nan, 1e-40]], np.float32)
    np.testing.assert_allclose(Threat("l2", 1.0).direction(gradient), [[0.6, -0.8], [0, 0], [0, 1]], rtol=1e-6)
    np.testing.assert_array_equal(Threat("linf", 1.0).direction(gradient), [[1, -1], [0, 0], [0, 1]])
    np.testing.assert_array_equal(Threat("l1", 1.0).direction(gradient), [[0, -1], [0, 0], [0, 1]])


def test_box_per_feature():
    threat = Threat("linf", 1.0, (np.array([0.0, -1.0]), np.array([0.5, 2.0])))
    assert threat.project(np.array([[9.0, 9.0]]), np.array([[0.25, 0.5]])).tolist() == [[0.5, 1.5]]
    with pytest.raises(InputError, match=r"shape \(2,\) do not broadcast to one example of shape \(3,\)"):
        threat.check(np.zeros((4, 3)))


def test_points_outside_of_the_box_are_counted_and_their_range_is_named():
    with pytest.raises(InputError, match=r"2 values outside of the box \[0, 1\].*from -3 to 255.*255.*bounds"):
        Threat("linf", 0.1, (0, 1)).check(np.array([[0.0, 255.0], [1.0, -3.0]]))
    Threat("linf", 0.1, (0, 0.1)).check(np.array([[0.1]], np.float32))  # above 0.1, but it is the float32 of it


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "l0"}, "norm must be one of linf, l2, l1, not 'l0'"),
        ({"eps": -1.0}, "not negative"),
        ({"bounds": (1, 0)}, "low < high"),
        ({"bounds": (0, float("nan"))}, "NaN"),
        ({"bounds": 1}, "two numbers"),
        ({"bounds": (0, 1, 2)}, "two numbers"),
    ],
)
def test_misuse_is_refused_at_construction(options, message):
    with pytest.raises(InputError, match=message):
        Threat(**{"norm": "linf", "eps": 0.1, **options})

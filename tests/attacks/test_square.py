"""The square attack: finds what is there without gradients, stops where it is done, stays in ball and box."""

import numpy as np
import pytest
from toy_predictors import Linear, Quantised, Tanh, labelled, points

from limes.attacks import PGD, Square, windows
from limes.core.errors import InputError

NORMS = pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
LENGTH = {"linf": lambda d: abs(d).max(), "l2": lambda d: np.sqrt((d**2).sum()), "l1": lambda d: abs(d).sum()}
SHAPES = pytest.mark.parametrize("shape", [(6,), (1,), (8, 2), (9, 7, 2), (2, 3, 2, 2)])


def flat_size(shape):
    return int(np.prod(shape))


@NORMS
@SHAPES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_shape_stays_in_ball_and_box(norm, shape, dtype):
    x = np.random.default_rng(0).uniform(size=(7, *shape)).astype(dtype)
    model = Linear(np.random.default_rng(1).standard_normal((3, flat_size(shape))))
    y = labelled(model, x, wrong=1)
    eps = 0.03
    result = Square(norm, queries=60)(model, x, y, eps, bounds=(0, 1))
    assert result.x_adv.dtype == dtype
    assert result.x_adv.shape == x.shape
    assert all(LENGTH[norm](delta) <= eps for delta in result.x_adv.astype(np.longdouble) - x)
    assert result.x_adv.min() >= 0
    assert result.x_adv.max() <= 1
    np.testing.assert_array_equal(result.success, model.scores(result.x_adv).argmax(axis=1) != y)
    np.testing.assert_array_equal(result.x_adv[0], x[0])


@NORMS
@pytest.mark.parametrize("shape", [(8,), (6, 6, 1), (5, 3)])
def test_search_raises_the_loss_towards_the_linear_optimum(norm, shape):
    x = np.random.default_rng(0).uniform(size=(10, *shape))
    d = flat_size(shape)
    model = Linear(np.random.default_rng(1).standard_normal((2, d)), offset=np.array([50.0, 0.0]))
    y, eps = np.zeros(10, int), 0.5
    losses = [Square(norm, queries=q)(model, x, y, eps).loss for q in (1, 50, 1000)]
    clean = PGD(norm)(model, x, y, 0.0).loss
    difference = model.weights[1] - model.weights[0]
    dual = {"linf": np.abs(difference).sum(), "l2": np.linalg.norm(difference), "l1": np.abs(difference).max()}
    best = clean + eps * dual[norm]
    share = [((loss - clean) / (best - clean)).mean() for loss in losses]
    assert share[0] < share[1] <= share[2] <= 1 + 1e-9
    assert share[2] > (0.55 if norm == "l1" else 0.75)  # bumps keep the budget of each channel; l1 wants one coordinate


def test_breaks_what_masked_gradients_hide_from_pgd():
    model, x = Tanh(), points(60)
    y = labelled(model, x)
    masked = Quantised(model, step=0.3)
    y = masked.scores(x).argmax(axis=1)
    blind = PGD(random_start=False)(masked, x, y, 0.2).success.mean()
    assert blind == 0
    assert Square(queries=100)(masked, x, y, 0.2).success.mean() > 0.2


@NORMS
def test_same_key_same_points_whatever_the_batch(norm):
    model, x = Tanh(), points(23)
    y = labelled(model, x, wrong=3)
    attack = Square(norm, queries=40)
    first = attack(model, x, y, 0.05, key=5)
    for batch_size in (1, 8, 100):
        again = attack(model, x, y, 0.05, key=5, batch_size=batch_size)
        np.testing.assert_array_equal(first.x_adv, again.x_adv)
        np.testing.assert_array_equal(first.n_queries, again.n_queries)
    assert (attack(model, x, y, 0.05, key=6).x_adv != first.x_adv).any()


def test_broken_points_are_not_asked_again_and_batches_have_few_shapes():
    model, x = Tanh(), points(64)
    y = labelled(model, x, wrong=4)
    result = Square(queries=50)(model, x, y, 0.1)
    assert (result.n_queries[:4] == 1).all()
    assert (result.n_queries[~result.success] == 51).all()
    fell = result.success & (result.n_queries > 1)
    assert fell.any()
    assert result.n_queries[fell].min() < 20
    assert {len(batch) for batch in model.asked} <= {1, 2, 4, 8, 16, 32, 64}
    assert sum(map(len, model.asked)) < 2 * result.n_queries.sum() + 2 * 64
    assert not model.differentiated
    assert not result.n_gradients.any()


@NORMS
def test_eps_zero_and_flat_predictors_change_nothing(norm):
    model, x = Tanh(), points(9)
    y = labelled(model, x, wrong=2)
    np.testing.assert_array_equal(Square(norm, queries=20)(model, x, y, 0).x_adv, x)
    flat = Linear(np.zeros((2, 6)), offset=np.array([1.0, 0.0]))
    result = Square(norm, queries=20)(flat, x, np.zeros(9, int), 0.1)
    np.testing.assert_array_equal(result.x_adv, x)
    assert not result.success.any()


def test_the_walk_starts_at_the_stripes_even_if_they_are_no_better():
    flat = Linear(np.zeros((2, 64)), offset=np.array([1.0, 0.0]))
    Square(queries=2, p_init=0.05)(flat, np.zeros((5, 8, 8, 1)), [0] * 5, 0.1)
    _, stripes, proposal, _ = flat.asked
    assert (np.abs(stripes) == 0.1).all()
    assert (stripes == stripes[:, :1]).all()
    assert ((proposal != stripes).sum(axis=(1, 2, 3)) <= 4).all()


@NORMS
def test_targeted(norm):
    model, x = Tanh(), points(30)
    target = (labelled(model, x) + 1) % 3
    result = Square(norm, queries=200, targeted=True)(model, x, target, 1.0)
    np.testing.assert_array_equal(result.success, model.scores(result.x_adv).argmax(axis=1) == target)
    assert result.success.mean() > 0.5


def test_windows_shrink_over_the_budget_whatever_its_size():
    shares = [windows.window_share(0.8, q / 100) for q in range(100)]
    assert shares[0] == 0.8
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0.8 / 2**8
    assert windows.window_sides(0.25, 8, 8) == (4, 4)
    assert windows.window_sides(1.0, 2, 8) == (2, 4)
    assert windows.window_sides(0.25, 1, 100) == (1, 25)
    assert windows.window_sides(1e-9, 5, 5) == (1, 1)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("sides", [(1, 1), (1, 4), (3, 3), (2, 5)])
def test_bumps_move_their_budget_into_the_first_window(sides, order):
    rng = np.random.default_rng(0)
    clean = rng.uniform(size=(20, sides[0] + 2, 6, 2))
    start = windows.bump_start(clean, 0.5, rng.uniform(size=(20, *windows.grid(*clean.shape[1:3]), 2)), order)
    u = rng.uniform(size=(20, 7))
    u[:, 0], u[:, 1] = 0, 0
    moved = windows.bump_proposal(start, clean, 0.5, sides, u, order)
    for x in (start, moved):
        np.testing.assert_allclose(np.linalg.norm((x - clean).reshape(20, -1), order, axis=1), 0.5)
    inside = (moved - clean)[:, : sides[0], : sides[1]]
    assert (inside != 0).all()
    spent = [(abs(d) ** order).sum(axis=(1, 2, 3)) for d in (inside, (start - clean)[:, : sides[0], : sides[1]])]
    assert (spent[0] >= spent[1] - 1e-12).all()


def test_an_linf_proposal_writes_one_sign_in_one_window_and_always_changes_something():
    rng = np.random.default_rng(0)
    clean = rng.uniform(size=(50, 6, 6, 1))
    current = clean + 0.5
    moved = windows.linf_proposal(current, clean, 0.5, (2, 3), rng.uniform(size=(50, 3)))
    changed = moved != current
    assert (changed.sum(axis=(1, 2, 3)) == 6).all()
    np.testing.assert_allclose((moved - clean)[changed], -0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "l0"}, "norm must be"),
        ({"queries": 0}, "queries must be an integer of at least 1"),
        ({"p_init": 0}, "p_init is a share"),
        ({"loss": "x"}, "loss must be"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Square(**options)

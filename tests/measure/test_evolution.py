"""How networks change in training: patterns, distances, basins."""

import functools

import jax
import numpy as np
import pytest

from limes import nets
from limes.core.errors import InputError
from limes.finite import Adversary, Recipe, empirical_ntk, linearise, train
from limes.measure import (
    activation_pattern,
    barrier,
    disagreement,
    error_on,
    evolution,
    function_distance,
    hamming_distance,
    kernel_distance,
    softmax_distance,
    spawn,
    weight_distance,
)

NET = nets.mlp(3)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    return (rng.normal(size=(60, 6)) + 1.5 * np.eye(6)[y]).astype(np.float32), y


@pytest.fixture(scope="module")
def start():
    return NET.init(0, (6,), width=24, outputs=3)


@pytest.fixture(scope="module")
def run(rows, start):
    return train(NET.apply, start, *rows, Recipe(6, 20, 1.0), snapshots=True)


def test_patterns_are_the_signs_before_each_rectifier(rows, start):
    x = rows[0]
    first = x @ np.asarray(start[0]["w"]) * np.sqrt(2 / 6)
    second = np.maximum(first, 0) @ np.asarray(start[2]["w"]) * np.sqrt(2 / 24)
    pattern = activation_pattern(NET, start, x)
    assert pattern.shape == (60, 48)
    np.testing.assert_array_equal(pattern[:, :24], first > 0)
    assert np.mean(pattern[:, 24:] == (second > 0)) > 0.999


def test_patterns_of_residual_shifted_and_convolutional_nets():
    net = nets.serial(
        nets.Conv((3, 3)),
        nets.Residual((nets.LeakyRelu(0.1), nets.Conv((3, 3)))),
        nets.ShiftedRelu(0.5),
        nets.Flatten(),
        nets.Dense(),
    )
    params = net.init(0, (4, 4, 1), width=3)
    x = np.random.default_rng(0).normal(size=(5, 4, 4, 1)).astype(np.float32)
    pattern = activation_pattern(net, params, x)
    assert pattern.shape == (5, 2 * 4 * 4 * 3)
    before = nets.serial(*net.layers[:2]).apply(params[:2], x)
    np.testing.assert_array_equal(pattern[:, 48:], np.asarray(before).reshape(5, -1) > 0.5)
    with pytest.raises(InputError, match="no rectified units"):
        activation_pattern(nets.mlp(2, "erf"), nets.mlp(2, "erf").init(0, (4,), width=3), np.eye(4))


def test_distances_of_functions_and_weights():
    a, b = np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 2.0], [0.0, 1.0]])
    assert disagreement(a, b) == 0.5
    assert function_distance(a, b) == pytest.approx(np.sqrt(8 / 5))
    share = np.exp(2) / (1 + np.exp(2))
    assert softmax_distance(a, b) == pytest.approx(0.5 * (2 * share - 1))
    assert softmax_distance(a + 7, a) == pytest.approx(0)
    assert weight_distance({"a": np.array([3.0, 4.0])}, {"a": np.array([3.0, 5.0])}) == pytest.approx(0.2)
    assert hamming_distance([True, False, True, True], [True, True, True, False]) == 0.5
    with pytest.raises(InputError, match="cannot be compared"):
        disagreement(a, b[:1])


def test_an_evolution_holds_what_each_measure_says(rows, run):
    x, y = rows[0][:12], rows[1][:12]
    pattern = functools.partial(activation_pattern, NET)
    found = evolution(run, x, y, pattern=pattern, top=4, keep=True)
    grams = [empirical_ntk(NET.apply, params, x) for params in run.snapshots]
    assert found.epochs.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert found.kernel[1, 4] == pytest.approx(kernel_distance(grams[1], grams[4]), rel=1e-4)
    assert found.pattern[0, 6] == hamming_distance(pattern(run.snapshots[0], x), pattern(run.snapshots[6], x))
    np.testing.assert_allclose(found.velocity(), found.steps()["kernel"], rtol=1e-12)
    values = np.linalg.eigvalsh(grams[3].astype(float))[::-1]
    assert found.top_mass[3] == pytest.approx(np.sum(values[:4] ** 2) / np.sum(values**2), rel=1e-4)
    assert found.mass(2)[3] == pytest.approx(np.sum(values[:2] ** 2) / np.sum(values**2), rel=1e-4)
    assert found.eigenvalues.shape == (7, 12)
    assert found.size[2] == pytest.approx(np.linalg.norm(grams[2]), rel=1e-5)
    np.testing.assert_allclose(found.kernels[5], grams[5], rtol=1e-5)
    assert found.accuracy[-1] > found.accuracy[0]
    assert set(found.correlations()) == {
        *(("kernel", "function"), ("kernel", "weights"), ("kernel", "pattern")),
        *(("function", "weights"), ("function", "pattern"), ("weights", "pattern")),
    }
    assert all(-1 <= value <= 1 for value in found.correlations().values())


def test_all_outputs_and_one(rows, run):
    x, y = rows[0][:6], rows[1][:6]
    full, one = evolution(run, x, y, trace=False, top=4), evolution(run, x, y, output=1, top=4)
    grams = [empirical_ntk(NET.apply, params, x, trace=False) for params in run.snapshots]
    assert full.kernel[0, 3] == pytest.approx(kernel_distance(grams[0], grams[3]), rel=1e-4)
    assert one.kernel[0, 3] == pytest.approx(kernel_distance(grams[0][..., 1, 1], grams[3][..., 1, 1]), rel=1e-4)


def test_a_linearised_network_keeps_its_kernel_and_a_moving_probe_moves_it(rows, start):
    x, y = rows[0][:10], rows[1][:10]
    run = train(linearise(NET.apply, start), start, *rows, Recipe(3, 20, 0.5), snapshots=True)
    still = evolution(run, x, y)
    assert still.kernel.max() < 1e-9
    assert still.weights.max() > 0.01
    moving = evolution(run, x, y, adversary=Adversary(0.5, steps=3, random_start=False))
    assert moving.moving
    assert moving.kernel[0, -1] > 1e-6


def test_an_evolution_needs_moments(rows, start):
    with pytest.raises(InputError, match="snapshots=True"):
        evolution(train(NET.apply, start, *rows, Recipe(1)), *rows)


def test_children_go_apart_and_barriers_are_read_off_the_line(rows, start):
    x, y = rows
    recipe = Recipe(4, 20, 0.5)
    first, second = spawn(NET.apply, start, x, y, recipe, seeds=(1, 2))
    alone = train(NET.apply, start, x, y, Recipe(4, 20, 0.5, seed=2))
    np.testing.assert_allclose(second.params[0]["w"], alone.params[0]["w"], rtol=1e-4, atol=1e-5)
    assert weight_distance(first.params, second.params) > 1e-3
    risk = error_on(NET.apply, x, y)
    line = barrier(risk, first.params, second.params, 5)
    middle = jax.tree.map(lambda a, b: (a + b) / 2, first.params, second.params)
    assert line.risks[2] == pytest.approx(np.mean(np.asarray(NET.apply(middle, x)).argmax(1) != y))
    assert line.excess[0] == pytest.approx(-line.excess[-1])
    assert line.height == max(0.0, line.excess.max())
    for wrong, words in (((first.params, start[:1]), "different shapes"), ((start, start, 2), "three points")):
        with pytest.raises(InputError, match=words):
            barrier(risk, *wrong)

"""Distances between clouds: against brute force over all couplings, closed forms, and each other."""

import itertools
import sys

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from limes.beyond import meanfield as mf
from limes.core.errors import InputError, MissingPackage

RNG = np.random.default_rng(1)


def brute(a, b):
    return min(((a - b[list(p)]) ** 2).sum(1).mean() for p in itertools.permutations(range(len(b))))


@pytest.mark.parametrize("d", [1, 3])
def test_clouds_of_one_size_against_all_assignments(d):
    a, b = RNG.standard_normal((6, d)), RNG.standard_normal((6, d)) + 1
    for solver in ("auto", "assignment", "simplex") + (("sorting",) if d == 1 else ()):
        if solver == "simplex":
            pytest.importorskip("ot")
        assert mf.squared_wasserstein(a, b, solver=solver) == pytest.approx(brute(a, b), rel=1e-12)


def test_clouds_of_different_size_against_copies_of_their_particles():
    a, b = RNG.standard_normal((2, 1)), RNG.standard_normal((3, 1))
    right = brute(np.repeat(a, 3, axis=0), np.repeat(b, 2, axis=0))
    assert mf.squared_wasserstein(a, b) == pytest.approx(right, rel=1e-12)
    line = RNG.standard_normal((40, 1)) > 0  # W_2^2 = W_1 for values 0 and 1
    other = RNG.standard_normal((25, 1)) > 0.5
    assert mf.squared_wasserstein(line, other) == pytest.approx(
        wasserstein_distance(line[:, 0].astype(float), other[:, 0].astype(float)), rel=1e-12
    )
    pytest.importorskip("ot")
    a, b = RNG.standard_normal((2, 3)), RNG.standard_normal((3, 3))
    right = brute(np.repeat(a, 3, axis=0), np.repeat(b, 2, axis=0))
    assert mf.squared_wasserstein(a, b) == pytest.approx(right, rel=1e-9)


def test_a_shift_is_its_own_length_and_shrinking_to_a_point_the_second_moment():
    a = RNG.standard_normal((50, 4))
    assert mf.squared_wasserstein(a, a + np.array([1, 2, 0, 0])) == pytest.approx(5.0)
    point = np.zeros((50, 4))
    assert mf.relative_squared_distance(a, point) == pytest.approx(0.5)
    assert mf.relative_squared_distance(a, -a[::-1]) <= 1
    assert mf.relative_squared_distance(point, point) == 0.0


def test_the_distance_to_a_projection_is_that_of_a_solver():
    space = mf.conjugation(mf.cyclic(2))
    clouds = RNG.standard_normal((3, 40, 4))
    found = mf.distance_to_fixed(clouds, space)
    for cloud, distance in zip(clouds, found, strict=True):
        assert distance == pytest.approx(mf.relative_squared_distance(cloud, space.project(cloud)), rel=1e-10)
    np.testing.assert_allclose(mf.distance_to_fixed(clouds, space.fixed_basis), found)
    assert mf.distance_to_fixed(space.project(clouds), space).max() < 1e-30
    assert mf.distance_to_fixed(np.zeros((2, 4)), space) == 0
    assert mf.distance_to_fixed(clouds[0], np.zeros((4, 0))) == pytest.approx(0.5)


def test_coupled_clouds_are_no_closer_than_they_are():
    a, b = RNG.standard_normal((2, 30, 3)), RNG.standard_normal((2, 30, 3))
    coupled = mf.coupled_distance(a, b)
    for i in range(2):
        assert coupled[i] >= mf.relative_squared_distance(a[i], b[i])
        assert mf.coupled_distance(a[i], a[i] + 1) == pytest.approx(mf.relative_squared_distance(a[i], a[i] + 1))


def test_what_to_install_is_said_and_what_needs_nothing_works(monkeypatch):
    monkeypatch.setitem(sys.modules, "ot", None)
    a, b = RNG.standard_normal((5, 2)), RNG.standard_normal((4, 2))
    assert not mf.has_simplex()
    assert mf.squared_wasserstein(a[:4], b) == pytest.approx(brute(a[:4], b))
    with pytest.raises(MissingPackage, match=r"pip install 'limes\[beyond\]'"):
        mf.squared_wasserstein(a, b)


def test_bad_clouds():
    a, b = RNG.standard_normal((5, 2)), RNG.standard_normal((4, 2))
    for wrong in (
        lambda: mf.squared_wasserstein(a, b[:, :1]),
        lambda: mf.squared_wasserstein(a, b, solver="assignment"),
        lambda: mf.squared_wasserstein(a, a, solver="sorting"),
        lambda: mf.squared_wasserstein(a, a, solver="sinkhorn"),
        lambda: mf.distance_to_fixed(a, mf.cyclic(3)),
        lambda: mf.coupled_distance(a, b),
    ):
        with pytest.raises(InputError):
            wrong()


def test_clouds_without_numbers():
    line, spoiled = np.array([[0.0], [1.0]]), np.array([[0.0], [np.nan]])
    for wrong, message in (
        (lambda: mf.squared_wasserstein(spoiled, line), "a "),
        (lambda: mf.coupled_distance(line[:0], line[:0]), "without 0"),
        (lambda: mf.coupled_distance(line, spoiled), "b "),
        (lambda: mf.distance_to_fixed(spoiled, np.eye(1)), "particles "),
        (lambda: mf.distance_to_fixed(line, 2 * np.eye(1)), "orthonormal"),
        (lambda: mf.distance_to_fixed(line[:0], np.eye(1)), "are needed"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()

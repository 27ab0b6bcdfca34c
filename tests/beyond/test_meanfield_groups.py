"""Representations, joint actions and averages over a group, against what is written out by hand."""

import itertools

import numpy as np
import pytest
from scipy.special import expit

from limes.beyond import meanfield as mf
from limes.core.errors import InputError

RNG = np.random.default_rng(0)
SWAP = np.eye(2)[::-1]


def test_representations_do_to_points_what_they_say():
    z = RNG.standard_normal(4)
    angle = 2 * np.pi / 5
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(mf.rotations(5).matrices[1], turn, atol=1e-15)
    np.testing.assert_array_equal(mf.cyclic(4).matrices[1] @ z, np.roll(z, 1))
    np.testing.assert_array_equal(mf.sign(4).matrices[1] @ z, -z)
    conjugated = mf.conjugation(mf.cyclic(2)).matrices[1] @ z
    np.testing.assert_allclose(conjugated.reshape(2, 2), SWAP @ z.reshape(2, 2) @ SWAP)
    both = mf.together(mf.cyclic(2), mf.sign(1)).matrices[1] @ z[:3]
    np.testing.assert_allclose(both, [z[1], z[0], -z[2]])
    image = RNG.standard_normal((3, 3, 2))
    for k in range(4):
        turned = mf.quarter_turns(3, 2).matrices[k] @ image.ravel()
        np.testing.assert_array_equal(turned.reshape(image.shape), np.rot90(image, k))
    linear = mf.on_matrices(mf.sign(3), mf.cyclic(2)).matrices[1] @ np.arange(6.0)
    np.testing.assert_allclose(linear.reshape(3, 2), -np.arange(6.0).reshape(3, 2) @ SWAP)


@pytest.mark.parametrize(
    ("space", "dimension"),
    [
        (mf.conjugation(mf.cyclic(2)), 2),
        (mf.conjugation(mf.rotations(2)), 4),
        (mf.conjugation(mf.rotations(3)), 2),
        (mf.quarter_turns(4), 4),
        (mf.quarter_turns(5), 7),
        (mf.sign(3), 0),
        (mf.trivial(3, 2), 2),
    ],
)
def test_fixed_spaces_are_what_no_element_moves(space, dimension):
    assert space.fixed_dimension == dimension
    points = RNG.standard_normal((6, space.dimension))
    fixed = space.project(points)
    np.testing.assert_allclose(fixed, np.einsum("gab,nb->gna", space.matrices, points).mean(0), atol=1e-14)
    for matrix in space.matrices:
        np.testing.assert_allclose(fixed @ matrix.T, fixed, atol=1e-14)
    orbit = space.orbit(points)
    assert orbit.shape == (space.order * 6, space.dimension)
    np.testing.assert_allclose(orbit.reshape(space.order, 6, -1)[0], points @ space.matrices[0].T, atol=1e-15)


def test_generators_make_the_whole_group_in_one_order():
    swap, cycle = np.eye(4)[[1, 0, 2, 3]], np.eye(4)[[1, 2, 3, 0]]
    permutations, signs = mf.generate([swap, cycle], [-np.eye(1), -np.eye(1)])
    assert permutations.order == 24
    known = {tuple(m.argmax(1)) for m in permutations.matrices}
    assert known == set(itertools.permutations(range(4)))
    np.testing.assert_allclose(signs.matrices[:, 0, 0], np.linalg.det(permutations.matrices), atol=1e-12)
    mf.Action(permutations, signs, permutations)  # one group
    with pytest.raises(InputError, match="more than 5000"):
        mf.generate([np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])])
    with pytest.raises(InputError, match=r"not \[1, 2\]"):
        mf.generate([swap], [swap, cycle])


def test_what_is_no_group_is_refused():
    with pytest.raises(InputError, match="orthogonal"):
        mf.Representation(2 * np.eye(2)[None])
    with pytest.raises(InputError, match="product of elements"):
        mf.Representation(mf.rotations(5).matrices[:3])
    with pytest.raises(InputError, match="not of an array of shape"):
        mf.Representation(np.eye(2))
    four = mf.rotations(4)
    shuffled = mf.Representation(four.matrices[[0, 2, 1, 3]])
    with pytest.raises(InputError, match="the same order for each space"):
        mf.Action(four, shuffled, mf.conjugation(four))
    with pytest.raises(InputError, match="elements"):
        mf.Action(four, mf.cyclic(2), mf.conjugation(four))
    with pytest.raises(InputError, match="same elements"):
        mf.together(four, mf.cyclic(2))
    for wrong in (lambda: mf.rotations(0), lambda: mf.cyclic(0), lambda: mf.sign(0), lambda: mf.trivial(0, 1)):
        with pytest.raises(InputError):
            wrong()


TURNS, PAIR = mf.rotations(6), mf.conjugation(mf.cyclic(2))
IMAGES = mf.quarter_turns(2)
CASES = [
    ("sigmoid", mf.sigmoid_unit, mf.Action(mf.cyclic(2), mf.cyclic(2), PAIR), True),
    ("radial", mf.radial_unit, mf.Action(TURNS, TURNS, mf.conjugation(TURNS)), True),
    ("two layers", mf.two_layer_unit, mf.Action(mf.cyclic(2), mf.cyclic(2), mf.together(PAIR, PAIR)), True),
    ("neuron", mf.neuron_unit, mf.Action(IMAGES, mf.trivial(4, 3), mf.together(IMAGES, mf.trivial(4, 3))), True),
    ("odd", mf.radial_unit, mf.Action(mf.sign(2), mf.sign(2), mf.trivial(2, 4)), True),
    ("sigmoid under turns", mf.sigmoid_unit, mf.Action(TURNS, TURNS, mf.conjugation(TURNS)), False),
]


@pytest.mark.parametrize(("unit", "action", "equivariant"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_joint_equivariance(unit, action, equivariant):
    x, z = RNG.standard_normal((7, action.inputs.dimension)), RNG.standard_normal((5, action.parameters.dimension))
    error = mf.equivariance_error(unit, action, x, z)
    assert error < 1e-14 if equivariant else error > 1e-2
    with pytest.raises(InputError, match="do not fit"):
        mf.equivariance_error(unit, action, x[:, :1], z)


def test_units_against_their_formulas():
    x, z = RNG.standard_normal((6, 2)), RNG.standard_normal((3, 8))
    first, second = z[:, :4].reshape(-1, 2, 2), z[:, 4:].reshape(-1, 2, 2)
    linear = np.einsum("mab,nb->nma", first, x)
    length = np.linalg.norm(linear, axis=-1, keepdims=True)
    right = {
        mf.sigmoid_unit: (z[:, :4], expit(linear)),
        mf.radial_unit: (z[:, :4], linear * np.tanh(length) / length),
        mf.two_layer_unit: (z, np.einsum("mab,nmb->nma", second, expit(linear))),
        mf.neuron_unit: (z[:, :5], z[None, :, 2:5] * np.maximum(x @ z[:, :2].T, 0)[..., None]),
    }
    for unit, (particles, values) in right.items():
        np.testing.assert_allclose(mf.outputs(unit, particles, x), values.mean(1), rtol=1e-12)
    np.testing.assert_allclose(mf.outputs(mf.radial_unit, 1e-6 * z[:, :4], x), 1e-6 * linear.mean(1), rtol=1e-10)
    with pytest.raises(InputError, match=r"particles \(\.\.\., N, d\)"):
        mf.outputs(mf.sigmoid_unit, z[0], x)


def test_averages_are_models_of_orbits_and_equivariant():
    action = CASES[1][2]
    x, z = RNG.standard_normal((7, 2)), RNG.standard_normal((5, 4))
    unit = mf.averaged(mf.radial_unit, action)
    values = mf.outputs(unit, z, x)
    np.testing.assert_allclose(values, mf.outputs(mf.radial_unit, action.parameters.orbit(z), x), atol=1e-14)
    turned = mf.outputs(unit, z, x @ action.inputs.matrices[1].T)
    np.testing.assert_allclose(turned, values @ action.outputs.matrices[1].T, atol=1e-14)
    assert mf.averaged(mf.radial_unit, action) is unit

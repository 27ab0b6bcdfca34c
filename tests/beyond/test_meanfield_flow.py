"""Training of particles: against steps written out in NumPy, against its symmetries, and the spaces it stays in."""

import numpy as np
import pytest
from scipy.special import expit

from limes.beyond import meanfield as mf
from limes.core.errors import InputError, NumericalError

SPACE = mf.cyclic(2)
ACTION = mf.Action(SPACE, SPACE, mf.conjugation(SPACE))
SWAP, CONJUGATE = SPACE.matrices[1], ACTION.parameters.matrices[1]
RNG = np.random.default_rng(2)
X, Y = RNG.standard_normal((1, 2)), RNG.standard_normal((1, 2))
ROWS = mf.Rows(X, Y)  # one row: every batch is it
START = RNG.standard_normal((2, 3, 4))


def step(z, x, y, weights, dt, tau, projector=np.eye(4)):
    """One step by the formula: (N, d), a whole batch (B, p) and (B, q)."""
    force = np.zeros_like(z)
    for point, target in zip(x, y, strict=True):
        values = expit(np.array([m.reshape(2, 2) @ point for m in z]))
        slope = 2 * (weights @ values - target)
        for i, value in enumerate(values):
            force[i] += np.outer(slope * value * (1 - value), point).ravel() / len(x)
    return (z - dt * (force + 2 * tau * z)) @ projector


def trained(scheme="vanilla", start=START, steps=3, weights=None, source=ROWS, batch=2, **more):
    flow = mf.Flow(0.7, steps, batch=batch, penalty=0.01, scheme=scheme, **more)
    return mf.train(mf.sigmoid_unit, source, start, flow, seeds=range(len(start)), action=ACTION, weights=weights)


@pytest.mark.parametrize("scheme", ["vanilla", "orbit", "averaged", "equivariant"])
def test_steps_against_those_written_out(scheme):
    found = trained(scheme)
    even = np.full(3, 1 / 3)
    x, y = np.concatenate([X, X @ SWAP]), np.concatenate([Y, Y @ SWAP])
    for start, end in zip(START, found, strict=True):
        z = start @ ACTION.parameters.projector if scheme == "equivariant" else start
        for _ in range(3):
            if scheme == "averaged":  # the model of the orbit, so that a particle feels its images' forces, turned back
                both = np.concatenate([z, z @ CONJUGATE])
                moved = step(both, X, Y, np.full(6, 1 / 6), 0.7, 0.01)
                z = (moved[:3] + moved[3:] @ CONJUGATE) / 2
            elif scheme == "orbit":
                z = step(z, x, y, even, 0.7, 0.01)
            else:
                projector = ACTION.parameters.projector if scheme == "equivariant" else np.eye(4)
                z = step(z, X, Y, even, 0.7, 0.01, projector)
        np.testing.assert_allclose(end, z, rtol=1e-12, atol=1e-14)


def test_a_particle_without_weight_feels_the_others_and_is_not_felt():
    more = np.concatenate([START, RNG.standard_normal((2, 2, 4))], axis=1)
    weights = np.array([1, 1, 1, 0, 0]) / 3
    found = trained(start=more, weights=weights)
    np.testing.assert_allclose(found[:, :3], trained(), rtol=1e-12)
    z = more[0]
    for _ in range(3):
        z = step(z, X, Y, weights, 0.7, 0.01)
    np.testing.assert_allclose(found[0], z, rtol=1e-12)


def test_seeds_draw_their_own_samples_and_the_same_ones_again():
    source = mf.Teacher(RNG.standard_normal((2, 4)), mf.sigmoid_unit, 2, 3.0)
    same = np.repeat(START[:1], 2, axis=0)
    found = trained(start=same, source=source)
    assert np.abs(found[0] - found[1]).max() > 1e-3
    np.testing.assert_array_equal(found, trained(start=same, source=source))
    turned = trained("augmented", start=same, source=source)
    assert np.abs(turned - found).max() > 1e-3


def test_augmentation_draws_both_elements():
    """After one step with one row, a particle has moved as some mixture of the row and its image pulls."""
    start = np.repeat(START[:1], 400, axis=0)
    found = trained("augmented", start=start, steps=1, batch=1)
    even = np.full(3, 1 / 3)
    plain, image = step(START[0], X, Y, even, 0.7, 0.01), step(START[0], X @ SWAP, Y @ SWAP, even, 0.7, 0.01)
    as_plain = np.abs(found - plain).max((1, 2)) < 1e-12
    as_image = np.abs(found - image).max((1, 2)) < 1e-12
    assert (as_plain ^ as_image).all()
    assert abs(as_plain.mean() - 0.5) < 5 * 0.5 / np.sqrt(400)


def test_noise_has_the_temperature_and_may_stay_in_the_fixed_space():
    still = mf.Rows(np.zeros((1, 2)), np.full((1, 2), 0.5))  # sigmoid(0) = 1/2: no force
    start = np.zeros((200, 3, 4))
    for inside in (False, True):
        flow = mf.Flow(0.5, 8, batch=1, temperature=0.25, invariant_noise=inside)
        end = mf.train(mf.sigmoid_unit, still, start, flow, seeds=range(200), action=ACTION).reshape(-1, 4)
        variance = 2 * 0.25 * 0.5 * 8
        right = variance * (ACTION.parameters.projector if inside else np.eye(4))
        error = variance * np.sqrt(2 / len(end))
        assert np.abs(end.T @ end / len(end) - right).max() < 5 * error
        assert (mf.distance_to_fixed(end, ACTION.parameters) < 1e-30) == inside


@pytest.mark.parametrize("scheme", ["orbit", "averaged", "equivariant"])
def test_these_schemes_keep_the_fixed_space(scheme):
    source = mf.Teacher(RNG.standard_normal((3, 4)), mf.sigmoid_unit, 2, 2.0)
    inside = ACTION.parameters.project(START)
    end = trained(scheme, start=inside, source=source, steps=20)
    assert np.abs(end - inside).max() > 1e-2
    assert mf.distance_to_fixed(end, ACTION.parameters).max() < 1e-28
    assert mf.distance_to_fixed(trained(start=inside, source=source, steps=20), ACTION.parameters).min() > 1e-6


def test_vanilla_training_commutes_with_the_group():
    """Turned particles on turned rows end where the turned end is."""
    turned = mf.Rows(X @ SWAP, Y @ SWAP)
    np.testing.assert_allclose(
        trained(start=START @ CONJUGATE, source=turned), trained() @ CONJUGATE, rtol=1e-12, atol=1e-15
    )


def test_growing_stops_at_the_space_in_which_training_stays():
    basis = np.linalg.qr(RNG.standard_normal((5, 3)))[0]

    def training(start):
        """Escapes into one more direction of the span at a time."""
        inside = np.linalg.norm(start) > 0
        held = np.linalg.matrix_rank(start, tol=1e-9) if inside else 0
        scale = np.linspace(1, 2, len(start))[:, None]
        return start + (scale * basis[:, held] if held < 3 else 0)

    found = mf.grow(training, RNG.standard_normal((20, 5)))
    assert found.dimensions == (0, 1, 2, 3)
    assert found.finished
    assert (found.dimension, found.steps) == (3, 4)
    np.testing.assert_allclose(found.basis @ found.basis.T, basis @ basis.T, atol=1e-9)
    few = mf.grow(training, RNG.standard_normal((20, 5)), most=2)
    assert not few.finished
    assert few.dimension == 2
    with pytest.raises(InputError, match="tolerance above 0"):
        mf.grow(training, START[0], tolerance=0.0)


def test_bad_training():
    def vanilla(**more):
        arguments = {"seeds": range(2)} | more
        return mf.train(mf.sigmoid_unit, ROWS, START, mf.Flow(1.0, 1), **arguments)

    for wrong, message in (
        (lambda: vanilla(seeds=range(3)), "3 seeds"),
        (lambda: vanilla(weights=np.ones(3)), "with sum 1"),
        (lambda: vanilla(weights=np.ones(2) / 2), "3 numbers"),
        (lambda: vanilla(action=mf.Action(SPACE, SPACE, SPACE)), "acts on 2 parameters"),
        (
            lambda: mf.train(mf.sigmoid_unit, ROWS, START, mf.Flow(1.0, 1, scheme="orbit"), seeds=range(2)),
            "needs the action",
        ),
        (lambda: mf.Flow(0.0, 1), "above 0"),
        (lambda: mf.Flow(1.0, 1, penalty=-1.0), "at least 0"),
        (lambda: mf.Flow(1.0, 1, scheme="mixed"), "vanilla, augmented"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()
    with pytest.raises(NumericalError, match="diverged"):
        mf.train(mf.sigmoid_unit, ROWS, START, mf.Flow(100.0, 300, penalty=1.0), seeds=range(2))


def test_the_equivariant_scheme_starts_on_the_fixed_space():
    np.testing.assert_allclose(trained("equivariant", steps=0), ACTION.parameters.project(START), rtol=1e-12)


def test_bad_data():
    def vanilla(x, y, start=START, action=None):
        flow = mf.Flow(1.0, 1)
        return mf.train(mf.sigmoid_unit, mf.Rows(x, y), start, flow, seeds=range(2), action=action)

    points, spoiled = np.zeros((5, 2)), np.full((5, 2), np.nan)
    turns = mf.cyclic(3)
    for wrong, message in (
        (lambda: mf.Rows(points, points[:3]), "same m"),
        (lambda: mf.Rows(points, points[:, 0]), "same m"),
        (lambda: mf.Rows(points[:0], points[:0]), "at least 1"),
        (lambda: mf.Rows(spoiled, points), "5 rows of x are not finite"),
        (lambda: vanilla(points, points[:, :1]), "outputs of the unit"),
        (lambda: vanilla(np.zeros((5, 3)), points), "takes no inputs"),
        (lambda: vanilla(points, points, np.full_like(START, np.inf)), "finite where they start"),
        (lambda: vanilla(points, points, action=mf.Action(turns, turns, mf.trivial(3, 4))), "acts on 3 inputs"),
        (lambda: mf.outputs(mf.sigmoid_unit, np.zeros((5, 5)), points), "takes no inputs"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()

"""Feature learning: against naive gradients, samples, and minima that are known."""

import numpy as np
import pytest

from limes.beyond.features import (
    Descent,
    TwoLayer,
    alignment,
    dual_certificate,
    first_step,
    fit_coefficients,
    gram,
    learn,
    orthonormal_teacher,
    random_start,
    share_in_span,
    tangent_gram,
    tangent_loss,
    three_stages,
)
from limes.core.errors import InputError, MemoryRefused, NumericalError

pytestmark = pytest.mark.usefixtures("quick_compilation")


def _network(seed, m=4, d=3):
    rng = np.random.default_rng(seed)
    return TwoLayer(rng.standard_normal(m), rng.standard_normal((m, d)))


def _slopes(network, teacher):
    """Gradients of E (f - f*)^2 in a and W, neuron by neuron."""
    others = [*zip(network.coef, network.weights, strict=True), *zip(-teacher.coef, teacher.weights, strict=True)]
    by_coef, by_weights = [], []
    for a, w in zip(network.coef, network.weights, strict=True):
        value, slope = 0.0, 0.0
        for c, z in others:
            lengths = np.linalg.norm(w) * np.linalg.norm(z)
            t = np.arccos(np.clip(w @ z / lengths, -1, 1))
            value += c * lengths * (np.sin(t) + (np.pi - t) * np.cos(t)) / np.pi
            slope += c * (np.sin(t) * np.linalg.norm(z) * w / np.linalg.norm(w) + (np.pi - t) * z) / np.pi
        by_coef.append(value)
        by_weights.append(a * slope)
    return np.array(by_coef), np.array(by_weights)


def test_a_step_is_that_of_the_formula():
    network, teacher = _network(0), _network(1, 2)
    by_coef, by_weights = _slopes(network, teacher)
    moved = learn(teacher, network, Descent((0.3,), 1, 0.01)).network
    np.testing.assert_allclose(moved.coef, network.coef - 0.01 * (by_coef + 0.3 * network.coef), rtol=1e-9)
    np.testing.assert_allclose(moved.weights, network.weights - 0.01 * (by_weights + 0.3 * network.weights), rtol=1e-9)
    resting = learn(teacher, network, Descent((0.3,), 1, 0.01, train_weights=False)).network
    np.testing.assert_allclose(resting.coef, moved.coef, rtol=1e-12)
    np.testing.assert_array_equal(resting.weights, network.weights)


def test_descent_side_by_side_and_on_record():
    teacher, start = orthonormal_teacher(3, 1), random_start(3, 4, seeds=(0, 1))
    found = learn(teacher, start, Descent((0.1, 0.0), 20), records=2)
    alone = learn(teacher, TwoLayer(start.coef[1], start.weights[1]), Descent((0.1, 0.0), 20))
    np.testing.assert_allclose(found.network.weights[1], alone.network.weights, rtol=1e-9)
    assert found.at.tolist() == [0, 10, 20, 30, 40]
    assert found.stage_ends.tolist() == [2, 4]
    middle = TwoLayer(found.networks.coef[2], found.networks.weights[2])
    np.testing.assert_allclose(found.losses[2], middle.loss(teacher) / 0.5, rtol=1e-12)
    np.testing.assert_allclose(
        start.outputs(np.eye(3))[1], TwoLayer(start.coef[1], start.weights[1]).outputs(np.eye(3))
    )


def test_the_minimum_for_one_teacher():
    """Mass 1 - lambda at the teacher, balanced, with relative loss lambda^2; its certificate is 1 there."""
    teacher = orthonormal_teacher(3, 1)
    found = learn(teacher, random_start(3, 6, seeds=(0, 1)), Descent((0.1,), 4000, 0.05)).network
    seen = alignment(found, teacher)
    np.testing.assert_allclose(seen.total_mass, 0.9, atol=1e-3)
    np.testing.assert_allclose(found.loss(teacher) / 0.5, 0.01, rtol=0.01)
    assert seen.imbalance.max() < 1e-9
    eta = dual_certificate(found, teacher, 0.1, np.random.default_rng(0).standard_normal((200, 3)))
    assert np.abs(eta).max() < 1.001
    at_neurons = dual_certificate(found, teacher, 0.1, found.weights)
    np.testing.assert_allclose(at_neurons[found.mass > 1e-3], 1.0, atol=0.01)


def test_balancing_keeps_the_function_and_lowers_the_penalty():
    network = _network(2)
    even = network.balanced()
    assert even.loss(network) < 1e-12
    np.testing.assert_allclose(np.abs(even.coef), np.linalg.norm(even.weights, axis=1))
    assert np.sum(even.coef**2) + np.sum(even.weights**2) == pytest.approx(2 * network.mass.sum())


def test_alignment_neuron_by_neuron():
    network, teacher = _network(3, 30, 3), TwoLayer(np.array([1.0, -2.0]), np.array([[0, 0, 3.0], [0.5, 0.5, 0]]))
    for lines in (False, True):
        cosines, near, mass = [], 0.0, 0.0
        for a, w in zip(network.coef, network.weights, strict=True):
            own = abs(a) * np.linalg.norm(w)
            c = [w @ v / np.linalg.norm(w) / np.linalg.norm(v) for v in teacher.weights]
            c = np.abs(c) if lines else np.array(c)
            cosines.append(own * max(c))
            near += (
                own
                * any(np.degrees(np.arccos(c)) <= 40)
                * any((np.degrees(np.arccos(c)) <= 40) & (teacher.coef * a > 0))
            )
            mass += own
        seen = alignment(network, teacher, within=40, lines=lines)
        assert seen.mean_cosine == pytest.approx(sum(cosines) / mass)
        assert seen.share_near == pytest.approx(near / mass)
        assert seen.total_mass == pytest.approx(mass)
    assert alignment(network, teacher, active=0.5).n_active == np.sum(network.mass > 0.5)
    assert share_in_span(network.weights, np.eye(3)[:2] * 2) == pytest.approx(
        np.sum(network.weights[:, :2] ** 2) / np.sum(network.weights**2)
    )


@pytest.mark.parametrize("remove_affine", [False, True])
def test_fitted_coefficients_are_stationary(remove_affine):
    network, teacher = _network(4), _network(5, 2)
    fitted = fit_coefficients(teacher, network.weights, 0.2, remove_affine=remove_affine)

    def objective(coef):
        return fitted._replace(coef=coef).loss(teacher, remove_affine=remove_affine) + 0.1 * np.sum(coef**2)

    for step in 1e-4 * np.eye(4):
        assert abs(objective(fitted.coef + step) - objective(fitted.coef - step)) < 1e-11
    whole = np.concatenate([network.coef, -teacher.coef])
    z = TwoLayer(whole, np.vstack([network.weights, teacher.weights]))
    form = whole @ gram(z, z, remove_affine=remove_affine) @ whole
    assert network.loss(teacher, remove_affine=remove_affine) == pytest.approx(form)


def test_the_tangent_space_is_that_of_samples():
    network, teacher = _network(6, 3, 3), _network(7, 2, 3)
    x = np.random.default_rng(8).standard_normal((100_000, 3))
    tangents = ((x @ network.weights.T > 0)[:, :, None] * x[:, None, :]).reshape(len(x), 9)
    products = tangents[:, :, None] * tangents[:, None, :]
    error = products.std(0) / np.sqrt(len(x)) + 1e-12
    assert (np.abs(products.mean(0) - tangent_gram(network.weights)) < 5 * error).all()
    y = teacher.outputs(x)
    left = (y - tangents @ np.linalg.lstsq(tangents, y)[0]) ** 2
    expected = tangent_loss(teacher, network.weights) * teacher.second_moment()
    assert abs(left.mean() - expected) < 5 * left.std() / np.sqrt(len(x)) + 20 * expected / len(x)
    assert tangent_loss(teacher, np.vstack([network.weights, 2 * teacher.weights, -teacher.weights])) < 1e-10
    best = fit_coefficients(teacher, network.weights)
    assert expected < best.loss(teacher)  # random features are among the tangents


def test_the_first_step_is_that_of_the_formula():
    """-sign(a) dL/dw, up to its length, with the parts of degree 0 and 1 taken from the derivative of the kernel."""
    teacher, start = _network(9, 2, 5), random_start(5, 6, symmetric=True)
    found = first_step(teacher, start).weights[0]
    for a, w, moved in zip(start.coef[0], start.directions[0], found, strict=True):
        pull = 0.0
        for b, v in zip(teacher.coef, teacher.weights, strict=True):
            t = np.arccos(w @ v / np.linalg.norm(v))
            pull += b * ((np.sin(t) - 1) * np.linalg.norm(v) * w + (np.pi / 2 - t) * v)
        np.testing.assert_allclose(moved, np.sign(a) * pull / np.linalg.norm(pull), atol=1e-9)


def test_three_stages_find_the_lines_of_the_teacher():
    teacher, start = orthonormal_teacher(6, 2, seed=3), random_start(6, 12, size=0.1, symmetric=True, seeds=(0, 1))
    found = three_stages(teacher, start, Descent((5e-2, 5e-3), 2500))
    assert share_in_span(found.stepped.weights, teacher.weights).min() > 0.8
    seen = alignment(found.learned.network, teacher, lines=True)
    assert seen.share_near.min() > 0.9
    assert found.learned.loss.max() < 1e-3
    random = fit_coefficients(teacher, start.weights, 1e-2, remove_affine=True)
    assert (found.fitted.loss(teacher, remove_affine=True) < random.loss(teacher, remove_affine=True)).all()


def test_bad_input(monkeypatch):
    teacher, start = orthonormal_teacher(3, 2), random_start(3, 4)
    with pytest.raises(InputError, match="1 to 3 orthonormal"):
        orthonormal_teacher(3, 4)
    with pytest.raises(InputError, match="even number of neurons"):
        random_start(3, 5, symmetric=True)
    for wrong in ({"penalties": ()}, {"penalties": (-1.0,)}, {"steps": 0}, {"learning_rate": 0.0}):
        with pytest.raises(InputError):
            Descent(**wrong)
    with pytest.raises(InputError, match="penalties above 0"):
        Descent.annealed(0.0, 1.0)
    for call in (learn, first_step):
        with pytest.raises(InputError, match="a single teacher in 3 dimensions"):
            call(orthonormal_teacher(4, 2), start)
    with pytest.raises(InputError, match="cannot be recorded 3 times"):
        learn(teacher, start, Descent(steps=10), records=3)
    with pytest.raises(NumericalError, match="lower learning_rate"):
        learn(teacher, start, Descent(steps=200, learning_rate=30.0))
    with pytest.raises(InputError, match="all 0"):
        alignment(start._replace(coef=0 * start.coef), teacher)
    with pytest.raises(InputError, match="no gradient"):
        first_step(teacher, start._replace(coef=0 * start.coef))
    with pytest.raises(InputError, match="penalty"):
        dual_certificate(start, teacher, 0.0, np.eye(3))
    with pytest.raises(InputError, match="penalty"):
        fit_coefficients(teacher, start.weights, -1.0)
    with pytest.raises(InputError, match="no direction"):
        tangent_loss(teacher, np.zeros((2, 3)))
    with pytest.raises(InputError, match="differ in dimension"):
        share_in_span(np.eye(3), np.eye(2))
    monkeypatch.setenv("LIMES_MEMORY", "1 kB")
    with pytest.raises(MemoryRefused, match="take fewer neurons"):
        tangent_loss(teacher, start.weights[0])


def test_the_tangent_gram_is_exact_where_neurons_coincide():
    w = np.random.default_rng(0).standard_normal((6, 5))
    w = np.concatenate([w, 3 * w])  # relu' does not see lengths
    blocks = tangent_gram(w).reshape(12, 5, 12, 5)
    for i in range(12):
        for j in (i, (i + 6) % 12):
            np.testing.assert_allclose(blocks[i, :, j], np.eye(5) / 2, atol=1e-13)


def test_networks_that_are_none():
    teacher = orthonormal_teacher(4, 2)
    start = random_start(4, 6)
    loose = start._replace(coef=np.ones((2, 6)), weights=start.weights[0])
    spoiled = start._replace(coef=np.full((1, 6), np.nan))
    for wrong, message in (
        (lambda: learn(teacher, loose), "start has coefficients"),
        (lambda: first_step(teacher, loose), "start has coefficients"),
        (lambda: alignment(loose, teacher), "network has coefficients"),
        (lambda: alignment(spoiled, teacher), "network"),
        (lambda: share_in_span(np.zeros((3, 4)), teacher.weights), "no share"),
        (lambda: share_in_span(np.full((3, 4), np.inf), teacher.weights), "weights"),
        (lambda: start.outputs(np.ones((3, 5))), "inputs"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()

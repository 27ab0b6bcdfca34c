"""The measurements behind the claims about networks with large bias: each at a tiny size, against something simpler."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from limes.core.errors import FormatError
from limes.measure import bias_kernel
from limes.papers.bias_ntk import closed_forms, experiment, kernel_limit, spectra, training
from limes.papers.bias_ntk.sphere import points, random_labels, teacher_labels
from limes.papers.paper import Request
from limes.papers.registry import find
from limes.papers.sources import mnist_folder

pytestmark = pytest.mark.usefixtures("quick_compilation")


def test_p_and_its_two_other_forms_agree():
    cosines = [-0.5, 0.3, 0.8]
    p, m = closed_forms.kernels(1.0, cosines)
    exact = [multivariate_normal([0, 0], [[1, c], [c, 1]]).cdf([-1, -1]) for c in cosines]
    for form in (
        p,
        *zip(*((closed_forms.by_quadrature(1.0, c), closed_forms.owen(1.0, c)) for c in cosines), strict=True),
    ):
        np.testing.assert_allclose(form, exact, rtol=1e-6)
    np.testing.assert_allclose([p[1], m[1], m[2]], [0.04545785, 0.01739623, 0.05174717], rtol=1e-6)  # recorded


def test_draws_are_counted_cell_by_cell():
    found = closed_forms.drawn(1, 3000)
    first, second = np.random.default_rng([1, 3000]).standard_normal((2, 3000))
    other = 0.3 * first + math.sqrt(1 - 0.09) * second
    over = [np.maximum(z - 0.5, 0) for z in (first, other)]
    place = closed_forms.BIASES.index(0.5), closed_forms.COSINES.index(0.3)
    assert found["hits"][place] == np.sum((first > 0.5) & (other > 0.5))
    assert found["sums"][place] == pytest.approx(np.sum(over[0] * over[1]))
    assert found["squares"][place] == pytest.approx(np.sum((over[0] * over[1]) ** 2))


def test_derivative_arccosine_and_diagonal_tell_right_from_wrong():
    c = np.array(closed_forms.COSINES)
    p = (np.pi - np.arccos(c)) / (2 * np.pi)
    m = (np.sqrt(1 - c * c) + c * (np.pi - np.arccos(c))) / (2 * np.pi)
    assert closed_forms._arccosine(p, m) < 1e-15
    assert closed_forms._arccosine(p, m + 1e-3) > 9e-4
    inside, ends = closed_forms._INSIDE.ravel(), closed_forms._ENDS
    assert closed_forms._derivative(3 * inside**2, ends**3) < 1e-14
    assert closed_forms._derivative(3 * inside**2, ends**2) > 0.01
    exact = norm.sf(1.0), 2 * norm.sf(1.0) - norm.pdf(1.0)
    assert closed_forms._diagonal(1.0, *exact) < 1e-12
    assert closed_forms._diagonal(1.0, exact[0], 1.1 * exact[1]) == pytest.approx(0.1)


def test_the_empirical_kernel_is_that_of_the_units(monkeypatch):
    monkeypatch.setattr(kernel_limit, "N", 6)
    monkeypatch.setattr(kernel_limit, "D", 3)
    monkeypatch.setattr(kernel_limit, "BIASES", (1.0,))
    found = kernel_limit.measured(0, (300,))
    x, rng = points(0, 6, 3), np.random.default_rng([0, 300])
    on = (x @ rng.standard_normal((3, 300)) > 1).astype(float)
    kernel, limit = (x @ x.T + 1) * (on @ on.T) / 300, bias_kernel(x, 1.0).ntk()
    assert found["distance"][0, 0] == pytest.approx(np.linalg.norm(kernel - limit) / np.linalg.norm(limit), rel=1e-6)
    assert found["active"][0, 0] == pytest.approx(on.mean())
    assert found["limit"][0] == pytest.approx(np.linalg.eigvalsh(limit)[0])


def test_a_spectrum_and_a_bound_that_is_none():
    x = points(0, 16, 6)
    found = spectra.measured(x, 0, 20, True, {"teacher": teacher_labels(0, x)}, (1.0,))
    kernel = bias_kernel(x, 1.0)
    assert found["smallest"][0] == pytest.approx(np.linalg.eigvalsh(kernel.ntk())[0])
    assert found["frozen"][0] == pytest.approx(np.linalg.eigvalsh(kernel.ntk(False))[0])
    assert found["hermite"][0] < found["smallest"][0] < found["upper"][0]
    assert found["region"][0] <= found["minimum"][0]
    assert found["values"][0][-1] == pytest.approx(found["smallest"][0])
    vectors = np.linalg.eigh(kernel.ntk())[1][:, ::-1]
    exact = spectra._violation(kernel, vectors, found["minimum"][0], 50, 0)
    assert exact <= 1e-9  # the minimum is one
    assert spectra._violation(kernel, vectors, 2 * found["minimum"][0], 50, 0) > 0  # and twice as much is none


def test_training_steps(monkeypatch):
    monkeypatch.setattr(training, "N", 20)
    monkeypatch.setattr(training, "D", 5)
    monkeypatch.setattr(training, "_N_TEST", 50)
    monkeypatch.setattr(training, "BIASES", (1.0,))
    found = training.random_task(0, 64, 30, biases=(1.0,))
    assert found["shown"][0][0] == 0
    assert found["losses"][0][0] == 10.0
    assert found["lazy_losses"][0][0] == pytest.approx(10.0)
    assert found["steps"] == [30] or found["reached"][0]
    assert found["drift"][0] >= abs(found["active_end"][0] / norm.sf(1.0) - 1) - 1e-12
    task = training.teacher_task(0, 64, 30)
    assert 0 <= task["error"][0] <= 1
    assert task["remainder"][0] > 0


def test_labels_have_both_signs():
    x = points(0, 50, 5)
    for y in (random_labels(0, 50), teacher_labels(0, x)):
        assert set(y.tolist()) == {1.0, -1.0}
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0)


def test_the_plans(monkeypatch, tmp_path):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    small, full = (experiment.plan(Request(size)) for size in ("smoke", "full"))
    assert small.notes == ()
    assert "MNIST" in full.notes[0]
    assert sum(step.seconds for step in small.steps) < 90
    assert {step.quantity for step in full.steps} > {
        "forms",
        "draws",
        "limit",
        "spectrum-1000",
        "width-40000",
        "frozen",
    }
    with pytest.raises(FormatError, match="no MNIST"):
        mnist_folder(Request("full", data=str(tmp_path)), "left out")
    (tmp_path / "mnist").mkdir()
    assert mnist_folder(Request("full", data=str(tmp_path)), "left out") == (str(tmp_path), ())
    assert find("bias-ntk").key == "bias-ntk"

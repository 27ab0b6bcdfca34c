"""The measurements behind the claims about networks as kernel machines: each against something simpler."""

import math

import jax
import numpy as np
import pytest

from limes.core.errors import FormatError
from limes.papers import pairs
from limes.papers.nn_svm import (
    arccosine_ranges,
    certificates,
    dynamics,
    finite_width,
    generalisation,
    interval_radius,
    label_flips,
    path_kernel,
    poisoning,
    published,
    regularisers,
)
from limes.papers.nn_svm.losses import LOSSES
from limes.papers.nn_svm.two_layer import NET, draw
from limes.papers.paper import Request
from limes.papers.registry import find
from limes.papers.sources import mnist_folder

pytestmark = pytest.mark.usefixtures("quick_compilation")


def test_the_network_written_out_is_that_of_the_library():
    rng = np.random.default_rng(0)
    x, v = rng.standard_normal((5, 3)), rng.standard_normal(5)
    net = draw(0, 3, 8, symmetric=False, dtype="float64")
    params = interval_radius.params_of(net)
    with jax.enable_x64(True):
        outputs, back = jax.vjp(lambda p: NET.apply(p, x)[:, 0], params)
        jacobian = jax.tree.leaves(jax.jacrev(lambda p: NET.apply(p, x)[:, 0])(params))
        gradient = jax.tree.leaves(back(jax.numpy.asarray(v)))
    np.testing.assert_allclose(net.outputs(x), outputs, rtol=1e-12)
    found, in_w, in_a = net.gradient(x, v)
    np.testing.assert_allclose(found, outputs, rtol=1e-12)
    np.testing.assert_allclose(in_w, gradient[0], rtol=1e-10)
    np.testing.assert_allclose(in_a[:, None], gradient[1], rtol=1e-10)
    flat = np.concatenate([np.asarray(j).reshape(5, -1) for j in jacobian], axis=1)
    np.testing.assert_allclose(net.kernel(x, x), flat @ flat.T, rtol=1e-10)
    move = rng.standard_normal(net.w.shape), rng.standard_normal(8)
    np.testing.assert_allclose(net.along(x, *move), flat @ np.concatenate([m.ravel() for m in move]), rtol=1e-10)
    assert np.abs(draw(0, 3, 8, symmetric=True, dtype="float64").outputs(x)).max() < 1e-15
    wide = draw(1, 3, 50_000, symmetric=True).kernel(*[x.astype(np.float32)] * 2)
    np.testing.assert_allclose(wide, NET.kernel(x, get="ntk").ntk, atol=0.06)


def test_slopes_are_those_of_the_losses():
    z, y = np.linspace(-2, 2, 41) + 0.013, np.where(np.arange(41) % 2, 1.0, -1.0)
    for loss in LOSSES.values():
        numeric = (loss.value(z + 1e-6, y) - loss.value(z - 1e-6, y)) / 2e-6
        np.testing.assert_allclose(loss.slope(z, y), numeric, atol=1e-6)
        assert np.abs(loss.slope(z, y)).max() <= loss.lipschitz


def test_penalties_decay_as_they_should(monkeypatch):
    """Without data, weights go to the centre of their penalty at its rate."""
    start = draw(0, 3, 4, symmetric=False, dtype="float64")
    net, nothing = start.moved(start.w + 1, start.a + 1), (np.zeros((3, 4)), np.zeros(4))
    found = regularisers.descend(net, start, nothing, eta=0.1, decay=0.5)
    np.testing.assert_allclose([found.w - start.w, found.a - start.a][0], 0.95)
    np.testing.assert_allclose(found.a - start.a, 0.95)
    found = regularisers.descend(net, start, nothing, 0.0, 1 / 4, 0.0, eta=0.1, decay=0.5)
    np.testing.assert_allclose(found.w, net.w)
    np.testing.assert_allclose(found.a, net.a * (1 - 0.1 * 0.5 / 4))
    monkeypatch.setattr(regularisers, "SPANS", {0.2: 5, 2.0: 40})
    gap = regularisers.gaps(0, (64, 8192), ("all, centred", "last, centred"))["gap"]
    assert gap["all, centred"][1][1] < 0.5 * gap["all, centred"][0][1]
    assert gap["all, centred"][1][1] < gap["last, centred"][1][1]


def test_descent_ends_at_the_solvers_machines(monkeypatch):
    names = ("1-norm SVM", "SVR", "KRR", "logistic", "2-norm SVM")
    monkeypatch.setattr(dynamics, "ROWS", {n: dynamics.Row(r.loss, r.decay, 3000, r.curvature) for n, r in ROWS})
    monkeypatch.setattr(dynamics, "_FLOW_STEP", 1e-3)
    found = dynamics.convergence(0, names, n=40)
    assert max(found["distance"].values()) < 2e-3
    assert found["distance"]["logistic"] < 1e-8
    assert max(found["rate"].values()) <= 1.0


ROWS = list(dynamics.ROWS.items())


def test_the_published_certificate_holds_and_is_guarded():
    rng = np.random.default_rng(1)
    centres, x = rng.uniform(-0.3, 1, (20, 4)), rng.uniform(0, 1, (6, 4))
    np.testing.assert_allclose(published.kernel_range(centres, x, np.zeros(6))[0], NET.kernel(x, centres).ntk)
    assert published.h(np.array([published.U_LEAST]))[0] == pytest.approx(published.H_LEAST, abs=1e-9)
    for delta in (0.02, 0.2):
        low, high = published.kernel_range(centres, x, np.full(6, delta))
        moved = x + delta * rng.choice([-1.0, 1.0], (50, 6, 4))
        values = np.asarray(NET.kernel(moved.reshape(-1, 4), centres, get="ntk").ntk).reshape(50, 6, 20)
        assert (values >= low - 1e-12).all()
        assert (values <= high + 1e-12).all()
    wide = published.kernel_range(centres, x, np.linalg.norm(x, axis=1) / 2)  # the ball reaches 0
    assert np.isfinite(wide).all()


@pytest.mark.slow
def test_a_table_of_certificates(monkeypatch):
    pair = pairs.digits(3, 8, 0, 40)
    monkeypatch.setattr(certificates, "digits", lambda *args: pair)
    found = certificates.table(0, 3, 8, ("KRR 1",), 2, 50, 40)
    radii = {name: np.array(values) for name, values in found["radius"]["KRR 1"].items()}
    assert (radii["published"] < radii["norm"]).all()
    assert (radii["norm"] < radii["joint"]).all()
    assert (radii["joint"] < radii["attack"]).all()
    assert (found["violations"], found["escapes"], found["sampled"]) == (0, 0, 100)
    clf = certificates.fitted("KRR 1", pair)
    centres, coef, offset = certificates.difference(clf)
    scores = clf.scores(pair.x_test[:5])
    np.testing.assert_allclose(NET.kernel(pair.x_test[:5], centres).ntk @ coef + offset, scores[:, 1] - scores[:, 0])


def test_the_path_kernel_adds_up():
    pair = pairs.digits(0, 1, 0, 20)
    found = path_kernel.identity(0, pair, 5)
    assert found["before"] < 1e-12 < found["after"]
    assert found["error"]["hinge"][0] < 5e-3 * found["output hinge"]
    assert path_kernel.asymmetry(np.array([[1.0, 2.0], [2.0, 1.0], [5.0, 5.0]])) == 0


def test_the_bound_by_hand(monkeypatch):
    root = math.sqrt(1000)
    first = 3 * math.sqrt(math.log(4 / 0.05) / 2000)
    assert generalisation.honest(1.0, 0.0, 1000, 1.0, 0.05) == pytest.approx(1.01 + first)
    assert generalisation.honest(1.0, 0.005 * root, 1000, 1.0, 0.05) == pytest.approx(1.01 + first)
    third = 3 * math.sqrt(math.log(2 * 12 / 0.05) / 2000)
    assert generalisation.honest(0.2, 0.015 * root, 1000, 1.0, 0.05) == pytest.approx(0.2 + 0.04 + third)
    monkeypatch.setattr(generalisation, "STEPS", 10)
    found = generalisation.bounds(0, pairs.digits(0, 1, 0, 50))
    assert found["step"] == [0, 1, 5, 10]
    assert found["published 0.05"][0] == pytest.approx(1 + 3 * math.sqrt(math.log(40) / 100))
    assert found["error"][-1] < 0.1


def test_ranges_of_the_arc_cosine_kernel():
    assert arccosine_ranges.kappa(np.array([-1.0, 0.0, 1.0])) == pytest.approx([0, 1 / math.pi, 1])
    found = arccosine_ranges.measured(0, 500)
    assert max(found["slack"], found["rectangle"]) == 0
    assert (found["ratio"] > 1.2, found["narrower"]) == (True, 0)


def test_flips_by_sorting_and_by_trying():
    rng = np.random.default_rng(2)
    w, y = rng.standard_normal(7), rng.choice([-1.0, 1.0], 7)
    np.testing.assert_allclose(label_flips.worst_margins(w, y), label_flips.tried(w, y), atol=1e-12)
    assert label_flips.measured(0, n=6, n_points=3)["wrong"] == 0


def test_the_program_finds_the_worst_flips():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((6, 3))
    gram, cross = x @ x.T + 0.5 * np.eye(6), rng.standard_normal(6)
    y = np.array([1.0, 1, 1, -1, -1, -1])
    for flips in (1, 4):  # after four flips all rows may have one label
        program = poisoning.least_margin(gram, cross, y, flips)
        assert program.value == pytest.approx(poisoning.least_tried(gram, cross, y, flips), abs=1e-5)
        assert program.bound <= program.value + 1e-9


def test_finite_networks_stay_below_the_bound():
    found = finite_width.compared(0, (64, 512), ("logistic",), 0.05, (0.5, 2.0))["logistic"]
    assert np.max(found["ratio"]) < 1
    assert found["gap"][1][1] < found["gap"][0][1] < found["plain"][0][1]
    scalar = finite_width.counter_example((1.0, 3.0), 1e-2)
    assert scalar["gap"] == pytest.approx([4.6e-7, 2.55e-5], rel=0.02)
    assert max(scalar["convex"]) < 1e-6


def test_interval_radii_fall_with_the_width():
    found = interval_radius.measured(0, (100, 1600), 60, 30, 5)
    assert 2.5 < found["linf"][0] / found["linf"][1] < 10
    assert min(found["accuracy"]) > 0.9


def test_pairs_are_split_and_mnist_is_asked_for(monkeypatch, tmp_path):
    pair = pairs.digits(0, 1, 0, 40)
    assert (len(pair.x), len(pair.x) + len(pair.x_test)) == (40, 360)
    assert set(pair.y) == {-1.0, 1.0}
    assert (len(pair.first(7).x), len(pairs.parity(0).y)) == (7, 1000)
    monkeypatch.delenv("LIMES_DATA", raising=False)
    assert mnist_folder(Request(), "left out") == (None, ("left out",))
    with pytest.raises(FormatError, match="no MNIST"):
        mnist_folder(Request(data=str(tmp_path)), "left out")
    assert find("nn-svm").key == "nn-svm"

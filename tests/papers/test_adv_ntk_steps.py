"""The measurements behind the claims about Adv-NTK: their oracles are right, and they see what is wrong."""

import os
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.linalg

from limes.core.progress import Quiet
from limes.data import load
from limes.machines import NTKClassifier
from limes.nets import mlp
from limes.papers.adv_ntk import dynamics, experiment, finite_dynamics, regularisation, solver, soundness
from limes.papers.adv_ntk.cases import Case, cases, draw
from limes.papers.adv_ntk.defences import Bench, choice, defence_steps
from limes.papers.paper import Request
from limes.robust import ReleasedPGD

BOX = (-0.5, 0.5)
TINY = Case(
    "digits",
    "digits",
    eps="0.05",
    n_kernel=60,
    n_tune=20,
    n_choose=20,
    n_curve=20,
    n_test=24,
    times=(0.01, 1.0, float("inf")),
    rates=(0.1, 1.0),
    steps=2,
    checked=(1, 2),
    batch_size=10,
    at_once=20,
    as_released=True,
    finite_checked=(2, 4),
)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def attacked(digits):
    """A machine, attacked points and their labels."""
    x, y, x_test, y_test = experiment._rows(digits, 120, 0, 30)
    return NTKClassifier(mlp(2), targets="one_hot", time=1.0).fit(x, y), x_test, y_test


def test_the_stable_form_is_measured_at_clocks_of_zero():
    assert max(solver.stable_form(0, (6, 30))["difference"]) < 1e-12


def test_the_oracle_of_the_derivative_is_a_difference_quotient():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(7, 7))
    gram, clocks, y, g = a @ a.T / 7, rng.uniform(0.1, 1.0, 7), rng.normal(size=(7, 2)), rng.normal(size=(7, 2))
    coef, gradient = solver.exact_flow(gram, clocks, y, g)
    np.testing.assert_allclose(coef, solver.by_definition(gram, clocks, y), rtol=1e-9)
    for i, step in enumerate(1e-5 * np.eye(7)):
        ends = [np.sum(g * solver.by_definition(gram, clocks + sign * step, y)) for sign in (1, -1)]
        assert gradient[i] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def test_krylov_errors_are_small_and_real(monkeypatch):
    x = np.random.default_rng(0).normal(size=(60, 5))
    gram, y = np.asarray(mlp(3).kernel(x, get="ntk").ntk), np.eye(10)[np.arange(60) % 10]
    found = solver.krylov(gram, y, 0)
    assert 0 < found["coefficients"] < 1e-8
    assert found["gradient"] < 1e-7
    monkeypatch.setattr(solver, "_TOL", 0.5)  # a space that is far too small
    assert solver.krylov(gram, y, 0)["coefficients"] > 1e-6


def test_cost_is_measured_by_size():
    found = solver.step_cost(0, mlp(2), (20, 40), (20, 40))
    assert found["krylov_n"] == [20, 40]
    assert all(s > 0 for s in found["krylov_seconds"] + found["general_seconds"])


def test_the_closed_form_is_told_from_the_truth():
    found = dynamics.closed_form(0, steps=600)
    assert max(found["constant"], found["common"]) < 1e-9
    assert min(found["varying"], found["misaligned"]) > 1e-3
    assert max(found[f"{name}_library"] for name in ("constant", "common", "varying", "misaligned")) < 1e-8


def test_degeneration_and_the_warped_clock(digits):
    found = experiment._degeneration(mlp(3), 0)
    assert found["distance"] == sorted(found["distance"], reverse=True)
    assert found["at_infinity"] < 1e-9
    assert all(a < s for a, s in zip(found["residual_at"], found["residual_standard"], strict=True))
    x = np.random.default_rng(0).normal(size=(30, 6))
    clock = dynamics.warped_clock(0, mlp(3), x, np.eye(3)[np.arange(30) % 3])
    assert clock["difference"] < 1e-10
    assert all(xi > t for xi, t in zip(clock["clock"], clock["times"], strict=True))


def test_a_net_without_hidden_layers_is_its_own_linearisation(digits):
    x, y = digits.x[:30].reshape(30, -1).astype(np.float64), digits.y[:30]
    found = finite_dynamics.distances(0, (x[:20], y[:20], x[20:], y[20:]), 1, (16,), (0.0,), 5.0)
    assert found["distance"].max() < 1e-3
    assert found["distance_test"].max() < 1e-3


def test_the_attack_of_the_finite_flow_solves_its_equation():
    net, rng = mlp(1), np.random.default_rng(0)
    x, y, strength = rng.normal(size=(4, 6)), rng.normal(size=(4, 3)), 0.2
    params = net.init(0, (6,), 1, 3)
    _, _, attacked = finite_dynamics._train(
        net, 1, params, *(np.float32(v) for v in (x, y, x)), np.float32(strength), np.float32(0.0)
    )
    jacobian = np.asarray(net.apply(params, np.eye(6, dtype=np.float32)) - net.apply(params, np.zeros((1, 6))))
    expected = -y @ scipy.linalg.expm(strength * jacobian.T @ jacobian).T
    np.testing.assert_allclose(attacked, expected, rtol=2e-3)


def test_networks_of_the_regularisation_kernel():
    found = regularisation.ark_of_relu_nets(0, n_networks=30)
    assert found["formula"][0] == pytest.approx(1.76**4 / 2)
    assert max(found["z_formula"]) < 5
    assert max(found["z_dependence"]) < 5
    assert max(found["library"]) < 1e-12


def test_gradients_of_these_networks_are_difference_quotients():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 5))
    weights = [rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=(3, 1))]
    biases = [rng.normal(size=4), rng.normal(size=3)]

    def f(x):
        h = np.maximum(np.maximum(x @ weights[0] + biases[0], 0) @ weights[1] + biases[1], 0)
        return float((h @ weights[2])[0, 0])

    slopes = [(f(x + step) - f(x - step)) / 2e-6 for step in 1e-6 * np.eye(5)]
    found = regularisation._squared_gradient(weights, biases, x)
    assert found[0] == pytest.approx(np.sum(np.square(slopes)), rel=1e-6)


def test_the_exact_worst_case_of_a_linear_predictor():
    """Against every corner of ball and box: a linear difference of scores is largest at one of them."""
    rng = np.random.default_rng(0)
    linear = soundness.Linear(rng.normal(size=(4, 3)), rng.normal(size=3))
    x = rng.uniform(*BOX, size=(40, 4))
    y = linear.scores(x).argmax(axis=1)
    corners = np.array(list(product([-1, 1], repeat=4)))
    moved = np.clip(x[:, None] + 0.2 * corners, *BOX)
    standing = (linear.scores(moved.reshape(-1, 4)).argmax(axis=1).reshape(40, 16) == y[:, None]).all(axis=1)
    assert 0 < standing.mean() < 1
    np.testing.assert_array_equal(linear.robust(x, y, 0.2, BOX), standing)


def violations(found):
    return {name for name, count in found.items() if count}


def test_the_attack_has_no_violations(attacked):
    machine, x, y = attacked
    assert violations(soundness.sound(machine, x, y, 0.1, BOX, 0)) == set()


class Broken:
    """Stands in for PGD: the released attack, which leaves its ball and never moves its gradient."""

    def __init__(self, norm="linf", steps=10, restarts=1, loss="margin", step_size=None, goal="success"):
        self.attack = ReleasedPGD(steps, step_size)

    def __call__(self, predictor, x, y, eps, **options):
        return self.attack(predictor, x, y, eps, **options)


def test_a_broken_attack_is_caught(attacked, monkeypatch):
    machine, x, y = attacked
    monkeypatch.setattr(soundness, "PGD", Broken)
    found = violations(soundness.sound(machine, x, y, 0.1, BOX, 0))
    assert {"outside_ball", "not_at_the_iterate"} <= found


def test_the_released_attack_reaches_twice_its_radius_with_one_gradient(attacked):
    machine, x, y = attacked
    found = soundness.released(machine, x, y, 0.1, 0)
    assert 1.9 < found["reach"] <= 2.0 + 1e-6
    assert found["gradients"] == 1


def test_a_weak_attack_on_a_linear_predictor_leaves_a_gap(digits):
    x, y, x_test, y_test = experiment._rows(digits, 200, 0, 200)
    linear = soundness.fit_linear(x, y)
    found = soundness.against_exact(linear, x_test, y_test, 0.1, BOX, 0)
    assert found["linear_exact"] <= found["linear_found"] <= found["linear_exact"] + 0.02
    assert found["linear_found"] < np.mean(linear.scores(x_test).argmax(axis=1) == y_test) - 0.1


def test_images_of_a_seed_do_not_overlap_and_are_shifted(digits):
    parts = draw(TINY, digits, 0)
    sets = [{row.tobytes() for row in getattr(parts, f"x_{name}")} for name in ("kernel", "tune", "choose", "test")]
    assert [len(s) for s in sets] == [60, 20, 20, 24]
    assert sum(map(len, sets)) == len(set.union(*sets))
    assert parts.x_kernel.dtype == np.float32
    assert parts.x_kernel.min() == -0.5
    assert parts.x_kernel.max() == 0.5
    other = draw(TINY, digits, 1)
    assert not np.array_equal(parts.x_kernel, other.x_kernel)


def test_test_images_are_the_same_for_every_seed_where_the_data_have_a_test_part(digits):
    data = replace(digits, x=digits.x[:900], y=digits.y[:900], x_test=digits.x[900:], y_test=digits.y[900:])
    first, second = (draw(TINY, data, seed) for seed in (0, 1))
    np.testing.assert_array_equal(first.x_test, second.x_test)
    fewer = draw(replace(TINY, n_test=10), data, 0)
    np.testing.assert_array_equal(fewer.x_test, first.x_test[:10])


@pytest.mark.slow
def test_all_steps_of_a_case(digits):
    found = {}
    for step in defence_steps(TINY, lambda: digits, range(1), None):
        found.setdefault(step.quantity, {})[step.seed] = dict(step.compute(found, Quiet()))
    flow, adv = found["digits-flow"][0], found["digits-adv-0.1"][0]
    assert flow["coef"].shape == (3, 60, 10)
    assert adv["coef"].shape == (2, 60, 10)
    assert len(adv["loss"]) == 2
    parts = draw(TINY, digits, 0)
    machine = NTKClassifier(TINY.net, targets="one_hot", time=1.0).fit(parts.x_kernel, parts.y_kernel)
    clean = found["digits-curve-flow"][0]["clean"]
    assert clean[1] == np.mean(machine.predict(parts.x_test[:20]) == parts.y_test[:20])
    for attack in ("pgd", "margin"):
        assert all(a <= c for a, c in zip(found["digits-curve-flow"][0][attack], clean, strict=True))
    assert set(found["digits-curve-released"][0]) == {"clean", "released", "pgd", "margin"}
    finite = found["digits-test-finite"][0]
    assert [len(values) for values in finite["curve"].values()] == [2, 2, 2]
    assert finite["pgd"]["pgd"] <= finite["pgd"]["clean"]
    for method in ("converged", "stopped", "adv"):
        for criterion in ("pgd", "margin"):
            model = found[f"digits-test-{method}"][0][criterion]
            fit, index = choice(TINY, found, 0, method, criterion)
            assert (model["fit"], model["index"]) == (fit, index)
            best = max(max(found[f"digits-choose-{f}"][0][criterion]) for f in method_fits(method))
            if method != "converged":
                assert found[f"digits-choose-{fit}"][0][criterion][index] == best


def method_fits(method):
    return ["adv-0.1", "adv-1"] if method == "adv" else ["flow"]


def test_models_that_the_curves_have_are_not_attacked_twice(digits, monkeypatch):
    case = replace(TINY, n_test=20, rates=(0.1,), as_released=False)
    found = {}
    for step in defence_steps(case, lambda: digits, range(1), None):
        if "-test-" in step.quantity:
            monkeypatch.setattr(Bench, "attack", None)
        found.setdefault(step.quantity, {})[step.seed] = dict(step.compute(found, Quiet()))
    last = found["digits-test-converged"][0]["pgd"]
    curve = found["digits-curve-flow"][0]
    assert {name: last[name] for name in curve} == {name: values[-1] for name, values in curve.items()}


def test_the_plan_without_cifar_says_what_it_leaves_out(monkeypatch, tmp_path):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    plan = experiment.plan(Request())
    assert "too easy to show" in plan.notes[0]
    assert list(plan.settings["cases"]) == ["digits"]
    assert len({step.name for step in plan.steps}) == len(plan.steps)
    monkeypatch.setenv("LIMES_DATA", str(tmp_path))
    assert "has no cifar10" in experiment.plan(Request()).notes[0]
    with pytest.raises(ValueError, match="has no cifar10"):
        experiment.plan(Request(data=str(tmp_path)))


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("LIMES_DATA"), reason="LIMES_DATA is not set")
def test_the_plan_with_cifar_is_about_cifar():
    for size, names in (("smoke", ["mlp3"]), ("full", ["mlp3", "mlp4", "mlp5", "mlp8", "mlp10", "cnn3"])):
        plan = experiment.plan(Request(size))
        assert list(plan.settings["cases"]) == names
        assert plan.notes == ()
        assert len(plan.settings["cifar10"]) > 8
        assert len({step.name for step in plan.steps}) == len(plan.steps)


def test_every_case_is_ready_to_be_run():
    for size, with_cifar in (("smoke", False), ("smoke", True), ("full", True), ("full", False)):
        for case in cases(size, with_cifar):
            assert case.times[-1] == float("inf")
            assert list(case.times) == sorted(case.times)
            assert 0.1 in case.rates
            assert max(case.checked) == case.steps
            assert case.n_curve <= case.n_test
            assert case.batch_size <= case.n_tune
            assert case.net.to_spec()

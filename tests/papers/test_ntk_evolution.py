"""Claims 9 and 10 of NTK features: each can hold and fail, and the trainings behind them are those that they name."""

import copy
import itertools
import json
from dataclasses import replace

import jax
import numpy as np
import pytest

from limes.attacks import PGD
from limes.data import from_arrays
from limes.finite import FinitePredictor, Recipe, empirical_ntk, train
from limes.measure import kernel_distance
from limes.papers.ntk_features import evolution, frozen
from limes.papers.ntk_features.claims import claims
from limes.papers.ntk_features.evolution_cases import EVOLUTION
from limes.papers.ntk_features.evolution_claims import early, evolution_claims, late, rest
from limes.papers.ntk_features.figures import curves, figures
from limes.papers.ntk_features.frozen_claims import frozen_claims
from limes.papers.ntk_features.problems import Problem, Rows, draw
from papers.test_ntk_features import right as others

pytestmark = pytest.mark.usefixtures("quick_compilation")
SEEDS = (0, 1, 2)


def course(steps, top):
    k = len(steps) + 1
    return {"steps": steps, "top10": np.full(k, top - 0.1), "top20": np.full(k, top), "rank": np.full(k, 20.0)} | {
        name: np.linspace(0, 1, k) for name in ("radius", "angle", "top_radius", "top_angle")
    }


def training(clean, robust, steps, top, after):
    probes = {probe: course(np.array(steps), top) for probe in ("fixed", "moving")}
    frozen = {"epochs": [0, 4], "clean": [0.7, clean], "robust": [0.3, after]}
    hardened = {"clean": clean, "robust": max(0.5, robust)}
    return {"clean": clean, "robust": robust, "loss": 0.1, "frozen": frozen | {"adversarial": hardened}} | probes


RIGHT = {
    "clean": training(0.9, 0.3, [0.1, 0.1, 0.1, 0.1], 0.8, 0.35),
    "adversarial": training(0.85, 0.7, [0.3, 0.1, 0.03, 0.01], 0.9, 0.65),
}


def right():
    return {f"evolution-{name}": {s: copy.deepcopy(RIGHT) for s in SEEDS} for name in EVOLUTION["full"]}


def judged(found):
    return {claim.id: claim for make in (evolution_claims, frozen_claims) for claim in make(found, "full")}


def change(name, path, value):
    def apply(found):
        for run in found[f"evolution-{name}"].values():
            entry = run
            for key in path[:-1]:
                entry = entry[key]
            entry[path[-1]] = value

    return apply


SLOW = np.array([0.1, 0.1, 0.5, 0.5])
WRONG = [
    *(
        (f"9{letter}{first + i}", change(name, ("adversarial", probe, key), value))
        for letter, name in zip("ab", EVOLUTION["full"], strict=True)
        for first, probe in ((1, "fixed"), (6, "moving"))
        for i, (key, value) in enumerate(
            [
                ("steps", SLOW),
                ("steps", SLOW),
                ("steps", np.full(4, 0.01)),
                ("top10", np.full(5, 0.1)),
                ("top20", np.full(5, 0.1)),
            ]
        )
    ),
    *(
        (f"10{letter}{number}", change(name, path, value))
        for letter, name in zip("ab", EVOLUTION["full"], strict=True)
        for number, path, value in [
            (1, ("adversarial", "frozen", "robust"), [0.3, 0.35]),
            (2, ("adversarial", "frozen", "robust"), [0.7, 0.6]),
            (3, ("clean", "frozen", "adversarial", "robust"), 0.2),
            (4, ("adversarial", "robust"), 0.9),
        ]
    ),
]


def test_right_answers_hold():
    found = judged(right())
    assert {claim.verdict for claim in found.values()} == {"holds"}
    assert {claim.id for claim in found.values() if claim.headline} == {"9b1", "10b1"}
    assert {name for name, _ in WRONG} == set(found), "every claim needs a wrong answer here"
    assert not judged({})
    assert set(found) < {claim.id for claim in claims(others() | right(), "full", {})}


@pytest.mark.parametrize(("name", "apply"), WRONG, ids=[name for name, _ in WRONG])
def test_every_claim_can_fail(name, apply):
    found = right()
    apply(found)
    assert judged(found)[name].verdict == "fails"


def test_when_a_kernel_rests():
    entry = {"steps": [6.0, 3.0, 1.0, 0.0]}
    assert rest(entry) == pytest.approx((1 + 2 / 3) / 4)
    assert late(entry) == 0.5
    assert early(entry) == 6.0


def test_figures_come_from_stored_numbers():
    made = figures(json.loads(json.dumps(curves(right(), {}))))
    assert {f"{kind}-{name}" for kind in ("velocity", "polar", "frozen") for name in EVOLUTION["full"]} == set(made)
    assert "under PGD 0.65" in made["frozen-cifar10"].alt
    assert "0.3 over the first epoch, 0.01 over the last" in made["velocity-digits"].alt


@pytest.fixture(scope="module")
def case():
    problem = Problem("digits", (1, 3), 40, 20, "0.2", 1, ("conv",), 0, "float32")
    return replace(
        EVOLUTION["smoke"]["digits"],
        problem=problem,
        shape=(4, 4, 1),
        layers=1,
        channels=4,
        epochs=2,
        batch_size=10,
        learning_rate=0.1,
        attack_steps=2,
        probes=11,
        moments=(0, 2),
        second_epochs=3,
    )


@pytest.fixture(scope="module")
def rows(case):
    rng = np.random.default_rng(0)
    y = np.arange(120) % 4
    x = np.clip(rng.uniform(0, 0.6, (120, 4, 4, 1)) + 0.1 * y[:, None, None, None], 0, 1)
    return draw(case.problem, from_arrays(x, y, name="toy"), 0)


def test_both_trainings_are_measured(case, rows):
    found = evolution.measure(case, rows, 0)
    shifted, net = evolution.shifted(rows, (1, 3)), case.net()
    assert set(shifted.y) == {0, 1}
    assert shifted.x.min() >= -0.5
    start = net.init(0, (4, 4, 1), 4, 2)
    run = train(net.apply, start, shifted.x, shifted.y, Recipe(2, 10, 0.1), snapshots=True)
    grams = [empirical_ntk(net.apply, params, shifted.x_test[:11], trace=False) for params in run.snapshots]
    clean, hard = found["clean"], found["adversarial"]
    expected = [kernel_distance(*pair) for pair in itertools.pairwise(grams)]
    np.testing.assert_allclose(clean["fixed"]["steps"], expected, rtol=1e-3)
    values = np.linalg.eigvalsh(grams[-1].transpose(0, 2, 1, 3).reshape(22, 22).astype(float))
    assert clean["fixed"]["top10"][-1] == pytest.approx(np.sum(values[-10:] ** 2) / np.sum(values**2), rel=1e-4)
    network = FinitePredictor(net.apply, run.params, np.arange(2))
    attack = PGD(steps=20, random_start=False)
    broken = attack(network, shifted.x_test, shifted.y_test, "0.2", bounds=(-0.5, 0.5))
    assert clean["robust"] == pytest.approx(float(broken.robust_accuracy))
    assert not np.allclose(clean["moving"]["steps"], clean["fixed"]["steps"], rtol=1e-3)
    assert not np.allclose(hard["fixed"]["steps"], clean["fixed"]["steps"], rtol=1e-3)
    assert hard["loss"] > clean["loss"]
    assert hard["frozen"]["clean"][0] == clean["frozen"]["clean"][0], "both start from one network"


def test_a_frozen_kernel_predicts_without_what_was_learned(case, rows):
    """Squared error by all rows in small steps: the network's kernel regression flow, from zero."""
    x, y, net = rows.x - np.float32(0.5), np.eye(2, dtype=np.float32)[np.searchsorted((1, 3), rows.y)], case.net()
    start = net.init(0, (4, 4, 1), 4, 2)
    run = train(net.apply, start, x, np.searchsorted((1, 3), rows.y), Recipe(2, 10, 0.1), snapshots=True)
    steps, rate = 40, 0.02
    apply, params = frozen.train_on(run, 2, x, y, Recipe(steps, None, rate, 0.0, loss="mse"))
    gram = np.asarray(empirical_ntk(net.apply, run.params, x, trace=False), float)
    kernel = gram.transpose(0, 2, 1, 3).reshape(80, 80) / len(x)
    outputs = np.zeros(80)
    for _ in range(steps):
        outputs -= rate * kernel @ (outputs - y.ravel())
    np.testing.assert_allclose(np.asarray(apply(params, x)).ravel(), outputs, atol=2e-4)
    np.testing.assert_array_equal(np.asarray(apply(run.params, x)), 0.0)
    assert max(float(np.abs(w).max()) for w in jax.tree.leaves(params)) > 0


def test_labels_are_numbers_of_classes():
    x = np.zeros((3, 1, 1, 1), np.float32)
    found = evolution.shifted(Rows(x, np.array([3, 8, 3]), x, np.array([8, 8, 3])), (3, 8))
    assert found.y.tolist() == [0, 1, 0]
    assert found.y_test.tolist() == [1, 1, 0]

"""Deep learning versus kernel learning: every claim can fail, and the measurements behind them are right when small."""

import copy
import json
from dataclasses import replace

import jax
import numpy as np
import pytest

from limes.data import from_arrays
from limes.finite import empirical_ntk, train
from limes.measure import kernel_distance
from limes.papers.deep_vs_kernel import basin, cone, motion, switch
from limes.papers.deep_vs_kernel.claims import claims
from limes.papers.deep_vs_kernel.curves import curves
from limes.papers.deep_vs_kernel.experiment import plan
from limes.papers.deep_vs_kernel.figures import figures
from limes.papers.deep_vs_kernel.problems import Problem, Rows, draw
from limes.papers.paper import Request
from limes.papers.registry import find

pytestmark = pytest.mark.usefixtures("quick_compilation")
SEEDS = (0, 1, 2)
TIMES = [0, 0.5, 1, 2, 4, 8]
FALLING = [0.3, 0.2, 0.1, 0.05, 0.02, 0.01]
EPOCHS = 0.4 * np.arange(76)
RIGHT = {
    "soundness": {"self": 0.0, "scale": 1e-16, "formula": 1e-16, "full": [0.1, 0.2], "traced": [0.02, 0.03]},
    "motion": {
        "epochs": EPOCHS,
        "velocity": np.geomspace(0.1, 0.001, 75),
        "from_start": np.concatenate([[0.0], np.linspace(0.06, 0.1, 75)]),
        "to_end": np.linspace(0.1, 0.0, 76),
    },
    "widths": {"widths": [256, 1024, 4096], "moved": [4e-3, 1e-3, 2.5e-4], "losses": [0.1, 0.1, 0.1]},
    "rates": {"rates": [0.01, 0.02, 0.05], "velocity": [0.1, 0.2, 0.5], "epochs": [2.0, 1.0, 0.4]},
    "cone": {"times": [0, 1, 10], "growth": [10.0, 4.0, 1.0], "kernel": [0.1, 0.05, 0.001]},
    "children": {
        "times": TIMES,
        **dict.fromkeys(("barrier", "barrier_test", "pattern", "function", "weights", "velocity"), FALLING),
    },
    "thresholds": {"rates": [0.01, 0.02, 0.06, 0.1], "barrier": [0.0, 0.002, 0.2, 0.15], "error": [0.2, 0.1, 0.1, 0.3]},
    "frozen": {
        "times": TIMES,
        "parent": 0.45,
        "net": [0.9, 0.8, 0.7, 0.6, 0.5, 0.45],
        "linear": [0.6, 0.55, 0.5, 0.46, 0.43, 0.42],
        "nonlinear": [0.41] * 6,
        "probe": [0.61, 0.57, 0.55, 0.5, 0.47, 0.45],
        "linear_test": [0.59] * 6,
        "nonlinear_test": [0.4] * 6,
        "linear_epochs": [9.0] * 6,
    },
}


def right():
    return {quantity: {s: copy.deepcopy(result) for s in SEEDS} for quantity, result in RIGHT.items()}


def judged(found):
    return {claim.id: claim for claim in claims(found, "full", {})}


WRONG = [
    ("1a", "soundness", {"self": 1e-3}),
    ("1b", "soundness", {"formula": 1e-3}),
    ("2a", "motion", {"from_start": np.linspace(0, 0.1, 76)}),
    ("2b", "motion", {"velocity": np.full(75, 0.01)}),
    ("2c", "motion", {"to_end": np.where(EPOCHS < 20, 0.1, 0.0)}),
    ("3", "widths", {"moved": [1e-3, 1e-3, 2e-3]}),
    ("4a", "children", {"barrier": [0.0] * 6}),
    ("4b", "children", {"barrier": [0.3] * 6}),
    ("5", "frozen", {"linear": [0.5] * 4 + [0.6] * 2}),
    ("6", "frozen", {"linear": [0.42, 0.43, 0.46, 0.5, 0.55, 0.6]}),
    ("7", "children", {"weights": FALLING[::-1]}),
    ("8a", "cone", {"growth": [1.0, 1.0, 2.0]}),
    ("8b", "cone", {"kernel": [0.001, 0.05, 0.1]}),
    ("9a", "frozen", {"nonlinear": [0.6] * 6}),
    ("9b", "frozen", {"probe": [0.4] * 6}),
    ("9c", "frozen", {"probe": [0.8] + [0.5] * 5}),
    ("9d", "frozen", {"parent": 0.3}),
    ("10a", "thresholds", {"barrier": [0.2, 0.2, 0.2, 0.2]}),
    ("10b", "thresholds", {"barrier": [0.2, 0.2, 0.01, 0.01]}),
    ("11", "rates", {"velocity": [0.1, 0.1, 0.1]}),
]


def test_all_claims_hold_on_results_as_expected():
    found = judged(right())
    assert set(found) == {name for name, _, _ in WRONG}
    assert {name for name, claim in found.items() if claim.verdict != "holds"} == set()


@pytest.mark.parametrize(("name", "quantity", "changed"), WRONG)
def test_every_claim_can_fail(name, quantity, changed):
    found = right()
    for result in found[quantity].values():
        result.update(copy.deepcopy(changed))
    if name == "10b":  # the rate with the largest barrier is the lowest one
        assert judged(found)[name].verdict != "holds"
        return
    assert judged(found)[name].verdict == "fails"


def test_what_was_not_measured_is_left_out():
    found = right()
    del found["frozen"], found["rates"]
    assert set(judged(found)) == {*("1a", "1b", "2a", "2b", "2c", "3", "4a", "4b", "7", "8a", "8b", "10a", "10b")}


def test_figures_are_drawn_from_stored_numbers():
    numbers = curves(right(), {"case": {"mlp": _plain("mnist"), "cnn": _plain("cifar10"), "horizon": 10}})
    drawn = figures(json.loads(json.dumps(numbers)))
    assert set(drawn) == {"motion", "children", "frozen", "cone", "thresholds"}
    assert all(drawing.caption and drawing.alt for drawing in drawn.values())


def _plain(name):
    return {"name": name, "n_train": 1000}


def test_the_plan():
    made = plan(Request("smoke"))
    assert {step.quantity for step in made.steps} == set(RIGHT)
    assert sum(step.seconds for step in made.steps) < 90
    assert find("deep-vs-kernel").key == "deep-vs-kernel"
    without = plan(Request("full"))
    assert without.steps == []
    assert len(without.notes) == 2


MLP = Problem("toy", "mlp", 16, 60, 20, 40, 6, 2, 20, 0.1, 0.0, 1)
CNN = Problem("toy", "cnn", 3, 60, 20, 40, 6, 2, 20, 0.1, 0.9, 1)


@pytest.fixture(scope="module")
def rows() -> Rows:
    rng = np.random.default_rng(0)
    y = np.arange(140) % 10
    x = rng.uniform(size=(140, 4, 4, 1)) + np.eye(16)[y].reshape(-1, 4, 4, 1)
    return draw(MLP, from_arrays(x, y), seed=0)


def test_rows_are_apart_and_standardised(rows):
    assert [len(part) for part in (rows.y, rows.y_valid, rows.y_test)] == [60, 20, 40]
    assert rows.x.mean() == pytest.approx(0, abs=1e-6)
    assert rows.x.std() == pytest.approx(1, abs=1e-5)
    everything = np.concatenate([rows.x, rows.x_valid, rows.x_test]).reshape(120, -1)
    assert len(np.unique(everything, axis=0)) == 120


def test_motion_of_kernels(rows):
    sound = motion.soundness(MLP, rows, 0)
    assert max(sound["self"], sound["scale"], sound["formula"]) < 1e-12
    moved = motion.motion(MLP, rows, 0)
    assert len(moved["epochs"]) == len(moved["velocity"]) + 1 == len(moved["loss"]) + 1
    wide = motion.widths(MLP, rows, (8, 64), 1, 0)
    assert wide["moved"][1] < wide["moved"][0]
    fast = motion.rates(MLP, rows, (0.02, 0.1), 0)
    assert fast["velocity"][1] > fast["velocity"][0]
    assert fast["epochs"][1] < fast["epochs"][0]


def test_the_velocity_is_that_of_the_full_kernel(rows):
    moved = motion.motion(MLP, rows, 0)
    net = MLP.network((4, 4, 1))
    start = net.init(0, (4, 4, 1), MLP.width, outputs=10)
    soon = train(net.apply, start, rows.x, rows.y, MLP.recipe(seed=0), at=[MLP.step_at(0.4)], snapshots=True)
    kernels = [empirical_ntk(net.apply, w, rows.x_test[:6], trace=False) for w in (start, soon.snapshots[0])]
    span = MLP.step_at(0.4) / 3
    assert moved["velocity"][0] == pytest.approx(kernel_distance(*kernels) / span, rel=1e-3)


def test_changes_have_their_size_and_grow(rows):
    found = cone.growth(MLP, rows, (0, 1), 1, 0)
    assert all(len(values) == 2 for values in found.values())
    weights = MLP.network((4, 4, 1)).init(0, (4, 4, 1), MLP.width, outputs=10)
    changed = cone._changed(weights, 0, 0)
    assert cone._distance(weights, changed) == pytest.approx(cone.SIZE * cone._norm(weights), rel=1e-3)


@pytest.mark.slow
def test_children_thresholds_and_frozen_networks(rows):
    found = basin.children(CNN, rows, (0, 1), 0)
    assert np.shape(found["lines"]) == (2, 11)
    assert found["barrier"][0] == pytest.approx(max(0, np.max(found["lines"][0]) - np.mean(found["lines"][0][[0, -1]])))
    assert all(np.isfinite(found[name]).all() for name in ("velocity", "pattern", "function", "weights"))
    assert len(basin.thresholds(CNN, rows, (0.01, 0.1), 0)["error"]) == 2
    frozen = switch.frozen(CNN, rows, (0, 1), 0.05, 0)
    for chosen, published in (("linear", "linear_test"), ("nonlinear", "nonlinear_test")):
        assert all(a >= b for a, b in zip(frozen[chosen], frozen[published], strict=True))


def test_the_probe_reads_the_last_hidden_layer(rows):
    """From many random features a linear map tells these classes; from none it cannot."""
    wide = replace(CNN, width=128)
    net = wide.network((4, 4, 1))
    params = net.init(0, (4, 4, 1), wide.width, outputs=10)
    coded = Rows(*(a for part in ((rows.x, rows.y),) * 3 for a in part))
    assert switch._probe(net, params, coded) < 0.3
    blind = jax.tree.map(np.zeros_like, params)
    assert switch._probe(net, blind, coded) == pytest.approx(0.9, abs=0.06)

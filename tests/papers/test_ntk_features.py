"""NTK features: every claim can fail, and the measurements behind them are right on small problems."""

import copy
import json

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from limes.core.errors import FormatError
from limes.data import from_arrays
from limes.finite import empirical_ntk
from limes.machines import NTKClassifier
from limes.machines.flow import time_of_share
from limes.nets import mlp
from limes.papers.ntk_features import derivatives, filters, lazy, transfer, worth
from limes.papers.ntk_features.claims import claims
from limes.papers.ntk_features.experiment import CIFAR, DIGITS
from limes.papers.ntk_features.figures import curves, figures
from limes.papers.ntk_features.problems import Problem, Rows, draw
from limes.papers.ntk_features.transfer_cases import CASES, LAZY
from limes.papers.paper import Request
from limes.papers.registry import find

pytestmark = pytest.mark.usefixtures("quick_compilation")
SEEDS = (0, 1, 2)
RANKS = np.array([0, 1, 2, 3, 10, 30, 51, 120])
WORTH = {
    "n_train": 240,
    "n_test": 117,
    "times": [0.1, 1.0, 10.0, 100.0, float("inf")],
    "clean": [0.95, 0.991, 1.0, 1.0, 1.0],
    "fgsm": [0.83, 0.829, 0.761, 0.77, 0.778],
    "pgd": 0.778,
    "order": -0.7,
    "centred": {"balanced": 0.93, "robust": 0.81},
    "top": {"counts": np.array([1, 10, 240]), "clean": np.array([0.5, 0.95, 1]), "robust": np.array([0.5, 0.8, 0.78])},
    "ranks": RANKS,
    "eigenvalues": np.geomspace(100, 0.01, 240),
    "feature_clean": np.array([0.45, 0.93, 0.6, 0.55, 0.5, 0.5, 0.5, 0.45]),
    "feature_balanced": np.array([0.5, 0.93, 0.6, 0.55, 0.5, 0.5, 0.5, 0.45]),
    "feature_robust": np.array([0.45, 0.81, 0.4, 0.3, 0.1, 0.05, 0.01, 0.0]),
    "feature_robust_balanced": np.array([0.5, 0.81, 0.4, 0.3, 0.1, 0.05, 0.01, 0.0]),
}
PICTURES = WORTH | {
    "clean": [0.8, 0.8, 0.81, 0.81, 0.81],
    "fgsm": [0.6, 0.5, 0.1, 0.03, 0.02],
    "pgd": 0.02,
    "feature_clean": np.array([0.5, 0.68, 0.6, 0.55, 0.5, 0.5, 0.5, 0.45]),
    "feature_robust": np.array([0.5, 0.49, 0.4, 0.3, 0.1, 0.05, 0.01, 0.0]),
}
TRANSFER = {
    "widths": [128, 1024],
    "clean": [0.99, 0.99],
    "transfer": [0.85, 0.84],
    "random": [0.99, 0.99],
    "white_box": [0.75, 0.75],
    "kernel_clean": 1.0,
    "kernel_attacked": 0.78,
}
LAZINESS = {
    "alphas": [64.0, 1.0, 0.015625],
    "clean": [0.98, 0.98, 0.98],
    "transfer": [0.6, 0.6, 0.7],
    "tangent": [0.3, 0.32, 0.6],
    "random": [0.98, 0.98, 0.98],
    "white_box": [0.3, 0.28, 0.5],
    "moved": [0.001, 0.1, 5.0],
    "kernel_clean": 0.98,
    "kernel_attacked": 0.6,
}
RIGHT = {
    "derivatives": {"formula": 1e-13, "kernel": 1e-16, "gradient": 1e-16, "predictor": 1e-11, "nan": 0},
    "one-eigh": {"flow": 1e-13, "ridge": 1e-13, "sum": 1e-13, "subset": 1e-13},
    "digits-fc": WORTH,
    "digits-conv": WORTH,
    "digits-myrtle": WORTH,
    "digits-transfer": TRANSFER,
    "cifar10-fc": PICTURES,
    "cifar10-transfer": TRANSFER,
    **{f"transfer-{name}": TRANSFER for name in CASES["full"]},
    **{f"lazy-{name}": LAZINESS for name in LAZY["full"]},
}


def right():
    return {quantity: {s: copy.deepcopy(result) for s in SEEDS} for quantity, result in RIGHT.items()}


def judged(found, size="full"):
    return {claim.id: claim for claim in claims(found, size, {})}


def change(quantity, *path, value):
    def apply(found):
        for result in found[quantity].values():
            for key in path[:-1]:
                result = result[key]
            result[path[-1]] = value

    return apply


DERIVATIVES = ("formula", "gradient", "predictor", "nan")
UPSIDE_DOWN = WORTH["feature_robust"][::-1]
WRONG = [
    *((f"1{x}", change("derivatives", name, value=1.0)) for x, name in zip("abcd", DERIVATIVES, strict=True)),
    *((f"2{x}", change("one-eigh", name, value=1e-3)) for x, name in zip("abcd", RIGHT["one-eigh"], strict=True)),
    ("3a", change("cifar10-fc", "clean", -1, value=0.6)),
    ("3b", change("cifar10-fc", "fgsm", -1, value=0.4)),
    ("3c", change("cifar10-fc", "pgd", value=0.4)),
    ("4a", change("digits-fc", "feature_robust", value=UPSIDE_DOWN)),
    ("4b", change("digits-fc", "feature_clean", 1, value=0.5)),
    ("4c", change("digits-fc", "feature_robust", 1, value=0.1)),
    ("4d", change("digits-fc", "feature_robust", value=np.full(8, 0.5))),
    ("4e", change("digits-fc", "feature_robust", 7, value=0.6)),
    ("4f", change("digits-conv", "feature_robust", value=UPSIDE_DOWN)),
    ("4g", change("digits-myrtle", "feature_robust", value=UPSIDE_DOWN)),
    ("4h", change("cifar10-fc", "feature_robust", value=UPSIDE_DOWN)),
    ("4i", change("cifar10-fc", "feature_robust", 7, value=0.6)),
    ("4j", change("cifar10-fc", "feature_clean", 1, value=0.5)),
    ("4k", change("cifar10-fc", "feature_robust", value=np.full(8, 0.1))),
    ("4l", change("digits-fc", "feature_robust", value=UPSIDE_DOWN)),
    ("5a", change("digits-fc", "feature_balanced", 0, value=0.9)),
    ("5b", change("cifar10-fc", "feature_balanced", 0, value=0.9)),
    ("5c", change("digits-fc", "centred", "balanced", value=0.5)),
    ("5d", change("cifar10-fc", "centred", "balanced", value=0.5)),
    ("6a", change("digits-fc", "fgsm", -1, value=0.9)),
    *((f"6{x}1", change("digits-fc", "clean", i, value=0.5)) for x, i in zip("bcd", (1, 2, 4), strict=True)),
    *((f"6{x}2", change("digits-fc", "fgsm", i, value=0.2)) for x, i in zip("bcd", (1, 2, 4), strict=True)),
    ("7a", change("digits-transfer", "transfer", value=[1.0, 1.0])),
    ("7b", change("digits-transfer", "white_box", value=[0.9, 0.9])),
    ("7c1", change("cifar10-transfer", "transfer", value=[1.0, 1.0])),
    ("7c2", change("cifar10-transfer", "white_box", value=[0.9, 0.9])),
    *(
        (f"7{x}1", change(f"transfer-{n}", "transfer", value=[1.0, 1.0]))
        for x, n in zip("defghij", CASES["full"], strict=True)
    ),
    *(
        (f"7{x}2", change(f"transfer-{n}", "white_box", value=[0.9, 0.9]))
        for x, n in zip("defghij", CASES["full"], strict=True)
    ),
    ("7e3", change("transfer-mnist", "transfer", value=[0.8, 0.9])),
    ("7h3", change("transfer-cifar10", "transfer", value=[0.8, 0.9])),
    *(
        (f"8{x}1", change(f"lazy-{n}", "moved", value=[0.1, 0.1, 0.01]))
        for x, n in zip("ab", LAZY["full"], strict=True)
    ),
    *((f"8{x}2", change(f"lazy-{n}", "white_box", value=[0.0] * 3)) for x, n in zip("ab", LAZY["full"], strict=True)),
    *(
        (f"8{x}3", change(f"lazy-{n}", "tangent", value=[0.3, 0.4, 0.3]))
        for x, n in zip("ab", LAZY["full"], strict=True)
    ),
    *(
        (f"8{x}4", change(f"lazy-{n}", "transfer", value=[0.6, 0.6, 0.5]))
        for x, n in zip("ab", LAZY["full"], strict=True)
    ),
]


def test_right_answers_hold():
    found = judged(right())
    assert {claim.verdict for claim in found.values()} == {"holds"}
    assert {claim.id for claim in found.values() if claim.headline} == {"3b", "4a", "6a", "7c1", "8b3"}
    assert {name for name, _ in WRONG} == set(found), "every claim needs a wrong answer here"


@pytest.mark.parametrize(("name", "apply"), WRONG, ids=[name for name, _ in WRONG])
def test_every_claim_can_fail(name, apply):
    found = right()
    apply(found)
    assert judged(found)[name].verdict == "fails"


def test_what_was_not_measured_has_no_claim():
    found = {name: runs for name, runs in right().items() if not name.startswith("cifar10") and "myrtle" not in name}
    ids = set(judged(found, "smoke"))
    assert not ids & {"3a", "4g", "4h", "5b", "7c1"}
    assert {"4f", "4l", "6a", "7a"} <= ids
    found = {name: runs for name, runs in right().items() if not name.startswith(("transfer-mnist", "lazy-mnist"))}
    assert not {"7e1", "7f1", "7g1", "8b3"} & set(judged(found))


def test_figures_come_from_stored_numbers():
    numbers = json.loads(json.dumps(curves(right(), {})))
    made = figures(numbers)
    assert {"features-digits-fc", "together-digits", "spectrum-cifar10", "transfer-digits"} <= set(made)
    assert {"widths-mnist-conv", "widths-cifar10-ten", "lazy-digits", "lazy-mnist"} <= set(made)
    assert "own first kernel's 0.60" in made["lazy-mnist"].alt
    assert "0.81" in made["features-digits-fc"].alt


def test_the_closed_form_is_the_kernel():
    c, n, r = np.array([1.0, -0.3]), np.array([2.0, 1.0]), np.array([1.5, 0.8])
    theta = derivatives.closed_form(c, n, r, 3)[0]
    x = np.stack([n, 0 * n, 0 * n], axis=1)
    z = np.stack([c / n, np.sqrt(r**2 - (c / n) ** 2), 0 * n], axis=1)
    exact = np.asarray(mlp(2, w_std=1.0).kernel(x, z, get="ntk").ntk)
    np.testing.assert_allclose(theta, np.diag(exact), rtol=1e-12)


@pytest.fixture(scope="module")
def problem():
    """A small task, with the data that it is drawn from."""
    rng = np.random.default_rng(0)
    y = np.arange(80) % 4
    x = np.clip(rng.uniform(0, 0.6, (80, 2, 2, 1)) + 0.1 * y[:, None, None, None], 0, 1)
    return Problem("digits", (1, 3), 20, 12, "0.1", 1, ("fc",), 20, "float64"), from_arrays(x, y, name="toy")


def test_rows_are_balanced_and_new_with_each_seed(problem):
    task, data = problem
    first, second = (draw(task, data, seed) for seed in (0, 1))
    for rows in (first, second):
        assert sorted(np.unique(rows.y, return_counts=True)[1]) == [10, 10]
        assert set(rows.y_test) == {1, 3}
        assert not {x.tobytes() for x in rows.x} & {x.tobytes() for x in rows.x_test}
    assert not np.array_equal(first.x, second.x)


def test_ten_classes_are_balanced_as_far_as_they_go():
    y = np.repeat(np.arange(10), [3, *[20] * 9])
    data = from_arrays(np.random.default_rng(1).uniform(size=(len(y), 4)), y, name="toy")
    rows = draw(Problem("digits", tuple(range(10)), 100, 50, "0.1", 1, ("fc",), 0, "float32"), data, 0)
    counts = np.unique(rows.y, return_counts=True)[1]
    assert counts.tolist() == [3, 17, *[10] * 8]
    assert len(rows.y_test) == 50


def test_one_decomposition_serves_everything(problem):
    task, data = problem
    found = filters.differences(task.net("fc"), draw(task, data, 0))
    assert max(found.values()) < 1e-8


def test_worth_of_features_and_transfer(problem):
    task, data = problem
    rows = draw(task, data, 0)
    found = worth.measure(task.net("fc"), rows, task.eps, 6, False)
    assert len(found["clean"]) == len(found["fgsm"]) == len(worth.TIMES)
    assert found["pgd"] <= found["clean"][-1]
    assert all(p <= c for p, c in zip(found["fgsm"], found["clean"], strict=True))
    assert found["top"]["clean"][-1] == found["clean"][-1]
    dear = worth.measure(task.net("fc"), rows, task.eps, 6, True)
    assert dear["clean"] == found["clean"][-1:]
    np.testing.assert_array_equal(dear["feature_robust"], found["feature_robust"])
    moved = transfer.measure(task.net("fc"), rows, task.eps, (4,), 2, 0)
    assert all(len(moved[name]) == 1 for name in ("clean", "transfer", "random", "white_box"))
    assert moved["kernel_attacked"] <= moved["kernel_clean"]


def test_the_empirical_kernel_is_that_of_differences():
    net, h = mlp(2, b_std=0.3), 1e-3
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    params = net.init(0, (3,), 5, 2)
    flat, restore = ravel_pytree(params)
    steps = np.eye(len(flat), dtype=np.float32) * h
    output = jax.jit(lambda w: net.apply(restore(w), x))
    slopes = np.stack([(output(flat + s) - output(flat - s)) / (2 * h) for s in steps])
    expected = np.einsum("pic,pjc->ij", slopes, slopes) / 2
    np.testing.assert_allclose(empirical_ntk(net.apply, params, x), expected, rtol=2e-3)


def test_laziness():
    """Small scales move the kernel; all end at the loss that was asked for, and so does the kernel's flow."""
    net, rng = mlp(2, b_std=0.3), np.random.default_rng(0)
    y = np.arange(32) % 2
    x = np.where(y[:, None] == np.arange(6) % 2, 0.8, 0.2) + rng.uniform(-0.2, 0.2, (32, 6))
    rows = Rows(x[:20], y[:20], x[20:], y[20:])
    found = lazy.measure(net, rows, "0.1", 32, (0.02, 1.0, 100.0), 300, 0)
    assert found["alphas"] == [100.0, 1.0, 0.02]
    assert found["tangent"][0] == pytest.approx(found["white_box"][0])
    assert max(found["losses"]) <= lazy.SHARE
    assert found["moved"][0] < 0.02 < found["moved"][1] < found["moved"][2]
    assert all(a > 10 * b for a, b in zip(found["weights"][1:], found["weights"], strict=False))
    machine = NTKClassifier(net, solver="eigh").fit(rows.x, rows.y)
    time = time_of_share(machine.spectrum(), machine.targets_, 0.2)
    left = np.sum((machine.scores_at(rows.x, time) - machine.targets_) ** 2) / np.sum(machine.targets_**2)
    np.testing.assert_allclose(left, 0.2, rtol=1e-6)


def test_the_gradient_of_a_scaled_network_is_that_of_its_scores():
    net, rng = mlp(2, "erf"), np.random.default_rng(0)
    start, params = (net.init(key, (3,), 6, 2) for key in (0, 1))
    network = lazy.ScaledNetwork(net, 3.0, start, params, np.array([3, 8]))
    x, v, direction = (rng.normal(size=size) for size in ((4, 3), (4, 2), (4, 3)))
    ahead, behind = (network.scores(x + s * 1e-2 * direction) for s in (1, -1))
    slope = np.sum(v * (ahead - behind)) / 2e-2
    np.testing.assert_allclose(np.sum(network.scores_vjp(x, v) * direction), slope, rtol=1e-2)
    unmoved = lazy.ScaledNetwork(net, 3.0, start, start, np.array([3, 8]))
    np.testing.assert_array_equal(unmoved.scores(x), np.zeros((4, 2)))


def test_the_plan_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    plan = find("ntk-features").plan(Request("full"))
    assert "claim 3" in plan.notes[0]
    assert {step.quantity for step in plan.steps} >= {"derivatives", "one-eigh", "digits-myrtle", "digits-transfer"}
    assert not any(step.quantity.startswith("cifar10") for step in plan.steps)
    assert DIGITS["full"].few("conv").ranks < DIGITS["full"].ranks
    assert {"transfer-digits-ten", "lazy-digits"} <= {step.quantity for step in plan.steps}
    assert "MNIST" in plan.notes[1]
    assert CIFAR["full"].n_train == 2000
    with pytest.raises(FormatError):
        find("ntk-features").plan(Request("smoke", data=str(tmp_path)))

"""Every claim about networks as kernel machines can fail: given wrong answers it does, given right ones it holds."""

import copy
import json

import numpy as np
import pytest

from limes.papers.nn_svm.certificate_claims import quotient_error
from limes.papers.nn_svm.claims import claims
from limes.papers.nn_svm.curves import curves
from limes.papers.nn_svm.experiment import SIZES, plan
from limes.papers.nn_svm.figures import figures
from limes.papers.nn_svm.mnist_table import TABLE
from limes.papers.paper import Request

SEEDS = (0, 1, 2)
WIDTHS = [400, 3200, 12800]


def by_width(*gaps):
    """Gaps for both spans, equal."""
    return [[gap, gap] for gap in gaps]


def radii(published, norm, joint, attack):
    values = {"published": published, "interval": norm, "norm": norm, "joint": joint, "attack": attack}
    return {name: [0.99 * value, 1.01 * value] for name, value in values.items()}


def table(joint):
    return {
        "radius": {
            "KRR 0": radii(5e-4, 5e-3, 0.15, 0.25),
            "KRR 1": radii(0.015, 0.09, joint * 0.27, 0.27),
            "SVM 0.1": radii(0.02, 0.1, 0.25, 0.29),
        },
        "violations": 0,
        "escapes": 0,
        "sampled": 100,
        "accuracy": {"KRR 0": 1.0, "KRR 1": 1.0, "SVM 0.1": 1.0},
    }


OTHERS = ("published", "last", "last, symmetric", "last, centred")
BOUND = {
    "step": [0, 1, 5],
    "error": [1.0, 0.2, 0.2],
    "ramp": [1.0, 0.9, 0.8],
    "network error": [0.5, 0.2, 0.2],
    "gap": [0.0, 0.01, 0.02],
    "published hinge": [1.0, 0.9, 0.8],
    "honest 0.05": [1.15, 1.1, 1.0],
    "honest 0.01": [1.17, 1.1, 1.0],
    "published 0.05": [1.13, 1.1, 1.0],
    "published 0.01": [1.15, 1.1, 1.0],
}
SIDES = {
    "gap": [[0.02, 0.06], [0.007, 0.021], [0.0025, 0.008]],
    "ratio": [[0.6, 0.6], [0.6, 0.6], [0.6, 0.6]],
    "plain": [[5.0, 9.0], [1.6, 2.9], [0.5, 0.97]],
}
RIGHT = {
    "centred": {"widths": WIDTHS, "spans": [0.2, 2.0], "gap": {"all, centred": by_width(0.06, 0.022, 0.011)}},
    "penalties": {"widths": WIDTHS, "spans": [0.2, 2.0], "gap": {name: by_width(0.2, 0.2, 0.2) for name in OTHERS}},
    "dynamics": {"distance": {"SVR": 1e-4, "KRR": 1e-9}, "rate": {"SVR": 0.4, "KRR": 0.9}},
    "intervals": {
        "widths": [1000, 10000],
        "linf": [9e-3, 2.9e-3],
        "l2": [6e-2, 1.9e-2],
        "accuracy": [1.0, 1.0],
    },
    "table-01": table(0.92),
    "table-38": table(0.9),
    "path": {
        "steps": [0.1, 0.025],
        "error": {"hinge": [3e-4, 1e-4], "logistic": [2e-4, 6e-5]},
        "output hinge": 0.7,
        "output logistic": 0.3,
        "before": 0.0,
        "met_before": 0.0,
        "after": 0.8,
        "met_after": 0.9,
        "turned": 0.3,
    },
    "bound": BOUND,
    "ranges": {"slack": 0.0, "rectangle": 0.0, "ratio": 1.3, "narrower": 0},
    "flips": {"difference": 1e-15, "wrong": 0, "fewest": [1]},
    "poisoning": {"difference": 1e-8, "unsolved": 1, "violations": 0, "certified": [1.0, 0.5], "took": [0.1, 2.0]},
    "width": {"widths": [200, 800, 3200], "times": [0.4, 4.0], "step": 0.02, "logistic": SIDES, "squared hinge": SIDES},
    "mnist-bound": BOUND,
}
EXPONENT = {
    "times": [1, 3, 6, 10],
    "gap": [4.6e-7, 2.5e-5, 8.3e-3, 2.0],
    "allowed": [1e-6] * 4,
    "convex": [2e-7] * 4,
    "published": 2e-5,
}


def mnist_row(value):
    return {
        "accuracy": 0.999,
        "published": value,
        "published, attacked": value,
        "norm": 6 * value,
        "attack": 0.2,
        "violations": 0,
    }


def right():
    """What a full run might find, in agreement with every claim."""
    found = {quantity: {s: copy.deepcopy(result) for s in SEEDS} for quantity, result in RIGHT.items()}
    found["exponent"] = {0: copy.deepcopy(EXPONENT)}
    for name, value in TABLE.items():
        found[f"mnist-{name.lower().replace(' ', '-').replace('.', 'p')}"] = {0: mnist_row(value)}
    return found


def judged(found, size="full"):
    return {claim.id: claim for claim in claims(found, size, {})}


def change(quantity, *path, value):
    def apply(found):
        for result in found[quantity].values():
            for key in path[:-1]:
                result = result[key]
            result[path[-1]] = value

    return apply


def column(quantity, model, name, value):
    return change(quantity, "radius", model, name, value=[0.99 * value, 1.01 * value])


FLAT = by_width(0.03, 0.03, 0.03)
SAME = [[0.01, 0.01]] * 3
WRONG = [
    ("1a", change("penalties", "gap", "last", value=by_width(0.2, 0.1, 0.01))),
    ("1b", change("penalties", "gap", value={name: by_width(0.2, 0.1, 0.03) for name in OTHERS})),
    ("1c", change("centred", "gap", "all, centred", value=by_width(0.5, 0.02, 0.01))),
    ("1d", change("centred", "gap", "all, centred", value=by_width(0.5, 0.2, 0.01))),
    ("2a", change("centred", "gap", "all, centred", value=FLAT)),
    ("2b", change("centred", "gap", "all, centred", value=FLAT)),
    ("3a", change("dynamics", "distance", "SVR", value=0.01)),
    ("3b", change("dynamics", "rate", "SVR", value=1.5)),
    ("4a", change("path", "error", "hinge", value=[0.1, 0.01])),
    ("4b", change("path", "error", "logistic", value=[0.1, 0.01])),
    ("4c", change("path", "error", value={"hinge": [1e-3, 1e-3], "logistic": [1e-3, 1e-3]})),
    ("5a", change("path", "before", value=0.1)),
    ("5b", change("path", "after", value=0.0)),
    ("5c", change("path", "turned", value=0.0)),
    ("6a", change("table-38", "violations", value=1)),
    ("6b", change("table-38", "escapes", value=1)),
    ("7a", column("table-38", "KRR 1", "norm", 0.015)),
    ("7b", column("table-38", "KRR 1", "published", 5e-5)),
    ("7c", None),
    ("7d", column("table-01", "KRR 1", "joint", 0.1)),
    ("7e", column("table-38", "KRR 1", "joint", 0.1)),
    ("7m", change("mnist-krr-1", "norm", value=1e-3)),
    ("8a", column("table-01", "SVM 0.1", "published", 1e-3)),
    ("8b", column("table-01", "SVM 0.1", "attack", 0.9)),
    ("9a", change("intervals", "linf", value=[9e-3, 8e-3])),
    ("9b", change("intervals", "l2", value=[9e-3, 8e-3])),
    ("10a", change("mnist-krr-1", "published", value=2e-3)),
    ("10b", change("mnist-krr-1", "attack", value=3.0)),
    ("11a", change("bound", "honest 0.05", value=[1.0, 1.0, 1.0])),
    ("11b", change("bound", "honest 0.01", value=[1.0, 1.0, 1.0])),
    ("11c", change("bound", "published 0.05", value=[1.0, 1.0, 1.0])),
    ("11d", change("bound", "published 0.01", value=[1.0, 1.0, 1.0])),
    ("11e", change("bound", "honest 0.05", value=[1.15, 0.1, 0.1])),
    ("11f", change("mnist-bound", "honest 0.05", value=[1.15, 0.1, 0.1])),
    ("12a", change("ranges", "rectangle", value=1e-3)),
    ("12b", change("ranges", "ratio", value=0.9)),
    ("13a", change("flips", "difference", value=0.1)),
    ("13b", change("flips", "wrong", value=1)),
    ("14a", change("poisoning", "difference", value=0.1)),
    ("14b", change("poisoning", "violations", value=1)),
    ("15a", change("width", "logistic", "ratio", value=[[1.2, 1.2]] * 3)),
    ("15b", change("width", "logistic", "gap", value=SAME)),
    ("15c", change("width", "logistic", "plain", value=SAME)),
    ("15d", change("width", "logistic", "ratio", value=[[0.1, 0.99]] * 3)),
    ("16a", change("exponent", "gap", value=[4.6e-7, 2.5e-5, 8.3e-3, 1e-5])),
    ("16b", change("exponent", "gap", value=[4.6e-7, 5e-5, 8.3e-3, 2.0])),
    ("16c", change("exponent", "convex", value=[2e-6] * 4)),
]


def all_alike(found):
    """The joint bound no better than the published one."""
    for quantity in ("table-01", "table-38"):
        for result in found[quantity].values():
            for columns in result["radius"].values():
                columns["joint"] = list(columns["published"])


WRONG = [(name, all_alike if name == "7c" else spoil) for name, spoil in WRONG]


def test_right_answers_hold():
    found = judged(right())
    assert {name: claim.verdict for name, claim in found.items() if claim.verdict != "holds"} == {}
    assert {claim.id for claim in found.values() if claim.headline} == {"1a", "2a", "7d", "8b"}
    assert {name for name, _ in WRONG} == set(found), "every claim needs a wrong answer here"


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_one_split_has_an_error_from_its_points():
    found = {name: {0: results[0]} for name, results in right().items()}
    claim = judged(found, "smoke")["7d"]
    assert claim.verdict == "holds"
    rng = np.random.default_rng(0)
    above, below = rng.uniform(1, 2, (2, 2000, 40))
    spread = np.std([a.mean() / b.mean() for a, b in zip(above, below, strict=True)])
    assert quotient_error(above[0], below[0]) == pytest.approx(spread, rel=0.3)
    assert quotient_error([1.0, 2.0], [2.0, 4.0]) == 0


def test_figures_are_made_of_the_numbers():
    numbers = json.loads(json.dumps(curves(right(), {}), allow_nan=False))
    assert numbers["radii"]["table-01"]["joint"][1]["mean"] == pytest.approx(0.92 * 0.27)
    assert numbers["gaps"]["all, centred"]["gap"][0]["mean"] == pytest.approx(0.06)
    assert numbers["mnist"]["KRR 1"]["paper"] == TABLE["KRR 1"]
    drawings = figures(numbers)
    assert set(drawings) == {"radii-01", "radii-38", "radii-mnist", "gaps", "intervals", "bound"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "joint 0.25" in drawings["radii-01"].alt


def test_the_plan_with_and_without_mnist(monkeypatch, tmp_path):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    for size in SIZES:
        found = plan(Request(size))
        parts = [step.part.name for step in found.steps]
        assert len(set(parts)) == len(parts)
        assert not any(name.startswith("mnist") for name in parts)
    assert "MNIST" in found.notes[0]
    (tmp_path / "mnist").mkdir()
    found = plan(Request("full", data=str(tmp_path)))
    assert {step.quantity for step in found.steps if step.quantity.startswith("mnist")} == {
        "mnist-bound",
        "mnist-svm",
        *(f"mnist-krr-{name.split()[1].replace('.', 'p')}" for name in TABLE if name != "SVM"),
    }

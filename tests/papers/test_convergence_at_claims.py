"""Every claim about the convergence of adversarial training can fail: given wrong answers it does."""

import copy
import json

import numpy as np
import pytest

from limes.papers.convergence_at.claims import claims
from limes.papers.convergence_at.curves import curves
from limes.papers.convergence_at.experiment import SIZES, plan
from limes.papers.convergence_at.figures import figures
from limes.papers.convergence_at.training import ATTACKS
from limes.papers.paper import Request
from limes.papers.registry import find

SEEDS = (0, 1, 2)
TIMES = [5, 20, 80]


def training(width):
    return {
        "width": width,
        "surrogate": 0.071,
        "candidates": {"longer": 0.07, "elsewhere": 0.08},
        "best": "longer",
        "gap": 0.001,
        "times": TIMES,
        "regret": np.array([1.0 / t for t in TIMES]),
        "allowed": np.array([2.0 / t for t in TIMES]),
        "over": 0.5,
        "remainder": 4.0 / width**0.5,
        "curvature": 2.0 / width**0.5,
        "hits": 40,
        "surrogates": dict.fromkeys(ATTACKS, 0.02),
        "robust": {name: 0.021 if name == "PGD-10" else 0.5 for name in ATTACKS},
        "movement": dict.fromkeys(ATTACKS, 11.0),
        "ample_hits": dict.fromkeys(ATTACKS, 0),
    }


def lazy(norm):
    return {
        "norm": norm,
        "widths": [64, 1024],
        "rate": 1.7,
        "distance": [0.4, 0.1],
        "attacked": [0.4, 0.1],
        "agreement": [0.8, 0.97],
        "robust": [0.6, 0.71],
        "clean": [0.8, 0.88],
        "limit_robust": 0.72,
        "limit_clean": 0.88,
        "limit_undefended": 0.7,
    }


LAW = {
    "d": 16,
    "ratios": [0.3, 0.5],
    "different": 1e-16,
    "law": [2, 5],
    "frame": [2, 5],
    "missed": [0, 0],
    "tried": [21, 84],
    "half": [6, 9],
    "explicit": [0.02, 0.03],
}
TRAINED = {
    "d": 16,
    "rho": 0.5,
    "law": 5,
    "widths": [4, 5, 7],
    "starts": 4,
    "balls": [1.0, 1.0, 1.0],
    "unbroken": [1, 2, 4],
    "robust": [0, 1, 4],
    "smallest": 5,
}
CAPACITY = {"d": 16, "natural": 4, "robust": 16, "separation": 0.4}
RIGHT = {
    "training-128": training(128),
    "training-2048": training(2048),
    "capacity-20-16": CAPACITY | {"n": 20},
    "capacity-40-16": CAPACITY | {"n": 40, "robust": 32},
    "law-16": LAW,
    "trained-50": TRAINED,
    "lazy-linf": lazy("linf"),
    "lazy-l2": lazy("l2"),
}


def right():
    """What a run might find, in agreement with every claim: one step attacks are weak ones here."""
    return {quantity: {s: copy.deepcopy(result) for s in SEEDS} for quantity, result in RIGHT.items()}


def judged(found):
    return {claim.id: claim for claim in claims(found, "full", {})}


def change(quantity, *path, value):
    def apply(found):
        for result in found[quantity].values():
            for key in path[:-1]:
                result = result[key]
            result[path[-1]] = value

    return apply


def in_both(*path, value):
    return lambda found: [change(f"capacity-{n}-16", *path, value=value)(found) for n in (20, 40)]


WIDEST = "training-2048"
WRONG = [
    ("1a", change(WIDEST, "gap", value=0.2)),
    ("1b", change(WIDEST, "gap", value=0.02)),
    ("1c", change(WIDEST, "surrogates", "PGD-10", value=0.1)),
    ("2a", change(WIDEST, "regret", value=np.array([1.0, 0.9, 0.8]))),
    ("2b", change(WIDEST, "remainder", value=0.5)),
    ("2c", change("training-128", "over", value=1.1)),
    ("3a", change(WIDEST, "surrogates", "noise", value=0.1)),
    ("3b", change(WIDEST, "robust", "none", value=0.03)),
    ("3c", change(WIDEST, "robust", "noise", value=0.03)),
    ("3d", change(WIDEST, "robust", "FGSM", value=0.03)),
    ("3e", change(WIDEST, "robust", "PGD-1", value=0.03)),
    ("4a", change("capacity-40-16", "robust", value=4)),
    ("4b", in_both("robust", value=2)),
    ("5a", change(WIDEST, "movement", "PGD-10", value=44.0)),
    ("5b", change("training-128", "ample_hits", "PGD-10", value=3)),
    ("6a", change("law-16", "missed", value=[0, 1])),
    ("6b", change("law-16", "frame", value=[2, 6])),
    ("6c", change("law-16", "explicit", value=[0.02, -1e-3])),
    ("6d", change("trained-50", "smallest", value=4)),
    ("7a", change("lazy-linf", "distance", value=[0.3, 0.4])),
    ("7b", change("lazy-linf", "agreement", value=[0.8, 0.8])),
    ("7c", change("lazy-linf", "robust", value=[0.6, 0.5])),
    ("7d", change("lazy-l2", "distance", value=[0.3, 0.4])),
    ("7e", change("lazy-l2", "agreement", value=[0.8, 0.8])),
    ("7f", change("lazy-l2", "robust", value=[0.6, 0.9])),
]


def test_right_answers_hold():
    found = judged(right())
    assert {name: claim.verdict for name, claim in found.items() if claim.verdict != "holds"} == {}
    assert {name for name, _ in WRONG} == set(found), "every claim needs a wrong answer here"
    assert list(found) == sorted(found)
    assert {claim.id for claim in found.values() if claim.headline} == {"1a", "3b", "6b", "7a"}
    assert "Attacks alone would pass 3 of 12 networks" in found["6d"].note
    assert found["7c"].note.startswith("By width 0.120, 0.010.")


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_figures_are_made_of_the_numbers():
    numbers = json.loads(json.dumps(curves(right(), {}), allow_nan=False))
    assert numbers["remainder"][1]["mean"] == pytest.approx(4 / 2048**0.5)
    assert numbers["regret"][2] == pytest.approx({"mean": 1 / 80, "standard_error": 0})
    assert numbers["capacity"][1]["robust"]["mean"] == pytest.approx(32)
    assert numbers["trained"][0]["unbroken"] == pytest.approx([0.25, 0.5, 1.0])
    assert numbers["lazy"][1]["robust"][0]["mean"] == pytest.approx(0.12)
    drawings = figures(numbers)
    assert set(drawings) == {"lazy", "labels", "linearity", "regret", "attacks", "capacity", "law", "trained"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "none 0.020 and 0.500" in drawings["attacks"].alt


def test_the_plan():
    for size in SIZES:
        steps = plan(Request(size)).steps
        assert len({step.part.name for step in steps}) == len(steps)
        assert {step.quantity.split("-")[0] for step in steps} == {"training", "capacity", "law", "trained", "lazy"}
    assert find("convergence-at").key == "convergence-at"

"""Every claim about the recurrent NTK can fail: given wrong answers it does, given right ones it holds."""

import copy
import json

import pytest

from limes.papers.registry import find
from limes.papers.rntk.claims import claims
from limes.papers.rntk.curves import curves
from limes.papers.rntk.figures import figures
from limes.papers.rntk.limit_claims import RECORDED
from limes.papers.rntk.sensitivity import SETTINGS

SEEDS = (0, 1, 2)
STACKS = ("two layers", "two layers, both frozen", "two layers, both directions")
SIZES = {"sizes": {"n_test": 500, "n_train": 200}}


def curve(first, last):
    return [first * (last / first) ** (t / 9) for t in range(10)]


def sensitivity(ratios):
    return [curve(ratio, 1.0) for ratio in ratios]


RIGHT = {
    "limit": {"widths": [64, 256, 1024], "deviation": {name: list(v) for name, v in RECORDED.items()}},
    "wide": {"widths": [1024, 4096], "deviation": {"relu last": [0.08, 0.04], "erf mean": [0.06, 0.03]}},
    "stacks": {"widths": [64, 256], "deviation": {name: [0.6, 0.3] for name in STACKS}},
    "starts": {
        "independent last": 0.02,
        "shared last": 1.03,
        "independent mean_shared": -0.02,
        "shared mean_shared": 0.98,
        "distance last": 0.45,
        "distance mean_shared": 0.38,
    },
    "recursion": {"last": 1e-14, "mean_shared": 1e-14},
    "phases": {
        "mean 1.2": 0.86,
        "mean 1.41": 0.91,
        "mean 1.6": 0.52,
        "last": 0.46,
        "mean": 0.91,
        "w_std": 2**0.5,
        "rbf": 0.86,
        "ntk": 0.85,
    },
    "easy": {"rbf": 1.0, "ntk": 0.99, "relu last": 0.98, "relu mean": 1.0, "erf last": 0.5, "erf mean": 0.7},
    "sensitivity": {
        "settings": [list(s) for s in SETTINGS],
        "derivative": sensitivity([1e-4, 1.3, 500.0, 1e-7, 1e-5, 1e-4]),
        "change": sensitivity([0.05, 1.2, 300.0, 1e-3, 0.3, 10.0]),
    },
}
SETS = ("Beef", "Coffee", "Meat", "Wine")
ACCURACY = {
    "rntk": (0.9, 0.95, 0.8, 0.85),
    "ntk": (0.8, 0.94, 0.7, 0.8),
    "rbf": (0.79, 0.9, 0.71, 0.82),
    "euclidean": (0.7, 0.93, 0.6, 0.7),
    "dtw": (0.85, 0.94, 0.75, 0.8),
    "rntk-last": (0.85, 0.95, 0.75, 0.85),
    "rntk-mean_per_step": (0.86, 0.95, 0.8, 0.8),
    "rntk-mean_shared": (0.9, 0.96, 0.81, 0.86),
}


def right():
    """What a full run might find, in agreement with every claim."""
    found = {quantity: {s: copy.deepcopy(result) for s in SEEDS} for quantity, result in RIGHT.items()}
    for i, name in enumerate(SETS):
        methods = {method: {"accuracy": values[i]} for method, values in ACCURACY.items()}
        methods["rntk"] |= {"readout": "last", "activation": "relu"}
        found[f"ucr-{name}"] = {0: {"methods": methods, "window": 1}}
    return found


def judged(found, size="full"):
    return {claim.id: claim for claim in claims(found, size, SIZES)}


def change(quantity, *path, value):
    def apply(found):
        for result in found[quantity].values():
            for key in path[:-1]:
                result = result[key]
            result[path[-1]] = value

    return apply


def method(name, values):
    def apply(found):
        for data, value in zip(SETS, values, strict=True):
            found[f"ucr-{data}"][0]["methods"][name]["accuracy"] = value

    return apply


FLAT = [0.5, 0.5, 0.5]
WRONG = [
    *(("1a", change("limit", "deviation", value=dict.fromkeys(RECORDED, FLAT))),),
    *((f"1{x}", change("limit", "deviation", name, value=FLAT)) for x, name in zip("bcde", RECORDED, strict=True)),
    ("1f", change("limit", "deviation", "erf last", value=[0.9, 0.14, 0.093])),
    ("1g", change("wide", "deviation", value={"relu last": [0.08, 0.08], "erf mean": [0.06, 0.05]})),
    ("2a", change("recursion", "last", value=1e-9)),
    ("2b", change("recursion", "mean_shared", value=1e-9)),
    ("3a", change("starts", "independent last", value=0.9)),
    ("3b", change("starts", "shared last", value=0.1)),
    ("3c", change("starts", "independent mean_shared", value=0.9)),
    ("3d", change("starts", "shared mean_shared", value=2.0)),
    *((f"4{x}", change("stacks", "deviation", name, value=[0.3, 0.3])) for x, name in zip("abc", STACKS, strict=True)),
    ("5a", change("phases", "mean 1.41", value=0.7)),
    ("5b", change("phases", "mean 1.6", value=0.95)),
    ("5c", change("phases", "mean 1.2", value=0.95)),
    ("5d", change("phases", "last", value=0.75)),
    ("5e", change("phases", "rbf", value=0.95)),
    ("6a", change("easy", "ntk", value=0.8)),
    ("6b", change("easy", "relu mean", value=0.8)),
    ("6c", change("easy", "relu last", value=0.8)),
    ("6d", change("easy", "erf last", value=0.99)),
    ("6e", change("easy", "erf mean", value=0.3)),
    *(
        (f"7{x}", change("sensitivity", "derivative", i, value=curve(*ends)))
        for x, i, ends in (("a", 1, (5, 1)), ("b", 0, (2, 1)), ("c", 2, (1, 2)), ("d", 5, (2, 1)))
    ),
    *(
        (f"7{x}", change("sensitivity", "change", i, value=curve(*ends)))
        for x, i, ends in (("e", 1, (11, 1)), ("f", 0, (2, 1)), ("g", 2, (1, 2)), ("h", 4, (2, 1)))
    ),
    ("8a", method("rntk", (0.5, 0.5, 0.5, 0.5))),
    ("8b", method("ntk", (0.95, 0.97, 0.9, 0.91))),
    ("8c", method("rbf", (0.95, 0.97, 0.9, 0.91))),
    ("8d", method("rntk", (0.5, 0.5, 0.5, 0.5))),
    ("8e", method("euclidean", (0.95, 0.97, 0.9, 0.91))),
    ("8f", method("dtw", (0.95, 0.97, 0.9, 0.91))),
    ("8g", method("rntk-last", (0.6, 0.7, 0.6, 0.6))),
    ("8h", method("rntk-mean_shared", (0.6, 0.7, 0.6, 0.6))),
]


def test_right_answers_hold():
    found = judged(right())
    assert {claim.verdict for claim in found.values()} == {"holds"}
    assert {claim.id for claim in found.values() if claim.headline} == {"1a", "5a", "7a", "8a", "8g"}
    assert {name for name, _ in WRONG} == set(found), "every claim needs a wrong answer here"


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_a_table_without_a_clear_order_is_no_failure():
    found = right()
    method("ntk", (0.95, 0.9, 0.85, 0.8))(found)
    method("rbf", (0.8, 0.8, 0.7, 0.8))(found)
    assert judged(found)["8b"].verdict == "holds"
    assert judged(found)["8b"].standard_error > 0.01
    assert "Better on 2 sets, worse on 2" in judged(found)["8b"].note


def test_without_the_archive_its_claims_and_figures_are_left_out():
    found = {quantity: results for quantity, results in right().items() if not quantity.startswith("ucr-")}
    assert not [name for name in judged(found, "smoke") if name.startswith("8")]
    assert set(figures(curves(found, SIZES))) == {"widths", "sensitivity", "phases"}


def test_figures_are_made_of_the_numbers():
    numbers = json.loads(json.dumps(curves(right(), SIZES), allow_nan=False))
    assert numbers["ucr"]["summary"]["rank"][0] == 1.0
    assert numbers["ucr"]["against"]["dtw"]["wins"] == 4
    assert numbers["ucr"]["chosen"]["readout"] == {"last": 4}
    assert numbers["deviation"]["erf last"][0]["mean"] == pytest.approx(0.32)
    assert numbers["sensitivity"]["derivative"][1][0]["mean"] == pytest.approx(1.3)
    drawings = find("rntk").figures(numbers)
    assert set(drawings) == {"widths", "sensitivity", "phases", "ranks", "sets"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "recurrent NTK: rank 1.00, mean accuracy 0.875" in drawings["ranks"].alt

"""Every claim about networks with large bias can fail: given wrong answers it does, given right ones it holds."""

import copy
import json
import math

import numpy as np
import pytest

from limes.measure import active_fraction
from limes.papers.bias_ntk.claims import claims
from limes.papers.bias_ntk.closed_forms import BIASES, COSINES
from limes.papers.bias_ntk.curves import curves
from limes.papers.bias_ntk.kernel_claims import _TABLE
from limes.papers.registry import find

SEEDS = (0, 1, 2)
GRID = (len(BIASES), len(COSINES))
DRAWS = 1_000_000
P = np.full(GRID, 0.1)
BOUND_BIASES = [0.5 * i for i in range(7)]
SMALLEST = [0.232 * math.exp(-0.5 * b * b) for b in BOUND_BIASES]
SMALLEST[4] = 0.256 * math.exp(-2.0)
CONDITION = [1085.0, 470.0, 178.0, 60.0, 18.7, 6.0, 2.3]


def spectrum(n):
    smallest = np.array(SMALLEST)
    return {
        "biases": BOUND_BIASES,
        "rows": n,
        "ranks": [1, 10, n],
        "values": [np.array([s * c, s * 2, s]) for s, c in zip(SMALLEST, CONDITION, strict=True)],
        "smallest": SMALLEST,
        "frozen": (smallest / [1.6, 1.65, 1.7, 1.75, 1.8, 1.9, 1.95]).tolist(),
        "condition": CONDITION,
        "hermite": (0.92 * smallest).tolist(),
        "hermite_frozen": (0.5 * smallest / 1.95).tolist(),
        "worst": (1e-7 * smallest).tolist(),
        "region": (smallest * [1.4, 1.3, 1.2, 0.9, 0.7, 0.6, 0.5]).tolist(),
        "inside": [False] * 7,
        "upper": (2 * smallest).tolist(),
        "violation": [-0.5] * 7,
        "minimum": (smallest * 3).tolist() if n == 100 else [math.nan] * 7,
        "with teacher": [2.1, 1.9, 1.67, 1.65, 1.72, 1.85, 1.93],
        "with random": [3.34, 2.8, 2.42, 2.2, 2.07, 2.03, 2.01],
        "without teacher": [1.5, 1.7, 2.1, 3.2, 5.7, 11.7, 26.0],
        "without random": [2.4, 2.5, 3.0, 4.2, 6.8, 12.7, 27.0],
        "local teacher": [0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0],
        "local random": [0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0],
    }


def described(biases, drift):
    steps = [0, 1, 10]
    return {
        "biases": list(biases),
        "drift": list(drift),
        "active_start": [active_fraction(b) for b in biases],
        "active_most": [active_fraction(b) * (1 + d) for b, d in zip(biases, drift, strict=True)],
        "active_end": [active_fraction(b) for b in biases],
        "switched_on": [0.01] * len(biases),
        "shown": [steps] * len(biases),
        "losses": [np.array([100.0, 50.0, 1.0])] * len(biases),
        "active": [np.full(3, active_fraction(b)) for b in biases],
    }


def width(m):
    rows = described((0.0, 1.0, 2.0), (0.001, 6.0 / math.sqrt(m), 300 / m))
    moved = np.array([53.0, 85.0, 700.0]) / math.sqrt(m)
    more = {
        "moved": moved.tolist(),
        "factor": [0.9963, 0.98, 0.97],
        "predicted": [0.9961, 0.97, 0.9],
        "steps": [600, 170, 100],
        "reached": [False, True, True],
        "lazy_losses": rows["losses"],
        "width": m,
    }
    return rows | more


def frozen():
    rows = width(4000)
    return {name: v[1:2] if isinstance(v, list) else v for name, v in rows.items()} | {"steps": [20]}


def mnist():
    biases = (0.0, 0.5, 1.0, 1.5, 2.0)
    rows = described(biases, (0.01, 0.03, 0.14, 0.5, 0.9))
    return rows | {"moved": [0.5] * 5, "start_error": [0.01, 0.02, 0.03, 0.05, 0.09], "test_error": [0.1] * 5}


RIGHT = {
    "draws": {"hits": P * DRAWS, "sums": P * DRAWS, "squares": P * DRAWS, "draws": DRAWS},
    "limit": {
        "widths": list(_TABLE),
        "distance": np.array([*_TABLE.values()]).T,
        "active": np.array([[active_fraction(b)] * 3 for b in (0.0, 1.0, 2.0)]),
        "smallest": np.array([[0.1, 0.11, 0.12]] * 3),
        "limit": [0.121] * 3,
    },
    "spectrum-100": spectrum(100),
    "spectrum-1000": spectrum(1000),
    "width-4000": width(4000),
    "width-40000": width(40000),
    "frozen": frozen(),
    "teacher": {"error": [0.1, 0.1, 0.1], "term": [2.0, 1.8, 1.8], "remainder": [9.0, 12.0, 3000.0]},
    "mnist-training": mnist(),
    "mnist-spectrum": spectrum(1000) | {"with parity": [2.0] * 7},
}
FORMS = {
    "p": P,
    "m": P,
    "derivative": 1e-15,
    "arccosine": 1e-15,
    "diagonal": 1e-14,
    "relative": 1e-11,
    "smallest": 1e-200,
    "at_four": 8.13e-21,
    "owen_at_four": -1e-19,
}


def right():
    """What a full run might find, in agreement with every claim."""
    found = {quantity: {s: copy.deepcopy(result) for s in SEEDS} for quantity, result in RIGHT.items()}
    return found | {"forms": {0: copy.deepcopy(FORMS)}}


def judged(found, size="full"):
    return {claim.id: claim for claim in claims(found, size, {})}


def change(quantity, name, value):
    def apply(found):
        for result in found[quantity].values():
            result[name] = value(result) if callable(value) else value

    return apply


def at(name, place, value):
    def new(result):
        values = list(result[name])
        values[place] = value
        return values

    return name, new


def spectra(name, value):
    def apply(found):
        for n in (100, 1000):
            change(f"spectrum-{n}", name, value)(found)

    return apply


def scaled(name, factor):
    return lambda result: (factor * np.asarray(result[name])).tolist()


def moved(m, place, value):
    return change(f"width-{m}", *at("moved", place, value))


WRONG = [
    ("1a", change("draws", "hits", P * DRAWS * 1.1)),
    ("1b", change("draws", "sums", P * DRAWS * 1.1)),
    *(
        (key, change("forms", name, 1e-5))
        for key, name in (("1c", "derivative"), ("1d", "arccosine"), ("1e", "diagonal"))
    ),
    ("2a", change("forms", "relative", 1e-6)),
    ("2b", change("forms", "at_four", 8.2e-21)),
    ("2c", change("forms", "smallest", -1e-20)),
    ("2d", change("forms", "owen_at_four", 8e-21)),
    ("3a", change("limit", "distance", np.full((3, 3), 0.1))),
    ("3b", change("limit", "distance", 2 * np.array([*_TABLE.values()]).T)),
    ("3c", change("limit", "active", np.full((3, 3), 0.5))),
    ("3d", change("limit", "smallest", np.full((3, 3), 0.2))),
    ("4a", spectra(*at("smallest", 6, 0.1 * SMALLEST[6]))),
    ("4b", spectra(*at("smallest", 6, 0.1 * SMALLEST[6]))),
    ("4c", spectra("smallest", scaled("smallest", 0.5))),
    ("4d", spectra("smallest", scaled("smallest", 2.0))),
    *((f"5{x}", spectra("condition", scaled("condition", 2.0))) for x in "abcd"),
    ("5e", spectra("condition", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])),
    ("6a", change("width-40000", *at("factor", 0, 0.999))),
    ("6b", change("width-40000", *at("steps", 1, 700))),
    ("6c", change("width-40000", *at("steps", 2, 700))),
    ("6d", change("frozen", "steps", [700])),
    ("7a", change("width-4000", *at("drift", 0, 0.4))),
    ("7b", change("width-40000", *at("drift", 0, 0.4))),
    ("7c", change("width-4000", *at("drift", 1, 0.4))),
    ("7d", change("width-40000", *at("drift", 1, 0.4))),
    ("7e", change("width-40000", *at("drift", 1, 0.4))),
    ("7f", moved(4000, 0, 5.0)),
    ("7g", moved(40000, 0, 5.0)),
    ("7h", moved(4000, 1, 5.0)),
    ("7i", moved(40000, 1, 5.0)),
    ("7j", change("frozen", "drift", [0.4])),
    ("8a", moved(4000, 2, 0.5)),
    ("8b", moved(40000, 1, 3.0)),
    ("9a", spectra("with teacher", [0.5] * 7)),
    ("9b", spectra("with random", [5.0] * 7)),
    ("9c", spectra("with random", [2.0] * 6 + [1.5])),
    ("9d", spectra("without teacher", [1.0] * 7)),
    ("10a", spectra("frozen", scaled("smallest", 0.99))),
    ("10b", spectra("frozen", scaled("smallest", 0.99))),
    ("11a", spectra(*at("violation", 3, 0.1))),
    ("11b", change("spectrum-100", "minimum", scaled("region", 0.9))),
    ("11c", spectra("inside", [True] * 7)),
    ("11d", spectra("region", scaled("smallest", 0.5))),
    ("12a", spectra(*at("hermite_frozen", 2, 1.0))),
    ("12b", spectra("hermite", scaled("smallest", 0.3))),
    ("12c", spectra("worst", scaled("smallest", 0.5))),
    ("13", change("teacher", "remainder", [0.1, 5.0, 5.0])),
    ("14a", spectra(*at("local teacher", 3, 1.5))),
    ("14b", spectra("local random", [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4])),
    ("15a", change("mnist-training", *at("start_error", 4, 0.5))),
    ("15b", change("mnist-training", *at("drift", 1, 0.5))),
    ("15c", change("mnist-training", *at("drift", 4, 0.1))),
    ("15d", change("mnist-spectrum", "hermite", scaled("smallest", 1.1))),
    ("15e", change("mnist-spectrum", "hermite", scaled("smallest", 0.1))),
    ("15f", change("mnist-spectrum", "condition", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])),
]


def test_right_answers_hold():
    found = judged(right())
    assert {claim.verdict for claim in found.values()} == {"holds"}, {k: c.measured for k, c in found.items()}
    headlines = {claim.id for claim in found.values() if claim.headline}
    assert headlines == {"5e", "6b", "9b", "11c"}
    assert {name for name, _ in WRONG} == set(found), "every claim needs a wrong answer here"


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_a_cell_with_few_hits_does_not_count():
    found = right()
    for result in found["draws"].values():
        result["hits"][0, 0] = 10
    assert judged(found)["1a"].verdict == "holds"


def test_small_runs_leave_out_what_they_did_not_measure():
    found = {name: results for name, results in right().items() if not name.startswith(("mnist", "width-40000"))}
    del found["spectrum-1000"]
    small = judged(found, "smoke")
    assert not {"4c", "5a", "8b", "15a"} & set(small)
    assert {claim.verdict for claim in small.values()} == {"holds"}


def test_figures_are_made_of_the_numbers():
    numbers = json.loads(json.dumps(curves(right(), {}), allow_nan=False))
    assert numbers["limit"]["distance"][2][0]["mean"] == pytest.approx(0.316)
    assert numbers["spectra"]["1000"]["hermite"][0]["mean"] == pytest.approx(0.92 * 0.232)
    drawings = find("bias-ntk").figures(numbers)
    assert set(drawings) == {
        *("limit", "eigenvalues", "bounds", "terms", "losses", "activation", "mnist-activation", "mnist-bounds")
    }
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "the eigenvector is never in it" in drawings["bounds"].caption
    assert "B = 1: predicted 0.1587" in drawings["mnist-activation"].alt

"""Every claim about heavy tails can fail: given wrong answers it does, given right ones it holds."""

import json

import numpy as np
import pytest

from limes.papers.heavy_tails.claims import claims
from limes.papers.heavy_tails.experiment import SIZES, plan
from limes.papers.heavy_tails.networks import KINDS, RATIOS
from limes.papers.heavy_tails.regression_claims import INDICES, TABLE
from limes.papers.heavy_tails.synthetic_claims import TABLE as STABLE
from limes.papers.paper import Request
from limes.papers.registry import find

SEEDS = range(5)
SETTINGS = [*TABLE, (0.7, 5), (0.4, 5)]
INDEX = {(0.3, 5): 1.99, (0.5, 5): 1.91, (0.6, 5): 1.68, (0.8, 10): 1.88, (0.8, 20): 1.96}


def _noisy(value, s):
    return value + 1e-3 * (s - 2)


def _trained(data, rate, b, index, share, accuracy, test):
    seen = {
        "index": [[_noisy(index, s), 2.0, _noisy(index - 0.3, s)] for s in SEEDS],
        "hill": [[9.0] * 3] * 5,
        "prunable": [[_noisy(share, s), share, share] for s in SEEDS],
        "kept": [_noisy(1 - share, -s) for s in SEEDS],
        "train": [1.0] * 5,
        "loss": [1e-4] * 5,
        "test": [_noisy(test, s) for s in SEEDS],
        "pruned": [{kind: [0.9] * 6 + [_noisy(accuracy, s)] for kind in KINDS} for s in SEEDS],
    }
    about = {"name": data, "learning_rate": rate, "batch_size": b, "n": 1000, "weights": 84_480, "steps": 6027}
    return about | {"converged": [True] * 5, "early": seen, "stop": seen}


def right():
    """What a run might find, in agreement with every claim."""
    table = {"alphas": [*STABLE], "n": 1000, "index": [v[0] for v in STABLE.values()]}
    table["prunable"] = [v[1] for v in STABLE.values()]
    shares = {"prunable": [0.45, 0.4, 0.3, 0.28], "index": [1.75, 1.8, 1.9, 2.0]}
    layer = {"prunable": [0.265] * 4, "index": [2.0] * 4}
    curve = {"alphas": [1.75, 1.8, 1.9, 2.0], "side": 9, "independent": shares, "columns": shares, "layer": layer}
    theory = {"settings": [list(s) for s in SETTINGS], "rates": [0.1, 0.5, 1.0], "batches": [5, 10, 20]}
    index = {(0.3, 5): 20.5, (0.7, 5): 0.0, (0.4, 5): 11.0} | INDICES
    theory |= {"index": [index[s] for s in SETTINGS], "curves": [[30.0, 6.0, 0.0]] * 3}
    drawn = {"settings": [[0.4, 5], [0.8, 10]]}
    found = {
        "table": dict.fromkeys(SEEDS, table),
        "curve": dict.fromkeys(SEEDS, curve),
        "theory": {0: theory},
        "drawn": {s: drawn | {"index": [_noisy(11.0, s), 5.8]} for s in SEEDS},
        "threshold": {s: {"rate": 0.625} for s in SEEDS},
    }
    figures = TABLE | {(0.7, 5): (0.9, 1.0), (0.4, 5): (9.0, 0.27)}
    for (rate, b), (hill, share) in figures.items():
        name = f"chains-{rate:g}-{b}".replace(".", "p")
        about = {"learning_rate": rate, "batch_size": b, "prunable": share}
        found[name] = {
            s: about
            | {"hill": _noisy(hill, s), "index": _noisy(INDEX.get((rate, b), 1.9), s * (rate != 0.5 and b != 20))}
            for s in SEEDS
        }
    for data, rate, b, *values in (
        ("digits", 0.02, 5, 1.99, 0.24, 0.45, 0.97),
        ("digits", 0.1, 5, 1.95, 0.25, 0.77, 0.975),
        ("mnist", 0.1, 5, 1.9, 0.27, 0.6, 0.9),
        ("mnist", 0.1, 10, 1.95, 0.25, 0.6, 0.9),
        ("mnist", 0.2, 5, 1.8, 0.29, 0.7, 0.91),
    ):
        name = f"{data}-{rate:g}-{b}".replace(".", "p")
        tilt = 1 if rate == 0.1 and b == 5 else -1  # differences spread over seeds
        found[name] = {0: _trained(data, rate, b, *values)}
        found[name][0]["stop"]["kept"] = [v + 1e-4 * tilt * s for s, v in enumerate(found[name][0]["stop"]["kept"])]
        for key in ("index", "prunable"):
            rows = np.array(found[name][0]["stop"][key]) + 1e-4 * tilt * np.arange(5)[:, None]
            found[name][0]["stop"][key] = rows.tolist()
        found[name][0]["stop"]["test"] = [v + 2e-4 * tilt * s for s, v in enumerate(found[name][0]["stop"]["test"])]
        found[name][0]["early"] = found[name][0]["early"] | {
            "pruned": [{kind: [0.9] * 6 + [values[2] + 1e-3 * tilt * s] for kind in KINDS} for s in SEEDS]
        }
    for alpha, share, error, after in ((1.6, 0.4, 0.36, 0.9), (2.0, 0.28, 0.55, 0.85)):
        tilt = 2 - alpha
        row = {"prunable": [share, share], "magnitude": [error, error - 0.02], "node": [error + 0.2] * 2}
        row |= {"test": [0.9, 0.94], "after": [after, after]}
        result = {name: [[v[0], v[1] + 1e-3 * tilt * s * (name != "test")] for s in SEEDS] for name, v in row.items()}
        found[f"noise-{alpha:g}".replace(".", "p")] = {0: {"alpha": alpha, "widths": [64, 1024]} | result}
    return found


def judged(found):
    return {claim.id: claim for claim in claims(found, "full", {})}


def test_right_answers_hold():
    made = judged(right())
    assert {name: claim.verdict for name, claim in made.items() if claim.verdict != "holds"} == {}
    assert {name[0] for name in made} == set("12345678")
    assert [name for name, claim in made.items() if claim.headline] == ["2n", "3a", "6a", "6b"]
    assert len(made) == len(claims(right(), "full", {}))


def turn(a, b, moment, name):
    """Exchange what two results hold."""

    def apply(found):
        first, second = found[a][0][moment], found[b][0][moment]
        first[name], second[name] = second[name], first[name]

    return apply


def change(quantity, name, value):
    def apply(found):
        for seed, result in found[quantity].items():
            found[quantity][seed] = result | {name: value}

    return apply


def _chains_alike(*names):
    def apply(found):
        found[names[0]], found[names[1]] = found[names[1]], found[names[0]]

    return apply


def _noise_exchanged(name):
    def apply(found):
        first, second = found["noise-1p6"][0], found["noise-2"][0]
        first[name], second[name] = second[name], first[name]

    return apply


def _case(case, shares):
    return change("curve", case, {"prunable": shares})


FIRST = [(f"1{letter}", change("table", "index", [1.2] * 5)) for letter in "abcde"]
FIRST += [(f"1{letter}", change("table", "prunable", [0.1] * 5)) for letter in "fghij"]
WRONG = [
    *FIRST,
    ("1k", _case("independent", [0.3] * 4)),
    ("1l", _case("columns", [0.3] * 4)),
    ("1m", _case("layer", [0.4] * 4)),
    ("1n", _case("layer", [0.3, 0.27, 0.26, 0.25])),
    ("2a", change("theory", "index", [20.5, 9.0, 2.81, 5.8, 17.5, 0.0, 11.0])),
    ("2b", change("theory", "index", [10.0, 6.75, 2.81, 5.8, 17.5, 0.0, 11.0])),
    *(
        (f"2{letter}", change(name, "hill", 40.0))
        for letter, name in zip("cd", ("chains-0p3-5", "chains-0p5-5"), strict=True)
    ),
    ("2e", change("chains-0p6-5", "hill", 5.0)),
    ("2f", change("chains-0p8-10", "hill", 1.0)),
    ("2g", change("chains-0p8-20", "hill", 1.0)),
    ("2h", change("chains-0p3-5", "prunable", 0.5)),
    ("2i", change("chains-0p5-5", "prunable", 0.5)),
    ("2j", change("chains-0p6-5", "prunable", 0.5)),
    ("2k", change("chains-0p8-10", "prunable", 0.5)),
    ("2l", change("chains-0p8-20", "prunable", 0.5)),
    ("2m", change("chains-0p7-5", "prunable", 0.5)),
    ("2n", _chains_alike("chains-0p5-5", "chains-0p6-5")),
    ("2o", _chains_alike("chains-0p8-10", "chains-0p8-20")),
    ("3b", _chains_alike("chains-0p4-5", "chains-0p8-10")),
    ("4", change("threshold", "rate", 0.6)),
    ("5", change("chains-0p6-5", "index", 1.99)),
    ("6a", turn("digits-0p02-5", "digits-0p1-5", "stop", "index")),
    ("6b", turn("digits-0p02-5", "digits-0p1-5", "stop", "prunable")),
    ("6c", turn("digits-0p02-5", "digits-0p1-5", "early", "pruned")),
    ("6d", turn("digits-0p02-5", "digits-0p1-5", "early", "pruned")),
    ("6e", turn("digits-0p02-5", "digits-0p1-5", "early", "pruned")),
    ("6f", turn("mnist-0p1-5", "mnist-0p2-5", "stop", "index")),
    ("6g", turn("mnist-0p1-5", "mnist-0p2-5", "stop", "prunable")),
    ("6h", turn("mnist-0p1-10", "mnist-0p1-5", "stop", "index")),
    ("7a", turn("digits-0p02-5", "digits-0p1-5", "stop", "kept")),
    ("7b", change("digits-0p1-5", "weights", 10)),
    ("7c", turn("digits-0p02-5", "digits-0p1-5", "stop", "test")),
    ("7d", turn("mnist-0p1-5", "mnist-0p2-5", "stop", "test")),
    ("8a", _noise_exchanged("prunable")),
    ("8c", _noise_exchanged("node")),
    ("8d", _noise_exchanged("after")),
]


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_other_wrong_answers_fail():
    found = right()
    for s in SEEDS:
        found["drawn"][s] = found["drawn"][s] | {"index": found["drawn"][s]["index"][::-1]}
    found["noise-1p6"][0]["magnitude"] = [row[::-1] for row in found["noise-1p6"][0]["magnitude"]]
    made = judged(found)
    assert (made["3a"].verdict, made["8b"].verdict) == ("fails", "fails")


def test_networks_that_did_not_converge_are_not_compared():
    found = right()
    found["digits-0p1-5"][0]["converged"] = [True] * 4 + [False]
    assert not {"6a", "6b", "7a"} & set(judged(found))
    assert {"6c", "6d", "6f"} <= set(judged(found))
    assert judged(found)["6e"].note.endswith("converged for all seeds: 6a, 6b, 7a, 7b, 7c.")
    assert "Not decided" not in judged(right())["6e"].note
    for name in ("mnist-0p1-5", "mnist-0p2-5"):
        found[name][0]["converged"] = [False] * 5
    paper = find("heavy-tails")
    drawn = paper.figures(json.loads(json.dumps(paper.curves(found, {}))))
    assert "pruned-digits" in drawn
    assert "pruned-mnist" not in drawn
    small = {name: r for name, r in right().items() if not name.startswith("mnist")}
    assert not {"6f", "6h", "7d"} & set(judged(small))


def test_the_bound_says_what_it_stands_beside():
    found = right()
    for name in ("digits-0p02-5", "digits-0p1-5"):
        found[name][0]["stop"]["train"] = [0.995] * 5
    note = judged(found)["7b"].note
    for words in (
        "more than 0.0017 of",
        "margin 0, are 0.005 and 0.005",
        "test errors 0.030 and 0.025",
        "0.100 and 0.100 with",
    ):
        assert words in note, (words, note)


def test_figures_are_made_of_the_numbers():
    paper = find("heavy-tails")
    numbers = json.loads(json.dumps(paper.curves(right(), {}), allow_nan=False))
    assert [r["learning_rate"] for r in numbers["networks"]["digits"]] == [0.02, 0.1]
    assert numbers["noise"]["prunable"][0][0]["mean"] == pytest.approx(0.4)
    assert numbers["networks"]["digits"][0]["pruned"]["node"][-1]["mean"] == pytest.approx(0.45, abs=0.01)
    drawings = paper.figures(numbers)
    expected = {"synthetic", "regression", "noise", "index", "prunable", "pruned-digits", "pruned-mnist"}
    assert set(drawings) == expected
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "magnitude, η = 0.1: 0.77" in drawings["pruned-digits"].alt
    assert numbers["networks"]["digits"][0]["ratios"] == list(RATIOS)


def test_the_plan(monkeypatch):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    for size in SIZES:
        made = plan(Request(size))
        parts = [step.part.name for step in made.steps]
        assert len(set(parts)) == len(parts)
        assert sum(step.seconds for step in made.steps) < (90 if size == "smoke" else 600)
        assert bool(made.notes) == (size == "full")  # MNIST was not given
        assert {"digits-0p02-5", "digits-0p1-5"} <= {step.quantity for step in made.steps}

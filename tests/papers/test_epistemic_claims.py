"""Every claim about epistemic uncertainty can fail: given wrong answers it does, given right ones it holds."""

import copy
import json

import numpy as np
import pytest

from limes.papers.epistemic.claims import claims
from limes.papers.epistemic.ensembles import METHODS
from limes.papers.epistemic.experiment import SIZES, plan
from limes.papers.epistemic.function_claims import WEIGHTS
from limes.papers.epistemic.posterior import BINS
from limes.papers.epistemic.reading import slope_near_0
from limes.papers.epistemic.share_claims import SPREADS
from limes.papers.paper import Request
from limes.papers.registry import find
from limes.papers.result import in_order

SEEDS = [0, 1, 2, 3, 4]
MIXED = {"rhat": 1.005, "ess": 900.0, "divergent": 0.0, "certified": True}
STUCK = MIXED | {"rhat": 2.0, "certified": False}


def _posterior(p, n):
    return {
        "inputs": p,
        "n": n,
        "low": 0.03,
        "seeds": SEEDS,
        "scaled": [3.4] * 5,
        "weights": [WEIGHTS[n]] * 5,
        "parts": [[0.0, 0.9, WEIGHTS[n] - 0.9]] * 5,
        "both": [0.44] * 5,
        "spread": [SPREADS[n]] * 5,
        "cosine": [0.85] * 5,
        "exponent": [-2 * (p - 1) / 3] * 5,
        "balanced": [-(p - 1) / 6] * 5,
        "mixing": {"function": MIXED, "sums": MIXED, "weights": STUCK},
        "histogram": [1.0] * BINS,
    }


def _cone(p, width):
    about = {"inputs": p, "n": 2**14, "width": width, "half_angle": 0.6 if width == "wide" else 0.004}
    about |= {"seeds": SEEDS, "mixing": MIXED, "histogram": [1.0] * BINS}
    return about | {"distance": [0.03] * 5, "spread": [0.05] * 5}


def _ensembles(n):
    one = {"weights": 5.0, "discrete": 3.0, "continuous": 2.0, "scaled": 4.0}
    about = {"n": n, "inputs": 3, "served": 2, "neurons": 4, "seeds": SEEDS}
    about |= {"ensemble": [one] * 5, "sampled": [one | {"weights": 8.0, "continuous": 5.0}] * 5}
    return about | {"parts": [[3.0, 2.0, 3.0]] * 5, "mixing": [MIXED | {"weights_rhat": 2.0}] * 5}


def _data(n):
    judged = {"variance": 0.02, "error": 0.02, "covered": 0.9}
    methods = {name: [judged | ({} if name == "ntk-gp" else {"weights": 8.0})] * 5 for name in METHODS}
    methods["ensemble"] = [judged | {"weights": 5.0}] * 5
    return {"n": n, "seeds": SEEDS, "methods": methods, "mixing": {"nuts": [MIXED] * 5, "sgld": [STUCK] * 5}}


def right():
    """What a run might find, in agreement with every claim but 5a to 5c, which 5g to 5i deny."""
    found = {f"posterior-3-{n}": {0: _posterior(3, n)} for n in WEIGHTS}
    found |= {f"posterior-{p}-{2**14}": {0: _posterior(p, 2**14)} for p in (2, 5)}
    found |= {f"cone-{p}-{2**14}-{width}": {0: _cone(p, width)} for p in (2, 3, 5) for width in ("thin", "wide")}
    found["chambers"] = {
        0: {
            "inputs": 3,
            "neurons": 3,
            "n": 2**10,
            "chains": 10,
            "seeds": SEEDS,
            "switches": [0.0, 0.1, 0.0, 0.2, 0.0],
            "parts": [[4.0, 0.9, 0.1]] * 5,
            "weights": [5.0] * 5,
            "pooled": [5.0] * 5,
            "within": [1.0] * 5,
            "mixing": [{"weights": STUCK, "function": MIXED}] * 5,
        }
    }
    found |= {f"ensembles-{n}": {0: _ensembles(n)} for n in (2**8, 2**10)}
    found[f"data-{2**8}"] = {0: _data(2**8)}
    gated = {"inputs": 10, "depth": 3, "prior": 0.5, "n": [0, 1, 2**14]}
    found["gated"] = {0: gated | {"function": [1.25, 0.1, 1e-4], "weights": [6.0, 5.5, 4.7]}}
    chain = {"depths": [3, 10], "prior": 0.5, "function": [0.125, 0.00098]}
    found["chain"] = {s: chain | {"weights": [1.5, 5.0 + 0.001 * s]} for s in SEEDS}
    return found


def judged(found):
    return {claim.id: claim for claim in claims(found, "full", {})}


def test_right_answers_hold():
    made = judged(right())
    failed = {name for name, claim in made.items() if claim.verdict != "holds"}
    assert failed == {"5a", "5b", "5c"}
    assert {made[name].verdict for name in failed} == {"fails"}
    assert {name[0] for name in made} == set("12345678")
    assert sorted(name for name, claim in made.items() if claim.headline) == ["1a", "2a", "3a", "4e"]


def test_notes_say_what_a_claim_rests_on():
    made = judged(right())
    for names, words in (
        (("4a", "4b", "4c"), "By construction"),
        (("5a", "5g"), "Local slope near 0"),
        (("3d", "4e", "5a"), "certified: R-hat"),
        (("6b", "7a"), "not certified"),
        (("8c", "8d"), "exact value"),
    ):
        assert all(words in made[name].note for name in names)
    assert "By construction" not in made["4e"].note
    ids = [claim.id for claim in claims(right(), "full", {})]
    assert ids == [claim.id for claim in in_order(made.values())]


def test_the_slope_near_0_is_that_of_small_shares():
    edges = np.linspace(0, 1, BINS + 1)
    for e in (-1.5, -1.0, 0.7):
        power = (
            (lambda c: np.log(np.maximum(c, 1e-3)))
            if e == -1
            else lambda c, e=e: np.maximum(c, 1e-3) ** (e + 1) / (e + 1)
        )
        lower = np.diff(power(edges)) * (edges[1:] < 0.3)
        # the middle is another law, and all small shares lie at one end
        histogram = np.where(edges[1:] < 0.3, lower, np.where(edges[:-1] < 0.7, 100.0, 0.0))
        assert slope_near_0(histogram.tolist(), 0.03, 0.15) == pytest.approx(e, abs=1e-3)
        assert slope_near_0(histogram[::-1].tolist(), 0.03, 0.15) == pytest.approx(e, abs=1e-3)


def change(quantity, **values):
    def apply(found):
        found[quantity][0] |= values

    return apply


def _spoilt(found, name, key, value):
    entries = copy.deepcopy(found[name][0][key])
    for entry in entries:
        entry |= value
    found[name][0][key] = entries


BIG = f"posterior-3-{2**14}"
WRONG = [
    ("1a", change(BIG, scaled=[20.0, 21.0, 20.5, 20.0, 20.0])),
    ("1d", change(BIG, scaled=[5.0, 5.1, 5.0, 5.1, 5.0])),
    ("2a", change(BIG, weights=[1.0] * 5)),
    ("2d", change(BIG, weights=[1.0] * 5)),
    ("3a", change(BIG, spread=[0.05] * 5)),
    ("3d", change(BIG, spread=[0.09] * 5)),
    ("4a", change(f"cone-3-{2**14}-thin", distance=[0.15] * 5)),
    ("4e", change(f"cone-3-{2**14}-wide", distance=[0.15] * 5)),
    ("4f", change(f"cone-5-{2**14}-wide", distance=[0.15] * 5)),
    ("5e", change(BIG, balanced=[1.0] * 5)),
    ("5h", change(BIG, exponent=[1.0] * 5)),
    ("6a", change("chambers", switches=[4.0] * 5)),
    ("6b", change("chambers", mixing=[{"weights": MIXED, "function": MIXED}] * 5)),
    ("6c", change("chambers", mixing=[{"weights": STUCK, "function": STUCK}] * 5)),
    ("7a", lambda found: _spoilt(found, f"ensembles-{2**8}", "ensemble", {"weights": 9.0})),
    ("7d", lambda found: _spoilt(found, f"ensembles-{2**10}", "ensemble", {"continuous": 9.0})),
    ("8a", change("gated", function=[1.0, 1.0, 0.9])),
    ("8b", change("gated", weights=[6.0, 5.0, 1.0])),
]


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_wrong_answers_of_methods_and_chains_fail():
    found = right()
    found[f"data-{2**8}"][0]["methods"]["ensemble"] = found[f"data-{2**8}"][0]["methods"]["sgld"]
    assert judged(found)["7g"].verdict == "holds"
    dear = [one | {"weights": 9.0} for one in found[f"data-{2**8}"][0]["methods"]["sgld"]]
    found[f"data-{2**8}"][0]["methods"]["ensemble"] = dear
    for result in found["chain"].values():
        result |= {"function": [0.1, 0.1], "weights": [1.5, 4.0]}
    made = judged(found)
    assert {made[name].verdict for name in ("7g", "8c", "8d")} == {"fails"}


def test_figures_are_made_of_the_numbers():
    paper = find("epistemic")
    numbers = json.loads(json.dumps(paper.curves(right(), {}), allow_nan=False))
    assert [case["n"] for case in numbers["contraction"]] == list(WEIGHTS)
    assert numbers["contraction"][0]["function"]["mean"] == pytest.approx(3.4 / 256)
    assert [case["inputs"] for case in numbers["exponents"]] == [2, 3, 5]
    drawings = paper.figures(numbers)
    assert set(drawings) == {"contraction", "shares", "exponents", "parts", "methods", "toy"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "weights: tr Cov(w): 3.6, 3.41, 3.01" in drawings["contraction"].alt


def test_the_plan():
    for size in SIZES:
        made = plan(Request(size))
        parts = [step.part.name for step in made.steps]
        assert len(set(parts)) == len(parts)
        assert sum(step.seconds for step in made.steps) < (90 if size == "smoke" else 600)
    assert plan(Request("smoke", seeds=2)).steps[0].part.settings["seeds"] == [0, 1]

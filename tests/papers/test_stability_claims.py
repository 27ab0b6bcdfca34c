"""Every claim about stability can fail: given wrong answers it does, given right ones it holds."""

import copy
import json

import pytest

from limes.papers.paper import Request
from limes.papers.registry import find
from limes.papers.signs import normal_score
from limes.papers.stability_at.experiment import SIZES, marks_to, plan, rate_inside
from limes.papers.stability_at.runs import first_at
from limes.robust import weak_convexity

SEEDS = (0, 1, 2, 3, 4)
MARKS = list(marks_to(400))
PAPER = find("stability-at")


def run(steps=400, factor=1.0):
    """A run as a right answer has it: distance, gap and losses along the marks."""
    marks = list(marks_to(steps))
    recorded = dict(
        zip((0, 3, 6, 12, 25, 50, 100, 200, 400), (0, 0.05, 0.1, 0.15, 0.24, 0.4, 0.6, 1.1, 1.8), strict=True)
    )
    distance = [factor * recorded[mark] for mark in marks]
    held = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.74, 0.76, 0.8][: len(marks)]
    return {
        "marks": marks,
        "distance": distance,
        "distances": [[d, d] for d in distance],
        "train": [1.0 - 0.05 * i for i in range(len(marks))],
        "test": held,
        "gap": [0.02 + 0.05 * d for d in distance],
        "exchanged": [0.05 * d for d in distance],
        "valid": list(held),
        "held": list(held),
        "published": [300 * d for d in distance],
        "general": [100 * d for d in distance],
        "linear": [60 * d for d in distance],
        "ratio": 0.003,
        "ratio general": 0.01,
        "within": True,
        "width needed": 400,
        "lipschitz": 1.2,
        "left": 0.01,
        "path": {"loss": [1.0, 0.9], "distance": [0.0, 0.1]},
    }


def saved(marks, scale):
    savings = {"distance": [scale] * (len(marks) - 1), "gap": [1e-3 * scale] * (len(marks) - 1)}
    return savings | {"equal distance": 0.1 * scale, "equal gap": 1e-4 * scale, "stopped": 390.0}


def compared(steps, scale):
    return {
        "rate": 2.0,
        "runs": {"0": run(steps), "1": run(steps, 0.99), "4": run(steps, 0.97)},
        "against": {mu: saved(marks_to(steps), scale * factor) for mu, factor in (("1", 1.0), ("4", 3.0))},
    }


def right():
    """What a full run might find, in agreement with every claim; seeds differ a little."""
    widths = [25, 100, 400]
    found = {
        name: {} for name in ("curvature", "inside", "table", "slow", "wide-5184", "rows", "digits-l2", "digits-linf")
    }
    for seed in SEEDS:
        scale = 1 + 0.01 * seed
        found["curvature"][seed] = {
            "widths": widths,
            "eigenvalue": [-0.1 * scale * m**-0.5 for m in widths],
            "mean": [0.44 * scale] * 3,
            "largest": [0.7] * 3,
            "steps": [0.6] * 3,
        }
        runs = [run(100), run()]
        runs[0]["distance"][-1] = 1.01 * runs[1]["distance"][-1]
        found["inside"][seed] = {"widths": [100, 400], "times": [100, 400], "runs": [runs, copy.deepcopy(runs)]}
        found["table"][seed], found["slow"][seed] = compared(400, scale), compared(100, scale)
        found["table"][seed]["runs"]["0"]["held"][-1] += 0.01 * seed
        found["wide-5184"][seed] = run(100)
        found["rows"][seed] = {
            "n": [30, 60],
            "table": [1.0 * scale, 0.6],
            "inside": [0.5 * scale, 0.3],
            "table ratio": 0.01,
            "inside ratio": 0.01,
        }
        for norm in ("l2", "linf"):
            found[f"digits-{norm}"][seed] = {
                "inside": run(100),
                "runs": {"0": run(200), "4": run(200, 0.97)},
                "against": {"4": saved(marks_to(200), scale)},
            }
    return found


def judged(found):
    return {claim.id: claim for claim in PAPER.claims(found, "full", {})}


def change(quantity, *path, value):
    """Set a value deep in the result of each seed; a function is called with the seed."""

    def apply(found):
        for seed, result in found[quantity].items():
            for key in path[:-1]:
                result = result[key]
            result[path[-1]] = value(seed) if callable(value) else value

    return apply


def against(quantity, mu, name, falling=False):
    """A saving that is a loss, a little different for each seed."""

    def value(seed):
        return [-1.0 - 0.1 * seed] * 8 if falling else -1.0 - 0.1 * seed

    return change(quantity, "against", mu, name, value=value)


DOWN = [0.5 - 0.05 * i for i in range(len(MARKS))]
RUN = ("runs", "0")
WRONG = [
    ("1a", change("curvature", "largest", value=[0.7, 1.1, 0.7])),
    ("1b", change("curvature", "mean", value=[0.1, 0.1, 0.1])),
    ("1c", change("curvature", "eigenvalue", value=[-0.02, -0.019, -0.018])),
    ("1d", change("curvature", "steps", value=[0.7, 1.1, 0.7])),
    ("2a", change("wide-5184", "ratio", value=1.2)),
    ("2b", change("slow", "runs", "4", "ratio", value=1.2)),
    ("2c", change("table", *RUN, "ratio general", value=1.2)),
    *((f"2{letter}", change("table", *RUN, "distance", value=[0.01 + 9 * d for d in DOWN])) for letter in "def"),
    ("2g", change("table", *RUN, "linear", value=[0.1] * len(MARKS))),
    ("2h", change("inside", "runs", value=[[run(100, 7.0), run()]])),
    ("3a", change("table", *RUN, "gap", value=DOWN)),
    ("3b", change("table", *RUN, "gap", value=DOWN)),
    ("3c", change("table", *RUN, "exchanged", value=DOWN)),
    ("3d", change("table", *RUN, "gap", value=[9.0 + i for i in range(len(MARKS))])),
    ("3e", change("table", *RUN, "held", value=lambda s: [*[1.0 + 0.01 * s] * (len(MARKS) - 1), 0.5])),
    ("3f", change("table", *RUN, "gap", value=[*[0.9] * (len(MARKS) - 1), 0.5])),
    *(
        (f"4{letters[i + 2 * j]}", against(quantity, mu, name, falling))
        for quantity, letters in (("table", "abcdefgh"), ("slow", "ijklmnop"))
        for i, mu in enumerate(("1", "4"))
        for j, (name, falling) in enumerate(
            (("distance", True), ("equal distance", False), ("gap", True), ("equal gap", False))
        )
    ),
    ("5a", change("rows", "table", value=[0.5, 0.6])),
    ("5b", change("rows", "table", value=[0.5, 0.1])),
    ("5c", change("rows", "inside", value=[0.5, 0.6])),
    ("5d", change("rows", "inside", value=[0.5, 0.1])),
    *(
        claim
        for norm, letters in (("l2", "abcd"), ("linf", "efgh"))
        for claim in (
            (f"6{letters[0]}", change(f"digits-{norm}", "inside", "ratio", value=1.2)),
            (f"6{letters[1]}", change(f"digits-{norm}", *RUN, "gap", value=DOWN)),
            (f"6{letters[2]}", against(f"digits-{norm}", "4", "distance", True)),
            (f"6{letters[3]}", against(f"digits-{norm}", "4", "equal distance")),
        )
    ),
]


def test_right_answers_hold():
    found = judged(right())
    assert {name: claim.verdict for name, claim in found.items() if claim.verdict != "holds"} == {}
    assert {name for name, claim in found.items() if claim.headline} == {"1c", "2a", "3a", "4b", "4d"}
    assert sorted(name for name, _ in WRONG) == sorted(found), "every claim needs a wrong answer here"


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_savings_that_may_as_well_be_none_decide_nothing():
    found = right()
    change("table", "against", "4", "equal distance", value=lambda seed: (-1) ** seed * 0.1)(found)
    claim = judged(found)["4d"]
    assert claim.verdict == "inconclusive"
    assert "standard error over 5 seeds" in claim.note
    change("table", *RUN, "held", value=lambda seed: [1.0, 0.9, 0.9, 0.9, 0.9, 0.8, 0.7, 0.8, 0.9 + 0.01 * seed])(found)
    assert judged(found)["3e"].verdict == "holds"
    alone = {quantity: {0: results[0]} for quantity, results in found.items()}
    assert judged(alone)["4d"].verdict == "inconclusive"


def test_few_seeds_have_to_agree_more():
    assert normal_score(2.0, 10_000) == pytest.approx(2.0, abs=1e-3)
    assert [normal_score(4.0, n) < 2.0 for n in (2, 3, 4)] == [True, True, False]
    assert normal_score(-3.0, 4) == -normal_score(3.0, 4)


def test_a_level_between_steps():
    assert first_at([1.0, 0.5, 0.25], 0.25) == 2.0
    assert first_at([1.0, 0.5, 0.25], 0.375) == 1.5
    assert first_at([1.0, 0.5, 0.25], 0.1) == 2.0
    assert first_at([1.0, 0.5], 2.0) == 0.0


def test_figures_are_made_of_the_numbers():
    found = copy.deepcopy(right())
    numbers = json.loads(json.dumps(PAPER.curves(found, {}), allow_nan=False))
    assert numbers["table"]["distance"][-1] == {"mean": pytest.approx(1.8), "standard_error": pytest.approx(0.0)}
    assert numbers["table"]["stops"] == [100] * 5
    assert numbers["savings"]["table"]["4"]["equal distance"]["mean"] == pytest.approx(0.1 * 3 * 1.02)
    drawings = PAPER.figures(numbers)
    assert set(drawings) == {"distance", "gap", "moreau", "rows", "digits"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "m = 400: 1.8 under 5.4e+02" in drawings["distance"].alt


def test_the_plan_and_its_rates():
    for size in SIZES:
        parts = [step.part.name for step in plan(Request(size)).steps]
        assert len(set(parts)) == len(parts)
    for width, steps in ((100, 25), (1600, 400)):
        time = rate_inside(width, steps) * steps * weak_convexity(width, 1.2)
        assert 0.9 < time < 1.0
    assert marks_to(100) == (0, 3, 6, 12, 25, 50, 100)

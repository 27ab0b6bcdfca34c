"""Every claim about tensor decomposition can fail: given wrong answers it does, given right ones it holds."""

import copy
import json

import pytest

from limes.papers.paper import Request
from limes.papers.reading import slope
from limes.papers.registry import find
from limes.papers.tensor_decomposition.claims import claims
from limes.papers.tensor_decomposition.experiment import SIZES, plan
from limes.papers.tensor_decomposition.lazy_claims import TABLE

SEEDS = range(5)
LAZY = {(8, 3): (15.0, 15), (8, 4): (41.25, 42), (10, 3): (22.0, 22)}
GROWTH = {6: 10, 8: 15, 10: 22, 12: 31}


def _lazy(d, order):
    threshold, smallest = LAZY[d, order]
    residuals = TABLE.get((d, order), {4: 0.9, 8: 0.8})
    about = {"d": d, "order": order, "rank": 2, "threshold": threshold, "widths": list(residuals)}
    return about | {"residual": [*residuals.values()], "exceptions": 0, "smallest": smallest}


def _moving(d, order):
    row = [0.001, 0.002, 0.003]
    about = {"d": d, "order": order, "rank": 2, "widths": [4, 8, 16]}
    return about | {"residual": [row] * 4 + [[0.707, 0.002, 0.003]], "outside": [[0.2] * 3] * 5}


def _rounds():
    table = {"parallel": [[21, 2, 2, 2, 2]] * 2, "sequential": [[3, 1, 1, 1, 1]] * 2}
    about = {"dimensions": [16, 32], "components": [3, 4, 8, 16, 40], "rank": 2}
    return about | {"orthonormal": copy.deepcopy(table), "random": copy.deepcopy(table)}


def right():
    """What a run might find, in agreement with every claim."""
    found = {f"lazy-{d}-{order}": {s: _lazy(d, order) for s in SEEDS} for d, order in LAZY}
    found |= {f"moving-{d}-{order}": {0: _moving(d, order)} for d, order in LAZY}
    never, again = [[0.9, 0.001]] * 2 + [[0.9, 0.707]], [[0.9, 0.001]] * 3
    rescued = {"d": 8, "order": 3, "m": 4, "periods": [None, 500, 1000], "at": [0, 100]}
    found["rescued"] = {0: rescued | {"residuals": [never * 6, again * 6, again * 6]}}
    found["exact"] = {0: {"d": 8, "order": 3, "rank": 4, "random": [0.5, 0.0], "positive": [0.7, 0.5]}}
    for d, least in GROWTH.items():
        found[f"growth-{d}-2"] = {0: {"d": d, "order": 3, "rank": 2, "moving": [2, 3] * 2, "lazy": [least] * 4}}
    for rank in (1, 2, 3):
        found[f"rank-8-{rank}"] = {0: {"d": 8, "order": 3, "rank": rank, "moving": [rank + 1] * 4, "lazy": [15] * 4}}
    for order, steps in ((3, [60, 70, 80]), (4, [60, 100, 170])):
        times = {"dimensions": [8, 16, 32], "order": order, "rank": 2, "m": 8, "steps": [[t] * 25 for t in steps]}
        found[f"times-{order}"] = {0: times}
    found["gram"] = {s: {"orders": [3, 4], "loss": [1e-15, 2e-15], "gradient": [1e-15, 1e-15]} for s in SEEDS}
    found["rounds"] = {s: _rounds() for s in SEEDS}
    return found


def judged(found):
    return {claim.id: claim for claim in claims(found, "full", {})}


def test_right_answers_hold():
    made = judged(right())
    assert {claim.verdict for claim in made.values()} == {"holds"}
    assert {name[0] for name in made} == set("123456789")
    assert 3 <= sum(claim.headline for claim in made.values()) <= 5


def change(quantity, *path, value):
    def apply(found):
        for result in found[quantity].values():
            for key in path[:-1]:
                result = result[key]
            result[path[-1]] = value

    return apply


def _growing(found):
    for d in GROWTH:
        found[f"growth-{d}-2"][0]["moving"] = [d**2] * 4


WRONG = [
    ("1a", change("lazy-8-3", "smallest", value=8)),
    ("1b", change("lazy-8-4", "smallest", value=60)),
    ("1d", change("lazy-8-3", "exceptions", value=1)),
    ("1e", change("lazy-8-3", "residual", value=[0.3, 0.7, 0.0])),
    ("2a", change("moving-8-3", "residual", value=[[0.001, 0.7, 0.001]] * 5)),
    ("2b", change("moving-8-3", "residual", value=[[0.02, 0.02, 0.02]] * 5)),
    ("2c", change("moving-10-3", "residual", value=[[0.001, 0.7, 0.001]] * 5)),
    ("2e", change("moving-8-4", "residual", value=[[0.001, 0.7, 0.001]] * 5)),
    ("3a", change("rescued", "residuals", 0, value=[[0.9, 0.707]] * 18)),
    ("3b", change("rescued", "residuals", 1, value=[[0.9, 0.707]] * 9 + [[0.9, 0.001]] * 9)),
    ("3d", change("rescued", "residuals", value=[[[0.9, 0.001]] * 18, *[[[0.9, 0.001]] * 6 + [[1, 1]] * 12] * 2])),
    ("4a", _growing),
    ("4b", change("growth-12-2", "lazy", value=[15] * 4)),
    ("4c", change("times-3", "steps", value=[[10] * 25, [40] * 25, [160] * 25])),
    ("4d", change("times-4", "steps", value=[[10] * 25, [60] * 25, [360] * 25])),
    ("5a", change("gram", "loss", value=[1e-15, 1e-9])),
    ("5b", change("gram", "gradient", value=[1e-9, 1e-15])),
    ("6a", change("exact", "random", value=[0.0] * 5)),
    ("6b", change("exact", "positive", value=[0.0] * 5)),
    ("7a", change("rounds", "orthonormal", "parallel", value=[[21, 2, 2, 2, 2], [21, 4, 2, 2, 2]])),
    ("7b", change("rounds", "random", "parallel", value=[[21, 2, 2, 2, 2], [21, 2, 2, 4, 2]])),
    ("7c", change("rounds", "random", "parallel", value=[[21, 15, 2, 2, 2]] * 2)),
    ("7d", change("rounds", "random", "parallel", value=[[21, 2, 2, 2, 21]] * 2)),
    ("8", change("rank-8-2", "moving", value=[32] * 4)),
    ("9a", change("moving-8-3", "outside", value=[[5.0] * 3] * 5)),
]


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_too_few_components_may_do_in_parallel():
    found = right()
    for target in ("orthonormal", "random"):
        change("rounds", target, "parallel", value=[[5, 2, 2, 2, 2]] * 2)(found)
    assert judged(found)["7e"].verdict == "fails"


def test_figures_are_made_of_the_numbers():
    paper = find("tensor-decomposition")
    numbers = json.loads(json.dumps(paper.curves(right(), {}), allow_nan=False))
    assert numbers["growth"][2] == {"d": 10, "rank": 2, "moving": 2.5, "lazy": 22.0}
    assert numbers["rescued"]["success"][0] == [0.0, pytest.approx(2 / 3)]
    drawings = paper.figures(numbers)
    assert set(drawings) == {"thresholds", "growth", "rank", "times", "rescued", "rounds"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "lazy: 10, 15, 22, 31; moving: 2.5, 2.5, 2.5, 2.5" in drawings["growth"].alt


def test_the_plan():
    for size in SIZES:
        made = plan(Request(size))
        parts = [step.part.name for step in made.steps]
        assert len(set(parts)) == len(parts)
        assert sum(step.seconds for step in made.steps) < (90 if size == "smoke" else 900)
    assert slope([1, 2, 4], [3, 12, 48]) == pytest.approx(2.0)

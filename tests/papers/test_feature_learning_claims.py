"""Every claim about feature learning can fail: given wrong answers it does, given right ones it holds."""

import json

import pytest

from limes.papers.feature_learning.claims import claims
from limes.papers.feature_learning.experiment import SIZES, plan
from limes.papers.paper import Request
from limes.papers.registry import find

SEEDS = range(5)


def _course(loss, cosine, near, mass):
    figures = {"loss": loss, "mean_cosine": cosine, "share_near": near, "total_mass": mass}
    figures |= {"n_active": 20, "imbalance": 1e-6}
    made = {name: [[value * 0.9] * 5, [value * 0.95] * 5, [value] * 5] for name, value in figures.items()}
    return made | {"at": [0, 10, 20], "stage_ends": [1, 2]}


def _hidden(n):
    errors = {
        "kernel": {"test": 0.4, "chosen": "ntk"},
        "annealed": {"test": 0.1, "share": 0.6},
        "none": {"test": 0.2, "share": 0.3},
    }
    about = {"n": n, "task": "digits", "dimension": 64}
    return about | {target: {k: dict(v) for k, v in errors.items()} for target in ("projections", "parity")}


def right():
    """What a run might find, in agreement with every claim."""
    eta = {"penalties": [0.03, 0.01], "eta_largest": [[1.001] * 5] * 2, "eta_power": [[2.0] * 5] * 2}
    rest = {"loss": [0.05] * 5, "share_near": [0.01] * 5, "mean_cosine": [0.35] * 5}
    span = {"start": [0.3] * 5, "stepped": [0.93] * 5}
    stages = {"span": span, "staged": _course(1e-6, 0.999, 1.0, 3.0), "direct": _course(1e-5, 0.99, 0.95, 3.0)}
    found = {
        "annealed": _course(1e-6, 0.998, 0.99, 3.0) | eta,
        "none": _course(1e-6, 0.37, 0.09, 24.0),
        "small": _course(2e-6, 0.98, 0.97, 3.05),
        "constant": _course(1e-5, 0.6, 0.5, 9.0),
        "resting": {"tangent": {"loss": [0.015] * 5}, "best": dict(rest), "annealed": dict(rest)},
        "stages": stages,
        "penalties": {"penalties": [0.1, 0.01], "losses": [[4e-3] * 5, [4e-5] * 5], "share_near": [[1.0] * 5] * 2},
    }
    whole = {quantity: {0: result} for quantity, result in found.items()}
    whole["samples"] = {s: {"n": 1000, "whole": -1.0, "without affine": 0.5} for s in SEEDS}
    return whole | {f"hidden-{n}": {s: _hidden(n) for s in SEEDS} for n in (125, 500)}


def judged(found):
    return {claim.id: claim for claim in claims(found, "full", {})}


def test_right_answers_hold():
    made = judged(right())
    assert {claim.verdict for claim in made.values()} == {"holds"}
    assert {name.rstrip("abcdefgh") for name in made} == {str(i) for i in range(1, 12)}
    assert [claim.id for claim in made.values() if claim.headline] == ["1a", "2c", "4", "5c"]


def change(quantity, *path, value):
    def apply(found):
        for result in found[quantity].values():
            for key in path[:-1]:
                result = result[key]
            result[path[-1]] = value

    return apply


def _all(value):
    return [[value] * 5] * 3


WRONG = [
    ("1a", change("annealed", "share_near", value=_all(0.8))),
    ("1b", change("annealed", "mean_cosine", value=_all(0.9))),
    ("1c", change("annealed", "total_mass", value=_all(3.1))),
    ("2a", change("none", "loss", value=_all(0.01))),
    ("2b", change("none", "mean_cosine", value=_all(0.9))),
    ("2c", change("none", "share_near", value=_all(0.7))),
    ("2d", change("none", "total_mass", value=_all(3.0))),
    ("3a", change("small", "mean_cosine", value=_all(0.5))),
    ("3b", change("small", "share_near", value=_all(0.5))),
    ("4", change("penalties", "losses", value=[[4e-4] * 5, [4e-5] * 5])),
    ("5a", change("resting", "annealed", "share_near", value=[0.9] * 5)),
    ("5b", change("resting", "best", "loss", value=[1e-7] * 5)),
    ("5c", change("resting", "tangent", "loss", value=[1e-7] * 5)),
    ("6", change("annealed", "imbalance", value=_all(0.1))),
    ("7a", change("samples", "whole", value=-5.0)),
    ("7b", change("samples", "without affine", value=5.0)),
    ("8a", change("stages", "span", "stepped", value=[0.2] * 5)),
    ("8b", change("stages", "direct", "loss", value=_all(1e-9))),
    ("8c", change("stages", "staged", "share_near", value=_all(0.2))),
    ("9a", change("annealed", "eta_largest", value=[[1.5] * 5] * 2)),
    ("9b", change("annealed", "eta_power", value=[[1.0] * 5] * 2)),
    ("10", change("constant", "share_near", value=_all(1.0))),
    ("11a", change("hidden-500", "projections", "annealed", "test", value=0.5)),
    ("11b", change("hidden-500", "parity", "annealed", "test", value=0.5)),
    ("11c", change("hidden-125", "projections", "annealed", "test", value=0.5)),
    ("11d", change("hidden-500", "projections", "none", "test", value=0.05)),
    ("11e", change("hidden-500", "projections", "none", "share", value=0.9)),
]


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_without_its_data_the_last_claim_is_left_out():
    found = {quantity: by_seed for quantity, by_seed in right().items() if not quantity.startswith("hidden")}
    assert not [name for name in judged(found) if name.startswith("11")]
    assert find("feature-learning").curves(found, {})["hidden"] is None


def test_figures_are_made_of_the_numbers():
    paper = find("feature-learning")
    numbers = json.loads(json.dumps(paper.curves(right(), {}), allow_nan=False))
    assert numbers["courses"]["none"]["total_mass"]["middle"] == pytest.approx([21.6, 22.8, 24.0])
    assert numbers["hidden"]["errors"]["parity"]["annealed"][1]["mean"] == pytest.approx(0.1)
    drawings = paper.figures(numbers)
    assert set(drawings) == {"loss", "alignment", "penalties", "stages", "hidden-projections", "hidden-parity"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "none from a small start: 0.97" in drawings["alignment"].alt


def test_the_plan(monkeypatch):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    for size in SIZES:
        made = plan(Request(size))
        parts = [step.part.name for step in made.steps]
        assert len(set(parts)) == len(parts)
        assert sum(step.seconds for step in made.steps) < (90 if size == "smoke" else 900)
        assert bool(made.notes) == (size == "full")  # MNIST was not given

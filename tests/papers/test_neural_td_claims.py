"""Every claim about neural temporal differences can fail: given wrong answers it does, given right ones it holds."""

import json

import pytest

from limes.papers.neural_td import environments
from limes.papers.neural_td.claims import claims
from limes.papers.neural_td.experiment import SIZES, STEPS, plan
from limes.papers.neural_td.run_claims import TABLE, WIDTHS
from limes.papers.paper import Request
from limes.papers.reading import slope
from limes.papers.registry import find

SEEDS = range(5)


def _errors(value=(0.4, 0.27, 0.2), last=(0.2, 0.17, 0.15)):
    fixed = {"averaged_fixed": [v - 0.05 for v in value], "last_fixed": [v - 0.1 for v in last]}
    return {"averaged_value": [*value], "last_value": [*last]} | fixed


def _scan(k, width):
    gap = 0.12 * (width / 16) ** -0.7
    about = {"width": width, "steps": [*STEPS], "fixed_error": 0.05, "fixed_distance": 10.0, "fixed_residual": 1e-15}
    about |= {"bellman": [0.3, 0.2, 0.12], "projected_bellman": [0.2, 0.1, 0.1], "projected": [0.0] * 3}
    return about | _errors([TABLE[t][k] for t in STEPS]) | {"gap": [gap / 4, gap / 2, gap], "movement": [3, 4, 4.4]}


def _balls():
    found = {"width": 256, "steps": 32000, "radii": [1.0, 4.0, 10.0], "fixed_error": [0.6, 0.1, 0.0]}
    found |= {"fixed_square": [0.1, 0.8, 1.0]}
    found |= {"fixed_residual": [1e-15] * 3, "projected": [0.9, 0.1, 0.0], "movement": [1, 4, 4.8]}
    found |= {"averaged_value": [0.6, 0.2, 0.2], "averaged_fixed": [0.001, 0.01, 0.1]}
    return found | {"last_value": [0.6, 0.2, 0.1], "last_fixed": [0.001, 0.01, 0.1]}


def _markov():
    paths = [[0.4, 0.27, 0.2], [0.41, 0.28, 0.21], [0.6, 0.4, 0.3]]
    names = ("averaged_value", "last_value", "averaged_fixed", "last_fixed")
    about = {"width": 256, "steps": [*STEPS], "stays": [0.0, 0.5, 0.99], "mixing": [3, 6, 300]}
    return about | {"independent": _errors(), "trajectory": dict.fromkeys(names, paths)}


def _bounds():
    errors = {name: [0.4, 0.2] for name in ("population", "stochastic", "value")}
    sides = {f"{name}_bound": [30.0, 8.0] for name in errors}
    about = {"width": 1024, "steps": [500, 2000], "radii": [1.0, 10.0], "variance": [0.3, 0.3]}
    return (
        about | errors | sides | {"misfit": [0.6, 1e-9], "fixed": [0.61, 1.0], "fixed_square": 0.7, "value_square": 0.9}
    )


def _control(width):
    part = {"averaged_value": [0.9, 0.8, 0.5], "last_value": [0.8, 0.5, 0.3], "bellman": [0.08, 0.06, 0.04]}
    part |= {"bias": [0.3, 0.2, 0.1]}
    return {"width": width, "steps": [*STEPS], "states": 20, "actions": 4, "hard": part, "soft": {**part}}


def _environment(name):
    part = _errors((0.99, 0.97, 0.9)) | {"fixed_error": 0.0, "bellman": [0.1] * 3, "bias": [0.1] * 3}
    kinds = {kind: {**part} for kind in ("coordinates", "random", "control")}
    return {"name": name, "width": 64, "steps": [*STEPS], "pairs": 48} | kinds


def _each(make):
    return {seed: make() for seed in SEEDS}


def right():
    """What a run might find, in agreement with every claim."""
    found = {f"scan-{width}": _each(lambda k=k, w=width: _scan(k, w)) for k, width in enumerate(WIDTHS)}
    found |= {"balls": _each(_balls), "markov": _each(_markov), "bounds": _each(_bounds)}
    mono = {"width": 64, "draws": 1000, "excess": 0.2, "median": 0.5}
    found["monotone-64"] = _each(lambda: {**mono})
    found |= {f"control-{width}": _each(lambda w=width: _control(w)) for width in (64, 256)}
    found["environment-FrozenLake"] = _each(lambda: _environment("FrozenLake-v1"))
    return found


def judged(found):
    return {claim.id: claim for claim in claims(found, "full", {})}


def test_right_answers_hold():
    made = judged(right())
    assert {claim.verdict for claim in made.values()} == {"holds"}
    assert {name[0] for name in made} == set("123456789")
    assert {claim.id for claim in made.values() if claim.headline} == {"1a", "2a", "7d", "9a"}


def change(quantity, *path, value):
    def apply(found):
        for name in [name for name in found if name.startswith(quantity)]:
            for result in found[name].values():
                for key in path[:-1]:
                    result = result[key]
                result[path[-1]] = value

    return apply


FLAT = [0.5, 0.5, 0.55]
WRONG = [
    ("1a", change("scan", "averaged_value", value=FLAT)),
    ("1b", change("scan", "averaged_fixed", value=FLAT)),
    ("1c", change("scan", "averaged_value", value=[1.1, 0.5, 0.5])),
    ("1d", change("scan", "averaged_value", value=FLAT)),
    ("1e", change("scan", "averaged_value", value=FLAT)),
    ("2a", change("scan", "gap", value=[0.1, 0.1, 0.1])),
    ("2b", change("scan", "gap", value=[0.1, 0.1, 0.1])),
    ("3a", change("bounds", "population", value=[0.4, 9.0])),
    ("3b", change("bounds", "stochastic", value=[31.0, 0.1])),
    ("3c", change("bounds", "fixed", value=[2.1, 1.0])),
    ("3d", change("bounds", "value", value=[31.0, 0.1])),
    ("4a", change("monotone", "excess", value=-0.1)),
    ("5a", change("scan", "last_value", value=[0.5, 0.5, 0.5])),
    ("5b", change("scan", "last_fixed", value=[0.5, 0.5, 0.5])),
    ("6a", change("balls", "averaged_value", value=[0.19, 0.2, 0.2])),
    ("6b", change("balls", "averaged_fixed", value=[0.013, 0.1, 0.1])),  # close only in the unit of V
    ("6c", change("balls", "projected", value=[0.9, 0.2, 0.1])),
    ("7a", change("control-64", "hard", "averaged_value", value=[0.9, 1.0, 1.1])),
    ("7b", change("control-64", "soft", "averaged_value", value=[0.9, 1.0, 1.1])),
    ("7c", change("control-64", "hard", "bellman", value=[0.1, 0.1, 0.2])),
    ("7d", change("control-256", "hard", "averaged_value", value=[0.9, 1.0, 1.1])),
    ("8a", change("environment", "coordinates", "averaged_value", value=[0.9, 1.0, 1.1])),
    ("8b", change("environment", "random", "averaged_value", value=[0.9, 1.0, 1.1])),
    ("8c", change("environment", "control", "averaged_value", value=[0.9, 1.0, 1.1])),
    ("9a", change("markov", "trajectory", "averaged_value", value=[FLAT] * 3)),
    ("9c", change("markov", "trajectory", "averaged_value", value=[[0.4, 0.3, 0.2], [0.4, 0.3, 0.2], FLAT])),
    ("9d", change("markov", "independent", "averaged_value", value=[0.4, 0.27, 0.1])),
    ("9e", change("markov", "trajectory", "averaged_value", value=[[0.4, 0.3, 0.2], [0.4] * 3, [0.3, 0.2, 0.1]])),
    ("9f", change("markov", "trajectory", "averaged_value", value=[[0.4, 0.3, 0.2], [0.4] * 3, [0.3, 0.2, 0.1]])),
]


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_errors_above_the_bound_by_less_than_a_wide_margin_decide_nothing():
    found = right()
    change("bounds", "population", value=[10.0, 0.1])(found)
    assert judged(found)["3a"].verdict == "inconclusive"


def test_a_bound_that_no_learning_obeys_too_is_told_of():
    found = right()
    assert "Q = 0, where nothing is learnt, has the error 0.7, the mean square of Q_0(W*)" in judged(found)["3a"].note
    assert "0.087 of the bound: it passes too" in judged(found)["3a"].note
    assert "0.9, the mean square of V, and at most 0.11 of the bound." in judged(found)["3d"].note


def test_figures_are_made_of_the_numbers():
    paper = find("neural-td")
    numbers = json.loads(json.dumps(paper.curves(right(), {}), allow_nan=False))
    assert numbers["scans"][0]["averaged_value"][2] == {
        "mean": pytest.approx(0.212),
        "standard_error": pytest.approx(0.0, abs=1e-12),
    }
    assert [entry["mean"] for entry in numbers["markov"]["ratios"][2]] == pytest.approx([1.0, 1.05, 1.5])
    drawings = paper.figures(numbers)
    assert set(drawings) == {"errors", "linearity", "balls", "bounds", "control", "environments", "markov"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "learnt, against V: 0.6, 0.2, 0.2" in drawings["balls"].alt
    one = {quantity: {0: by_seed[0]} for quantity, by_seed in right().items() if "environment" not in quantity}
    assert "environments" not in paper.figures(json.loads(json.dumps(paper.curves(one, {}), allow_nan=False)))


def test_the_plan(monkeypatch):
    for size in SIZES:
        made = plan(Request(size))
        assert len({step.name for step in made.steps}) == len(made.steps)
        assert not made.notes
        assert json.loads(json.dumps(dict(made.settings))) == made.settings
    assert sum(step.seconds for step in plan(Request("smoke")).steps) < 90
    assert {step.seed for step in plan(Request("smoke", seeds=2)).steps} == {0, 1}
    monkeypatch.setattr(environments.importlib.util, "find_spec", lambda name: None)
    without = plan(Request("smoke"))
    assert "pip install 'limes[beyond]'" in without.notes[0]
    assert not any(step.quantity.startswith("environment") for step in without.steps)


def test_an_exponent_is_one():
    assert slope([1, 2, 4], [3, 6, 12]) == pytest.approx(1.0)

"""Norm bounds: the steps against something simpler, and every claim on planted results."""

import copy
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from limes.data import load
from limes.measure.norm_bounds import first_term
from limes.papers.norm_bounds import conventions, course
from limes.papers.norm_bounds.claims import claims
from limes.papers.norm_bounds.curves import curves
from limes.papers.norm_bounds.experiment import SIZES, name_of, plan
from limes.papers.norm_bounds.figures import figures
from limes.papers.norm_bounds.reading import largest_rho, released, toeplitz_ratio
from limes.papers.paper import Request
from limes.papers.registry import find

pytestmark = pytest.mark.usefixtures("quick_compilation")
SEEDS = (0, 1, 2)
TASK = replace(SIZES["smoke"].task, n_train=64, n_test=30, n_errors=20, epochs=2)


def test_pooled_images_are_means_of_windows():
    x = np.arange(32.0).reshape(1, 4, 4, 2)
    found = course.pooled(x, 2)
    assert found.shape == (1, 2, 2, 2)
    assert found[0, 1, 0, 1] == x[0, 2:4, 0:2, 1].mean()


def test_a_followed_network_and_copies_of_its_filters():
    found = course.followed(TASK, load("digits"), 0, "conv", 1, 2, 3e-3)
    assert found["epochs"].tolist() == [0, 1, 2]
    np.testing.assert_allclose(found["gap"], found["test_error"] - found["train_error"])
    by_hand = sum(released(found["rho"][-1], found["node"], 64, 2))
    assert found["sparse"][-1] == pytest.approx(by_hand)
    same = course.copies(TASK, load("digits"), 0, 1, 2)
    assert same["outputs"] < 1e-5
    assert same["rho"][0] == pytest.approx(found["rho"][-1], rel=1e-5)
    assert same["complete"][1] == pytest.approx(same["complete"][0], rel=1e-6)


def test_nodes_and_read_out():
    found = conventions.nodes(replace(TASK, epochs=1), load("digits"), 0, 1)
    assert found["sparse"]["one"] == pytest.approx(found["golowich"])
    assert found["rho"]["unit"] < found["rho"]["layer"]
    found = conventions.read_out(TASK, load("digits"), 0)
    x = course.rows_of(TASK, load("digits"), 0).x.reshape(64, -1)
    expected = np.sqrt((x**2).sum()) / 64  # at least this over sqrt(2), by Khintchine, and at most this, by Jensen
    assert expected / 2**0.5 < found["complexity"] < expected
    by_hand = (1 + np.sqrt(4 * np.log(2))) * np.sqrt((x**2).sum(axis=0).max()) / 64
    assert found["released"] == pytest.approx(by_hand)


def test_conventions_of_colour_and_sample():
    rng = np.random.default_rng(0)
    data = replace(load("digits"), x=rng.uniform(size=(60, 4, 4, 3)))
    found = conventions.colours(data, 50)
    x = data.x[:50]
    by_hand = first_term(1.0, 4 * math.log(8), 10, (x**2).sum(axis=(0, 3)).max() * 64, 50)
    assert found["raw, pixel"] == pytest.approx(by_hand)
    assert found["raw, channel"] < found["raw, pixel"] < found["standardised, pixel"] * 10
    samples = conventions.samples(data)
    assert samples["n"] == [50, 60]
    assert samples["node"][0] == pytest.approx((x**2).sum(axis=(0, 3)).max())


def test_the_formula_turned_round():
    for share in (0.25, 0.5):
        rho = largest_rho(share, 4)
        assert sum(released(rho, share * 50_000, 50_000, 4)) == pytest.approx(1.0)


def lines(depth, channels, kind="conv", decay=3e-3, **last):
    ends = {"rho": 3.0, "sparse": 5.0, "complete": 50.0, "golowich": 5000.0, "long_sedghi": 60.0, "graf": 1e5}
    ends |= {"ledent": 1e6, "train_error": 0.03, "test_error": 0.05, "gap": 0.02} | last
    curves = {name: np.array([2 * value, value]) for name, value in ends.items()}
    plain = {"kind": kind, "depth": depth, "channels": channels, "decay": decay, "first": 4.9, "n": 2000, "node": 600.0}
    return curves | plain | {"epochs": np.array([0.0, 1.0]), "degrees": [4] * depth}


RIGHT = {
    "conv-2-16": lines(2, 16),
    "conv-3-16": lines(3, 16),
    "conv-3-32": lines(3, 32, sparse=5.2),
    "conv-3-16-plain": lines(3, 16, decay=0.0, rho=30.0),
    "conv-3-32-plain": lines(3, 32, decay=0.0, rho=50.0),
    "local-2-16": lines(2, 16, "local"),
    "dense-2-16": lines(2, 16, "dense", sparse=50.0, complete=60.0),
    "copies": {name: [3.0, 3.0] for name in ("rho", "sparse", "complete")} | {"outputs": 0.0},
    "nodes": {
        "rho": {"layer": 6.0, "unit": 1.5},
        "sparse": {"one": 10.0, "pixels": 20.0, "units": 8.0},
        "complete": {"one": 10.0, "pixels": 22.0, "units": 60.0},
        "golowich": 10.0,
    },
    "read-out": {"complexity": 0.1, "error": 0.001, "released": 0.2, "complete": 0.9, "pixels": 64},
    "samples": {"n": [50_000, 60_000], "node": [15_000.0, 18_000.0], "total": [5e6, 6e6], "shape": [28, 28, 1]},
    "colours": {
        "raw, channel": 1.0,
        "raw, pixel": 1.6,
        "standardised, channel": 4.0,
        "standardised, pixel": 6.0,
    },
}


def right():
    return {quantity: {s: copy.deepcopy(result) for s in SEEDS} for quantity, result in RIGHT.items()}


def change(quantity, *path, value):
    def apply(found):
        for result in found[quantity].values():
            for key in path[:-1]:
                result = result[key]
            result[path[-1]] = value

    return apply


def ends(quantity, name, value):
    return change(quantity, name, 1, value=value)


LARGE = "conv-3-32"
WRONG = [
    ("2a", ends("conv-2-16", "sparse", 0.01)),
    ("2b", ends("conv-3-16-plain", "complete", 0.01)),
    ("2c", change("read-out", "complexity", value=0.3)),
    ("2d", change("read-out", "complexity", value=1.0)),
    ("3a", ends(LARGE, "rho", 60.0)),
    ("3b", ends(LARGE, "rho", 30.0)),
    ("3c", ends(LARGE, "sparse", 50.0)),
    ("3f", ends(LARGE, "complete", 0.9)),
    ("4a", ends(LARGE, "golowich", 4.0)),
    ("4b", change("samples", "total", 1, value=1e-3)),
    ("4c", ends(LARGE, "long_sedghi", 2.0)),
    ("4d", ends(LARGE, "graf", 2.0)),
    ("4e", ends(LARGE, "ledent", 2.0)),
    ("4f", ends(LARGE, "golowich", 20.0)),
    ("4g", ends(LARGE, "long_sedghi", 20.0)),
    ("5a", change("colours", "raw, pixel", value=1.8)),
    ("5b", change("colours", "standardised, pixel", value=7.0)),
    ("6a", change("nodes", "sparse", "one", value=10.1)),
    ("6b", change("nodes", "complete", "pixels", value=9.0)),
    ("7a", change("copies", "rho", 1, value=3.1)),
    ("7b", ends("local-2-16", "sparse", 0.01)),
    ("7c", ends("local-2-16", "complete", 0.01)),
    ("7d", ends("dense-2-16", "sparse", 4.0)),
    ("7e", ends("dense-2-16", "golowich", 40.0)),
    ("8a", change("samples", "node", 1, value=15_000.0)),
    ("8b", change("samples", "node", 1, value=24_000.0)),
]
OF_THE_FORMULA = {"1a", "1b", "1c", "1d", "3d", "3e"}


def judged(found):
    return {claim.id: claim for claim in claims(found, "full", {})}


def test_right_answers_hold():
    found = judged(right())
    assert {name: claim.verdict for name, claim in found.items() if claim.verdict != "holds"} == {}
    assert {name for name, _ in WRONG} | OF_THE_FORMULA == set(found), "every claim needs a wrong answer here"
    assert {claim.id for claim in found.values() if claim.headline} == {"2c", "3b", "4a", "7d"}


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_a_wrong_formula_fails(monkeypatch):
    from limes.papers.norm_bounds import formula_claims, reading

    monkeypatch.setattr(formula_claims, "first_term", lambda *a: 2 * first_term(*a) / 99)
    monkeypatch.setattr(formula_claims, "additive_term", lambda *a: 0.03)
    monkeypatch.setattr(reading, "first_term", lambda *a: 2 * first_term(*a))
    found = judged({})
    assert set(found) == OF_THE_FORMULA
    assert {claim.verdict for claim in found.values()} == {"fails"}


def test_the_ratio_on_whole_images_is_that_of_the_toeplitz_norms():
    big = 1e6  # where rho + 1 is rho
    logs = (1 + math.sqrt(2 * (4 * math.log(2) + math.log(10)))) / (1 + math.sqrt(2 * (4 * math.log(8) + math.log(10))))
    by_hand = 27 * 26 * 25 * logs * math.sqrt(6e6 / (18_000 * 64))
    assert toeplitz_ratio(big, RIGHT["samples"], 4) == pytest.approx(by_hand, rel=1e-3)


def test_figures_are_made_of_the_numbers():
    numbers = json.loads(json.dumps(curves(right(), {}), allow_nan=False))
    assert numbers["ends"]["LC-2-16"]["sparse"] == {"mean": 5.0, "standard_error": 0.0}
    drawings = figures(numbers)
    assert set(drawings) == {"course", "rho", "ends"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert figures(curves({}, {})) == {}


def test_the_plan(monkeypatch):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    steps = plan(Request("smoke")).steps
    assert len({step.part.name for step in steps}) == len(steps)
    assert {"copies", "nodes", "read-out", "samples"} < {step.quantity for step in steps}
    names = {name_of(case) for case, _ in SIZES["full"].cases}
    assert {"conv-4-32", "conv-3-64", "conv-3-16-plain", "local-3-16", "dense-3-16"} < names
    without = plan(Request("full"))
    assert not without.steps
    assert len(without.notes) == 2
    assert find("norm-bounds").key == "norm-bounds"

"""Every claim about fast training can fail: given wrong answers it does."""

import copy
import json
from typing import Any

import pytest

from limes.papers.fast_training.claims import claims
from limes.papers.fast_training.curves import curves
from limes.papers.fast_training.experiment import SIZES, plan
from limes.papers.fast_training.figures import figures
from limes.papers.fast_training.reading import break_even
from limes.papers.paper import Request
from limes.papers.registry import find

SEEDS = (0, 1, 2)


def speed(d, m, share, rows, gram):
    names = {"products": 1.0, "rows": 1 / rows, "gram": 1 / gram, "dense": 1.5, "mean_rows": 1 / 5, "mean_gram": 1 / 4}
    chosen = "rows" if rows > gram else "gram"
    return {
        "n": 1000,
        "d": d,
        "m": m,
        "share": share,
        "chosen": chosen,
        "refreshed": {"rows": 0.01, "gram": 0.01, "dense": 0.0},
        **names,
    }


def worse(data):
    biases = [0.0, 1.0, 2.0]
    return {
        "data": data,
        "biases": biases,
        "levels": [0.5, 0.2, 0.1],
        "loss": [0.1, 0.1, 0.1],
        "steps": [[30, 100, 200], [10, 40, 90], [8, 20, 50]],
        "active": [[0.5, 0.5], [0.16, 0.17], [0.02, 0.05]],
        **{name: [0.1, 0.1, 0.1] for name in ("error", "even_error", "robust", "even_robust")},
    }


def found() -> Any:
    exact = {
        "relative": {"rows": 1e-5, "gram": 2e-5},
        "uncovered": {"rows": 0, "gram": 0},
        "refreshed": {"rows": 0.01, "gram": 0.02},
        "beyond": 2e-5,
    }
    stale = {"skins": [0.25, 0.5, 1.0], "first": [4, 10, 61], "wrong": [0.18, 0.04, 1e-5], "beyond": [0.1, 0.0, 0.0]}
    renewal = {"bias": 1.0, "m": 20_000, "refreshed": [0.01, 0.03], "active": [0.16] * 3, "loss": [1, 0.5, 0.2]}
    index = {16: 0.98, 2: 0.02}
    once = {
        "speed-1000-64-20000-10": speed(64, 20_000, 0.01, 10.0, 5.0),
        "speed-1000-64-20000-100": speed(64, 20_000, 0.1, 2.0, 0.5),
        "speed-1000-64-20000-250": speed(64, 20_000, 0.25, 0.5, 0.1),
        "speed-1000-784-20000-10": speed(784, 20_000, 0.01, 12.0, 45.0),
        "speed-1000-64-1000000-63": speed(64, 1_000_000, 0.063, 3.0, 1.0),
        "speed-1000-64-20000-10-training": speed(64, 20_000, 0.01, 10.0, 5.0),
    }
    each = {"exact": exact, "stale": stale, "renewal-20000-1": renewal}
    each |= {f"index-{d}-10": {"d": d, "share": 0.01, "balls": v, "cells": 0.2} for d, v in index.items()}
    each |= {f"worse-{data}": worse(data) for data in ("digits", "mnist")}
    made: Any = {name: {seed: copy.deepcopy(result) for seed in SEEDS} for name, result in each.items()}
    return made | {name: {0: result} for name, result in once.items()}


def verdicts(results):
    return {claim.id: claim.verdict for claim in claims(results, "full", {})}


def test_what_was_expected_holds():
    made = verdicts(found())
    assert set(made.values()) == {"holds"}
    assert {int(identity.rstrip("abcdefgh")) for identity in made} == set(range(1, 12))
    assert 1 <= sum(claim.headline for claim in claims(found(), "full", {})) <= 6


@pytest.mark.parametrize(
    ("quantity", "name", "value", "failing"),
    [
        ("exact", "relative", {"rows": 1e-3, "gram": 2e-5}, "1a"),
        ("exact", "relative", {"rows": 1e-5, "gram": 2e-3}, "1b"),
        ("exact", "uncovered", {"rows": 1, "gram": 0}, "1c"),
        ("stale", "wrong", [1e-4, 0.04, 0.0], "2a"),
        ("stale", "wrong", [0.2, 1e-5, 0.0], "2b"),
        ("renewal-20000-1", "refreshed", [0.6, 0.7], "3a"),
        ("speed-1000-64-20000-10", "rows", 1.0, "4a"),
        ("speed-1000-784-20000-10", "rows", 1.0, "4b"),
        ("speed-1000-784-20000-10", "gram", 1.0, "4c"),
        ("speed-1000-64-20000-10-training", "mean_rows", 3.0, "4d"),
        ("speed-1000-64-20000-100", "rows", 3.0, "5a"),
        ("speed-1000-64-1000000-63", "rows", 0.2, "6a"),
        ("index-16-10", "balls", 0.5, "7a"),
        ("index-2-10", "balls", 0.5, "7d"),
        ("speed-1000-64-20000-10", "chosen", "gram", "8"),
        ("worse-mnist", "steps", [[30, 100, 200], [10, 150, 90], [8, 20, 50]], "9c"),
        ("worse-digits", "even_error", [0.1, 0.15, 0.1], "10a"),
        ("worse-digits", "even_robust", [0.5, 0.5, 0.3], "11b"),
    ],
)
def test_a_wrong_answer_fails(quantity, name, value, failing):
    results = found()
    for result in results[quantity].values():
        result[name] = value
        if name == "mean_rows":
            result["mean_gram"] = value
        if name == "chosen":
            result["rows"], result["gram"] = 0.1, 1.0
    assert verdicts(results)[failing] == "fails"


def test_the_break_even_lies_between_the_cases():
    cases: Any = [speed(64, 20_000, share, ratio, 1.0) for share, ratio in ((0.01, 8.0), (0.1, 2.0), (0.4, 0.5))]
    assert break_even(cases, "rows") == pytest.approx(0.2)
    assert break_even(cases[:2], "rows") == 0.1
    assert break_even(cases[2:], "rows") == 0.4


def test_figures_are_drawn_from_stored_numbers():
    numbers = json.loads(json.dumps(curves(found(), {})))
    drawn = figures(numbers)
    assert set(drawn) == {"speed", "index", "renewal", "steps", "learned"}
    assert all(drawing.caption and drawing.alt for drawing in drawn.values())


@pytest.mark.parametrize("size", ["smoke", "full"])
def test_the_plan_at_each_size(size, monkeypatch):
    monkeypatch.delenv("LIMES_DATA", raising=False)
    made = plan(Request(size))
    names = [step.name for step in made.steps]
    assert len(set(names)) == len(names)
    assert any(name.startswith("worse-digits") for name in names)
    assert not any(name.startswith("worse-mnist") for name in names)
    assert bool(made.notes) == (SIZES[size].mnist is not None)
    assert find("fast-training").plan is plan

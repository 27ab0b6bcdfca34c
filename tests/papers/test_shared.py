"""What papers share: steps by seed, figures of claims, and estimates over seeds."""

import math

import numpy as np
import pytest

from limes.core.progress import Quiet
from limes.papers.estimates import estimate, estimates, geometric, geometrics
from limes.papers.reading import across, family, first, mean, means, over, slope, within
from limes.papers.steps import lone, seeded


def test_each_seed_is_measured_with_its_own_number_and_settings_are_plain():
    steps = [*seeded("gap", range(3), lambda seed: {"seed": seed}, 0.5, {"widths": (2, 4), "nested": {"rates": (1,)}})]
    assert [step.compute({}, Quiet())["seed"] for step in steps] == [0, 1, 2]
    assert [(step.name, step.part.name) for step in steps] == [(f"gap-seed{seed}",) * 2 for seed in range(3)]
    assert steps[0].part.settings == {"widths": [2, 4], "nested": {"rates": [1]}}
    assert all(step.small and step.seconds == 0.5 for step in steps)
    assert not lone("once", 4, dict, 1.0, {}, small=False).small


def test_a_claim_takes_a_figure_of_each_seed():
    found = {
        "gap-8": {0: {"gap": 0.5, "curve": [1.0, 3.0]}, 2: {"gap": 0.25, "curve": [3.0, 5.0]}},
        "gap-16": {0: {"gap": 0.1}, 2: {"gap": 0.2}},
        "other": {},
    }
    narrow, wide = family(found, "gap-")
    assert first(narrow)["gap"] == 0.5
    assert over(narrow, lambda r: 2 * r["gap"]) == {"values": (1.0, 0.5), "seeds": (0, 2)}
    fall = across([narrow, wide], lambda results: results[0]["gap"] - results[1]["gap"])
    assert fall == {"values": pytest.approx((0.4, 0.05)), "seeds": (0, 2)}
    assert within(np.array([1.0, 2.0])) == {"values": (1.0, 2.0), "seeds": (0, 1)}
    assert mean(narrow, lambda r: r["gap"]) == 0.375
    assert means(narrow, "curve") == [2.0, 4.0]
    assert slope([10, 100, 1000], [3.0, 0.3, 0.03]) == pytest.approx(-1.0)


def test_estimates_are_those_of_the_places_and_have_no_error_with_one_seed():
    per_seed = np.random.default_rng(0).uniform(1, 2, (5, 3))
    for place, entry in enumerate(estimates(per_seed)):
        assert entry == estimate(per_seed[:, place])
        assert entry["standard_error"] == pytest.approx(np.std(per_seed[:, place], ddof=1) / 5**0.5)
    for place, entry in enumerate(geometrics(per_seed)):
        logs = estimate(np.log(per_seed[:, place]))
        assert entry == geometric(per_seed[:, place])
        assert math.log(entry["mean"]) == pytest.approx(logs["mean"])
        assert math.log(entry["factor"]) == pytest.approx(logs["standard_error"])
    assert estimates([[1.0, 2.0]])[1] == {"mean": 2.0, "standard_error": None}
    assert geometric([3.0])["factor"] is None

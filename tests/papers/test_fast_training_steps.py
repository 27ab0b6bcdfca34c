"""Steps of the experiment on fast training, in small."""

import numpy as np
import pytest

from limes.data import load
from limes.papers.fast_training import exactness, index, speed, worse


def test_exact_in_both_forms():
    made = exactness.exact(0, n=40, d=16, m=600, bias=1.0, steps=12)
    assert set(made["relative"]) == {"rows", "gram"}
    assert max(made["relative"].values()) < 1e-4
    assert made["uncovered"] == {"rows": 0, "gram": 0}
    assert made["beyond"] < 1e-4


def test_stale_lists_are_wrong_and_wide_ones_are_not():
    made = exactness.stale(0, n=40, d=16, m=600, bias=1.5, steps=12, skins=[0.05, 50.0])
    assert made["first"][0] < 12
    assert made["wrong"][0] > 1e-3
    assert made["first"][1] == 13
    assert made["wrong"][1] < 1e-4


def test_renewal_counts():
    made = exactness.renewal(0, n=40, d=16, m=600, bias=1.0, steps=8)
    assert len(made["refreshed"]) == 8
    assert made["active"][0] == pytest.approx(0.1587, abs=0.03)


def test_times_are_positive():
    made = speed.step_times(0, n=50, d=8, m=400, share=0.05, steps=2)
    assert min(made[name] for name in ("products", "rows", "gram", "dense")) >= 0
    assert made["chosen"] in ("rows", "gram")
    assert made["active"] == pytest.approx(0.05, abs=0.02)


def test_an_index_helps_in_two_dimensions_only():
    low, high = (index.scanned(0, d, m=2000, share=0.02, queries=20, clusters=50) for d in (2, 24))
    assert low["balls"] < 0.2
    assert high["balls"] > 0.9
    assert low["cells"] < high["cells"] < 1


def test_thresholds_on_digits():
    made = worse.trained(0, "digits", load("digits"), 60, 40, 100, (0.0, 1.0), 20)
    assert np.shape(made["steps"]) == (2, 3)
    assert all(0 <= value <= 1 for name in ("error", "robust", "even_error", "even_robust") for value in made[name])
    assert made["active"][0][0] > 2 * made["active"][1][0]

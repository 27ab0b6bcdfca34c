"""Claim 12 of the paper on fast training: the edge of chaos of sparse networks, and both verdicts."""

import copy
import math

import numpy as np
import pytest

from limes.data import load
from limes.papers.fast_training import deep
from limes.papers.fast_training.curves import curves
from limes.papers.fast_training.deep_claims import deep_claims


@pytest.mark.parametrize("clip", [math.inf, 1.0, 0.4])
def test_edge_of_chaos_by_simulation(clip):
    """V(1) = 1, chi = 1 and the slope of V within five standard errors, at a share of 15 % active."""
    tau, w, b = deep.edge_of_chaos(0.85, clip)
    z = np.random.default_rng(0).standard_normal(1_000_000)

    def phi(x):
        return np.minimum(np.maximum(x - tau, 0), clip)

    inside = (z > tau) & (z < tau + clip)
    assert (z > tau).mean() == pytest.approx(0.15, abs=5 * math.sqrt(0.15 * 0.85 / len(z)))
    slope = 0.0 if math.isinf(clip) else w * clip * math.exp(-((tau + clip) ** 2) / 2) / math.sqrt(2 * math.pi)
    step = 1e-2
    change = w * (phi(math.sqrt(1 + step) * z) ** 2 - phi(math.sqrt(1 - step) * z) ** 2) / (2 * step)
    for sample, expected in ((w * phi(z) ** 2 + b, 1.0), (w * inside, 1.0), (change, 1 - slope)):
        assert abs(sample.mean() - expected) < 5 * sample.std() / math.sqrt(len(z)) + 1e-4


def test_layers_of_a_wide_network_stay_at_the_fixed_point():
    net, square = deep.network(4, 1500, 30, deep.CLIP)
    x = np.random.default_rng(0).standard_normal((200, 30)).astype(np.float32)
    x *= np.sqrt(square / (x**2).mean(1, keepdims=True))
    variances, active = deep.layers(net, net.init(0, (30,), width=1500, outputs=2), x)
    np.testing.assert_allclose(variances, 1.0, atol=0.12)
    np.testing.assert_allclose(active, 0.15, atol=0.02)
    assert len(variances) == 3


def test_training_picks_the_better_rate_and_counts_divergence_as_guessing():
    found = deep.trained(0, "digits", load("digits"), 100, 16, 3, (1e-4, 0.05), 4)
    assert {found[name]["rate"] for name in deep.NAMES} == {0.05}
    found = deep.trained(0, "digits", load("digits"), 100, 16, 3, (1e30,), 2)
    assert found["plain"] | {"variance": [], "active": []} == {"error": 0.9, "rate": 0, "variance": [], "active": []}


def _found():
    shallow = {"data": "digits", "depth": 8, "width": 64}
    for name, error in zip(deep.NAMES, (0.4, 0.1), strict=True):
        shallow[name] = {"error": error, "rate": 0.1, "variance": [1.0, 1.0], "active": [0.15, 0.15]}
    deepest = copy.deepcopy(shallow) | {"depth": 20}
    deepest["plain"]["variance"] = [1.0, 20.0]
    return {"deep-digits-8": {0: shallow, 1: shallow}, "deep-digits-20": {0: deepest, 1: deepest}}


def test_verdicts_both_ways():
    found = _found()
    made = deep_claims(found, "smoke")
    assert [(claim.id, claim.verdict) for claim in made] == [(f"12{letter}", "holds") for letter in "abcd"]
    for by_seed in found.values():
        for result in by_seed.values():
            result["plain"] |= {"error": 0.05, "variance": [1.0, 1.0]}
            result["clip"]["variance"] = [1.0, 5.0]
    assert {claim.verdict for claim in deep_claims(found, "smoke")} == {"fails"}
    assert [case["depth"] for case in curves(found, {})["deep"]] == [8, 20]

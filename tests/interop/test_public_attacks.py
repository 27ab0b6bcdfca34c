"""Public attack libraries and `limes.attacks.evaluate` find the same robust accuracy of the same models."""

import sys
from pathlib import Path

import numpy as np
import pytest

import limes as lm

pytest.importorskip("torch", reason="needs PyTorch: pip install 'limes[torch]'")
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import public_attacks

ONE_POINT = 0.01 + 1e-6
LIBRARIES = pytest.mark.parametrize("library", ["foolbox", "art"])


@pytest.fixture(scope="module")
def data():
    return public_attacks.digits()


@pytest.fixture(scope="module")
def machine(data):
    """The machine, as limes and as PyTorch see it."""
    clf = lm.NTKClassifier().fit(data[0], data[1])
    return clf, lm.interop.torch.as_module(clf, channels_first=True)


@pytest.fixture(scope="module")
def network(data):
    module = public_attacks.torch_network(data[0], data[1])
    return lm.interop.torch.predictor(module, channels_first=True), module


def robust_by_limes(model, data):
    report = lm.attacks.evaluate(model, *data[2:], public_attacks.RADII, bounds=(0, 1), audit=False)
    assert report.robust_accuracy[0] > report.robust_accuracy[1] > 0.05  # of little use where nothing is left
    return report.robust_accuracy


def robust_by(library, module, data):
    pytest.importorskip(library, reason="needs an attack library: pip install 'limes[crosscheck]'")
    return [public_attacks.robust_accuracy(library, module, *data[2:], eps) for eps in public_attacks.RADII]


@LIBRARIES
def test_machines_within_one_point(library, data, machine):
    model, module = machine
    np.testing.assert_allclose(robust_by(library, module, data), robust_by_limes(model, data), atol=ONE_POINT)


@LIBRARIES
def test_networks_within_one_point_or_limes_breaks_more(library, data, network):
    """At the larger radius PGD on the cross-entropy and DeepFool leave points standing that the margin breaks."""
    model, module = network
    ours, theirs = robust_by_limes(model, data), robust_by(library, module, data)
    assert abs(theirs[0] - ours[0]) <= ONE_POINT
    assert ours[1] - theirs[1] <= ONE_POINT

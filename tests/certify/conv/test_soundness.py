"""Convolutional certificates against attacks: no bound may lie above what an attack reaches."""

from dataclasses import replace

import numpy as np
import pytest

import limes as lm
from limes import NTKSVC, nets
from limes.attacks.threat import Threat
from limes.certify import radius, supports
from limes.certify.conv.check import check
from limes.certify.conv.machine import ConvMachine
from limes.certify.conv.region import region
from limes.certify.machine import machine_of
from limes.certify.point import METHODS, Point
from limes.core.errors import InputError
from limes.core.types import Affine
from limes.machines.predictor import KernelPredictor
from limes.nets import Conv, Dense, Flatten, Relu, serial

pytestmark = pytest.mark.usefixtures("quick_compilation")

SMALL = serial(Conv((2, 2), (2, 2), "VALID", 1.2, 0.3), Relu(), Flatten(), Dense(1.4, 0.1))
STANDARD = Affine(np.full((4, 4, 1), 0.3), np.linspace(2, 4, 16).reshape(4, 4, 1))
CASES = {
    "one layer": (nets.cnn(1), "ntk", "linf", (0.0, 1.0), None),
    "two layers, l2": (nets.cnn(2), "ntk", "l2", (0.0, 1.0), None),
    "nngp, circular, biases": (nets.cnn(2, b_std=0.2, padding="CIRCULAR"), "nngp", "linf", None, STANDARD),
    "strides, valid, biases": (SMALL, "ntk", "l2", None, STANDARD),
}


def images(seed, n_classes=2, dtype: type[np.floating] = np.float64):
    """Images with a square in one of the corners, and noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(30) % n_classes
    x = rng.uniform(0, 0.4, (30, 4, 4, 1))
    for row, label in zip(x, y, strict=True):
        row[2 * (label // 2) :, 2 * (label % 2) :][:2, :2] += 0.5
    return x[:24].astype(dtype), y[:24], x[24:].astype(dtype)


def machine(net, kind, x, y, affine=None, ridge=0.02):
    """Kernel ridge regression by the kernel of the certificate, which another test compares with the net's."""
    target = np.eye(y.max() + 1)[y] - 0.5
    empty = machine_of(KernelPredictor(net, kind, x if affine is None else affine(x), target, affine))
    assert isinstance(empty, ConvMachine)
    gram = np.stack([empty.kernel(row) for row in empty.centres])
    return replace(empty, coef=np.linalg.solve(gram + ridge * gram.diagonal().mean() * np.eye(len(x)), target))


def lowest(point, threat, rng):
    """The least score difference that random points of the ball and a coordinate-wise descent find."""
    weights = point.machine.coef @ point.weights(point.rivals[0])
    around = region(point.machine, point.x, threat)

    def value(y):
        return float(point.machine.kernel(y) @ weights)

    best, least = around.x, value(around.x)
    steps = np.where(rng.random((150, len(best))) < 0.5, around.low - best, around.high - best)
    for number in range(150):
        trial = best.copy()  # a few coordinates to an end, more at first
        some = rng.random(len(best)) < (1.0, 0.3, 0.08)[number // 50]
        trial[some] = around.x[some] + steps[number][some]
        away = np.linalg.norm((trial - around.x) / around.stretch)
        trial = around.x + (trial - around.x) * min(1.0, around.ball / max(away, 1e-300))
        if (found := value(trial)) < least:
            best, least = trial, found
    return least


@pytest.mark.parametrize("name", CASES)
def test_bounds_are_below_what_is_found_in_the_ball(name):
    net, kind, norm, bounds, affine = CASES[name]
    rng = np.random.default_rng(1)
    x, y, queries = images(len(name))
    known = machine(net, kind, x, y, affine)
    gaps = []
    for row in queries[:3]:
        scores = known.scores(row)
        label = int(scores.argmax())
        point = Point(known, row, label, (1 - label,), (float(scores[label] - scores[1 - label]),))
        for eps in (1e-9, 0.04, 0.3):
            threat = Threat(norm, eps * (1 if norm == "linf" else 2), bounds)
            least = lowest(point, threat, rng)
            for method in METHODS if name == "one layer" else ("interval", "joint"):
                value, by = check(point, threat, (method,))
                assert value <= least + 1e-9, (method, eps)
                assert by == method
            gaps.append((least - check(point, threat, ("joint",))[0]) / point.gaps[0])
    assert max(gaps[::3]) < 1e-4  # nothing is lost at the point itself, rounding of the predictor aside
    assert max(gaps[1::3]) < 0.8  # nor much near it


def test_no_attack_succeeds_within_the_radius():
    x, y, queries = images(7, 4, np.float32)
    clf = NTKSVC(SMALL, C=3.0, scale="unit").fit(x, np.array(["a", "b", "c", "d"])[y])
    queries = queries[:4]
    found = radius(clf, queries, bounds=(0, 1))
    assert found.label.tolist() == clf.predict(queries).tolist()
    assert (found.radius > 0.02).all()
    nearest = lm.attacks.minimal(clf, queries, found.label, bounds=(0, 1)).radius
    assert np.all(found.radius <= nearest)


def test_nets_without_a_certificate_are_refused():
    x, y, queries = images(1)
    for net in (
        nets.cnn(1, "gap"),
        nets.cnn(1, activation="erf"),
        serial(Conv(), Relu(), nets.AvgPool((2, 2)), Flatten(), Dense()),
    ):
        assert not supports(net)
        predictor = KernelPredictor(net, "ntk", x, np.eye(2)[y])
        with pytest.raises(InputError, match="certificates know"):
            radius(predictor, queries)

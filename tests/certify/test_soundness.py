"""Certificates against attacks: no bound may lie above what an attack reaches, for any net, norm, box or data."""

import numpy as np
import pytest

from limes import NTKSVC, NTKClassifier, attacks, nets
from limes.attacks.threat import Threat
from limes.certify import radius
from limes.certify.check import check
from limes.certify.machine import machine_of
from limes.certify.point import METHODS, Point
from limes.nets import Dense, Erf, LeakyRelu, Relu, Residual, serial

pytestmark = pytest.mark.usefixtures("quick_compilation")

CASES = {
    "relu": (nets.mlp(2), "linf", True),
    "relu, l2, no box": (nets.mlp(3), "l2", False),
    "biases": (nets.mlp(3, b_std=0.3), "linf", True),
    "abs, then erf": (serial(Dense(1.2, 0.2), nets.Abs(), Dense(1.0, 0.1), Erf(), Dense(1.0, 0.5)), "l2", True),
    "residual": (
        serial(Dense(1.3), Residual((LeakyRelu(0.3), Dense(1.4, trainable=False))), Relu(), Dense()),
        "linf",
        False,
    ),
}


def problem(seed, box, n_classes=2, dtype=np.float64):
    """Rows with a little structure: in the unit box, or of both signs and far out."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 1, (n_classes, 7)) if box else rng.standard_normal((n_classes, 7))
    y = np.arange(36) % n_classes
    x = centres[y] + rng.normal(0, 0.25 if box else 0.7, (36, 7))
    x = np.clip(x, 0, 1) if box else x + 0.3
    return x[:30].astype(dtype), y[:30], x[30:].astype(dtype)


def lowest(clf, point, threat, rng):
    """The least score difference to any rival that an attack and random points of the ball find."""
    x = np.repeat(point.x[None], 8, axis=0)
    labels = np.repeat(clf.classes_[point.label], 8)
    found = []
    for start in (False, True):
        attack = attacks.PGD(threat.norm, steps=40, restarts=1 + start, random_start=start, goal="loss")
        found.append(
            attack(clf, x[: 1 + 7 * start], labels[: 1 + 7 * start], threat.eps, bounds=threat.bounds, key=1).x_adv
        )
    steps = np.where(rng.random((300, *point.x.shape)) < 0.5, -1.0, 1.0)
    steps[100:] *= rng.uniform(0, 1, (200, *point.x.shape))
    if threat.norm == "l2":
        steps /= np.linalg.norm(steps.reshape(300, -1), axis=1)[:, None]
    found.append(threat.project(point.x + threat.eps * steps, np.repeat(point.x[None], 300, axis=0)))
    scores = clf.scores(np.concatenate(found))
    return min(float(np.min(scores[:, point.label] - scores[:, k])) for k in point.rivals)


def points(clf, x):
    scores = clf.scores(x)
    for row, own in zip(x, scores, strict=True):
        first, *others = np.argsort(-own)
        yield Point(machine_of(clf), row, int(first), tuple(map(int, others)), tuple(own[first] - own[others]))


LONG = ("abs, then erf", "residual")


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in LONG else ()) for n in CASES])
def test_bounds_are_below_what_attacks_reach(name):
    net, norm, box = CASES[name]
    rng = np.random.default_rng(5)
    x, y, queries = problem(len(name), box)
    clf = NTKClassifier(net, ridge_rel=0.05, kind="nngp" if "erf" in name else "ntk").fit(x, y)
    bounds = (0.0, 1.0) if box else None
    gaps = []
    for point in points(clf, queries[:2]):
        for eps in (0.02, 0.3):
            threat = Threat(norm, eps * (1 if norm == "linf" else 2), bounds)
            least = lowest(clf, point, threat, rng)
            for method in METHODS:
                value, by = check(point, threat, (method,), 12)
                assert value <= least + 1e-9, (method, eps)
                assert by == method
            gaps.append((least - check(point, threat, METHODS, 12)[0]) / max(point.gaps))
    assert min(gaps) < 1  # and not far below, in small balls


def test_bounds_of_machines_with_an_intercept_are_at_most_the_difference_at_the_point():
    x, y, queries = problem(2, True, 3)
    clf = NTKSVC("mlp-2", C=1.0).fit(x, y)
    assert np.abs(clf.intercept_).max() > 0.1
    for point in points(clf, queries):
        for method in METHODS:
            value, _ = check(point, Threat("linf", 1e-9, (0.0, 1.0)), (method,), 12)
            assert value <= min(point.gaps) + 1e-9
            # features of the NTK move as the root of an angle, so that their norm gives way at once
            assert value > min(point.gaps) - (0.3 if method == "norm" else 0.05)


@pytest.mark.parametrize(
    ("clf", "n_classes", "dtype", "norm"),
    [
        (NTKClassifier("mlp-2", ridge=0.1, scale="standard"), 2, np.float64, "l2"),
        (NTKClassifier("mlp-2", ridge=0.1, scale="unit"), 4, np.float32, "linf"),
        (NTKSVC("mlp-2", C=3.0, scale="standard"), 3, np.float32, "linf"),
    ],
    ids=["standard", "float32, 4 classes", "svm, 3 classes"],
)
def test_no_attack_succeeds_within_the_radius(clf, n_classes, dtype, norm):
    x, y, queries = problem(3, True, n_classes, dtype)
    queries = queries[:4]
    clf.fit(x, np.array(["a", "b", "c", "d"])[y])
    found = radius(clf, queries, norm=norm, bounds=(0, 1))
    assert found.label.tolist() == clf.predict(queries).tolist()
    assert (found.radius > 0).mean() > 0.6
    for row, label, eps in zip(queries, found.label, found.radius, strict=True):
        rows, labels = np.repeat(row[None], 10, axis=0), np.repeat(label, 10)
        assert not attacks.PGD(norm, steps=50)(clf, rows, labels, 0.999 * eps, bounds=(0, 1), key=2).success.any()

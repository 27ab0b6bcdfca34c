"""Claims 6, 7 and 8: mean certified l-inf radii by every method, beside the attack radius."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.attacks import minimal
from limes.certify import radius
from limes.certify.point import Method
from limes.machines import NTKSVC, NTKClassifier
from limes.papers.nn_svm import published
from limes.papers.nn_svm.two_layer import NET
from limes.papers.pairs import BOUNDS, Pair, digits

MODELS: Mapping[str, tuple[str, float]] = {
    "KRR 0": ("ridge", 0.0),
    "KRR 0.1": ("ridge", 0.1),
    "KRR 1": ("ridge", 1.0),
    "KRR 10": ("ridge", 10.0),
    "SVM 0.1": ("C", 0.1),
    "SVM 1": ("C", 1.0),
    "SVM 10": ("C", 10.0),
}
"""Ridges of regression, and penalties of support vector machines on the kernel as it is."""
METHODS: tuple[Method, ...] = ("interval", "norm", "joint")
COLUMNS = ("published", *METHODS, "attack")


def fitted(name: str, pair: Pair) -> Any:
    """A model of the table."""
    kind, value = MODELS[name]
    clf = NTKClassifier(NET, ridge=value) if kind == "ridge" else NTKSVC(NET, C=value, normalise=False)
    return clf.fit(pair.x, pair.y.astype(int))


def difference(clf: Any) -> tuple[np.ndarray, np.ndarray, float]:
    """Centres (m, d), coefficients (m,) and intercept of the difference of both scores."""
    form = getattr(clf, "expansion", clf)
    coef, intercept = np.asarray(form.coef, np.float64), getattr(form, "intercept", None)
    offset = 0.0 if intercept is None else float(np.asarray(intercept)[1] - np.asarray(intercept)[0])
    return np.asarray(form.centres, np.float64), coef[:, 1] - coef[:, 0], offset


def table(
    seed: int, first: int, second: int, models: tuple[str, ...], n_points: int, n_sampled: int, n: int = 240
) -> dict[str, Any]:
    """Radii of test points that are classified right, by model and column.

    Returns:
        `radius`: by model and column, one number a point; `violations`: certificates at or above the attack radius;
        `escapes`: sampled inputs within certified boxes that have another label; `accuracy`.

    Cost: two seconds a point and model.
    """
    pair = digits(first, second, seed, n)
    found: dict[str, Any] = {"radius": {}, "violations": 0, "escapes": 0, "sampled": 0, "accuracy": {}}
    for name in models:
        clf = fitted(name, pair)
        right = np.flatnonzero(clf.predict(pair.x_test) == pair.y_test)
        x = pair.x_test[right[:n_points]]
        found["accuracy"][name] = len(right) / len(pair.x_test)
        radii = {"published": published.radius(*difference(clf), x)}
        for method in METHODS:
            radii[method] = radius(clf, x, bounds=BOUNDS, methods=(method,)).radius
        radii["attack"] = minimal(clf, x, clf.predict(x), bounds=BOUNDS).radius
        found["radius"][name] = {column: values.tolist() for column, values in radii.items()}
        best = np.max([radii[column] for column in COLUMNS[:-1]], axis=0)
        found["violations"] += sum(int(np.sum(radii[c] >= radii["attack"])) for c in COLUMNS[:-1])
        escapes, sampled = _sampled(clf, x, best, n_sampled, seed)
        found["escapes"] += escapes
        found["sampled"] += sampled
    return found


def _sampled(clf: Any, x: np.ndarray, radii: np.ndarray, count: int, seed: int) -> tuple[int, int]:
    """Random vertices of the certified boxes with another label, and how many were tried."""
    rng, label, escapes = np.random.default_rng([seed, 6]), clf.predict(x), 0
    for row, own, eps in zip(x, label, radii, strict=True):
        moves = np.where(rng.random((count, x.shape[1])) < 0.5, -eps, eps)
        escapes += int(np.sum(clf.predict(np.clip(row + moves, *BOUNDS)) != own))
    return escapes, count * len(x)

"""The attack radius: the distance of the nearest input with another label that an attack finds, from above.

Projected gradient ascent on the margin in balls of rising radius; the first point found is pulled back along its ray as
far as the label allows. What is printed beside every certificate, since a certificate alone says nothing about how
robust a model is.
"""

from typing import Any

import numpy as np

from limes.attacks import PGD
from limes.core.types import Norm

_GROWTH, _PULLS = 1.15, 12


def attack_radius(
    clf: Any, x: np.ndarray, norm: Norm = "linf", bounds: Any = None, *, first: float = 0.03, steps: int = 15
) -> np.ndarray:
    """Distances (n,) at which a label differs from the predicted one; infinite where no attack succeeded.

    Args:
        clf: a fitted classifier.
        x: (n, d).
        norm, bounds: of the attack.
        first: the smallest ball.
        steps: of each attack, from the clean point and from a random one.

    Cost: about twenty attacks of 2 `steps` gradients a point.
    """
    label = clf.predict(x)
    found, eps, open_ = np.full(len(x), np.inf), first, np.arange(len(x))
    most = 1.0 if norm == "linf" else x.shape[1] ** 0.5
    attack = PGD(norm, steps=steps, restarts=2, random_start=False)
    while len(open_) and eps < most * _GROWTH:
        some = np.full(len(x), False)
        result = attack(clf, x, label, eps, bounds=bounds, key=0)  # all points: one shape to compile
        some[open_] = result.success[open_]
        rows = np.flatnonzero(some)
        if len(rows):
            found[rows] = _pulled(clf, x, result.x_adv, label, norm)[rows]
            open_ = np.flatnonzero(np.isinf(found))
        eps *= _GROWTH
    return found


def _pulled(clf: Any, x: np.ndarray, x_adv: np.ndarray, label: np.ndarray, norm: Norm) -> np.ndarray:
    """Distances (n,) of points on the rays to `x_adv` that still have another label."""
    low, high = np.zeros(len(x)), np.ones(len(x))
    for _ in range(_PULLS):
        middle = 0.5 * (low + high)
        changed = clf.predict(x + middle[:, None] * (x_adv - x)) != label
        low, high = np.where(changed, low, middle), np.where(changed, middle, high)
    delta = np.abs(x_adv - x)
    return high * (delta.max(axis=1) if norm == "linf" else np.linalg.norm(delta, axis=1))

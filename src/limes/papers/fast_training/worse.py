"""Claims 9 to 11, our own: whether networks with few active neurons learn more slowly or worse, on images.

Networks of one width and thresholds B, trained by full-batch descent at a quarter of one over the largest eigenvalue of
their own NTK: the smaller kernel of a sparser network allows larger steps, as the theory has it. (At the whole of it,
networks of B = 2 and a few thousand neurons throw their neurons so far in the first steps that most never fire again.)
Rows are centred and scaled to a mean norm of 1, by one fixed affine map, so that about a share P(Z > B) of the neurons
is active at the start.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.attacks import PGD
from limes.core.types import Affine
from limes.data import Dataset, split
from limes.finite import FinitePredictor
from limes.finite.inactive import ShallowNet, stable_rate, train_shallow

EPS = {"digits": "0.05", "mnist": "0.05", "cifar10": "1/255"}
LEVELS = (0.5, 0.2, 0.1)
"""Of the loss at the start: how many steps it takes to get there."""
EVEN = {"digits": 0.2, "mnist": 0.2, "cifar10": 0.5}
"""The level at which networks are compared at equal loss: one that all of them reach within the steps."""
HASTE = 0.25


def trained(
    seed: int, data: str, whole: Dataset, n: int, n_test: int, m: int, biases: Sequence[float], steps: int
) -> dict[str, Any]:
    """Networks at each threshold, with the same rows.

    Returns:
        For each threshold, in lists: `steps` to each level, the number of steps and 1 more where it was not reached;
        `error` and `robust`, test error and robust accuracy under PGD-20 on the margin, at the end, and as `even_error`
        and `even_robust` when the loss first was at the level of `EVEN`; `active`, shares at the start and the end;
        `loss` at the end over that at the start.

    Cost: up to 4 n m d flops a step and threshold.
    """
    rows = split(whole, seed, n, 0, n_test)
    x, x_test = (part.reshape(len(part), -1).astype(np.float32) for part in (rows.x_train, rows.x_test))
    y, y_test = rows.y_train, rows.y_test
    classes = whole.classes
    mean = x.mean(0)
    scale = float(np.linalg.norm(x - mean, axis=1).mean())
    affine = Affine(mean, np.full_like(mean, 1 / scale))
    inside, targets = affine(x), (y[:, None] == classes) - 1 / len(classes)
    found: dict[str, Any] = {"biases": list(biases), "levels": list(LEVELS), "data": data}
    for bias in biases:
        net = ShallowNet.draw(x.shape[1], m, bias, len(classes), key=seed)
        rate = HASTE * stable_rate(net, inside)
        run = train_shallow(net, inside, targets, steps=steps, learning_rate=rate)
        below = [np.flatnonzero(run.losses <= level * run.losses[0]) for level in LEVELS]
        first = [int(hits[0]) if len(hits) else steps + 1 for hits in below]
        entry: dict[str, Any] = {"steps": first, "active": [float(run.active[0]), float(run.active[-1])]}
        entry["loss"] = float(run.losses[-1] / run.losses[0])
        until = min(first[LEVELS.index(EVEN[data])], steps)
        even = train_shallow(net, inside, targets, steps=until, learning_rate=rate)
        for name, one in (("", run.net), ("even_", even.net)):
            model = FinitePredictor(one.apply, one.params, classes, affine)
            attack = PGD(steps=20, loss="margin")
            adversarial = attack(model, x_test, y_test, eps=EPS[data], bounds=(0.0, 1.0), key=seed)
            entry[f"{name}error"] = 1 - float((model.predict(x_test) == y_test).mean())
            entry[f"{name}robust"] = 1 - float(adversarial.success.mean())
        for name, value in entry.items():
            found.setdefault(name, []).append(value)
    return found

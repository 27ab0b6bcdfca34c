"""Twin runs of one training method on one problem: distances, bounds, losses and gaps."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.papers.stability_at.problems import Problem
from limes.robust import Descent, RobustLoss, descend, draw_weights, stability_bound, twin_runs


def measured(
    problem: Problem, loss: RobustLoss, descent: Descent, width: int, steps: int, marks: Sequence[int], seed: int
) -> dict[str, Any]:
    """Twins of one method.

    Args:
        problem: with the examples to exchange.
        loss: the attack.
        descent: the method.
        width: hidden units.
        steps: T.
        marks: numbers of steps at which losses and distances are kept, rising.
        seed: of the weights.

    Returns:
        "marks"; at each of them
        "distance" (mean over exchanges) and "distances" (marks, k);
        "train" and "test" (robust losses), "gap" (test less train), "valid" and "held" (the test loss on each half of
        the test rows);
        "exchanged" (by how much the loss of a fresh example is larger in the base run than in the twin that trained on
        it, mean over exchanges: it has the expectation of the gap, and is 0 at the start);
        the bounds "published", "general" and "linear", 0 at mark 0;
        and over all steps and exchanges "ratio" and "ratio general" (largest distance over bound), "within" (whether
        the width condition holds at T), "width needed", "lipschitz", "left" (largest norm of the inner gradient over
        that of the slope) and "path" (training loss and mean distance after 0 to T steps).

    Cost: k + 1 runs, and an attack on the test rows at each mark.
    """
    w = draw_weights(seed, width, problem.x.shape[1])
    twins = twin_runs(loss, descent, w, problem.x, problem.y, problem.rows, problem.x_new, problem.y_new, steps, marks)
    reach = loss.reach(np.concatenate([problem.x, problem.x_new]))
    inexact = twins.inexact if descent.smoothed else None
    bound = stability_bound(
        np.arange(1, steps + 1), descent, n=len(problem.y), width=width, reach=reach, inexact=inexact
    )
    places = np.asarray(marks)
    distances = np.concatenate([np.zeros((len(problem.rows), 1)), twins.distances], axis=1)[:, places].T
    train = np.array([loss.value(v, problem.x, problem.y) for v in twins.base.at_marks])
    half = len(problem.y_test) // 2
    valid, held = (
        np.array([loss.value(v, problem.x_test[part], problem.y_test[part]) for v in twins.base.at_marks])
        for part in (slice(half), slice(half, 2 * half))
    )
    test = (valid + held) / 2  # but for an odd last row
    exchanged = [
        np.mean(
            [
                loss.value(base, x[None], y[None]) - loss.value(twin, x[None], y[None])
                for twin, x, y in zip(others, problem.x_new, problem.y_new, strict=True)
            ]
        )
        for base, others in zip(twins.base.at_marks, np.moveaxis(twins.at_marks, 1, 0), strict=True)
    ]
    found = {
        "marks": places,
        "distance": distances.mean(axis=1),
        "distances": distances,
        "train": train,
        "test": test,
        "gap": test - train,
        "exchanged": np.array(exchanged),
        "valid": valid,
        "held": held,
    }
    for name in ("published", "general", "linear"):
        found[name] = np.concatenate([[0.0], getattr(bound, name)])[places]
    return {name: values.tolist() for name, values in found.items()} | {
        "ratio": float((twins.distances / bound.published).max()),
        "ratio general": float((twins.distances / bound.general).max()),
        "within": bool(bound.within[-1]),
        "width needed": int(bound.width_needed[-1]),
        "lipschitz": reach,
        "left": float((twins.base.inexact / twins.base.slopes).max()),
        "path": {
            "loss": [*twins.base.losses.tolist(), loss.value(twins.base.weights, problem.x, problem.y)],
            "distance": [0.0, *twins.distances.mean(axis=0).tolist()],
        },
    }


def against(
    problem: Problem,
    loss: RobustLoss,
    plain_descent: Descent,
    width: int,
    seed: int,
    plain: dict[str, Any],
    smoothed: dict[str, Any],
) -> dict[str, Any]:
    """What smoothing saves, at equal numbers of steps and at equal robust training loss.

    Args:
        problem, loss, plain_descent, width, seed: as the plain run had them.
        plain, smoothed: results of `measured`, with the same marks, the last of which is T.

    Returns:
        "distance" and "gap" at each mark but 0: the saving in per cent of the plain distance, and in units of the loss;
        "equal distance" and "equal gap", the same after T smoothed steps, with plain descent stopped at the training
        loss that these reached; and "stopped", when that is, between two whole steps.

    Cost: one more plain run.
    """
    places = [i for i, mark in enumerate(plain["marks"]) if mark]
    stopped = first_at(plain["path"]["loss"], smoothed["train"][-1])
    low, high = math.floor(stopped), math.ceil(stopped)
    distances = [plain["path"]["distance"][t] for t in (low, high)]
    w = draw_weights(seed, width, problem.x.shape[1])
    kept = descend(loss, plain_descent, w, problem.x, problem.y, plain["marks"][-1], (low, high)).at_marks
    gaps = [loss.value(v, problem.x_test, problem.y_test) - loss.value(v, problem.x, problem.y) for v in kept]
    distance, gap = ((1 - stopped + low) * a + (stopped - low) * b for a, b in (distances, gaps))
    return {
        "distance": [100 * (1 - smoothed["distance"][i] / plain["distance"][i]) for i in places],
        "gap": [plain["gap"][i] - smoothed["gap"][i] for i in places],
        "equal distance": 100 * (1 - smoothed["distance"][-1] / distance),
        "equal gap": gap - smoothed["gap"][-1],
        "stopped": stopped,
    }


def first_at(losses: Sequence[float], level: float) -> float:
    """When falling losses first reach a level, linear between steps; the last step where they do not.

    Example:
        >>> first_at([1.0, 0.75, 0.25, 0.5], 0.5), first_at([1.0, 0.75], 0.125)
        (1.5, 1.0)
    """
    below = [t for t, value in enumerate(losses) if value <= level]
    if not below or below[0] == 0:
        return 0.0 if below else float(len(losses) - 1)
    t = below[0]
    return t - 1 + (losses[t - 1] - level) / (losses[t - 1] - losses[t])

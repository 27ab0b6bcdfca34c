"""Claims 6, 7, 8 and 13: networks in training, how many units are active, how far they move, how the loss falls."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.measure import BiasTraining, active_fraction, ball_term, lazy_losses, train_with_bias
from limes.papers.bias_ntk.sphere import points, random_labels, teacher_labels

N, D = 200, 32
BIASES = (0.0, 1.0, 2.0)
LATE = 100
"""Steps over which the late factor of the residual is taken."""
SHARE = 1e-3
"""Of the first loss, that steps are counted to."""
_FLOOR = 1e-8
_N_TEST = 4000


def random_task(
    seed: int, width: int, steps: int, biases: Sequence[float] = BIASES, trainable: bool = True
) -> dict[str, Any]:
    """Training on random labels, in float64: every figure for each bias, as lists by name."""
    x, y = points(seed, N, D), random_labels(seed, N)
    rows = []
    for bias in biases:
        run = train_with_bias(x, y, bias, width, steps, trainable=trainable, seed=seed, floor=_FLOOR)
        reached = run.steps_to(SHARE)
        rows.append(
            described(run)
            | {
                "factor": run.late_factor(min(LATE, len(run.losses) - 1)),
                "predicted": 1.0 - run.rate * run.start.smallest,
                "steps": steps if reached is None else reached,
                "reached": reached is not None,
                "lazy_losses": lazy_losses(run.start, y, run.rate, len(run.losses) - 1)[_shown(len(run.losses))],
            }
        )
    return {name: [row[name] for row in rows] for name in rows[0]} | {"biases": list(biases), "width": width}


def described(run: BiasTraining) -> dict[str, Any]:
    """What is asked of any run: activation, moves, losses at about 60 steps."""
    expected, shown = active_fraction(run.bias), _shown(len(run.losses))
    return {
        "active_start": float(run.active[0]),
        "active_end": float(run.active[-1]),
        "active_most": float(run.active.max()),
        "drift": float(np.abs(run.active / expected - 1.0).max()),
        "at_most": run.active_at_most,
        "switched_on": float(run.switched_on[-1]),
        "switched_off": float(run.switched_off[-1]),
        "moved": float(run.moved.max()),
        "moved_thresholds": float(run.moved_thresholds.max()),
        "lazy": run.lazy,
        "remainder": run.remainder,
        "shown": shown.tolist(),
        "losses": run.losses[shown],
        "active": run.active[shown],
    }


def teacher_task(seed: int, width: int, steps: int) -> dict[str, Any]:
    """Training on the signs of a linear function: test error beside the term of the ball and the remainder."""
    x, x_test = points(seed, N, D), points(seed + 10_000, _N_TEST, D)
    y, y_test = (teacher_labels(seed, rows) for rows in (x, x_test))
    found: dict[str, list[float]] = {"error": [], "term": [], "remainder": []}
    for bias in BIASES:
        run = train_with_bias(x, y, bias, width, steps, seed=seed, floor=1e-3)
        found["error"].append(float(np.mean(np.sign(run.scores(x_test)) != y_test)))
        found["term"].append(ball_term(run.start, y))
        found["remainder"].append(run.remainder)
    return found | {"width": width}


def _shown(count: int) -> np.ndarray:
    return np.unique(np.concatenate([[0], np.geomspace(1, max(count - 1, 1), 60).round()])).astype(int)

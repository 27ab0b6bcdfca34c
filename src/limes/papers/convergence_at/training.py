"""Claims 1, 2, 3 and 5 at one width: projected adversarial training, and the best robust network near its start.

The comparator W^ is the network of the smallest L_* that was found in the ball of radius R: along training three times
as long, from another start in the ball, and with PGD-30 after that. A better one may exist: the gap to W^ is at most
that to the optimum. In the larger ball, where the optimum is near 0, L_A itself bounds the gap.
"""

from typing import Any

import jax
import numpy as np

from limes.papers.convergence_at.sphere import NET, attack, points, robust_loss, start
from limes.robust import MarginAscent, ProjectedTraining, projected_training

RATE = 6.0
RADIUS, AMPLE = 10.0, 30.0
"""Of the ball whose optimum is well above 0, and of one in which it is not."""
NOISE_KEY = 5
ATTACKS = {
    "none": attack(0),
    "noise": attack(0, NOISE_KEY),
    "FGSM": attack(1),
    "PGD-1": attack(1, NOISE_KEY),
    "PGD-10": attack(10),
}
"""Attacks in training; one step has the length 2.5 times the radius, "PGD-1" takes it from a random start."""
_LONGER = 3
_FAR = 0.5


def measured(seed: int, width: int, steps: int, n: int) -> dict[str, Any]:
    """All figures of a width.

    Args:
        seed: of points and weights.
        width: m.
        steps: T.
        n: training points.

    Returns:
        In the smaller ball `surrogate` (min_t L_A), `candidates` (L_* by how they were found), `gap`, `regret` and
        `allowed` (its bound with the remainder) at `times`, largest `remainder` and `curvature`, `hits` and `losses`.
        In the larger one, by attack, `surrogates`, `robust` (L_* of the same network), `movement` and `ample_hits`.

    Cost: about 80 `steps` gradients of all points in weights and inputs.
    """
    x, y = points(seed, n)
    first = start(seed, width)
    found = _best_in_ball(first, x, y, steps, seed)
    best = min(found, key=lambda name: found[name][0])
    path = _run(first, x, y, ATTACKS["PGD-10"], steps, RADIUS, comparator=found[best][1])
    distance = _distance(found[best][1], first)
    allowed = distance**2 / (2 * RATE) + np.cumsum(RATE / 2 * path.slopes.astype(np.float64) ** 2 + path.remainder)
    times = np.unique(np.geomspace(5, steps, 12).astype(int))
    surrogate = float(path.losses.min())
    result: dict[str, Any] = {
        "width": width,
        "surrogate": surrogate,
        "candidates": {name: loss for name, (loss, _) in found.items()},
        "best": best,
        "gap": surrogate - found[best][0],
        "times": times.tolist(),
        "regret": path.regret[times - 1],
        "allowed": allowed[times - 1] / times,
        "over": float((path.regret / (allowed / np.arange(1, steps + 1))).max()),
        "remainder": float(path.remainder.max()),
        "curvature": float(path.curvature.max()),
        "hits": int(path.hits.sum()),
        "losses": path.losses[np.unique(np.geomspace(1, steps + 1, 40).astype(int)) - 1],
    }
    weak = {name: _run(first, x, y, a, steps, AMPLE) for name, a in ATTACKS.items()}
    result["surrogates"] = {name: float(run.losses.min()) for name, run in weak.items()}
    result["robust"] = {name: robust_loss(run.best, x, y) for name, run in weak.items()}
    result["movement"] = {name: float(run.movement.max()) for name, run in weak.items()}
    result["ample_hits"] = {name: int(run.hits.sum()) for name, run in weak.items()}
    return result


def _best_in_ball(first: Any, x: np.ndarray, y: np.ndarray, steps: int, seed: int) -> dict[str, tuple[float, Any]]:
    """Candidates for W^ with their L_*: the best iterate of each way to look for one."""
    strong, harder = ATTACKS["PGD-10"], attack(30)
    found, here = {}, first
    longer = []
    for _ in range(_LONGER):
        longer.append(_run(here, x, y, strong, steps, RADIUS, centre=first))
        here = longer[-1].params
    noise = np.random.default_rng([seed, 12]).standard_normal(first[0]["w"].shape).astype(np.float32)
    away = [{"w": first[0]["w"] + _FAR * RADIUS * noise / np.linalg.norm(noise)}, *first[1:]]
    runs = {
        "longer": min(longer, key=lambda run: run.losses.min()),
        "elsewhere": _run(away, x, y, strong, steps, RADIUS, centre=first),
        "harder attack": _run(here, x, y, harder, max(1, steps // 4), RADIUS, centre=first),
    }
    for name, run in runs.items():
        found[name] = (robust_loss(run.best, x, y), run.best)
    return found


def _run(
    first: Any,
    x: np.ndarray,
    y: np.ndarray,
    by: MarginAscent,
    steps: int,
    radius: float,
    centre: Any = None,
    comparator: Any = None,
) -> ProjectedTraining:
    """With a comparator in any case, so that one program is compiled for an attack, not two."""
    comparator = first if comparator is None else comparator
    centre = first if centre is None else centre
    settings: dict[str, Any] = {"rate": RATE, "steps": steps, "radius": radius}
    return projected_training(NET.apply, first, x, y, by, **settings, centre=centre, comparator=comparator)


def _distance(a: Any, b: Any) -> float:
    squares = jax.tree.map(lambda v, w: float(((np.asarray(v, np.float64) - np.asarray(w)) ** 2).sum()), a, b)
    return float(np.sqrt(sum(jax.tree.leaves(squares))))

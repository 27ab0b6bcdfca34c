"""Claims 4, 5, 6 and 8: time of a step against the matrix products of a dense one, on one thread of one process."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import ndtri
from threadpoolctl import threadpool_limits

from limes.finite.inactive.choice import active_share, best_form
from limes.finite.inactive.engine import Engine
from limes.papers.fast_training.problem import problem

_PRODUCTS = 20_000  # neurons in the products that are timed; their time is proportional to it
SLOW = 1e-4  # of the stable learning rate: lists hold through the steps that are timed
_WARM = 3


def step_times(seed: int, n: int, d: int, m: int, share: float, steps: int, haste: float = SLOW) -> dict[str, Any]:
    """CPU seconds of a full-batch step at a share of active pairs.

    Args:
        seed: of network, points and labels.
        n, d, m: rows, features, neurons.
        share: P(Z > B), which sets the threshold B.
        steps: that are timed in each form, behind the first few.
        haste: learning rate over the stable one; a small one times steps in which no list runs out.

    Returns:
        `products`: of the two matrix products of a dense step, the least of five; `rows`, `gram`: medians over steps;
        `mean_rows`, `mean_gram`: means, with the steps that renew lists; `dense`: of the same engine without lists;
        `chosen`: the form that "auto" takes; `refreshed`: by form; `active`.

    Cost: what it tells, and a product of n m d for the first lists.
    """
    net, x, y, rate = problem(seed, n, d, m, float(-ndtri(share)))
    found: dict[str, Any] = {"n": n, "d": d, "m": m, "share": share, "refreshed": {}}
    everyone = np.ones(n, bool)
    with threadpool_limits(1):
        some = net.weights[:_PRODUCTS]
        z = some @ x.T
        found["products"] = min(_seconds(lambda: (some @ x.T, z @ x)) for _ in range(5))
        found["products"] *= m / len(some)
        for form in ("rows", "gram", "dense"):
            times, renewed, error = [], [], None
            with Engine(net, x, form, haste * rate, float(np.linalg.norm(y)), 1) as engine:
                for i in range(1 + _WARM + (steps if form != "dense" else 2)):
                    begun = time.process_time()
                    outputs = engine.step(error, everyone)
                    error = outputs - y
                    if i > _WARM:
                        times.append(time.process_time() - begun)
                        renewed.append(engine.refreshed)
                found["active"] = engine.active
            found[form], found[f"mean_{form}"] = float(np.median(times)), float(np.mean(times))
            found["refreshed"][form] = float(np.mean(renewed))
    return found | {"chosen": best_form(n, d, active_share(net, x))}


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun

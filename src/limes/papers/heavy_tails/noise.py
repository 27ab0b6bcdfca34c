"""Claim 8, the follow-up: stable noise in the training of one wide hidden layer makes it compressible.

Outputs are means over n units, sum_j a_j relu(w_j . x) / n with a second layer a that stays as it was drawn, and the
rate is n eta, so that each unit moves by about as much at any width (mean-field scaling).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
import optax

from limes.beyond.tails import PruningKind, prunable_ratio, prune_vectors, pruning_errors, stable_noise, weight_vectors
from limes.finite import Recipe, train
from limes.papers.heavy_tails.networks import Rows

KEPT = 0.2
"""Share of the weights, or units, that stays where an error of pruning is looked at."""
BATCH = 32
_WAYS: tuple[PruningKind, ...] = ("magnitude", "node")


def _hidden_layer(second: np.ndarray, params: Any, x: Any) -> Any:
    return jax.nn.relu(x @ params) @ second


def noisy(
    seeds: Sequence[int], rows: Rows, alpha: float, widths: Sequence[int], rate: float, scale: float, steps: int
) -> dict[str, Any]:
    """Networks of each width that are trained with noise of one index, side by side for all seeds.

    Args:
        seeds: of weights, order of rows and noise; they share the second layer.
        rows: training and test rows.
        alpha: index of the noise.
        widths: n.
        rate: eta.
        scale: sigma; every step is followed by sigma eta^(1/alpha) times unit noise.
        steps: of descent.

    Returns:
        Each (seeds, widths): `prunable`, the share at 10 % error by magnitude; `magnitude`, `node`, errors where `KEPT`
        stays; `test`, accuracy, and `after`, that of the network with `KEPT` of its weights.
    """
    by_width = [_at_width(seeds, rows, alpha, n, rate, scale, steps) for n in widths]
    names = by_width[0][0]
    about = {"alpha": alpha, "widths": list(widths)}
    return about | {name: [[at[j][name] for at in by_width] for j in range(len(seeds))] for name in names}


def _at_width(
    seeds: Sequence[int], rows: Rows, alpha: float, n: int, rate: float, scale: float, steps: int
) -> list[dict[str, float]]:
    d, c = rows.x.shape[1], int(rows.y.max()) + 1
    second = (np.random.default_rng((7, n)).choice([-1.0, 1.0], (n, c)) / n).astype(np.float32)
    function = partial(_hidden_layer, second)
    first = [np.random.default_rng((seed, 8, n)).standard_normal((d, n)) / np.sqrt(d) for seed in seeds]
    noise = stable_noise(alpha, scale * rate ** (1 / alpha))  # of each copy by its weights at the start
    recipe = Recipe(steps / (len(rows.x) // BATCH), BATCH, optimiser=optax.chain(optax.sgd(n * rate), noise))
    run = train(function, np.stack(first).astype(np.float32), rows.x, rows.y, recipe, seeds=seeds, at=[])
    return [_looked_at(function, np.asarray(w), rows) for w in np.asarray(run.params)]


def _looked_at(function: Any, w: np.ndarray, rows: Rows) -> dict[str, float]:
    vectors = weight_vectors(w)
    errors = {kind: float(pruning_errors(vectors, [1 - KEPT], kind)[0]) for kind in _WAYS}
    return errors | {
        "prunable": prunable_ratio(vectors),
        "test": _accuracy(function, w, rows),
        "after": _accuracy(function, prune_vectors(vectors, 1 - KEPT).T, rows),
    }


def _accuracy(function: Any, params: Any, rows: Rows) -> float:
    return float((np.asarray(function(params, rows.x_test)).argmax(axis=1) == rows.y_test).mean())

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


def _hidden_layer(second: np.ndarray, params: Any, x: Any) -> Any:
    return jax.nn.relu(x @ params) @ second


def noisy(
    seed: int, rows: Rows, alphas: Sequence[float], widths: Sequence[int], rate: float, scale: float, steps: int
) -> dict[str, Any]:
    """One network for each index of the noise and each width.

    Args:
        seed: of weights, order of rows and noise.
        rows: training and test rows.
        alphas: of the noise.
        widths: n.
        rate: eta.
        scale: sigma; every step is followed by sigma eta^(1/alpha) times unit noise.
        steps: of descent.

    Returns:
        Each (alphas, widths): `prunable`, the share at 10 % error by magnitude; `magnitude`, `node`, errors where
        `KEPT` stays; `test`, accuracy, and `after`, that of the network with `KEPT` of its weights.
    """
    found: dict[str, Any] = {"alphas": list(alphas), "widths": list(widths)}
    names = ("prunable", "magnitude", "node", "test", "after")
    found |= {name: [] for name in names}
    for alpha in alphas:
        row = [_one(seed, rows, alpha, n, rate, scale, steps) for n in widths]
        for name in names:
            found[name].append([one[name] for one in row])
    return found


def _one(seed: int, rows: Rows, alpha: float, n: int, rate: float, scale: float, steps: int) -> dict[str, float]:
    d, c = rows.x.shape[1], int(rows.y.max()) + 1
    rng = np.random.default_rng((seed, 7, n))
    first = (rng.standard_normal((d, n)) / np.sqrt(d)).astype(np.float32)
    second = (rng.choice([-1.0, 1.0], (n, c)) / n).astype(np.float32)
    function = partial(_hidden_layer, second)
    noise = stable_noise(alpha, scale * rate ** (1 / alpha), key=seed)
    optimiser = optax.chain(optax.sgd(n * rate), noise)
    recipe = Recipe(steps / (len(rows.x) // BATCH), BATCH, optimiser=optimiser, seed=seed)
    w = np.asarray(train(function, first, rows.x, rows.y, recipe, at=[]).params)
    vectors = weight_vectors(w)
    errors = {kind: float(pruning_errors(vectors, [1 - KEPT], kind)[0]) for kind in _WAYS}
    return errors | {
        "prunable": prunable_ratio(vectors),
        "test": _accuracy(function, w, rows),
        "after": _accuracy(function, prune_vectors(vectors, 1 - KEPT).T, rows),
    }


_WAYS: tuple[PruningKind, ...] = ("magnitude", "node")


def _accuracy(function: Any, params: Any, rows: Rows) -> float:
    return float((np.asarray(function(params, rows.x_test)).argmax(axis=1) == rows.y_test).mean())

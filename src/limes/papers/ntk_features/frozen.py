"""Claim 10: training by the kernel that a network has at an epoch of another training, and by nothing else.

The centred expansion J(x) (w - w_t) round the weights w_t predicts zero at the start, so that nothing of the function
that had been learned is left: only its kernel (Loo et al. 2022, arXiv 2210.12030).
"""

from typing import Any

import numpy as np

from limes.finite import Recipe, Run, linearise, train


def train_on(run: Run, epoch: int, x: np.ndarray, y: np.ndarray, recipe: Recipe) -> tuple[Any, Any]:
    """The centred expansion at an epoch, trained on rows: the function and its weights.

    Args:
        run: the first training, with its weights at every epoch.
        epoch: of the kernel; 0 is that at the start.
        x: (n, features...).
        y: (n,) class numbers.
        recipe: of the second training; an adversary in it attacks the expansion, not the network.

    Returns:
        A function (params, x) -> (n, c) and its weights.
    """
    weights = run.snapshots[int(np.flatnonzero(run.epochs == epoch)[0])]
    apply = linearise(run.apply, weights, centred=True)
    return apply, train(apply, weights, x, y, recipe).params

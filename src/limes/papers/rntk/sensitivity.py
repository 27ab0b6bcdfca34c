"""Claim 7: which steps of a series the kernel listens to.

Two readings of "sensitivity to step t". The derivative: root mean square, over pairs of different series, of the
derivative of the kernel in x_t. The change: what 1 - cos between a series and itself becomes when x_t is moved a
little, where cos is the kernel over the roots of both own kernels.
"""

from typing import Any

import numpy as np

from limes.nets import Net
from limes.papers.rntk.kernels import cosines, family, ntk, own

STEP = 0.1
"""By how much x_t is moved for the change, in standard deviations of the series."""
ROOT2 = 2**0.5
SETTINGS = tuple((activation, w_std) for activation in ("relu", "erf") for w_std in (1.2, ROOT2, 1.6))
_DIFFERENCE = 1e-4  # of central differences: the error is about 1e-8


def sensitivity(seed: int, n: int, time: int) -> dict[str, Any]:
    """Both curves (time,) for each setting; n series of standard normal steps, last-step read-out, no biases.

    Cost: 3 n^2 time^2 steps of the recursion for each setting.
    """
    x = np.random.default_rng([seed, 7]).standard_normal((n, time, 1))
    found: dict[str, Any] = {"settings": [list(setting) for setting in SETTINGS], "derivative": [], "change": []}
    for activation, w_std in SETTINGS:
        net = family(activation, "last")
        found["derivative"].append(derivative(net, w_std, x).tolist())
        found["change"].append(change(net, w_std, x).tolist())
    return found


def derivative(net: Net, w_std: float, x: np.ndarray) -> np.ndarray:
    """Root mean square over pairs i != j of the derivative of K(x_i, x_j) in step t of x_i: (time,)."""
    n, time, _ = x.shape
    up, down = (
        ntk(net, {"w_std": w_std}, _moved(x, sign * _DIFFERENCE), x).reshape(n, time, n) for sign in (1.0, -1.0)
    )
    slopes = np.moveaxis((up - down) / (2 * _DIFFERENCE), 1, 2)
    return np.sqrt(np.mean(slopes[~np.eye(n, dtype=bool)] ** 2, axis=0))


def change(net: Net, w_std: float, x: np.ndarray) -> np.ndarray:
    """Mean over i of 1 - cos between x_i and x_i with step t moved: (time,)."""
    (n, time, _), numbers, moved = x.shape, {"w_std": w_std}, _moved(x, STEP)
    cos = cosines(ntk(net, numbers, moved, x), own(net, numbers, moved), own(net, numbers, x)).reshape(n, time, n)
    return 1.0 - np.mean(cos[np.arange(n), :, np.arange(n)], axis=0)


def _moved(x: np.ndarray, by: float) -> np.ndarray:
    """Each series (n, time, 1) with one step moved, for each step: (n time, time, 1)."""
    n, time, _ = x.shape
    return (x[:, None] + by * np.eye(time)[None, :, :, None]).reshape(n * time, time, 1)

"""Claims 1, 2 and 4: the factor that pruning leaves, its removal, and the gap at finite width."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.papers.pruned_ntk.kernel import fitted, layer_kernels, scales_of
from limes.papers.pruned_ntk.network import D, drawn, limit, network, points

Case = tuple[int, tuple[int, ...], float]
"""Hidden layers, pruned layers, and the share of their weights that stays."""
CASES: tuple[Case, ...] = (
    (1, (0, 1), 0.5),
    (1, (0, 1), 0.2),
    (2, (0, 1, 2), 0.5),
    (2, (0, 1, 2), 0.2),
    (3, (0, 1, 2, 3), 0.5),
    (2, (1,), 0.5),
    (2, (1,), 0.2),
    (3, (1, 2), 0.5),
    (3, (1, 2), 0.2),
)
SHAPE = (2, (1, 2))
"""Hidden layers and pruned layers of claim 4: all but the first."""


def factors(seed: int, width: int) -> dict[str, Any]:
    """Fitted factor of the limit in the kernel of one pruned network for each of `CASES`, as it is and rescaled.

    Without biases a relu network is homogeneous, and the rescaled kernel of the same weights would be alpha^-k times
    the other exactly: each factor has weights of its own.
    """
    found: dict[str, Any] = {"width": width, "raw": [], "rescaled": []}
    for i, (hidden, masked, keep) in enumerate(CASES):
        for name, rescale in (("raw", False), ("rescaled", True)):
            kernel = pruned_kernel(seed, 100 * i + rescale, hidden, masked, keep, rescale, width)
            found[name].append(fitted(kernel, limit(D, hidden, seed)))
    return found


def gaps(seed: int, keeps: Sequence[float], widths: Sequence[int]) -> dict[str, Any]:
    """Largest entry of |kernel - limit| of rescaled networks: (shares, widths)."""
    hidden, masked = SHAPE
    exact = limit(D, hidden, seed)
    errors = [
        [
            float(np.abs(pruned_kernel(seed, 1000 + i, hidden, masked, keep, True, width) - exact).max())
            for width in widths
        ]
        for i, keep in enumerate(keeps)
    ]
    return {"keeps": list(keeps), "widths": list(widths), "errors": np.array(errors)}


def pruned_kernel(
    seed: int, draw: int, hidden: int, masked: tuple[int, ...], keep: float, rescale: bool, width: int
) -> np.ndarray:
    """Empirical kernel of one pruned network between the points of a seed."""
    weights = drawn(network(D, hidden, masked, keep, rescale), 10_000 * seed + draw, width, D)
    scales = scales_of([width] * hidden, masked, keep, rescale)
    return np.sum(layer_kernels(weights, scales, points(seed)), axis=0)

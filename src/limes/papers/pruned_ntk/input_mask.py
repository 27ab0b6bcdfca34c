"""Claim 3: with the inputs themselves pruned, pre-activations are Gaussian given the mask only.

The limit of the first layer's part is then the mean over masks M of

    p / alpha k0(p / sqrt(q q')),    p = <M x, M x'>, q = |M x|^2, q' = |M x'|^2,    k0(r) = (pi - acos r) / pi,

and not <x, x'> k0(<x, x'>). A mask that leaves nothing of an input adds nothing.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.papers.pruned_ntk.kernel import layer_kernels, scales_of
from limes.papers.pruned_ntk.network import drawn, limit, network, points

MASKS = 40_000
"""Random masks for the mean over masks."""


def errors(seed: int, cases: Sequence[tuple[int, float]], widths: Sequence[int]) -> dict[str, Any]:
    """Relative error of the first layer's part of the kernel, rescaled, one hidden layer.

    Args:
        seed: of points and weights.
        cases: dimensions and shares of the input weights that stay.
        widths: of the hidden layer.

    Returns:
        "arccosine" and "mixture": (cases, widths) distance to the kernel of the unpruned network, and to the mean over
        masks, relative in the Frobenius norm.
    """
    found: dict[str, Any] = {"cases": [list(case) for case in cases], "widths": list(widths)}
    for name in ("arccosine", "mixture"):
        found[name] = np.zeros((len(cases), len(widths)))
    for i, (d, keep) in enumerate(cases):
        x, plain = points(seed, d), limit(d, 1, seed, (0,))
        mixture = over_masks(x, keep, seed) if keep < 1 else plain
        for j, width in enumerate(widths):
            weights = drawn(network(d, 1, (0,), keep), 500 * seed + 10 * i + j, width, d)
            part = layer_kernels(weights, scales_of([width], (0,), keep, True), x)[0]
            for name, exact in (("arccosine", plain), ("mixture", mixture)):
                found[name][i, j] = np.linalg.norm(part - exact) / np.linalg.norm(plain)
    return found


def over_masks(x: np.ndarray, keep: float, seed: int, count: int = MASKS) -> np.ndarray:
    """The mean over masks of the first layer's part, (n, n)."""
    rng, rows = np.random.default_rng([seed, 77]), len(x)
    total, pairs, block = np.zeros((rows, rows)), x[:, None, :] * x[None, :, :], 2_000
    for start in range(0, count, block):
        masks = (rng.random((min(block, count - start), x.shape[1])) < keep).astype(np.float64)
        products = np.einsum("abd,kd->kab", pairs, masks, optimize=True)
        norms = np.sqrt(np.einsum("kaa->ka", products))
        lengths = norms[:, :, None] * norms[:, None, :]
        cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
        total += (products * (1 - np.arccos(np.clip(cosines, -1, 1)) / np.pi)).sum(axis=0)
    return total / (count * keep)

"""Claim 3: the empirical kernel of finite networks against its limit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.measure import bias_kernel, kernel_spectrum, relative_change, sampled_bias_kernel
from limes.papers.bias_ntk.sphere import points

BIASES = (0.0, 1.0, 2.0)
N, D = 100, 20


def measured(seed: int, widths: Sequence[int]) -> dict[str, Any]:
    """By bias and width: relative Frobenius distance, smallest eigenvalue and active share of one network.

    Returns:
        `distance`, `smallest`, `active`, each (biases, widths), and `limit` (biases,), the limit's smallest eigenvalue.
    """
    x = points(seed, N, D)
    limits = [bias_kernel(x, bias).ntk() for bias in BIASES]
    found: dict[str, Any] = {name: np.zeros((len(BIASES), len(widths))) for name in ("distance", "smallest", "active")}
    for i, bias in enumerate(BIASES):
        for j, width in enumerate(widths):
            kernel = sampled_bias_kernel(x, bias, width, [seed, width])
            found["distance"][i, j] = relative_change(limits[i], kernel.ntk())
            found["smallest"][i, j] = kernel_spectrum(kernel.ntk()).smallest
            found["active"][i, j] = np.diagonal(kernel.active).mean()
    return found | {"limit": [kernel_spectrum(limit).smallest for limit in limits], "widths": list(widths)}

"""Claim 3: the empirical kernel of finite networks against its limit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.measure import bias_kernel, kernel_spectrum, relative_change
from limes.papers.bias_ntk.sphere import points

BIASES = (0.0, 1.0, 2.0)
N, D = 100, 20
_BLOCK = 10_000


def measured(seed: int, widths: Sequence[int]) -> dict[str, Any]:
    """By bias and width: relative Frobenius distance, smallest eigenvalue and active share of one network.

    Returns:
        `distance`, `smallest`, `active`, each (biases, widths), and `limit` (biases,), the limit's smallest eigenvalue.
    """
    x = points(seed, N, D)
    limits = [bias_kernel(x, bias).ntk() for bias in BIASES]
    found: dict[str, Any] = {name: np.zeros((len(BIASES), len(widths))) for name in ("distance", "smallest", "active")}
    for j, width in enumerate(widths):
        rng = np.random.default_rng([seed, width])
        together = np.zeros((len(BIASES), N, N))
        for start in range(0, width, _BLOCK):
            units = x @ rng.standard_normal((D, min(_BLOCK, width - start)))
            for i, bias in enumerate(BIASES):
                on = (units > bias).astype(np.float32)
                together[i] += on @ on.T
        for i, both in enumerate(together):
            kernel = (x @ x.T + 1.0) * both / width
            found["distance"][i, j] = relative_change(limits[i], kernel)
            found["smallest"][i, j] = kernel_spectrum(kernel).smallest
            found["active"][i, j] = np.diagonal(both).mean() / width
    return found | {"limit": [kernel_spectrum(limit).smallest for limit in limits], "widths": list(widths)}

"""The kernel of a finite pruned network, exactly, and layer by layer.

The derivative in a kept weight w_ij is s h_i delta_j. Between two inputs the derivatives of a layer have the product

    s^2 sum_ij M_ij (h_i h'_i) (delta_j delta'_j),

for which no matrix of derivatives is needed: it is one product of the mask with as many columns as there are pairs of
inputs. `limes.finite.empirical_ntk` gives the same numbers for any network, and is the test of this.
"""

from collections.abc import Sequence

import numpy as np


def layer_kernels(weights: Sequence[np.ndarray], scales: Sequence[float], x: np.ndarray) -> list[np.ndarray]:
    """The part of each layer in the empirical NTK of z -> ... relu(s_1 relu(s_0 x W_0) W_1) ...

    Args:
        weights: (fan in, fan out) of each layer, the last with one output; zeros are pruned and have no gradient.
        scales: factor s of each layer.
        x: (n, d).

    Returns:
        For each layer (n, n), whose sum is the kernel.

    Cost: n (n + 1) multiplications and additions for each entry of a pruned matrix.
    """
    inputs, rows = [np.asarray(x, np.float32)], len(x)
    for w, s in zip(weights[:-1], scales[:-1], strict=True):
        inputs.append(np.maximum(np.float32(s) * (inputs[-1] @ w), 0))
    delta = np.ones((rows, 1), np.float32)
    first, second = np.triu_indices(rows)
    parts: list[np.ndarray] = []
    for w, s, h in zip(weights[::-1], scales[::-1], inputs[::-1], strict=True):
        kernel = np.zeros((rows, rows))
        if np.all(w != 0):
            kernel = (h @ h.T).astype(np.float64) * (delta @ delta.T)
        else:
            carried = (h[first] * h[second]) @ (w != 0).astype(np.float32)
            kernel[first, second] = np.einsum("pj,pj->p", carried, delta[first] * delta[second])
            kernel[second, first] = kernel[first, second]
        parts.append(s**2 * kernel)
        delta = (np.float32(s) * (delta @ w.T)) * (h > 0)
    return parts[::-1]


def scales_of(widths: Sequence[int], masked: Sequence[int], keep: float, rescale: bool) -> list[float]:
    """Factor of each layer: 1 for the first, sqrt(2 / fan in) for the others, and 1 / sqrt(alpha) with rescaling."""
    plain = [1.0, *((2 / m) ** 0.5 for m in widths)]
    return [s / keep**0.5 if rescale and i in masked else s for i, s in enumerate(plain)]


def fitted(kernel: np.ndarray, against: np.ndarray) -> float:
    """The factor of `against` that is nearest to a kernel, by least squares."""
    return float((kernel * against).sum() / (against**2).sum())

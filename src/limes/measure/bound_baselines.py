"""Norms of layers, and bounds from them that know nothing of locality, or only of the number of weights in a filter.

The docstrings give the forms that are computed, and say where the released code of Galanti et al. 2023 has another.
"""

import math
from collections.abc import Sequence

import numpy as np

from limes.core.layer_weights import LayerWeights
from limes.measure.bound_data import DataNorms


def frobenius(layer: LayerWeights, single: bool = False) -> float:
    """Frobenius norm, the largest over positions; of a dense layer whose units are nodes the largest column."""
    if single and layer.kind == "dense":
        return float(np.sqrt(np.square(layer.weights).sum(axis=0).max()))
    return float(np.sqrt(np.square(layer.filters).sum(axis=(1, 2)).max()))


def whole_norm(layer: LayerWeights) -> float:
    """Frobenius norm of all weights, those of all positions where they are not shared."""
    return float(np.linalg.norm(layer.weights))


def spectral(layer: LayerWeights) -> float:
    """Largest singular value of the filter as a matrix, the largest over positions."""
    return float(np.linalg.norm(layer.filters, 2, axis=(1, 2)).max())


def long_sedghi(layers: Sequence[LayerWeights], n: int, delta: float) -> float:
    """L (prod lip)^{1/L} sqrt(W / n) + sqrt(ln(1 / delta) / n)."""
    depth, size = len(layers), sum(layer.weights.size for layer in layers)
    mean = math.prod(spectral(layer) for layer in layers) ** (1 / depth)
    return depth * mean * math.sqrt(size / n) + math.sqrt(math.log(1 / delta) / n)


def graf(layers: Sequence[LayerWeights], data: DataNorms, delta: float) -> float:
    """8/n + 24 ln n sqrt(ln 2W) (sum_l C_l^{2/3})^{3/2} / sqrt n + 3 sqrt(ln(2 / delta) / 2n).

    C_l = 4 sqrt(sum_i |x_i|^2 / n) prod lip |K_l|_{2,1} / lip_l, the (2,1) norm being the sum over input coordinates of
    the norm over output channels; W the most weights of a layer. The released code has ln 2W without the root, and the
    largest |x|.
    """
    n, lips = data.n, [spectral(layer) for layer in layers]
    whole = math.prod(lips)
    if whole == 0:
        return 8 / n + 3 * math.sqrt(math.log(2 / delta) / (2 * n))
    sums = [np.linalg.norm(layer.filters, axis=2).sum(axis=1).max() for layer in layers]
    each = [4 * math.sqrt(data.total / n) * whole * s / lip for s, lip in zip(sums, lips, strict=True)]
    capacity = sum(c ** (2 / 3) for c in each) ** 1.5
    size = max(layer.weights.size for layer in layers)
    grown = 24 * math.log(n) * math.sqrt(math.log(2 * size)) * capacity / math.sqrt(n)
    return 8 / n + grown + 3 * math.sqrt(math.log(2 / delta) / (2 * n))


def ledent(layers: Sequence[LayerWeights], data: DataNorms, delta: float) -> float:
    """8/n + 1536 R sqrt(log2(32 Gamma n^2 + 7 W n)) ln n / sqrt n + 3 sqrt(ln(2 / delta) / n) + sqrt(ln 2 / n) + union.

    r_l = |x| prod lip |K_l| / lip_l sqrt(positions of the output of l), |K_l| the sum over filters of their norms (of
    the last layer the Frobenius norm, and lip its largest filter); R = (sum r_l^{2/3})^{3/2}, Gamma the largest r_l
    times outputs of a layer, W the most outputs. The union over norms costs 3 sqrt((ln(1 + |x|) + sum_l
    ln(2 + |K_l|)) / n); in the released code its sum stands outside of the 1 / n and has no logarithms.
    """
    n, last = data.n, layers[-1]
    lips = [spectral(layer) for layer in layers[:-1]] + [float(np.linalg.norm(last.weights, axis=0).max())]
    sums = [float(np.linalg.norm(layer.filters, axis=1).sum(axis=1).max()) for layer in layers[:-1]] + [
        whole_norm(last)
    ]
    outputs = [math.prod(layer.positions) for layer in layers]
    sizes = [count * layer.filters.shape[2] for count, layer in zip(outputs, layers, strict=True)]
    each = [
        data.largest * math.prod(lips[:i] + lips[i + 1 :]) * s * math.sqrt(count)
        for i, (s, count) in enumerate(zip(sums, outputs, strict=True))
    ]
    capacity = sum(r ** (2 / 3) for r in each) ** 1.5
    gamma = max(r * size for r, size in zip(each, sizes, strict=True))
    logs = math.sqrt(math.log2(32 * gamma * n**2 + 7 * max(sizes) * n))
    union = math.log(1 + data.largest) + sum(math.log(2 + s) for s in sums)
    tail = 3 * math.sqrt(math.log(2 / delta) / n) + math.sqrt(math.log(2) / n) + 3 * math.sqrt(union / n)
    return 8 / n + 1536 * capacity * logs * math.log(n) / math.sqrt(n) + tail

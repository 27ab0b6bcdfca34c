"""What a step costs in each form, and which form to take.

Costs are in units of one multiplication and addition inside a large matrix product, as measured on processors with
vectors of 256 and 512 bits: arithmetic on rows that are fetched one by one runs at a sixth to a quarter of a product's
speed, and an entry of the Gram matrix that is fetched alone costs about as much as 100 of these operations.
"""

import numpy as np

from limes.finite.inactive.shallow import ShallowNet

_GATHERED = 5.0  # of one multiplication and addition on a fetched row
_FETCH = 100.0  # of an entry of K
_START = 40.0  # of the arithmetic on a fetched row
_SCAN = 100.0  # to look at one pre-activation of a fresh row, and to list it
_MASK = 40.0  # to look at one without listing it


def costs(form: str, d: int) -> tuple[float, float, float, float, float]:
    """Of a candidate, an active example, their product, a refresh and a step by products for each example."""
    refresh, product, row = d + _SCAN, 2 * d + _MASK, _GATHERED * d + _START
    if form == "gram":  # what moved is brought into the weights first
        return _FETCH, 0.0, _FETCH, 2 * refresh, product
    return row, row, 0.0, refresh, product


def active_share(net: ShallowNet, x: np.ndarray, sample: int = 512) -> float:
    """The share of the pairs of neuron and row that are active, on up to `sample` neurons and rows, evenly spaced."""
    neurons, rows = (slice(None, None, max(1, len(a) // sample)) for a in (net.weights, x))
    z = x[rows] @ net.weights[neurons].T - net.thresholds[neurons]
    return float((z > 0).mean())


def best_form(n: int, d: int, share: float) -> str:
    """Whether "rows" or "gram" is faster, for n rows of d features and a share of active pairs.

    With k = n share active examples a neuron, a step takes k^2 entries of the Gram matrix or 2 k rows.
    """
    return "gram" if share * n * _FETCH < 2 * _GATHERED * d else "rows"


def peak_bytes(net: ShallowNet, n: int, form: str, share: float) -> int:
    """Bytes that a training takes at its peak, beside the network and the rows that are given.

    The weights are held while they are trained and once more in the result; lists of `share` n candidates have room to
    grow, and are copied when they do.

    Args:
        net: the network.
        n: rows.
        form: "rows", "gram" or "dense".
        share: of the pairs of neuron and row that are active.
    """
    item, (m, d) = net.dtype.itemsize, net.weights.shape
    entry = 4 + (2 * item if form == "gram" else 0)
    listed = min(3 * share, 1.0) * n
    lists = m * n if form == "dense" or 2 * _GATHERED * share > 2 else int(1.7 * m * listed) * entry
    gram = n * n * item if form == "gram" else 0
    return 2 * m * (d + 1) * item + lists + m * 40 + gram + (1 << 26)

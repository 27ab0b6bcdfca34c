"""Bounds on the generalisation gap from the norms of a network's weights, where neurons see few positions (locality).

"Sparse" here means that each neuron sees a patch, with weights of its own or shared. It is neither inactive neurons nor
masked weights.

Of n examples, let a network of L layers with weights have layers l with norms |W_l| (Frobenius, of the filter; of a
layer without sharing the largest over positions), and let every position of layer l see deg_l positions of the layer
before. With rho = prod_l |W_l| and D = max over input nodes j of sum_i |x_ij|^2, with probability 1 - delta,

    gap <= 2^{3/2} (rho + 1) / n (1 + sqrt(2 (log terms + ln C))) sqrt(D prod_l deg_l)
           + 3 sqrt(ln(2 (rho + 2)^2 / delta) / (2 n)),                                                          (1)

for the difference of test and training error under a ramp loss, C classes (Galanti, Xu, Galanti & Poggio 2023, arXiv
2301.12033). The released code has L ln(2 max_l deg_l) as log terms and leaves the last, dense layer out of prod_l and
max_l. The proof pulls one layer off at a time: |sum_i e_i <w, v(x_i)>| <= |w| sqrt(deg) max_j |sum_i e_i v_j(x_i)| over
the nodes j that a node sees, which costs ln 2 + ln deg for the largest of them. This holds for the last layer too: read
off P positions its degree is P, and without it (1) is no bound. The class x -> <w, x>, |w| <= 1, on P pixels, which is
a 1 x 1 convolution of weight 1 with a read-out, has the complexity sqrt(sum_i |x_i|^2) / n up to a factor of sqrt 2; a
bound in max_j sum_i x_ij^2 without the factor sqrt(P) falls below that. `complete` has L ln 2 + sum_l ln deg_l and the
degree of the read-out; `sparse` is the formula as released.

The mean over a window is no larger than the largest in it: it adds ln deg to the log terms, and nothing to the product.

Cost: norms are O(weights), singular values O(in window^2 out^2) a filter.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from limes.core.errors import InputError
from limes.core.layer_weights import LayerWeights
from limes.measure.bound_baselines import frobenius, graf, ledent, long_sedghi, whole_norm
from limes.measure.bound_data import DataNorms

Units = Literal["layer", "unit"]


@dataclass(frozen=True)
class NormBounds:
    """Bounds on the difference of test and training error, and what they were computed from.

    Attributes:
        rho: product of the norms of all layers.
        degrees: positions that a position sees, layer by layer, the last left out; 1 for a pool.
        depth: L, number of layers with weights.
        first, additive: the two terms of `sparse`.
        sparse: (1) as the authors released it.
        complete: (1) with the degree of the last layer, which the proof needs.
        golowich: with Toeplitz matrices in the place of filters: Golowich, Rakhlin & Shamir 2018, arXiv 1712.06541, in
            the same constants.
        long_sedghi: from the number of weights: Long & Sedghi 2020, arXiv 1905.12600, as released.
        graf: Graf et al. 2022, arXiv 2202.08070, Theorem 3.5, for a margin of 1 and weights at distance from 0.
        ledent: Ledent et al. 2021, arXiv 1905.12430, Theorem 11 in its form with constraints on all layers, margin 1.
        data: norms of the inputs.
        assumptions: sentences on what is left out, or was decided.
    """

    rho: float
    degrees: tuple[int, ...]
    depth: int
    first: float
    additive: float
    complete: float
    golowich: float
    long_sedghi: float
    graf: float
    ledent: float
    data: DataNorms
    assumptions: tuple[str, ...]

    @property
    def sparse(self) -> float:
        """(1) as the authors released it."""
        return self.first + self.additive


def norm_bounds(
    layers: Sequence[LayerWeights],
    data: DataNorms,
    *,
    classes: int | None = None,
    units: Units = "layer",
    delta: float = 1e-3,
) -> NormBounds:
    """All bounds for a network of dense, convolutional and locally connected layers with relu.

    Args:
        layers: from `net_layers`, `weight_layers`, `tree_layers` or `limes.interop.torch.layers`.
        data: from `data_norms`, of the inputs as the first layer gets them. With ``per="image"`` a first dense layer is
            one node and has degree 1.
        classes: C; None for the outputs of the last layer.
        units: nodes of hidden dense layers: the layer as one node, with the Frobenius norm of its matrix and degree 1
            for the next ("layer"); or each unit one, with the largest norm of its columns and as degree the number of
            units ("unit").
        delta: the bounds hold with probability 1 - delta.

    Raises:
        InputError: for a delta outside (0, 1), an unknown word, or images as one node before a convolution.

    Example:
        >>> import numpy as np
        >>> from limes.measure.bound_layers import weight_layers
        >>> half = lambda *shape: np.full(shape, 1 / np.sqrt(np.prod(shape)))
        >>> net = weight_layers([half(2, 2, 1, 4), half(2, 2, 4, 4), half(26 * 26 * 4, 10)], (28, 28, 1))
        >>> found = norm_bounds(net, DataNorms(60_000, 18_000.0, 6e6, 15.0))
        >>> round(found.rho, 6), found.degrees, round(found.first, 3), round(found.additive, 3)
        (1.0, (4, 4), 0.26, 0.027)
    """
    if not 0 < delta < 1:
        raise InputError(f"delta must lie between 0 and 1, not {delta!r}")
    if units not in get_args(Units):
        raise InputError(f"units must be one of {', '.join(get_args(Units))}, not {units!r}")
    weighted = [layer for layer in layers if layer.kind != "pool"]
    if data.per == "image" and layers[0].kind != "dense":
        raise InputError("a whole image is one node for a first dense layer only: take data_norms(x, 'pixel')")
    depth, outputs = len(weighted), weighted[-1].filters.shape[2]
    c = outputs if classes is None else classes
    degrees = _degrees(layers, data, units)
    norms = [frobenius(w, units == "unit" and w is not weighted[-1]) for w in weighted]
    seen = [1 if layer.kind == "pool" else d for layer, d in zip(layers, degrees, strict=True)]
    rho, n = math.prod(norms), data.n
    spread = math.log(2 * max(seen[:-1], default=1))
    logs = depth * math.log(2) + sum(math.log(max(d, 1)) for d in degrees)
    stretched = rho * math.prod(math.sqrt(math.prod(w.positions)) for w in weighted if w.kind == "conv")
    stretched *= math.prod(whole_norm(w) / frobenius(w) for w in weighted if w.kind == "local" and frobenius(w) > 0)
    return NormBounds(
        rho=rho,
        degrees=tuple(seen[:-1]),
        depth=depth,
        first=first_term(rho, depth * spread, c, data.node * math.prod(seen[:-1]), n),
        additive=additive_term(rho, n, delta),
        complete=first_term(rho, logs, c, data.node * math.prod(seen), n) + additive_term(rho, n, delta),
        golowich=first_term(stretched, depth * math.log(2), c, data.total, n) + additive_term(stretched, n, delta),
        long_sedghi=long_sedghi(weighted, n, delta),
        graf=graf(weighted, data, delta),
        ledent=ledent(weighted, data, delta),
        data=data,
        assumptions=_assumptions(layers, data, units),
    )


def first_term(rho: float, logs: float, classes: int, data: float, n: int) -> float:
    """2^{3/2} (rho + 1) / n (1 + sqrt(2 (logs + ln C))) sqrt(data).

    Example:
        >>> round(first_term(1.0, 4 * math.log(8), 10, 0.3 * 60_000 * 4**4, 60_000), 3)
        1.135
    """
    return 2**1.5 * (rho + 1) / n * (1 + math.sqrt(2 * (logs + math.log(classes)))) * math.sqrt(data)


def additive_term(rho: float, n: int, delta: float = 1e-3) -> float:
    """3 sqrt(ln(2 (rho + 2)^2 / delta) / (2 n)).

    Example:
        >>> round(additive_term(1.0, 60_000), 4)
        0.0271
    """
    return 3 * math.sqrt(math.log(2 * (rho + 2) ** 2 / delta) / (2 * n))


def at_sample(bounds: NormBounds, n: int, node: float | None = None, delta: float = 1e-3) -> tuple[float, float]:
    """Both terms of `sparse` for another number of examples, and another D; D / n is kept where none is given."""
    data = replace(bounds.data, n=n, node=bounds.data.node * n / bounds.data.n if node is None else node)
    scale = math.sqrt(data.node / bounds.data.node) * bounds.data.n / n
    return bounds.first * scale, additive_term(bounds.rho, n, delta)


def rows_needed(bounds: NormBounds, which: Literal["sparse", "complete"] = "sparse", delta: float = 1e-3) -> float:
    """Rows from which a bound is below 1, if norms and the mean square of the inputs stay as they are.

    Example:
        >>> import numpy as np
        >>> from limes.measure.bound_layers import weight_layers
        >>> found = norm_bounds(weight_layers([np.eye(4)], (4,)), DataNorms(100, 30.0, 50.0, 1.0))
        >>> n = rows_needed(found)
        >>> round(sum(at_sample(found, round(n))), 3)
        1.0
    """
    first = bounds.first if which == "sparse" else bounds.complete - bounds.additive
    # both terms fall as the root of n, the second with a factor that does not depend on n
    return bounds.data.n * (first + additive_term(bounds.rho, bounds.data.n, delta)) ** 2


def _degrees(layers: Sequence[LayerWeights], data: DataNorms, units: Units) -> list[int]:
    """Nodes that a node sees, layer by layer."""
    found, last = [], 1
    for i, layer in enumerate(layers):
        if layer.kind == "dense" and i and not layer.window:
            found.append(last if units == "unit" else 1)
        else:
            found.append(1 if i == 0 and data.per == "image" else layer.degree)
        last = layer.filters.shape[2]
    return found


def _assumptions(layers: Sequence[LayerWeights], data: DataNorms, units: Units) -> tuple[str, ...]:
    told = ["the bounds are on test less training error under a ramp loss, for all networks of these norms"]
    if any(layer.bias for layer in layers):
        told.append("there are biases, which the norms leave out: the bounds are those of the network without them")
    else:
        told.append("there are no biases")
    if any(layer.kind == "pool" for layer in layers):
        told.append("means over windows count with their number of positions in the logarithm, not in the product")
    if any(layer.kind == "local" for layer in layers):
        told.append("without weight sharing the norm of a layer is the largest over positions")
    if any(layer.kind in ("conv", "local") and layer.degree == 1 for layer in layers):
        told.append("a 1 x 1 convolution has degree 1")
    last = layers[-1]
    if last.window:
        told.append(
            f"the last layer sees {last.degree} positions; as released the bound leaves their number out, and only the "
            "complete one is a bound"
        )
    told.append(
        {
            "pixel": "an input node is a position with all of its channels",
            "channel": "an input node is a single channel, as in the released code: too small for several channels",
            "image": "the whole input is one node",
        }[data.per]
    )
    if units == "unit":
        told.append("units of hidden dense layers are nodes")
    return tuple(told)

"""The setting: fully connected relu networks on unit vectors, some of whose layers are pruned at random."""

import warnings
from collections.abc import Sequence
from functools import cache

import numpy as np

from limes.core.errors import LimitWarning
from limes.nets import Dense, Net, Relu, serial

D, N = 30, 12
"""Dimension and number of the inputs."""


def network(
    d: int, hidden: int, masked: Sequence[int] = (), keep: float = 1.0, rescale: bool = True, own: Sequence[int] = ()
) -> Net:
    """f = sqrt(2/m) a relu(... sqrt(2/m) W_2 relu(W_1 x)) with standard normal weights, some layers pruned.

    Args:
        d: number of features.
        hidden: L, hidden layers; there are L + 1 layers with weights, numbered from 0.
        masked: layers of which each weight is kept with probability `keep`.
        keep: alpha.
        rescale: whether kept weights are divided by sqrt(alpha).
        own: the layers that are trained; none given stands for all.
    """
    layers = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LimitWarning)  # masks on the inputs are what claim 3 is about
        for i in range(hidden + 1):
            share = keep if i in masked else 1.0
            trained = not own or i in own
            dense = Dense(d**0.5 if i == 0 else 2**0.5, trainable=trained, keep=share, rescale=rescale)
            layers += [dense, Relu()] if i < hidden else [dense]
        return serial(*layers)


def points(seed: int, d: int = D, n: int = N) -> np.ndarray:
    """Random unit vectors (n, d)."""
    x = np.random.default_rng([seed, d, 2203]).standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def drawn(net: Net, seed: int, width: int, d: int) -> list[np.ndarray]:
    """Weights (fan in, fan out) of a finite network with one output, layer by layer; pruned ones are zero."""
    return [np.asarray(p["w"]) for p in net.init(seed, (d,), width=width) if len(p)]


@cache
def limit(d: int, hidden: int, seed: int, own: tuple[int, ...] = ()) -> np.ndarray:
    """The infinite-width kernel of the unpruned network between the points of a seed, (n, n)."""
    return np.asarray(network(d, hidden, own=own).kernel(points(seed, d), get="ntk").ntk)

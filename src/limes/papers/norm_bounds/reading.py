"""What claims and curves read of a run's results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from limes.measure.norm_bounds import additive_term, first_term
from limes.papers.paper import Found
from limes.papers.reading import BySeed, Result

CLASSES = 10
PAPER_N = 50_000
"""Rows for which the released code states its bounds."""


@dataclass(frozen=True)
class Net:
    """A case that was followed, with its results by seed."""

    kind: str
    depth: int
    channels: int
    decay: float
    results: BySeed

    @property
    def name(self) -> str:
        """For a reader."""
        letters = {"conv": "CONV", "local": "LC", "dense": "FC"}[self.kind]
        return f"{letters}-{self.depth}-{self.channels}{'' if self.decay else ', no decay'}"


def nets(found: Found, kind: str | None = None, decay: bool = True) -> list[Net]:
    """The networks that were followed, in the order of the run; of one kind, with or without weight decay."""
    made = []
    for by_seed in found.values():
        first = next(iter(by_seed.values()))
        if "epochs" in first:
            net = Net(first["kind"], first["depth"], first["channels"], first["decay"], by_seed)
            if kind in (None, net.kind) and bool(net.decay) == decay:
                made.append(net)
    return made


def deep(found: Found, decay: bool = True) -> list[Net]:
    """Convolutional networks of three layers, by channels."""
    return sorted((n for n in nets(found, "conv", decay) if n.depth == 3), key=lambda n: n.channels)


def common(some: Sequence[Net], figure: Callable[[list[Result]], float]) -> dict[str, Any]:
    """The same of several networks, for the seeds that all of them have."""
    seeds = [seed for seed in some[0].results if all(seed in net.results for net in some)]
    return {"values": tuple(float(figure([n.results[s] for n in some])) for s in seeds), "seeds": tuple(seeds)}


def slack(result: Mapping[str, Any], bound: str) -> float:
    """The least of a bound less the gap over all epochs."""
    return float(np.min(np.asarray(result[bound]) - np.asarray(result["gap"])))


def end(result: Mapping[str, Any], name: str) -> float:
    """The last value of a curve."""
    return float(np.asarray(result[name])[-1])


def released(rho: float, node: float, n: int, depth: int, side: int = 2) -> tuple[float, float]:
    """Both terms of the released formula for convolutions of one window and a read-out, `depth` layers with weights."""
    product = side ** (2 * (depth - 1))
    logs = depth * np.log(2 * side**2)
    return first_term(rho, logs, CLASSES, node * product, n), additive_term(rho, n)


def largest_rho(node_share: float, depth: int) -> float:
    """The rho at which the released bound is 1 at n = 50,000, D being a share of n."""
    found: Any = brentq(lambda rho: sum(released(rho, node_share * PAPER_N, PAPER_N, depth)) - 1, 0.0, 50.0)
    return float(found)


def toeplitz_ratio(rho: float, samples: Mapping[str, Any], depth: int) -> float:
    """Golowich over released bound at n rows of whole images, for convolutions 2 x 2 without padding and rho."""
    (_, n), (_, node), (_, total) = samples["n"], samples["node"], samples["total"]
    sides = [samples["shape"][0] - i for i in range(1, depth)]
    stretched = rho * float(np.prod(sides))
    golowich = first_term(stretched, depth * np.log(2), CLASSES, total, n) + additive_term(stretched, n)
    return golowich / sum(released(rho, node, n, depth))

"""The weights of one layer of a network, as bounds on norms see them, wherever the network comes from."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from limes.core.errors import InputError

LayerKind = Literal["dense", "conv", "local", "pool"]


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """A layer with weights, or an average over positions.

    Attributes:
        name: for messages.
        kind: "dense" (on all of its input), "conv" (one filter for all positions), "local" (a filter for each position)
            or "pool" (the mean over a window, without weights).
        weights: as they act, y = W x: dense (in, out), conv (*window, in, out), local (*positions, *window, in, out),
            pool empty.
        window: positions that a position sees, along each axis; of a dense layer all positions that there are.
        positions: positions of its output along each axis; () for vectors.
        bias: whether it has biases; norms leave them out.

    Raises:
        InputError: for weights of another rank, or that are not finite.
    """

    name: str
    kind: LayerKind
    weights: np.ndarray
    window: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    bias: bool = False

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights, np.float64)
        object.__setattr__(self, "weights", weights)
        rank = len(self.positions)
        wanted = {"dense": 2, "conv": rank + 2, "local": 2 * rank + 2, "pool": 1}[self.kind]
        if weights.ndim != wanted:
            raise InputError(f"{self.name}: weights of a {self.kind} layer have {wanted} axes, not {weights.shape}")
        if not np.isfinite(weights).all():
            raise InputError(f"{self.name}: {np.sum(~np.isfinite(weights))} of its weights are not finite")

    @property
    def degree(self) -> int:
        """Positions that a position sees: its predecessors."""
        return math.prod(self.window)

    @property
    def filters(self) -> np.ndarray:
        """(filters, window * in, out): one for a dense layer and a convolution, one for each position otherwise."""
        out = self.weights.shape[-1] if self.kind != "pool" else 1
        count = math.prod(self.positions) if self.kind == "local" else 1
        return self.weights.reshape(count, -1, out)

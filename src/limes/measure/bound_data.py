"""Norms of the inputs, as bounds on norms use them."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Array

Node = Literal["pixel", "channel", "image"]


@dataclass(frozen=True)
class DataNorms:
    """Norms of the inputs that bounds use.

    Attributes:
        n: number of examples.
        node: D, the largest over input nodes of the sum over examples of squares.
        total: the sum of all squares.
        largest: the largest norm of an example.
        per: what a node is: "pixel" (a position with all of its channels, as the theorem has it), "channel" (a single
            number, as the released code has it, which is up to the number of channels too small) or "image" (the whole
            input, as for networks whose first layer is dense).
    """

    n: int
    node: float
    total: float
    largest: float
    per: Node = "pixel"


def data_norms(x: Array, per: Node = "pixel") -> DataNorms:
    """Norms of a batch of inputs, in their own units.

    Args:
        x: (n, *positions, channels), or (n, features), of which each is a position.
        per: see `DataNorms`.

    Raises:
        InputError: for no examples, values that are not finite, or an unknown word.

    Example:
        >>> import numpy as np
        >>> x = np.array([[[[1.0, 2.0]]], [[[3.0, 0.0]]]])
        >>> [data_norms(x, per).node for per in ("pixel", "channel", "image")]
        [14.0, 10.0, 14.0]
    """
    if per not in get_args(Node):
        raise InputError(f"per must be one of {', '.join(get_args(Node))}, not {per!r}")
    x = np.asarray(x)
    if x.ndim < 2 or not x.size or x.dtype.kind not in "iuf" or not np.isfinite(x).all():
        raise InputError(f"x of shape {x.shape} is no batch of finite numbers (n, ...)")
    squares = np.square(x.astype(np.float64))
    columns = squares.sum(axis=0)
    nodes = columns.sum(axis=-1) if per == "pixel" and x.ndim > 2 else columns
    rows = squares.reshape(len(x), -1).sum(axis=1)
    node = rows.sum() if per == "image" else nodes.max()
    return DataNorms(len(x), float(node), float(rows.sum()), float(np.sqrt(rows.max())), per)

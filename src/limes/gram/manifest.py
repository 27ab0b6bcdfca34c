"""What a stored Gram matrix is of: enough to refuse tiles of other data, another net or another precision."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.core.types import Kind
from limes.nets import Net

_FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """The description of a store.

    Attributes:
        n: rows.
        kind: "ntk" or "nngp".
        dtype: "float32" or "float64".
        tile: rows and columns of a tile.
        net: the architecture in the specification form.
        data: SHA-256 of the inputs, their shape and precision.
        format: of the store.
    """

    n: int
    kind: Kind
    dtype: str
    tile: int
    net: list[dict[str, Any]]
    data: str
    format: int = _FORMAT

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as the store keeps them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> "Manifest":
        """The description that `to_dict` gave.

        Raises:
            InputError: if it is another format, or none.
        """
        if not isinstance(values, dict) or values.get("format") != _FORMAT or set(values) != set(cls.__annotations__):
            raise InputError("it is no Gram matrix of this version of limes")
        return cls(**values)

    def difference(self, other: "Manifest") -> str | None:
        """In words, what differs from another description; None if nothing does."""
        said = {
            "data": "other inputs",
            "net": "another net",
            "kind": f"the {self.kind}, not the {other.kind}",
            "n": f"{self.n} rows, not {other.n}",
            "dtype": f"{self.dtype}, not {other.dtype}",
            "tile": f"tiles of {self.tile} rows, not {other.tile}",
            "format": "another format",
        }
        mine, its = self.to_dict(), other.to_dict()
        return next((words for field, words in said.items() if mine[field] != its[field]), None)


def describe(net: Net, x: np.ndarray, kind: Kind, tile: int) -> Manifest:
    """The manifest of a kernel. Cost: a pass over x."""
    digest = hashlib.sha256(f"{x.shape} {x.dtype}".encode())
    for start in range(0, len(x), 4096):
        digest.update(np.ascontiguousarray(x[start : start + 4096]).tobytes())
    return Manifest(len(x), kind, str(x.dtype), tile, net.to_spec(), digest.hexdigest())

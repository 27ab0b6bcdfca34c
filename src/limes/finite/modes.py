"""What is asked of an empirical NTK: the mean over outputs, one output, or every pair of outputs."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core.errors import InputError


@dataclass(frozen=True)
class Mode:
    """Which outputs are differentiated, and what becomes of their inner products.

    Attributes:
        outputs: c, of the network.
        output: the only one that counts, or None for all.
        trace: whether the result is the mean over outputs, (n1, n2), and not (n1, n2, c, c).
    """

    outputs: int
    output: int | None
    trace: bool

    @property
    def rows(self) -> int:
        """Outputs that are differentiated."""
        return self.outputs if self.output is None else 1

    @property
    def full(self) -> bool:
        """Whether all pairs of outputs are asked for."""
        return self.output is None and not self.trace

    @property
    def products(self) -> int:
        """Inner products of derivatives for each pair of examples."""
        return self.rows**2 if self.full else self.rows

    def block(self, n1: int, n2: int) -> tuple[int, ...]:
        """Shape of the result."""
        return (n1, n2, self.rows, self.rows) if self.full else (n1, n2)

    def basis(self, dtype: Any) -> jax.Array:
        """(rows, c): the cotangents that pick the outputs."""
        eye = jnp.eye(self.outputs, dtype=dtype)
        return eye if self.output is None else eye[self.output : self.output + 1]

    def finish(self, total: jax.Array) -> jax.Array:
        """From the sum over the outputs that are differentiated to the mean."""
        return total if self.full else total / self.rows


def parse(outputs: int, trace: bool, output: int | None) -> Mode:
    """The mode that a caller asks for.

    Raises:
        InputError: for an output that the network does not have.
    """
    if output is None:
        return Mode(outputs, None, bool(trace))
    if isinstance(output, bool) or not isinstance(output, int | np.integer) or not 0 <= output < outputs:
        raise InputError(f"output must be one of 0 to {outputs - 1}, a column of the network, not {output!r}")
    return Mode(outputs, int(output), True)

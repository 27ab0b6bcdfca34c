"""Where training data come from: a population that a teacher labels, or rows of a data set."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import jax
import numpy as np
from jax import Array

from limes.beyond.meanfield.shallow import shallow
from limes.beyond.meanfield.units import Unit
from limes.core.errors import InputError
from limes.core.precision import is_tracer


class Source(Protocol):
    """A law of pairs, and a pytree, so that training compiles once for all sources of a kind and shape."""

    def draw(self, key: Array, n: int) -> tuple[Array, Array]:
        """Independent pairs: (n, p) and (n, q)."""
        ...


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Teacher:
    """x ~ N(0, scale^2 I), y = (1/N*) sum_i unit(x, z*_i).

    Attributes:
        particles: z*, (N*, d), an array of NumPy or JAX.
        unit: of the teacher.
        dimension: of the inputs, p.
        scale: standard deviation of each coordinate.
    """

    particles: Any
    unit: Unit = field(metadata={"static": True})
    dimension: int = field(metadata={"static": True})
    scale: float = 1.0

    def draw(self, key: Array, n: int) -> tuple[Array, Array]:
        """Independent pairs: (n, p) and (n, q)."""
        x = self.scale * jax.random.normal(key, (n, self.dimension), self.particles.dtype)
        return x, shallow(self.unit, self.particles, x)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Rows:
    """Rows of a data set, drawn with replacement.

    Attributes:
        x: (m, p), an array of NumPy or JAX.
        y: (m, q).

    Raises:
        InputError: for arrays of other shapes, no rows, unlike numbers of them, or values that are not finite.
    """

    x: Any
    y: Any

    def __post_init__(self) -> None:
        if not all(isinstance(a, np.ndarray | Array) and not is_tracer(a) for a in (self.x, self.y)):
            return  # JAX builds this class from tracers and placeholders too
        x, y = np.shape(self.x), np.shape(self.y)
        if len(x) != 2 or len(y) != 2 or x[0] != y[0] or 0 in x + y:
            raise InputError(f"rows are x (m, p) and y (m, q) with the same m of at least 1, not {x} and {y}")
        for name, a in (("x", self.x), ("y", self.y)):
            bad = ~np.isfinite(np.asarray(a, float)).all(axis=1)
            if bad.any():
                raise InputError(f"{int(bad.sum())} rows of {name} are not finite: drop or fill them")

    def draw(self, key: Array, n: int) -> tuple[Array, Array]:
        """Independent pairs: (n, p) and (n, q)."""
        rows = jax.random.randint(key, (n,), 0, self.x.shape[0])
        return self.x[rows], self.y[rows]

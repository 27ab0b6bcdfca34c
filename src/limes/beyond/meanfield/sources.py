"""Where training data come from: a population that a teacher labels, or rows of a data set."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import jax
from jax import Array

from limes.beyond.meanfield.shallow import shallow
from limes.beyond.meanfield.units import Unit


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
    """

    x: Any
    y: Any

    def draw(self, key: Array, n: int) -> tuple[Array, Array]:
        """Independent pairs: (n, p) and (n, q)."""
        rows = jax.random.randint(key, (n,), 0, self.x.shape[0])
        return self.x[rows], self.y[rows]

"""Any function of each unit as an activation, by quadrature."""

import functools
import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.errors import NetError
from limes.nets.activation import Activation, inverse_root

_REACH = 12.5  # Hermite functions do not decay before 2 sqrt(j), so that the tail is that of exp(-z^2 / 4): 1e-17
_NODES = 512
_MAX_DEGREE = 256


@dataclass(frozen=True)
class Elementwise(Activation):
    """A function of each unit whose dual activation is computed, not known.

    In Hermite coefficients F_j(v) = E[f(sqrt(v) z) h_j(z)], h_j = He_j / sqrt(j!), Mehler's formula reads

        E[f(u) f(v)]   = sum_j c^j F_j(v1) F_j(v2),                 c = k / sqrt(v1 v2)
        E[f'(u) f'(v)] = sum_j (j + 1) c^j F_{j+1}(v1) F_{j+1}(v2) / sqrt(v1 v2)     (Stein's lemma: no derivative of f)

    (Daniely et al. 2016, arXiv 1602.05897). F_j is a trapezoid sum over 512 points, once a row and not once a pair; at
    cosine exactly 1 both moments are sums of squares and nothing is truncated. Smooth functions are right to rounding;
    for one with a kink the series converges slowly next to c = 1: ask `error`, and prefer a closed form.

    Attributes:
        function: a JAX function of one array, applied element by element; in a specification "module:function".
        degree: terms of the series, from 1 to 256.

    Raises:
        NetError: for something that is no function of an array, or a path that leads to none.

    Cost: `degree` multiply-adds a pair for each of the two values, and 512 x degree a row.

    Example:
        >>> import jax.numpy as jnp
        >>> from limes import nets
        >>> net = nets.serial(nets.Dense(1.5), nets.Elementwise(jnp.tanh), nets.Dense())
        >>> nets.Elementwise(jnp.tanh).error(1.0) < 1e-10
        True
    """

    function: Callable[[jax.Array], jax.Array]
    degree: int = 64
    name: ClassVar[str] = "elementwise"

    def __post_init__(self) -> None:
        if isinstance(self.function, str):
            object.__setattr__(self, "function", _imported(self.function))
        if not callable(self.function):
            raise NetError(f"elementwise: function must be a function of an array, not {self.function!r}")
        if not isinstance(self.degree, int) or isinstance(self.degree, bool) or not 1 <= self.degree <= _MAX_DEGREE:
            raise NetError(f"elementwise: degree must be an integer from 1 to {_MAX_DEGREE}, not {self.degree!r}")
        try:
            shape = jax.eval_shape(self.function, jax.ShapeDtypeStruct((3, 2), np.float32)).shape
        except Exception as error:
            raise NetError(f"elementwise: function cannot be applied to an array with JAX: {error}") from error
        if shape != (3, 2):
            raise NetError(f"elementwise: function must keep the shape of its argument, but (3, 2) became {shape}")

    def phi(self, x: jax.Array) -> jax.Array:
        """The function."""
        return self.function(x)

    def dual(self, k: jax.Array, v1: jax.Array, v2: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Both sums, by Horner's rule."""
        first, second = self._coefficients(v1), self._coefficients(v2)
        r1, r2 = jax.lax.optimization_barrier((inverse_root(v1), inverse_root(v2)))
        cosine = jnp.clip(k * r1 * r2, -1.0, 1.0)
        value = slope = jnp.zeros_like(k)
        for j in range(self.degree, 0, -1):
            term = first[j] * second[j]
            value = value * cosine + term
            slope = slope * cosine + j * term
        return value * cosine + first[0] * second[0], slope * r1 * r2

    def dual_self(self, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        """E[f^2] and E[f'^2] by quadrature."""
        z, weights = _rule(v.dtype)
        u = jnp.sqrt(v)[..., None] * z
        f, slope = jax.jvp(self.function, (u,), (jnp.ones_like(u),))
        highest = functools.partial(jnp.matmul, precision="highest")
        return highest(f * f, weights), highest(slope * slope, weights)

    def error(self, variance: float) -> float:
        """Estimated error of E[f f] between units of a variance, in float64.

        It adds the squares that the series leaves out (Parseval: the error at cosine 1, and a bound at all others) to
        the change of the quadrature when every second point is left out.

        Args:
            variance: of the units before the activation, above 0.
        """
        with precision.scope("float64"):
            v = jnp.asarray(float(variance), jnp.float64)
            z, weights = (np.asarray(a) for a in _rule(v.dtype))
            squares = np.asarray(self.function(jnp.asarray(math.sqrt(variance) * z))) ** 2 * weights
            kept = sum(float(c) ** 2 for c in self._coefficients(v))
        exact, coarse = squares.sum(), 2 * squares[::2].sum()
        return float(abs(exact - kept) + abs(exact - coarse))

    def __reduce__(self) -> tuple[Any, ...]:
        """By import path: JAX's own functions cannot be pickled otherwise."""
        return type(self), (self.to_dict()["function"], self.degree)

    def _coefficients(self, v: jax.Array) -> list[jax.Array]:
        """F_0(v), ..., F_degree(v). The mean f(0) is taken out before all but the first, which it would cancel in."""
        f = self.function(jnp.sqrt(v)[..., None] * _rule(v.dtype)[0])
        origin = self.function(jnp.zeros((), v.dtype))
        table = jnp.asarray(_weighted_hermite(self.degree), v.dtype)
        rest = jnp.einsum("...i,ji->j...", f - origin, table, precision="highest")
        return [rest[0] + origin, *(rest[j] for j in range(1, self.degree + 1))]

    def shown(self) -> dict[str, Any]:
        """The function by its name alone, which every function has."""
        return {"function": getattr(self.function, "__name__", repr(self.function)), "degree": self.degree}

    def to_dict(self) -> dict[str, Any]:
        """The layer in the specification form, with the function's import path.

        Raises:
            NetError: if the function cannot be imported under its own name, as a lambda.
        """
        path = f"{getattr(self.function, '__module__', None)}:{getattr(self.function, '__qualname__', None)}"
        try:
            found = _imported(path)
        except NetError:
            found = None
        if found is not self.function:
            raise NetError(
                f"elementwise: {self.function!r} has no import path, so that a net with it cannot be saved: define the "
                "function at the top of a module"
            )
        return {"layer": self.name, "function": path, "degree": self.degree}


def _points() -> tuple[np.ndarray, np.ndarray]:
    z = (np.arange(_NODES) - (_NODES - 1) / 2) * (2 * _REACH / _NODES)
    weights = np.exp(-(z**2) / 2)
    return z, weights / weights.sum()


def _rule(dtype: Any) -> tuple[jax.Array, jax.Array]:
    """Points and weights of the trapezoid rule under the standard normal density."""
    z, weights = _points()
    return jnp.asarray(z, dtype), jnp.asarray(weights, dtype)


@functools.cache
def _weighted_hermite(degree: int) -> np.ndarray:
    """Orthonormal Hermite polynomials at the points of the rule times its weights, (degree + 1, points)."""
    z, weights = _points()
    table = [np.ones_like(z), z]
    for j in range(1, degree):
        table.append((z * table[j] - math.sqrt(j) * table[j - 1]) / math.sqrt(j + 1))
    return np.array(table[: degree + 1]) * weights


def _imported(path: str) -> Any:
    """What "module:function" names.

    Raises:
        NetError: if it names nothing.
    """
    module, _, name = path.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise NetError(f"elementwise: no function at {path!r}, which should read 'module:function'") from error
    return found

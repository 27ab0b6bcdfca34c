"""Posteriors of two-layer ReLU networks with Gaussian weights: of a data set, and of n examples that are not drawn.

With noise of variance s^2 and weights of variance tau^2, whose weight decay is lambda = 1 / (2 tau^2),

    log p(w | data) = - sum_i (y_i - f_w(x_i))^2 / (2 s^2) - |w|^2 / (2 tau^2) + const.

The expectation of the first term over inputs x ~ N(0, I) and noise is - n E (f_w - f*)^2 / (2 s^2) up to a constant,
which the arc-cosine kernel gives exactly: a posterior as n examples make it on average, at a cost that does not know n.

Both are trees of arrays, so that a compiled sampler serves all n, truths and data sets of the same shapes.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np

from limes.beyond.population import population_loss
from limes.beyond.posterior.neurons import respond
from limes.core.errors import InputError
from limes.core.precision import is_tracer, require_finite

_T = TypeVar("_T")


def _tree(kind: type[_T]) -> type[_T]:
    """A dataclass as a tree of its fields, rebuilt by transformations without the checks of its arguments."""
    names = [field.name for field in fields(cast(Any, kind))]

    def rebuild(_: None, leaves: Any) -> Any:
        made = object.__new__(kind)
        made.__dict__.update(zip(names, leaves, strict=True))
        return made

    jax.tree_util.register_pytree_node(kind, lambda made: ([getattr(made, name) for name in names], None), rebuild)
    return kind


@_tree
@dataclass(frozen=True, eq=False)
class PopulationPosterior:
    """The posterior with the likelihood of n examples on average, for standard normal inputs.

    Attributes:
        truth: (r, p + 1) neurons of f*.
        n: number of examples, any finite number of at least 0.
        noise: variance of the noise.
        prior: variance of every weight.

    Raises:
        InputError: for shapes and values out of range.

    Reference: the setting is that of Ruegamer 2026 (arXiv 2605.25234); the likelihood on average is derived above.

    Example:
        >>> target = PopulationPosterior(np.array([[1.0, 0.0, 1.0]]), n=100)
        >>> float(target.log_density(target.truth))  # only the prior is left
        -1.0
    """

    truth: Any
    n: Any
    noise: Any = 1.0
    prior: Any = 1.0

    def __post_init__(self) -> None:
        if is_tracer(self.truth, self.n, self.noise, self.prior):
            return
        object.__setattr__(self, "truth", _floats(self.truth))
        shape = self.truth.shape
        if len(shape) < 2 or shape[-1] < 2:  # more axes for targets of their own, see `nuts`
            raise InputError(f"truth is (r, p + 1), a neuron a row, not of shape {shape}")
        require_finite(self.truth, "truth")
        _require_positive(self.noise, self.prior)
        n = np.asarray(self.n)
        if not np.all((n >= 0) & (n < np.inf)):
            raise InputError(f"n is a finite number of examples, at least 0, not {self.n}")

    def log_density(self, neurons: Any) -> Any:
        """Up to a constant, of networks (..., m, p + 1): (...). Cost: O((m + r)^2 p) a network."""
        loss = population_loss(neurons[..., -1], neurons[..., :-1], self.truth[..., -1], self.truth[..., :-1])
        return -self.n * loss / (2 * self.noise) - (neurons**2).sum((-2, -1)) / (2 * self.prior)


@_tree
@dataclass(frozen=True, eq=False)
class DataPosterior:
    """The posterior of a data set.

    Attributes:
        x: (n, p) inputs.
        y: (n,) targets.
        noise: variance of the noise.
        prior: variance of every weight.

    Raises:
        InputError: for shapes and values out of range.

    Example:
        >>> target = DataPosterior(np.array([[1.0, 0.0]]), np.array([2.0]))
        >>> float(target.log_density(np.array([[1.0, 0.0, 1.0]])))  # - 1/2 - 1
        -1.5
    """

    x: Any
    y: Any
    noise: Any = 1.0
    prior: Any = 1.0

    def __post_init__(self) -> None:
        if is_tracer(self.x, self.y, self.noise, self.prior):
            return
        object.__setattr__(self, "x", _floats(self.x))
        object.__setattr__(self, "y", _floats(self.y))
        if self.x.ndim < 2 or self.y.shape != self.x.shape[:-1]:
            raise InputError(f"x is (n, p) and y is (n,), not {self.x.shape} and {self.y.shape}")
        require_finite(self.x, "x")
        require_finite(self.y, "y")
        _require_positive(self.noise, self.prior)

    def log_density(self, neurons: Any) -> Any:
        """Up to a constant, of networks (..., m, p + 1): (...). Cost: O(n m p) a network."""
        return self.log_prior(neurons) - ((self.y - respond(neurons, self.x)) ** 2).sum(-1) / (2 * self.noise)

    def log_prior(self, neurons: Any) -> Any:
        """The part of the prior."""
        return -(neurons**2).sum((-2, -1)) / (2 * self.prior)


def _require_positive(noise: Any, prior: Any) -> None:
    if not all(np.all((np.asarray(v) > 0) & (np.asarray(v) < np.inf)) for v in (noise, prior)):
        raise InputError(f"noise and prior are finite variances above 0, not {noise} and {prior}")


def _floats(values: Any) -> Any:
    """Arrays of floats as they are, anything else as one."""
    if isinstance(values, jax.Array | np.ndarray) and values.dtype.kind == "f":
        return values
    return np.asarray(values, float)


def placed(target: Any, count: int, each: bool) -> Any:
    """A target in float64, for samplers; with a first axis of length `count` on all arrays if `each` is asked for.

    Numbers are those of every chain.

    Raises:
        InputError: if an array has another length.
    """

    def place(leaf: Any) -> jax.Array:
        array = jnp.asarray(leaf, jnp.float64)
        if not each:
            return array
        if array.ndim and array.shape[0] != count:
            raise InputError(f"each of {count} chains needs a target: arrays begin with {count}, not {array.shape[0]}")
        return array if array.ndim else jnp.broadcast_to(array, (count,))

    return jax.tree.map(place, target)

"""A finite network with its weights, as attacks and measurements take it."""

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from limes.core import precision
from limes.core.types import Affine, Array
from limes.finite.linearise import as_partial
from limes.finite.network import Apply, precision_of


@dataclass(frozen=True, eq=False)
class FinitePredictor:
    """A function apply(params, x) -> (n, c) with its weights. Computes in the precision of the weights.

    Attributes:
        apply: of a Net (`net.apply`), of `limes.interop`, of `linearise`, or any JAX function.
        params: its weights.
        classes_: (c,) labels of the score columns.
        affine: the input map, or None.

    Example:
        >>> import numpy as np, limes as lm
        >>> net, x = lm.nets.mlp(2), np.eye(3)
        >>> clf = FinitePredictor(net.apply, net.init(0, (3,), width=16, outputs=2), np.array([0, 1]))
        >>> lm.attacks.PGD(steps=2)(clf, x, clf.predict(x), eps=0.1).x_adv.shape
        (3, 3)
    """

    apply: Apply
    params: Any
    classes_: np.ndarray
    affine: Affine | None = None

    @property
    def n_outputs(self) -> int:
        """Number of score columns."""
        return len(self.classes_)

    def scores(self, x: Array) -> np.ndarray:
        """Outputs: (n, features...) -> (n, c)."""
        with precision.scope(self._dtype):
            return np.asarray(_scores(as_partial(self.apply), self.params, self._enter(x)))

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x)): the shape of x."""
        with precision.scope(self._dtype):
            turned = jnp.asarray(v, self._dtype)
            gradient = np.asarray(_pull_back(as_partial(self.apply), self.params, self._enter(x), turned))
        gradient = gradient if self.affine is None else self.affine.pull_back(gradient)
        return gradient.astype(np.asarray(x).dtype, copy=False)

    def predict(self, x: Array) -> np.ndarray:
        """Labels of the largest scores."""
        return self.classes_[self.scores(x).argmax(axis=1)]

    @property
    def _dtype(self) -> np.dtype:
        return precision_of(self.params)

    def _enter(self, x: Array) -> jax.Array:
        x = np.asarray(x, self._dtype)
        return jnp.asarray(x if self.affine is None else self.affine(x))


@jax.jit
def _scores(apply: Partial, params: Any, x: jax.Array) -> jax.Array:
    return apply(params, x)


@jax.jit
def _pull_back(apply: Partial, params: Any, x: jax.Array, v: jax.Array) -> jax.Array:
    return jax.vjp(functools.partial(apply, params), x)[1](v)[0]

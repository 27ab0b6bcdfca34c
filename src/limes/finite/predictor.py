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
from limes.finite.outputs import outputs


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
        x = np.asarray(x, self._dtype)
        return outputs(self.apply, self.params, x if self.affine is None else self.affine(x))

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x)): the shape of x."""
        with precision.scope(self._dtype):
            turned = jnp.asarray(v, self._dtype)
            inside = np.asarray(x, self._dtype)
            inside = jnp.asarray(inside if self.affine is None else self.affine(inside))
            gradient = np.asarray(_pull_back(as_partial(self.apply), self.params, inside, turned))
        gradient = gradient if self.affine is None else self.affine.pull_back(gradient)
        return gradient.astype(np.asarray(x).dtype, copy=False)

    def predict(self, x: Array) -> np.ndarray:
        """Labels of the largest scores."""
        return self.classes_[self.scores(x).argmax(axis=1)]

    @property
    def _dtype(self) -> np.dtype:
        return precision_of(self.params)


@jax.jit
def _pull_back(apply: Partial, params: Any, x: jax.Array, v: jax.Array) -> jax.Array:
    return jax.vjp(functools.partial(apply, params), x)[1](v)[0]

"""Weight normalisation: each array of weights as a length times a direction, W = g V / |V|, for any network."""

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from limes.core import precision
from limes.core.errors import InputError
from limes.finite.linearise import as_partial
from limes.finite.network import Apply, precision_of


@dataclass(frozen=True, eq=False)
class WeightNormalised:
    """A network in lengths and directions.

    Attributes:
        apply: apply(params, x) -> (n, c), of the params here.
        params: {"v": the tree that was given, "g": the length of each of its arrays, None for those left as they are}.
    """

    apply: Partial
    params: Any = field(repr=False)

    def weights(self, params: Any) -> Any:
        """Weights of the original function."""
        with precision.scope(precision_of(params)):
            return _weights(params)


def weight_normalised(apply: Apply, params: Any, *, but_last: bool = False) -> WeightNormalised:
    """Reparametrise the matrices and filters of a network, each as a whole, so that its Frobenius norm is one weight.

    Weight decay then acts on this length, and the direction is trained at a rate of its own.

    Args:
        apply: apply(params, x) -> (n, c).
        params: its weights, a tree of arrays; those with fewer than two axes stay as they are.
        but_last: leave the last of them, in the order of the tree, as it is too.

    Raises:
        InputError: if there is nothing to normalise, or an array is zero.
        DtypeError: for weights other than float32 and float64.

    Reference: Salimans & Kingma 2016, arXiv 1602.07868, with one length for an array.

    Example:
        >>> import jax.numpy as jnp
        >>> line = weight_normalised(lambda w, x: x @ w, jnp.array([[3.0], [4.0]]))
        >>> float(line.params["g"][0]), line.apply(line.params, jnp.array([[1.0, 1.0]])).tolist()
        (5.0, [[7.0]])
    """
    with precision.scope(precision_of(params)):
        leaves = jax.tree.leaves(params)
        chosen = [i for i, w in enumerate(leaves) if jnp.ndim(w) >= 2]
        chosen = chosen[:-1] if but_last else chosen
        if not chosen:
            raise InputError("there is no matrix to normalise: give params with arrays of two axes or more")
        lengths = [jnp.linalg.norm(jnp.ravel(w)) if i in chosen else None for i, w in enumerate(leaves)]
        if any(g is not None and not g > 0 for g in lengths):
            raise InputError("an array of zeros has no direction: weight normalisation cannot start from it")
    return WeightNormalised(Partial(_apply, as_partial(apply)), {"v": params, "g": lengths})


def _apply(apply: Partial, params: Any, x: Any) -> Any:
    return apply(_weights(params), x)


def _weights(params: Any) -> Any:
    leaves, structure = jax.tree.flatten(params["v"])
    pairs = zip(leaves, params["g"], strict=True)
    return jax.tree.unflatten(
        structure, [v if g is None else v * (g / jnp.linalg.norm(jnp.ravel(v))) for v, g in pairs]
    )
